//! The `runcloud-domain-sync` command; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    runcloud_domain_sync::cli::main()
}

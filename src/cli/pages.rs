//! What shells and `man` know of the command line, from the same definitions as the command line.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::args::Cli;
use super::exit::{Exit, Failure};
use super::plan::print_text;

/// Prints a shell's completions.
pub(super) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let (mut command, mut script) = (without_hidden(&Cli::command()), Vec::new());
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print_text(&String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Converged)
}

/// Writes a manual page for the program and one for each command into a directory, which is made where it
/// is missing.
pub(super) fn man(directory: &Path) -> Result<Exit, Failure> {
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory));
    written.map_err(|error| {
        Failure::usage(format!("the pages cannot be written to {}: {error}", directory.display()))
    })?;
    Ok(Exit::Converged)
}

/// Completions would offer hidden commands too.
fn without_hidden(all: &Command) -> Command {
    let shown: Vec<_> = all.get_subcommands().filter(|each| !each.is_hide_set()).cloned().collect();
    let flags = Command::new(env!("CARGO_PKG_NAME")).args(all.get_arguments().cloned());
    flags.version(env!("CARGO_PKG_VERSION")).subcommands(shown)
}

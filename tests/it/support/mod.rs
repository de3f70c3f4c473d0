//! What the tests stand on: a real MariaDB and a world around the library.

pub mod binary;
pub mod link;
pub mod mariadb;
pub mod preload;
pub mod raw;
pub mod running;
pub mod seeds;
pub mod terminal;
pub mod world;

/// How often a random or exhaustive test runs: `tests/run --long` has the full number.
pub fn runs(short: usize, long: usize) -> usize {
    if std::env::var_os("LONG_TESTS").is_some() { long } else { short }
}

//! Values of arguments, with errors that say what to give instead.

use std::str::FromStr;

/// A span of time.
pub(super) fn duration(text: &str) -> Result<humantime::Duration, String> {
    let wrong = |_| "give a number and its unit, such as 90s, 30m, 2h or 7d".to_owned();
    text.parse().map_err(wrong)
}

/// A whole number.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "give a whole number, such as 12".to_owned())
}

//! Text for a terminal of 80 columns.

use std::fmt;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::clock::Timestamp;

const WIDTH: usize = 80;
const LABEL: usize = 14;
/// What nothing is wrong with,
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// what a person may want to look at,
pub(super) const ODD: Style = AnsiColor::Yellow.on_default();
/// what is wrong,
pub(super) const BAD: Style = AnsiColor::Red.on_default();
/// and the rest.
pub(super) const PLAIN: Style = Style::new();

/// A page of labels and what is to be said of each.
#[derive(Default)]
pub(super) struct Page(Vec<String>);

impl Page {
    /// A label and its text, broken where it is too wide.
    pub(super) fn row(&mut self, style: Style, label: &str, text: &str) {
        let indent = " ".repeat(LABEL);
        let text = wrapped(text, &indent, "");
        let text = text.get(LABEL..).unwrap_or_default();
        self.0.push(format!("{style}{label:LABEL$}{style:#}{text}"));
    }

    /// A line below a row that no break may spoil, such as a command to copy.
    pub(super) fn line(&mut self, text: &str) {
        self.0.push(format!("{:LABEL$}{text}", ""));
    }

    /// A name of a list, and what is to be said of it.
    pub(super) fn item(&mut self, subject: &str, text: &str) {
        self.0.push(wrapped(&format!("{subject}  {text}"), "  ", "  "));
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// Broken between words where it is too wide: the first line after `indent`, the others after `indent` and
/// `hanging`. Spaces between words stay, so that columns do.
pub(super) fn wrapped(text: &str, indent: &str, hanging: &str) -> String {
    let mut lines = vec![indent.to_owned()];
    for word in text.split_inclusive(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line + word.trim_end().chars().count() > WIDTH && line > indent.len() {
            lines.push(format!("{indent}{hanging}"));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// `1 name`, `2 names`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A span in its largest unit, as a person says it.
pub(super) fn span(length: Duration) -> String {
    const UNITS: [(u64, u64, &str); 3] =
        [(120, 1, "s"), (120 * 60, 60, "min"), (48 * 3_600, 3_600, "h")];
    let seconds = length.as_secs();
    let unit = UNITS.into_iter().find(|(below, ..)| seconds < *below);
    match unit {
        Some((_, one, name)) => format!("{} {name}", seconds / one),
        None => format!("{} days", seconds / 86_400),
    }
}

/// A point of the past: `14:20 UTC, 3 min ago`.
pub(super) fn ago(point: Timestamp, now: Timestamp) -> String {
    format!("{}, {} ago", point.for_reader_at(now), span(now.since(point)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_their_largest_unit() {
        let said = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([said(0), said(119), said(120)], ["0 s", "119 s", "2 min"]);
        assert_eq!([said(7_199), said(7_200)], ["119 min", "2 h"]);
        assert_eq!([said(172_799), said(172_800)], ["47 h", "2 days"]);
    }
}

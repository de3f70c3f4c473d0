//! A page of labels, as `status` and `explain` show it.

use std::fmt;

use anstyle::Style;

use crate::clock::Timestamp;
use crate::text::{BAD, GOOD, ODD, PLAIN, span, wrapped};

const LABEL: usize = 14;
const ITEM: &str = "  ";
const BELOW_ITEM: &str = "    ";

/// A page of labels and what is to be said of each.
#[derive(Default)]
pub(super) struct Page(Vec<String>);

impl Page {
    /// A label and its text, broken where it is too wide.
    pub(super) fn row(&mut self, style: Style, label: &str, text: &str) {
        self.0.push(wrapped(style, &format!("{label:LABEL$}"), &" ".repeat(LABEL), text));
    }

    /// A line below a row that no break may spoil, such as a command to copy.
    pub(super) fn line(&mut self, text: &str) {
        self.0.push(format!("{:LABEL$}{text}", ""));
    }

    /// A name of a list, and what is to be said of it.
    pub(super) fn item(&mut self, subject: &str, text: &str) {
        self.0.push(wrapped(PLAIN, ITEM, BELOW_ITEM, &format!("{subject}  {text}")));
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// What a plan or a report prints, in colours by the marks at which its lines begin.
pub(super) fn marked(text: &impl fmt::Display) -> String {
    let style = |line: &str| match line.split(' ').next().unwrap_or_default() {
        "+" => GOOD,
        "-" | "!" | "blocked:" => BAD,
        "~" | "=" | "x" => ODD,
        _ => PLAIN,
    };
    let text = text.to_string();
    coloured(text.lines().map(|line| (style(line), line)))
}

/// Lines, each in its style.
pub(super) fn coloured<'a>(lines: impl Iterator<Item = (Style, &'a str)>) -> String {
    let lines: Vec<String> = lines.map(|(style, line)| format!("{style}{line}{style:#}")).collect();
    lines.join("\n")
}

/// A point of the past: `14:20 UTC, 3 min ago`.
pub(super) fn ago(point: Timestamp, now: Timestamp) -> String {
    format!("{}, {} ago", point.for_reader_at(now), span(now.since(point)))
}

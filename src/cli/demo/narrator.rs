//! What the demo prints: plain text, 80 columns, on stdout.

use std::fmt::{Display, Write};

use super::super::exit::Failure;
use super::super::plan::print_text;
use crate::simulator::Call;
use crate::text::{PLAIN, counted, wrapped};

/// What the program prints itself is set off from what is told about it.
const INDENT: &str = "    ";
const BELOW: &str = "        ";
/// The names of the burst; more than a few of them in a row tell nothing.
const BURST: &str = "shop-";
const BURST_SHOWN: usize = 4;

/// Begins a step.
pub(super) fn title(text: &str) -> Result<(), Failure> {
    print_text(&format!("\n{text}\n{}", "-".repeat(text.chars().count())))
}

/// Tells something.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let lines: Vec<_> = text.lines().map(|line| wrapped(PLAIN, "", "", line)).collect();
    print_text(&lines.join("\n"))
}

/// Shows what a command of this program prints, or a table.
pub(super) fn show(output: &impl Display) -> Result<(), Failure> {
    let text = output.to_string();
    let lines = without_the_crowd(text.lines());
    let shown = lines.iter().map(|line| wrapped(PLAIN, INDENT, BELOW, line));
    print_text(&format!("\n{}\n", shown.collect::<Vec<_>>().join("\n")))
}

/// Shows commands to copy, which no line break may spoil.
pub(super) fn show_commands(commands: &str) -> Result<(), Failure> {
    let lines: Vec<_> = commands.lines().map(|line| format!("{INDENT}{line}")).collect();
    print_text(&format!("\n{}\n", lines.join("\n")))
}

/// What RunCloud had to do, in one line.
pub(super) fn tally(calls: &[Call]) -> String {
    let count = |method: &str, below: &str| {
        calls.iter().filter(|call| call.method == method && call.path.contains(below)).count()
    };
    let kinds = [
        (count("GET", ""), "to read"),
        (count("POST", "/domains"), "to add"),
        (count("DELETE", "/domains"), "to remove"),
        (count("PUT", "/ssl"), "to order the certificate"),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<_> = kinds.map(|(count, purpose)| format!("{count} {purpose}")).collect();
    let mut text = format!("RunCloud took {}: {}.", counted(calls.len(), "call"), kinds.join(", "));
    for (status, what) in [(502, "ended in a random 502"), (429, "got a 429")] {
        let hit = calls.iter().filter(|call| call.status == status).count();
        if hit > 0 {
            // Writing to a String does not fail.
            let _ = write!(text, " {} {what}.", counted(hit, "call"));
        }
    }
    text
}

/// Lines of the burst beyond the first few, as one line.
fn without_the_crowd<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let (mut shown, mut seen, mut more_at) = (Vec::new(), 0, 0);
    for line in lines {
        if line.trim_start_matches(['+', ' ']).starts_with(BURST) {
            seen += 1;
            more_at = shown.len();
            if seen > BURST_SHOWN {
                continue;
            }
            more_at += 1;
        }
        shown.push(line.to_owned());
    }
    if seen > BURST_SHOWN {
        shown.insert(more_at, format!("  … and {} more shop-NN", seen - BURST_SHOWN));
    }
    shown
}

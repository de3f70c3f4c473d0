//! What the kills came to: a verdict on each, a line for each shape, a table of all.

use std::fmt::{Display, Write};

use super::ground::Outcome;
use crate::support::binary::Ran;

/// How a pass that was killed differs from one that was not, once the next one has gone on.
pub struct Verdict {
    /// What it came to and what is usual, where they differ.
    astray: Option<(String, String)>,
    /// What the last pass wrote, which had nothing to do.
    restless: Vec<String>,
    /// Names that were added although RunCloud had them.
    duplicates: Vec<String>,
    /// Names that nothing will ever remove.
    orphans: Vec<String>,
    /// Names that were removed and usually are not.
    unwanted_removals: Vec<String>,
    /// Names that are left without a certificate and usually are not.
    uncertified: Vec<String>,
    extra_orders: usize,
}

/// A line of the table.
#[derive(Default)]
pub struct Tally {
    shape: &'static str,
    /// How many kill points there are.
    points: usize,
    tried: usize,
    recovered: usize,
    duplicates: usize,
    orphans: usize,
    unwanted_removals: usize,
    /// The most after one kill.
    extra_orders: usize,
    /// What went wrong, each with its point.
    pub findings: Vec<String>,
}

impl Verdict {
    pub fn of(interrupted: &Outcome, usual: &Outcome) -> Self {
        let Outcome { course, ending } = interrupted;
        let beyond = |names: &[String], usual: &[String]| -> Vec<String> {
            names.iter().filter(|name| !usual.contains(name)).cloned().collect()
        };
        let is_usual = *ending == usual.ending;
        Self {
            astray: (!is_usual).then(|| (format!("{ending:?}"), format!("{:?}", usual.ending))),
            restless: course.restless.clone(),
            duplicates: course.repeated.clone(),
            orphans: course.orphans.clone(),
            unwanted_removals: beyond(&course.removed, &usual.course.removed),
            uncertified: beyond(&course.uncertified, &usual.course.uncertified),
            extra_orders: course.orders.saturating_sub(usual.course.orders),
        }
    }

    fn is_recovered(&self) -> bool {
        self.astray.is_none() && self.restless.is_empty() && self.uncertified.is_empty()
    }

    fn findings(&self) -> Vec<String> {
        let astray = self.astray.iter().map(|(is, usual)| format!("came to {is}, not {usual}"));
        let lists = [
            ("the last pass wrote", &self.restless),
            ("added again", &self.duplicates),
            ("nobody will ever remove", &self.orphans),
            ("removed", &self.unwanted_removals),
            ("no certificate for", &self.uncertified),
        ];
        let listed = lists.into_iter().filter(|(_, names)| !names.is_empty());
        let listed = listed.map(|(what, names)| format!("{what} {}", names.join(", ")));
        let orders = (self.extra_orders > 1).then(|| format!("{} extra orders", self.extra_orders));
        astray.chain(listed).chain(orders).collect()
    }
}

impl Tally {
    pub fn new(shape: &'static str, points: usize) -> Self {
        Self { shape, points, ..Self::default() }
    }

    /// `plan` works wherever a kill left the ledger.
    pub fn enter_look(&mut self, point: impl Display, plan: &Ran) {
        if ![0, 2].contains(&plan.code) {
            let Ran { code, stderr, .. } = plan;
            self.findings
                .push(format!("{}, {point}: plan ended with {code}: {stderr}", self.shape));
        }
    }

    pub fn enter(&mut self, point: impl Display, verdict: &Verdict) {
        self.tried += 1;
        self.recovered += usize::from(verdict.is_recovered());
        self.duplicates += verdict.duplicates.len();
        self.orphans += verdict.orphans.len();
        self.unwanted_removals += verdict.unwanted_removals.len();
        self.extra_orders = self.extra_orders.max(verdict.extra_orders);
        let shape = self.shape;
        let findings = verdict.findings().into_iter();
        self.findings.extend(findings.map(|what| format!("{shape}, {point}: {what}")));
    }

    fn numbers(&self) -> [usize; COLUMNS.len()] {
        [
            self.points,
            self.tried,
            self.recovered,
            self.duplicates,
            self.orphans,
            self.unwanted_removals,
            self.extra_orders,
        ]
    }
}

const COLUMNS: [&str; 7] = [
    "kill points",
    "tried",
    "recovered",
    "duplicates",
    "orphans",
    "unwanted removals",
    "most extra orders",
];

/// Prints the table, and fails where anything went wrong.
pub fn conclude(title: &str, seed: u64, tallies: &[Tally]) {
    println!("seed {seed}\n{}", table(title, tallies));
    let findings: Vec<_> = tallies.iter().flat_map(|tally| &tally.findings).cloned().collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

/// A line for each shape, and one for all.
fn table(title: &str, tallies: &[Tally]) -> String {
    let all = tallies.iter().map(Tally::numbers).fold([0; COLUMNS.len()], |all, one| {
        let mut sums = std::array::from_fn(|at| all[at] + one[at]);
        sums[COLUMNS.len() - 1] = all[COLUMNS.len() - 1].max(one[COLUMNS.len() - 1]);
        sums
    });
    let lines = tallies.iter().map(|tally| line(tally.shape, &tally.numbers()));
    let head = line(title, &COLUMNS);
    let all = line("all", &all);
    std::iter::once(head).chain(lines).chain([all]).collect()
}

fn line(name: &str, cells: &[impl Display; COLUMNS.len()]) -> String {
    let mut line = format!("{name:<28}");
    for (cell, column) in cells.iter().zip(COLUMNS) {
        // Writing to a String does not fail.
        let _ = write!(line, "  {cell:>width$}", width = column.len());
    }
    line + "\n"
}

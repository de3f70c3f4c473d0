use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::total::Total;
use super::{enter, histogram};
use crate::admin::{Arrivals, Passed};
use crate::clock::Timestamp;
use crate::ledger::PassCounts;
use crate::reconcile::Report;

/// How a pass that was not complete ended.
const FAILED: &str = "failed";
const CHANGES: [Change; 5] = [
    Change { action: "add", result: "done" },
    Change { action: "update", result: "done" },
    Change { action: "remove", result: "done" },
    Change { action: "adopt", result: "done" },
    Change { action: "any", result: FAILED },
];
/// Seconds of a pass: one without work, up to one that waits for the rate limit again and again.
const PASS: [f64; 8] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0];
/// Seconds of a row: a poll and a quiet moment, up to days of waiting for DNS.
const ARRIVAL: [f64; 10] =
    [5.0, 10.0, 15.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0, 604_800.0];

/// What passes do.
pub(in crate::admin) struct Passes {
    ended: Family<Ended, Total>,
    seconds: Histogram,
    last_attempt: Gauge,
    last_success: Gauge,
    changes: Family<Change, Total>,
    row_to_runcloud: Histogram,
    row_to_covered: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    result: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Change {
    action: &'static str,
    result: &'static str,
}

impl Passes {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let ended: Family<Ended, Total> =
            enter(registry, "passes_total", "Passes, by how they ended");
        for result in Report::RESULTS.into_iter().chain([FAILED]) {
            ended.get_or_create(&Ended { result }).add(0);
        }
        let help = "What passes changed, by action and result";
        let changes: Family<Change, Total> = enter(registry, "changes_total", help);
        for change in CHANGES {
            changes.get_or_create(&change).add(0);
        }
        let help = "When a pass was last tried; 0 for never";
        let last_attempt = enter(registry, "last_attempt_timestamp_seconds", help);
        let help = "When a pass was last complete; 0 for never";
        let last_success = enter(registry, "last_success_timestamp_seconds", help);
        let help = "How long passes take";
        let seconds = histogram(registry, "pass_duration_seconds", help, PASS);
        let help = "How long after its row was first seen a name is in RunCloud";
        let row_to_runcloud = histogram(registry, "row_to_runcloud_seconds", help, ARRIVAL);
        let help = "How long after its row was first seen a certificate covers a name";
        let row_to_covered = histogram(registry, "row_to_covered_seconds", help, ARRIVAL);
        Self {
            ended,
            seconds,
            last_attempt,
            last_success,
            changes,
            row_to_runcloud,
            row_to_covered,
        }
    }

    pub(in crate::admin) fn attempted(&self, now: Timestamp) {
        self.last_attempt.set(now.0);
    }

    pub(in crate::admin) fn succeeded(&self, now: Timestamp) {
        self.last_success.set(now.0);
    }

    pub(in crate::admin) fn ended(&self, Passed { report, is_complete, took }: &Passed<'_>) {
        let result = if *is_complete { report.result() } else { FAILED };
        self.ended.get_or_create(&Ended { result }).add(1);
        self.seconds.observe(took.as_secs_f64());
        let PassCounts { added, updated, removed, failed } = report.counts();
        let counts = [added, updated, removed, report.adopted, failed];
        for (change, count) in CHANGES.iter().zip(counts) {
            self.changes.get_or_create(change).add(count as u64);
        }
    }

    pub(in crate::admin) fn arrived(&self, Arrivals { added, covered }: &Arrivals) {
        for (ages, histogram) in [(added, &self.row_to_runcloud), (covered, &self.row_to_covered)] {
            for age in ages {
                histogram.observe(age.as_secs_f64());
            }
        }
    }
}

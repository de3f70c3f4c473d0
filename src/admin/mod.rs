//! What machines ask of the daemon: metrics for Prometheus, and whether it is alive and ready.
//!
//! The loop writes down what it knows; `service.listen` reads it, for this machine only. Nothing here decides
//! anything, and no name of a domain is in it.

mod door;
mod health;
mod listen;
mod metrics;

pub(crate) use door::Door;
pub(crate) use health::ALIVE_EVERY;
pub use listen::Listen;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use health::Health;
use metrics::Metrics;

use crate::clock::Timestamp;
use crate::ledger::{Service, Survey};
use crate::reconcile::Report;
use crate::runcloud::{Calls, RateLimit};

/// What is known of the daemon, for whoever asks.
pub(crate) struct Admin {
    metrics: Metrics,
    health: Mutex<Health>,
}

/// How a pass went.
pub(crate) struct Passed<'a> {
    /// What it did, also where it ended early.
    pub(crate) report: &'a Report,
    pub(crate) is_complete: bool,
    pub(crate) took: Duration,
}

/// How old the rows are of names that a pass brought further.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// Those that were added to RunCloud.
    pub(crate) added: Vec<Duration>,
    /// Those that came to be covered by a certificate.
    pub(crate) covered: Vec<Duration>,
}

impl Admin {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self { metrics: Metrics::new(), health: Mutex::default() }
    }

    /// How the daemon fared before it was started.
    pub(crate) fn begin(&self, before: &Service) {
        self.metrics.passes.attempted(before.attempted.unwrap_or_default());
        self.metrics.passes.succeeded(before.succeeded.unwrap_or_default());
    }

    /// The loop lives.
    pub(crate) fn alive(&self, at: Instant) {
        self.health().alive(at);
    }

    /// Whether the lease is this process's.
    pub(crate) fn note_lease(&self, is_held: bool) {
        self.health().note_lease(is_held);
    }

    /// A pass begins.
    pub(crate) fn attempted(&self, now: Timestamp) {
        self.metrics.passes.attempted(now);
    }

    /// A pass ended.
    pub(crate) fn ended(&self, passed: &Passed<'_>) {
        self.metrics.passes.ended(passed);
    }

    /// A pass was complete at `now`, and the next one comes after `next` at the latest.
    pub(crate) fn succeeded(&self, now: Timestamp, at: Instant, next: Duration) {
        self.metrics.passes.succeeded(now);
        self.health().succeeded(at, next);
    }

    /// A pass brought names further.
    pub(crate) fn arrived(&self, arrivals: &Arrivals) {
        self.metrics.passes.arrived(arrivals);
    }

    /// Calls were made, so many in the calendar month.
    pub(crate) fn called(&self, calls: &Calls, told: Option<RateLimit>, in_month: u64) {
        self.metrics.api.count(calls, told, in_month);
    }

    /// What the ledger knows now.
    pub(crate) fn knows(&self, survey: &Survey) {
        self.metrics.names.show(survey);
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

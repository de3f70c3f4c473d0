//! How long a name has been missing from the tables. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use super::blocked::Guard;
use super::plan::Plan;
use crate::clock::Moment;
use crate::domain::Domain;
use crate::wordpress::Desired;

/// Since when names are missing: each is removed only after `sync.removal_grace`, and one that comes back
/// before starts afresh. It is kept in memory, so a restart can only delay a removal.
#[derive(Debug)]
pub struct Grace {
    wait: Duration,
    /// Seconds of uptime at which the name was first seen missing.
    missing: BTreeMap<Domain, i64>,
}

impl Grace {
    /// A grace of that long, for a daemon.
    pub fn new(wait: Duration) -> Self {
        Self { wait, missing: BTreeMap::new() }
    }

    /// No grace, for a command: it reads the table twice instead.
    pub fn none() -> Self {
        Self::new(Duration::ZERO)
    }

    /// Takes note of what a plan would remove, and forgets what came back. What a suspect read misses does
    /// not count.
    pub(super) fn observe(&mut self, plan: &Plan, now: &Moment) {
        let since = std::mem::take(&mut self.missing);
        let blocked = plan.blocked.iter().filter(|blocked| blocked.guard != Guard::Unproven);
        let planned =
            plan.losses().chain(blocked.flat_map(|blocked| blocked.names.keys()).cloned());
        let since = |name: Domain| {
            let first = since.get(&name).copied().unwrap_or(now.uptime.seconds);
            (name, first)
        };
        self.missing = planned.map(since).collect();
    }

    /// Forgets what the tables have again, also where the pass gets no further.
    pub(super) fn forget_returned(&mut self, desired: &Desired) {
        self.missing.retain(|name, _| !desired.is_claimed(name));
    }

    /// Whether the name has been missing long enough.
    pub(super) fn is_over(&self, name: &Domain, now: &Moment) -> bool {
        self.left(name, now).is_some_and(|left| left.is_zero())
    }

    /// How long until the next name has been missing long enough.
    pub fn next(&self, now: &Moment) -> Option<Duration> {
        let left = self.missing.keys().filter_map(|name| self.left(name, now));
        left.filter(|left| !left.is_zero()).min()
    }

    fn left(&self, name: &Domain, now: &Moment) -> Option<Duration> {
        let passed = now.uptime.seconds.saturating_sub(*self.missing.get(name)?);
        Some(self.wait.saturating_sub(Duration::from_secs(u64::try_from(passed).unwrap_or(0))))
    }
}

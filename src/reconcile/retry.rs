//! When a name that failed is tried again. Pure.

use std::time::Duration;

use crate::domain::Domain;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// Seconds to wait after the first, second, … failure; the last one repeats.
const SCHEDULE: [u64; 8] =
    [5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 24 * HOUR];
/// The longest of these waits. What is said to be tried later than this was written by a clock that was
/// ahead, and is tried now.
pub(super) const LONGEST: Duration = Duration::from_mins(60 * 24 * 12 / 10);
/// What RunCloud itself refused starts here: 6 hours, then daily.
const REFUSED_FROM: u32 = 7;
/// What it refused for most names alike starts here: 10 minutes.
const SYSTEMIC_FROM: u32 = 4;

/// What kind of failure a name had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// RunCloud was not able to.
    Passing,
    /// RunCloud refused this name.
    Refused,
    /// RunCloud refused most names alike, so it is not about this one.
    Systemic,
}

/// The number of attempts to remember, given those already made.
pub(super) fn count(before: u32, kind: Kind) -> u32 {
    match kind {
        Kind::Passing => before.saturating_add(1),
        Kind::Refused => before.saturating_add(1).max(REFUSED_FROM),
        Kind::Systemic => before.saturating_add(1).max(SYSTEMIC_FROM),
    }
}

/// How long to wait after that many attempts: the schedule, up to 20 % more or less by the name.
pub(super) fn wait(attempts: u32, domain: &Domain) -> Duration {
    let last = SCHEDULE.len() - 1;
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(last).min(last);
    let spread = domain.as_str().bytes().fold(0_u64, |sum, b| (sum * 31 + u64::from(b)) % 41);
    Duration::from_millis(SCHEDULE[index] * 10 * (80 + spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_day_and_differ_by_name() {
        let name = Domain::parse("a.test").unwrap();
        for (attempts, seconds) in (1..).zip(SCHEDULE).chain([(9, 86_400), (u32::MAX, 86_400)]) {
            let (low, high) = (seconds * 8 / 10, seconds * 12 / 10);
            assert!((low..=high).contains(&wait(attempts, &name).as_secs()), "{attempts}");
        }
        assert_ne!(wait(5, &name), wait(5, &Domain::parse("b.test").unwrap()));
    }

    #[test]
    fn a_refused_name_is_tried_again_in_hours() {
        let name = Domain::parse("a.test").unwrap();
        let attempts = count(0, Kind::Refused);
        assert!(wait(attempts, &name).as_secs() >= 4 * 3_600);
        assert!(wait(count(attempts, Kind::Refused), &name).as_secs() >= 19 * 3_600);
        assert_eq!(count(0, Kind::Passing), 1);
    }
}

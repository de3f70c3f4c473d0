//! When certificates are looked at, and ordered, again. Pure.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::domain::Domain;

/// How long after an order it is looked at; RunCloud issues within minutes.
const LOOKS: [Duration; 7] = [
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(5),
    Duration::from_mins(10),
    Duration::from_mins(20),
    GIVE_UP,
];
/// After that long an order that is not seen has failed.
pub(super) const GIVE_UP: Duration = Duration::from_mins(30);
/// The wait after the first order that brought nothing; it doubles,
const FIRST_RETRY: Duration = Duration::from_hours(1);
/// up to this. What is said to be later was written by a clock that was ahead, and is due now.
pub(super) const LONGEST: Duration = Duration::from_hours(32);
/// A covered name is looked at that often.
const DAILY: Duration = Duration::from_hours(24);

/// When an order is looked at next.
pub(super) fn next_look(since: Timestamp, now: Timestamp) -> Timestamp {
    let later = LOOKS.iter().map(|look| since.plus(*look)).find(|look| *look > now);
    later.unwrap_or(now.plus(LOOKS[0]))
}

/// When the next order may go out after so many that brought nothing.
pub(super) fn next_order(attempt: u32, now: Timestamp) -> Timestamp {
    let doubled = FIRST_RETRY.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    now.plus(doubled.min(LONGEST))
}

/// When a covered name is looked at next: daily, each at its own time.
pub(super) fn next_daily(domain: &Domain, now: Timestamp) -> Timestamp {
    let spread = domain.as_str().bytes().fold(0_u64, |sum, b| (sum * 31 + u64::from(b)) % 3_600);
    now.plus(DAILY + Duration::from_secs(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_looked_at_seven_times_in_half_an_hour() {
        let (since, mut now, mut looks) = (Timestamp(1_000), Timestamp(1_000), vec![]);
        while now.since(since) < GIVE_UP {
            now = next_look(since, now);
            looks.push(now.0 - since.0);
        }
        assert_eq!(looks, [30, 60, 120, 300, 600, 1_200, 1_800]);
    }

    #[test]
    fn orders_that_bring_nothing_are_at_most_twelve_in_a_week() {
        let (start, mut now, mut orders) = (Timestamp(0), Timestamp(0), 0);
        while now.since(start) < Duration::from_hours(7 * 24) {
            orders += 1;
            now = next_order(orders, now.plus(GIVE_UP));
        }
        assert!((8..=12).contains(&orders), "{orders}");
        assert_eq!(next_order(u32::MAX, start), start.plus(LONGEST));
    }
}

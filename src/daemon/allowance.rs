//! How far a monthly number of calls reaches. Pure.

use std::time::Duration;

/// The share that is kept for changes of the tables: nothing that is only a look is paid from it.
const RESERVE: u64 = 10;
/// However little is left, RunCloud is looked at once a day.
const LONGEST: Duration = Duration::from_hours(24);

/// The calls of a calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// `api.monthly_calls`.
    pub(super) limit: u64,
    /// How many were made.
    pub(super) used: u64,
    /// How much of the month is left.
    pub(super) left: Duration,
}

impl Allowance {
    /// How far apart looks have to be that cost so many calls each.
    pub(super) fn interval(&self, cost: u64) -> Duration {
        let calls = (self.limit - self.limit / RESERVE).saturating_sub(self.used);
        let looks = u32::try_from(calls / cost.max(1)).unwrap_or(u32::MAX);
        self.left.checked_div(looks).map_or(LONGEST, |interval| interval.min(LONGEST))
    }

    /// Whether the month has no calls left.
    pub(super) fn is_spent(&self) -> bool {
        self.used >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn looks_are_as_far_apart_as_the_rest_of_the_month_needs() {
        let fresh = Allowance { limit: 20_000, used: 0, left: DAY * 30 };
        assert_eq!(fresh.interval(3), Duration::from_secs(432), "6 000 looks in 30 days");
        let late = Allowance { used: 17_700, left: DAY * 10, ..fresh };
        assert_eq!(late.interval(3), Duration::from_mins(144), "100 looks in 10 days");
    }

    #[test]
    fn a_month_without_calls_still_has_a_look_a_day() {
        let spent = Allowance { limit: 1_000, used: 950, left: DAY * 20 };
        assert_eq!((spent.interval(3), spent.is_spent()), (DAY, false), "the rest is for changes");
        let spent = Allowance { used: 1_000, ..spent };
        assert_eq!((spent.interval(3), spent.is_spent()), (DAY, true));
    }
}

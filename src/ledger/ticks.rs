use std::time::Duration;

use crate::clock::{Moment, Timestamp, Uptime};

/// A point on the ledger's own clock, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(pub i64);

/// The ledger's own clock: the seconds that the machine was seen to run. It never runs ahead of real
/// time, whatever happens to the wall clock, so that what waits by it can only wait longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickClock {
    pub(super) counted: Tick,
    /// When it was counted last; none where it never was.
    pub(super) at: Option<Moment>,
}

impl Tick {
    /// This point, `later` later.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self(Timestamp(self.0).plus(later).0)
    }
}

impl TickClock {
    /// The wall clock's time when it was counted last; none before the first pass.
    pub fn wall(&self) -> Option<Timestamp> {
        self.at.as_ref().map(|at| at.wall)
    }

    /// What the clock shows at `now`.
    pub fn tick(&self, now: &Moment) -> Tick {
        let elapsed = self.at.as_ref().map_or(0, |last| elapsed(last, now));
        Tick(self.counted.0.saturating_add(elapsed))
    }
}

/// Seconds that have certainly passed. Of another boot only its own uptime is certain, and not even that
/// where the state came from another machine, as the wall clock tells; so it is where the boot is not known.
fn elapsed(last: &Moment, now: &Moment) -> i64 {
    let Uptime { boot, seconds } = &now.uptime;
    let by_wall = now.wall.0.saturating_sub(last.wall.0);
    if boot.is_empty() {
        // Perhaps the same boot, perhaps another one.
        let since = if *seconds >= last.uptime.seconds { last.uptime.seconds } else { 0 };
        return (seconds - since).min(by_wall).max(0);
    }
    if *boot == last.uptime.boot && *seconds >= last.uptime.seconds {
        return seconds - last.uptime.seconds;
    }
    (*seconds).min(by_wall).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(wall: i64, boot: &str, seconds: i64) -> Moment {
        Moment { wall: Timestamp(wall), uptime: Uptime { boot: boot.into(), seconds } }
    }

    fn tick(now: &Moment) -> i64 {
        let at = Some(moment(1_000_000, "a", 500));
        TickClock { counted: Tick(70), at }.tick(now).0
    }

    #[test]
    fn the_wall_clock_moves_nothing_within_a_boot() {
        for wall in [0, 1_000_000, 9_000_000_000] {
            assert_eq!(tick(&moment(wall, "a", 530)), 100, "{wall}");
        }
    }

    #[test]
    fn after_another_boot_only_what_is_certain_counts() {
        assert_eq!(tick(&moment(1_100_000, "b", 40)), 110);
        assert_eq!(tick(&moment(1_000_010, "b", 9_000)), 80, "another machine's uptime");
        assert_eq!(tick(&moment(900_000, "b", 40)), 70, "a wall clock set back");
        assert_eq!(tick(&moment(1_100_000, "a", 40)), 110, "a container started again");
        assert_eq!(tick(&moment(1_000_010, "", 9_000)), 80, "no boot id");
    }
}

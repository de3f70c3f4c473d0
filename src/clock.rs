//! Points in time, as the ledger and the planner count them.
//!
//! `now` is an argument everywhere; only the shell calls [`Timestamp::now`] and [`Moment::now`].

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// A day in seconds.
const DAY: i64 = 86_400;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// When a pass takes place: by the wall clock, which may jump, and by one that cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// How long the machine has been running.
    pub uptime: Uptime,
}

/// How long the machine has been running since a boot, suspended time included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uptime {
    /// Linux's id of the boot; empty where it cannot be read.
    pub boot: String,
    /// Seconds since then.
    pub seconds: i64,
}

impl Moment {
    /// This moment. For the shell: pure rooms take the time as an argument.
    pub fn now() -> Self {
        Self { wall: Timestamp::now(), uptime: Uptime::now() }
    }
}

/// A moment that moves on with real time, for a pass that lasts.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    since: Moment,
    started: Instant,
}

impl Stopwatch {
    /// Starts at `since`.
    pub fn start(since: Moment) -> Self {
        Self { since, started: Instant::now() }
    }

    /// The moment it was started at.
    pub fn since(&self) -> &Moment {
        &self.since
    }

    /// The wall clock's time by now.
    pub fn wall(&self) -> Timestamp {
        self.since.wall.plus(self.started.elapsed())
    }
}

impl Uptime {
    fn now() -> Self {
        static BOOT: OnceLock<String> = OnceLock::new();
        let boot = BOOT.get_or_init(|| {
            let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
            id.unwrap_or_default().trim().to_owned()
        });
        Self { boot: boot.clone(), seconds: clock_gettime(ClockId::Boottime).tv_sec }
    }
}

impl Timestamp {
    /// Later than any other.
    pub const NEVER: Self = Self(i64::MAX);

    /// The wall clock. For the shell: pure rooms take the time as an argument.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    /// Reads `2026-11-21T12:00:00Z` or `2026-11-21 12:00:00`, which is taken for UTC; none where it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let point = humantime::parse_rfc3339_weak(text.trim()).ok()?;
        let since = point.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok().map(Self)
    }

    /// This point, `later` later.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(later.as_secs()).unwrap_or(i64::MAX)))
    }

    /// How much later this point is than `earlier`; nothing where it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// Whether this point comes before `later`, and not so long before that `later` must have been written
    /// by a clock that was ahead.
    pub fn is_before(self, later: Self, at_most: Duration) -> bool {
        self < later && later <= self.plus(at_most)
    }

    /// The calendar month of this point, UTC, such as `2026-11`.
    pub fn month(self) -> String {
        let mut text = self.to_string();
        text.truncate(7);
        text
    }

    /// How much of its calendar month is left.
    pub fn left_of_month(self) -> Duration {
        let month = self.month();
        let midnights =
            (1..=31).map(|days| Self((self.0 / DAY).saturating_add(days).saturating_mul(DAY)));
        let mut later = midnights.filter(|midnight| midnight.month() != month);
        later.next().unwrap_or(self).since(self)
    }

    /// How a person reads this point at `now`: `14:20 UTC` on the same day, with the date otherwise.
    pub fn for_reader_at(self, now: Self) -> String {
        let full = self.to_string();
        let (day, time) = full.split_once('T').unwrap_or(("", &full));
        let minute = time.get(..5).unwrap_or(time);
        if now.to_string().starts_with(day) {
            format!("{minute} UTC")
        } else {
            format!("{day} {minute} UTC")
        }
    }

    /// How a person reads this point on any day: `2026-11-21 14:20 UTC`.
    pub fn for_reader(self) -> String {
        self.to_string().replacen('T', " ", 1).chars().take(16).chain(" UTC".chars()).collect()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = u64::try_from(self.0).unwrap_or_default();
        // humantime knows years up to 9999; what lies beyond is shown as the last it knows.
        let point = UNIX_EPOCH + Duration::from_secs(seconds.min(253_402_300_799));
        humantime::format_rfc3339_seconds(point).fmt(f)
    }
}

/// As RFC 3339 has it.
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_the_date_only_where_it_differs() {
        let noon = Timestamp(1_795_262_400);
        assert_eq!(noon.to_string(), "2026-11-21T12:00:00Z");
        assert_eq!(Timestamp::parse("2026-11-21 12:00:00"), Some(noon));
        assert_eq!(Timestamp::parse("0000-00-00 00:00:00"), None);
        let later = noon.plus(Duration::from_mins(140));
        assert_eq!(later.for_reader_at(noon), "14:20 UTC");
        let tomorrow = noon.plus(Duration::from_hours(24));
        assert_eq!(tomorrow.for_reader_at(noon), "2026-11-22 12:00 UTC");
        assert_eq!(tomorrow.for_reader(), "2026-11-22 12:00 UTC");
        assert_eq!(Timestamp(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_month_ends_with_the_calendar_s() {
        let left = |text: &str| {
            let time = humantime::parse_rfc3339(text).unwrap();
            let time = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
            let time = Timestamp(time.cast_signed());
            (time.month(), time.left_of_month().as_secs())
        };
        assert_eq!(left("2028-02-28T00:00:00Z"), ("2028-02".into(), 2 * 86_400));
        assert_eq!(left("2026-12-31T23:59:59Z"), ("2026-12".into(), 1));
        assert_eq!(left("2026-11-01T00:00:00Z"), ("2026-11".into(), 30 * 86_400));
    }
}

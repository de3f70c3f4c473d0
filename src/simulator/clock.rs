//! Time on the wire: dates that follow tokio's clock, in the API's two spellings.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

const DAY: u64 = 86_400;

/// The wall clock, moved by tokio's time, so that a paused runtime pauses it too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    wall: SystemTime,
    origin: Instant,
}

impl Clock {
    pub(super) fn start() -> Clock {
        Clock { wall: SystemTime::now(), origin: Instant::now() }
    }

    /// Moves the wall clock on.
    pub(super) fn skip(&mut self, time: Duration) {
        self.wall += time;
    }

    pub(super) fn now(&self) -> SystemTime {
        self.wall + self.origin.elapsed()
    }

    pub(super) fn in_days(&self, days: u64) -> SystemTime {
        self.now() + Duration::from_secs(days * DAY)
    }
}

/// `YYYY-MM-DD HH:MM:SS` without a zone, as most of the API has it (documented).
pub(super) fn plain(at: SystemTime) -> String {
    let (year, month, day, clock) = parts(at);
    format!("{year:04}-{month:02}-{day:02} {clock}")
}

/// ISO 8601 in UTC with microseconds, as the activity log has it (documented).
pub(super) fn iso(at: SystemTime) -> String {
    let (year, month, day, clock) = parts(at);
    let micros = since_epoch(at).subsec_micros();
    format!("{year:04}-{month:02}-{day:02}T{clock}.{micros:06}Z")
}

pub(super) fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Year, month, day and time of day; the civil calendar counted in eras of 400 years that begin in March.
fn parts(at: SystemTime) -> (u64, u64, u64, String) {
    let seconds = since_epoch(at).as_secs();
    let days = seconds / DAY + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    (year, month, day, format!("{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_api_writes_them() {
        let leap_day = UNIX_EPOCH + Duration::from_micros(1_709_210_096_000_007);
        assert_eq!(plain(leap_day), "2024-02-29 12:34:56");
        assert_eq!(iso(leap_day), "2024-02-29T12:34:56.000007Z");
        assert_eq!(plain(UNIX_EPOCH), "1970-01-01 00:00:00");
    }
}

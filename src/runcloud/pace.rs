use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::Instant;

/// Below this many calls left in the window, calls are spaced out.
const LOW: u32 = 10;
/// RunCloud's window, as Laravel's throttle has it (inferred; the number itself is not published).
const WINDOW: Duration = Duration::from_mins(1);

/// When the next call may go out: at once, until the rate-limit headers run low.
#[derive(Debug, Default)]
pub(super) struct Pace {
    not_before: Option<Instant>,
}

impl Pace {
    /// The point before which no call should be made.
    pub(super) fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// Learns from an answer's `X-RateLimit-Limit` and `X-RateLimit-Remaining`.
    pub(super) fn learn(&mut self, headers: &HeaderMap, now: Instant) {
        let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        let limit = number("x-ratelimit-limit").filter(|limit| *limit > 0);
        let remaining = number("x-ratelimit-remaining");
        self.not_before = match (limit, remaining) {
            (Some(limit), Some(remaining)) if remaining < low_mark(limit) => {
                Some(now + WINDOW / limit)
            }
            _ => None,
        };
    }
}

/// A small limit keeps most of its calls unspaced.
fn low_mark(limit: u32) -> u32 {
    LOW.min(limit / 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(limit: &'static str, remaining: &'static str) -> HeaderMap {
        [("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining)]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn calls_are_spaced_only_while_the_limit_runs_low() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.learn(&headers("60", "10"), now);
        assert_eq!(pace.not_before(), None);
        pace.learn(&headers("60", "9"), now);
        assert_eq!(pace.not_before(), Some(now + Duration::from_secs(1)));
        pace.learn(&headers("60", "59"), now);
        assert_eq!(pace.not_before(), None);
        pace.learn(&HeaderMap::new(), now);
        assert_eq!(pace.not_before(), None);
    }
}

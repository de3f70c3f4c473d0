use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::Instant;

use super::tally::RateLimit;

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

    /// Learns from what an answer tells of the rate limit.
    pub(super) fn learn(&mut self, told: Option<RateLimit>, now: Instant) {
        self.not_before = match told {
            Some(RateLimit { limit, remaining }) if remaining < low_mark(limit) => {
                Some(now + WINDOW / limit)
            }
            _ => None,
        };
    }
}

/// `X-RateLimit-Limit` and `X-RateLimit-Remaining`, where an answer has both.
pub(super) fn rate_limit_of(headers: &HeaderMap) -> Option<RateLimit> {
    let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
    let limit = number("x-ratelimit-limit").filter(|limit| *limit > 0)?;
    Some(RateLimit { limit, remaining: number("x-ratelimit-remaining")? })
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
        pace.learn(rate_limit_of(&headers("60", "10")), now);
        assert_eq!(pace.not_before(), None);
        pace.learn(rate_limit_of(&headers("60", "9")), now);
        assert_eq!(pace.not_before(), Some(now + Duration::from_secs(1)));
        pace.learn(rate_limit_of(&headers("60", "59")), now);
        assert_eq!(pace.not_before(), None);
        pace.learn(rate_limit_of(&HeaderMap::new()), now);
        assert_eq!(pace.not_before(), None);
    }
}

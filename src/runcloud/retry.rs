//! Which calls are repeated, after which errors and how much later.

use std::future::Future;
use std::time::{Duration, SystemTime};

use super::error::{ApiError, Class};
use crate::patience::{Patience, Wait};
use crate::progress::Progress;
use crate::stop::Stop;

/// The wait after a 429 that names none; RunCloud's throttle counts by the minute (inferred).
const UNNAMED_WAIT: Duration = Duration::from_mins(1);
/// The shortest wait a 429 can ask for; "0" would be a loop.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that is believed; what asks for more is asked again after a day.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Which errors a call may be repeated after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Reads, which have no effect.
    Read,
    /// Writes whose second effect equals the first.
    Idempotent,
    /// Writes that must not take effect twice: only where RunCloud certainly did not act.
    WhenNotActedOn,
}

impl Repeat {
    fn allows(self, error: &ApiError) -> bool {
        let may_pass = match self {
            Self::Read | Self::Idempotent => error.class() == Class::Transient,
            Self::WhenNotActedOn => error.was_not_acted_on(),
        };
        may_pass && *error != ApiError::Stopped
    }
}

/// Makes a call, and repeats it while its error allows that and `patience` lasts. Where an earlier try
/// may have taken effect, the error does not say that RunCloud did not act.
pub(super) async fn with_patience<T, F, Fut>(
    patience: Patience,
    repeat: Repeat,
    stop: &Stop,
    progress: &Progress,
    call: F,
) -> Result<T, ApiError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, ApiError>>,
{
    let mut unsure = None;
    let wait = |error: &ApiError, planned| {
        if !repeat.allows(error) {
            return None;
        }
        if repeat == Repeat::Idempotent && !error.was_not_acted_on() {
            unsure = Some(error.clone());
        }
        let time = wait_for(error, planned);
        progress.wait(time);
        let within = match error {
            ApiError::Throttled { .. } => patience.throttled,
            _ => patience.total,
        };
        Some(Wait { time, within })
    };
    let outcome = patience.repeat(stop, call, wait).await;
    progress.wait(Duration::ZERO);
    match outcome {
        Err(error) if error.was_not_acted_on() => Err(unsure.unwrap_or(error)),
        outcome => outcome,
    }
}

fn wait_for(error: &ApiError, planned: Duration) -> Duration {
    match error {
        ApiError::Throttled { retry_after, .. } => {
            retry_after.unwrap_or(UNNAMED_WAIT).max(SHORTEST_WAIT)
        }
        _ => planned,
    }
}

/// `Retry-After` as seconds or as an HTTP date (RFC 9110 §10.2.3).
pub(super) fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default().min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    const PATIENCE: Patience = Patience::COMMAND;

    fn throttled(seconds: u64) -> ApiError {
        let retry_after = Some(Duration::from_secs(seconds));
        ApiError::Throttled { message: "Too Many Attempts.".into(), retry_after }
    }

    async fn tries(repeat: Repeat, error: ApiError) -> (u32, Duration) {
        let (count, started) = (Cell::new(0), Instant::now());
        let result: Result<(), _> =
            with_patience(PATIENCE, repeat, &Stop::new(), &Progress::default(), || {
                count.set(count.get() + 1);
                let error = error.clone();
                async move { Err(error) }
            })
            .await;
        assert!(result.is_err());
        (count.get(), started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_transient_error_is_given_about_a_minute() {
        let (count, took) = tries(Repeat::Read, ApiError::Connect("refused".into())).await;
        assert!(count > 5, "{count}");
        assert!((30..=65).contains(&took.as_secs()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_longer_than_the_patience_is_reported_at_once() {
        let (count, took) = tries(Repeat::Read, throttled(3_600)).await;
        assert_eq!((count, took.as_secs()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_write_waits_as_long_as_it_is_told() {
        let (count, took) = tries(Repeat::WhenNotActedOn, throttled(20)).await;
        assert_eq!((count, took.as_secs()), (4, 60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_may_have_taken_effect_is_not_repeated() {
        let lost = ApiError::Interrupted("connection reset".into());
        assert_eq!(tries(Repeat::WhenNotActedOn, lost).await.0, 1);
        let refused = ApiError::Refused { status: 422, message: String::new(), fields: vec![] };
        assert_eq!(tries(Repeat::Read, refused).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_may_have_taken_effect_never_says_that_it_did_not() {
        let lost = || ApiError::Interrupted("connection reset".into());
        for (repeat, last, said) in [
            (Repeat::Idempotent, throttled(3_600), lost()),
            (Repeat::Idempotent, ApiError::Stopped, lost()),
            (Repeat::Read, throttled(3_600), throttled(3_600)),
            (Repeat::Read, ApiError::Stopped, ApiError::Stopped),
        ] {
            let mut errors = vec![last, lost()];
            let result: Result<(), _> =
                with_patience(PATIENCE, repeat, &Stop::new(), &Progress::default(), || {
                    std::future::ready(Err(errors.pop().unwrap()))
                })
                .await;
            assert_eq!(result, Err(said));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_word_to_stop_ends_a_wait_and_is_not_repeated() {
        let (stop, progress, started) = (Stop::new(), Progress::default(), Instant::now());
        let mut errors = vec![ApiError::Stopped, throttled(20)];
        let call = with_patience(PATIENCE, Repeat::WhenNotActedOn, &stop, &progress, || {
            std::future::ready(Err::<(), _>(errors.pop().unwrap()))
        });
        let (result, ()) = tokio::join!(call, async { stop.request() });
        assert_eq!(result, Err(ApiError::Stopped));
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 10:00:00 GMT").unwrap();
        let at = |text| parse_retry_after(text, now).map(|d| d.as_secs());
        assert_eq!(at("7"), Some(7));
        assert_eq!(at("Sun, 22 Nov 2026 10:01:30 GMT"), Some(90));
        assert_eq!(at("Sun, 22 Nov 2026 09:00:00 GMT"), Some(0));
        assert_eq!(at("18446744073709551615"), Some(86_400));
        assert_eq!(at("soon"), None);
    }
}

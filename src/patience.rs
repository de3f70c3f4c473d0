//! The one layer that repeats what failed.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::time::Instant;

use crate::stop::Stop;

/// The longest wait between two tries, where nobody asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// How much longer than the patience one wait may last, so that a minute's window fits.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// How long a call or a read may be repeated before its error is reported.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The first wait; the next ones double, with jitter.
    pub first_wait: Duration,
    /// From the first try to the last,
    pub total: Duration,
    /// and to the last where a rate limit is used up.
    pub throttled: Duration,
}

/// How long to wait before the next try.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// So long,
    pub time: Duration,
    /// if that ends so long after the first try.
    pub within: Duration,
}

impl Patience {
    /// What a command has: about a minute.
    pub const COMMAND: Self = Self {
        first_wait: Duration::from_millis(250),
        total: Duration::from_mins(1),
        throttled: Duration::from_mins(1),
    };
    /// What a daemon has, which comes back soon; where it waits out the rate limit it need not begin again.
    pub const DAEMON: Self = Self { total: Duration::from_secs(10), ..Self::COMMAND };

    /// Tries, and tries again as long as `wait` gives a wait after the error, for which it is told the time that
    /// is planned, and as that fits. Asked to stop, it waits no longer and leaves the rest to `call`.
    ///
    /// # Errors
    /// The error of the last try.
    pub async fn repeat<T, E, F, Fut>(
        self,
        stop: &Stop,
        call: F,
        mut wait: impl FnMut(&E, Duration) -> Option<Wait>,
    ) -> Result<T, E>
    where
        E: Display,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let (started, sleeper) = (Instant::now(), stop.clone());
        let sleep = move |wait| {
            let stop = sleeper.clone();
            async move { stop.sleep(wait).await }
        };
        call.retry(self.backoff())
            .sleep(sleep)
            .adjust(|error, planned| {
                let (Wait { time, within }, spent) = (wait(error, planned?)?, started.elapsed());
                (spent < within && spent + time <= within + LAST_WAIT).then_some(time)
            })
            .notify(|error, wait| {
                tracing::info!("{error}; trying again in {:.1} s", wait.as_secs_f32());
            })
            .await
    }

    fn backoff(self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(LONGEST_WAIT)
            .without_max_times()
            .with_jitter()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often something that always fails is tried, and the seconds that takes.
    async fn tries(mut wait: impl FnMut(Duration) -> Option<Duration>) -> (u32, u64) {
        let (count, started) = (Cell::new(0), Instant::now());
        let call = || {
            count.set(count.get() + 1);
            std::future::ready(Err::<(), _>("away".to_owned()))
        };
        let within = Patience::COMMAND.total;
        let wait = |_: &String, planned| wait(planned).map(|time| Wait { time, within });
        let result = Patience::COMMAND.repeat(&Stop::new(), call, wait).await;
        assert_eq!(result, Err("away".to_owned()));
        (count.get(), started.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_given_about_a_minute() {
        let (count, took) = tries(Some).await;
        assert!(count > 5 && (30..=65).contains(&took), "{count} tries in {took} s");
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_pass_is_tried_once() {
        assert_eq!(tries(|_| None).await, (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_asked_for_is_kept_or_not_begun() {
        assert_eq!(tries(|_| Some(Duration::from_secs(20))).await, (4, 60));
        assert_eq!(tries(|_| Some(Duration::from_hours(1))).await, (1, 0));
    }
}

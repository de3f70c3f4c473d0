//! The loop around passes.
//!
//! The tables are read every `poll`; RunCloud is asked only when what they want changed, when a name
//! waits for its next try, or when `interval` is over. An error is said when it appears or changes,
//! never ends the loop, and has its own, slower clock.

use std::time::Duration;

use humantime::format_duration;
use tokio::time::Instant;

use crate::clock::{Moment, Timestamp};
use crate::ledger::{Lease, Ledger};
use crate::reconcile::{Grace, Network, PassError, Report, pass};
use crate::runcloud::{ApiError, Writer};
use crate::wordpress::Desired;

/// After an error that may pass by itself.
const AFTER_ERROR: Duration = Duration::from_secs(10);
/// After one that a person has to mend, such as refused credentials; it doubles each time,
const AFTER_REFUSAL: Duration = Duration::from_mins(5);
/// up to this.
const LONGEST_AFTER_REFUSAL: Duration = Duration::from_hours(1);

/// How often the loop looks, and how long it waits before it removes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At the tables.
    pub poll: Duration,
    /// At RunCloud, when nothing changed.
    pub interval: Duration,
    /// Before a name that went missing is removed.
    pub grace: Duration,
}

/// What the daemon works with.
pub struct Service<'a> {
    /// Both sides.
    pub network: &'a Network,
    /// The right to change RunCloud,
    pub writer: &'a Writer<'a>,
    /// and what it rests on.
    pub lease: &'a Lease,
    /// How often it looks.
    pub pace: Pace,
    /// How this program is called with its settings, for the commands it suggests.
    pub command: String,
}

impl Service<'_> {
    /// Reconciles until it is asked to stop; then the call in flight ends, and nothing else begins.
    pub async fn run(&self, ledger: &mut Ledger) {
        let mut watch = Watch::new(self);
        let stop = &self.network.stop;
        tracing::info!("watching the table every {}", format_duration(self.pace.poll));
        while !stop.is_requested() {
            let wait = watch.step(ledger).await;
            stop.sleep(wait).await;
        }
        tracing::info!("stopped");
    }
}

/// What the loop remembers between two looks.
struct Watch<'a> {
    service: &'a Service<'a>,
    /// What the tables wanted when a pass last ended well.
    seen: Option<Desired>,
    /// When RunCloud is looked at even if nothing changed.
    look_again: Instant,
    /// Since when names are missing.
    grace: Grace,
    /// The error that was said last.
    last_error: Option<String>,
    /// How often in a row RunCloud refused everything.
    refusals: u32,
    /// What was said of the reads and of blocked removals the last time.
    told: Vec<String>,
    /// The last thing that an operator had said at the last pass.
    heard: Option<i64>,
}

impl<'a> Watch<'a> {
    fn new(service: &'a Service<'a>) -> Self {
        Self {
            service,
            seen: None,
            look_again: Instant::now(),
            grace: Grace::new(service.pace.grace),
            last_error: None,
            refusals: 0,
            told: vec![],
            heard: None,
        }
    }

    /// Looks once, makes a pass where there is a reason, and returns how long to wait.
    async fn step(&mut self, ledger: &mut Ledger) -> Duration {
        match self.look(ledger).await {
            Ok(()) => {
                self.refusals = 0;
                if self.last_error.take().is_some() {
                    tracing::info!("back to normal");
                }
                self.service.pace.poll
            }
            Err(PassError::Stopped) => Duration::ZERO,
            Err(error) => {
                self.seen = None;
                self.refusals = if error.is_fatal() { self.refusals + 1 } else { 0 };
                self.mend(&error, ledger).await;
                let text = error.to_string();
                if self.last_error.as_ref() != Some(&text) {
                    tracing::error!("{text}");
                    self.last_error = Some(text);
                }
                wait_after(&error, self.refusals)
            }
        }
    }

    /// A ledger that turned out to be damaged is set aside; the next pass has a new one.
    async fn mend(&self, error: &PassError, ledger: &mut Ledger) {
        let PassError::Ledger(damage) = error else { return };
        if !damage.is_unusable_file() {
            return;
        }
        match ledger.reopen(self.service.lease).await {
            Ok(()) => tracing::warn!("{}", ledger.notice.take().unwrap_or_default()),
            Err(error) => tracing::error!("{error}"),
        }
    }

    async fn look(&mut self, ledger: &mut Ledger) -> Result<(), PassError> {
        let Service { network, writer, pace, .. } = self.service;
        let desired = network.desired().await?;
        let word = ledger.last_word().await?;
        let is_same = self.seen.as_ref() == Some(&desired) && self.heard == word;
        if is_same && Instant::now() < self.look_again {
            return Ok(());
        }
        let (now, mut report) = (Moment::now(), Report::default());
        let grace = &mut self.grace;
        let outcome = pass::run_once(network, writer, ledger, grace, &now, &mut report).await;
        if outcome.is_ok() || !report.notices.is_empty() {
            self.tell(&report);
        }
        outcome?;
        let now = Timestamp::now();
        let next_try = ledger.next_try(now).await?.map(|point| point.since(now));
        let pause_ends = ledger.pause_ends(&Moment::now()).await?;
        let next = [next_try, self.grace.next(&Moment::now()), pause_ends];
        let wait = next.into_iter().flatten().min().unwrap_or(pace.interval);
        let wait = wait.clamp(pace.poll, pace.interval.max(pace.poll));
        ledger.note_next_pass(now.plus(wait)).await?;
        self.seen = Some(desired);
        self.heard = word;
        self.look_again = Instant::now() + wait;
        Ok(())
    }

    /// Says what was not said the last time.
    fn tell(&mut self, report: &Report) {
        let mut notices = report.notices.clone();
        notices.extend(report.paused.iter().map(ToString::to_string));
        notices.extend(report.blocked.iter().map(|all| all.message(&self.service.command)));
        for notice in notices.iter().filter(|notice| !self.told.contains(notice)) {
            tracing::warn!("{notice}");
        }
        self.told = notices;
    }
}

fn wait_after(error: &PassError, refusals: u32) -> Duration {
    match error {
        PassError::Api(ApiError::Throttled { retry_after: Some(wait), .. }) => {
            AFTER_ERROR.max(*wait)
        }
        error if error.is_fatal() => {
            let doubled = AFTER_REFUSAL.saturating_mul(2_u32.saturating_pow(refusals - 1));
            doubled.min(LONGEST_AFTER_REFUSAL)
        }
        _ => AFTER_ERROR,
    }
}

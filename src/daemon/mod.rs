//! The loop around passes.
//!
//! The tables are read every `poll`; RunCloud is asked only when what they want changed, when a name
//! waits for its next try, or when `interval` is over. An error is said when it appears or changes,
//! never ends the loop, and has its own, slower clock.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::ledger::Ledger;
use crate::reconcile::pass;
use crate::reconcile::{Network, PassError, Report};
use crate::runcloud::{ApiError, Writer};
use crate::wordpress::Desired;

/// After an error that may pass by itself.
const AFTER_ERROR: Duration = Duration::from_secs(10);
/// After one that a person has to mend, such as refused credentials.
const AFTER_FATAL: Duration = Duration::from_mins(5);

/// How often the loop looks.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At the tables.
    pub poll: Duration,
    /// At RunCloud, when nothing changed.
    pub interval: Duration,
}

/// Reconciles until SIGTERM or SIGINT, which let the pass at work end.
///
/// # Errors
/// Only where the signals cannot be listened for.
pub async fn run(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    pace: Pace,
) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut watch =
        Watch { seen: None, look_again: Instant::now(), last_error: None, told: vec![] };
    tracing::info!("watching the table every {}", humantime::format_duration(pace.poll));
    while !is_over(watch.step(network, writer, ledger, pace).await, &mut terminate, &mut interrupt)
        .await
    {}
    tracing::info!("stopping");
    Ok(())
}

async fn is_over(wait: Duration, terminate: &mut Signal, interrupt: &mut Signal) -> bool {
    tokio::select! {
        () = tokio::time::sleep(wait) => false,
        _ = terminate.recv() => true,
        _ = interrupt.recv() => true,
    }
}

/// What the loop remembers between two looks.
struct Watch {
    /// What the tables wanted when a pass last ended well.
    seen: Option<Desired>,
    /// When RunCloud is looked at even if nothing changed.
    look_again: Instant,
    /// The error that was said last.
    last_error: Option<String>,
    /// What was said of the tables the last time.
    told: Vec<String>,
}

impl Watch {
    /// Looks once, makes a pass where there is a reason, and returns how long to wait.
    async fn step(
        &mut self,
        network: &Network,
        writer: &Writer<'_>,
        ledger: &mut Ledger,
        pace: Pace,
    ) -> Duration {
        match self.look(network, writer, ledger, pace).await {
            Ok(()) => {
                if self.last_error.take().is_some() {
                    tracing::info!("back to normal");
                }
                pace.poll
            }
            Err(error) => {
                self.seen = None;
                let text = error.to_string();
                if self.last_error.as_ref() != Some(&text) {
                    tracing::error!("{text}");
                    self.last_error = Some(text);
                }
                wait_after(&error)
            }
        }
    }

    async fn look(
        &mut self,
        network: &Network,
        writer: &Writer<'_>,
        ledger: &mut Ledger,
        pace: Pace,
    ) -> Result<(), PassError> {
        let desired = network.desired().await?;
        if self.seen.as_ref() == Some(&desired) && Instant::now() < self.look_again {
            return Ok(());
        }
        let mut report = Report::default();
        let outcome = pass::run_once(network, writer, ledger, &mut report).await;
        self.tell(report.notices);
        outcome?;
        let next_try = ledger.next_try().await?;
        let wait = next_try.map_or(pace.interval, |point| point.since(Timestamp::now()));
        self.seen = Some(desired);
        self.look_again = Instant::now() + wait.clamp(pace.poll, pace.interval.max(pace.poll));
        Ok(())
    }

    /// Says what was not said the last time.
    fn tell(&mut self, notices: Vec<String>) {
        for notice in notices.iter().filter(|notice| !self.told.contains(notice)) {
            tracing::warn!("{notice}");
        }
        self.told = notices;
    }
}

fn wait_after(error: &PassError) -> Duration {
    match error {
        PassError::Api(ApiError::Throttled { retry_after: Some(wait), .. }) => {
            AFTER_ERROR.max(*wait)
        }
        error if error.is_fatal() => AFTER_FATAL,
        _ => AFTER_ERROR,
    }
}

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::notify::Notifier;
use super::{Reload, Setup};
use crate::admin::Admin;
use crate::log::events;
use crate::runcloud::Tally;
use crate::stop::Stop;

/// How often systemd is asked for more time while the daemon starts or stops,
const EXTEND_EVERY: Duration = Duration::from_secs(5);
/// and for how much.
const EXTENSION: Duration = Duration::from_secs(15);
/// No single step of a pass lasts longer: an order is given two minutes, a throttled call waits for one.
const LONGEST_STEP: Duration = Duration::from_mins(5);

/// What the daemon is told while it runs; its clones are one.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// To stop.
    pub stop: Stop,
    /// To read the settings again.
    pub reload: Arc<Notify>,
    /// To make a pass now.
    pub reconcile: Arc<Notify>,
}

/// Stands by while the loop waits for something: takes the words, and tells systemd that the loop lives.
pub(super) struct Attendant<'a> {
    pub(super) words: Words,
    pub(super) notifier: Notifier,
    reload: Reload<'a>,
    /// Settings that were read again and are not in use yet.
    pending: Option<Setup>,
    phase: Phase,
    next_beat: Option<Instant>,
    /// How often whoever asks over `service.listen` expects to hear that the loop lives; none where nobody can.
    pub(super) asked_every: Option<Duration>,
    admin: Arc<Admin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Until the database answers.
    Starting,
    Running,
    Stopping,
}

impl<'a> Attendant<'a> {
    pub(super) fn new(words: Words, reload: Reload<'a>, admin: Arc<Admin>) -> Self {
        let (mut notifier, phase) = (Notifier::new(), Phase::Starting);
        notifier.status("waiting for the database to answer");
        Self {
            words,
            notifier,
            reload,
            pending: None,
            phase,
            next_beat: None,
            asked_every: None,
            admin,
        }
    }

    /// Waits for `work`, whose calls `tally` counts.
    pub(super) async fn attend<T>(&mut self, tally: &Tally, work: impl Future<Output = T>) -> T {
        let (words, began) = (self.words.clone(), Instant::now());
        tokio::pin!(work);
        loop {
            let (beat, is_asked_to_stop) = (self.next_beat, self.phase == Phase::Stopping);
            tokio::select! {
                biased;
                outcome = &mut work => return outcome,
                () = words.stop.wait(), if !is_asked_to_stop => self.stopping(tally),
                () = words.reload.notified() => self.reload(),
                () = sleep_until(beat.unwrap_or(began)), if beat.is_some() => {
                    let moved = tally.moved().unwrap_or(began).max(began);
                    if moved.elapsed() < LONGEST_STEP {
                        self.beat(tally);
                    } else {
                        // It hangs: systemd hears nothing more until it moves.
                        self.next_beat = None;
                    }
                }
            }
        }
    }

    /// Tells systemd, and whoever else asks, that the loop lives, and asks for more time where it needs some.
    pub(super) fn beat(&mut self, tally: &Tally) {
        self.notifier.alive();
        self.admin.alive(Instant::now().into_std());
        let needs_time = match self.phase {
            Phase::Starting => true,
            Phase::Running => false,
            Phase::Stopping => tally.is_in_flight(),
        };
        if needs_time {
            Notifier::extend(EXTENSION);
        }
        let extend = (self.phase != Phase::Running).then_some(EXTEND_EVERY);
        let every = [self.notifier.beat(), extend, self.asked_every].into_iter().flatten().min();
        self.next_beat = every.map(|every| Instant::now() + every);
    }

    /// The database has answered: whoever waits for the daemon may go on.
    pub(super) fn ready(&mut self) {
        if self.phase == Phase::Starting {
            self.phase = Phase::Running;
            self.notifier.status("making the first pass");
            Notifier::ready();
        }
    }

    /// The settings that were read again since this was last asked.
    pub(super) fn take_settings(&mut self) -> Option<Setup> {
        self.pending.take()
    }

    pub(super) fn stopping(&mut self, tally: &Tally) {
        if self.phase != Phase::Stopping {
            self.phase = Phase::Stopping;
            Notifier::stopping();
            self.notifier.status("stopping after the call in flight");
            self.beat(tally);
        }
    }

    /// Reads the settings again; they are used from the next look on. What is wrong with them is said, and the
    /// old ones stay.
    fn reload(&mut self) {
        Notifier::reloading();
        match (self.reload)() {
            Ok(setup) => {
                tracing::info!(message_id = events::SETTINGS_READ, "the settings are read again");
                self.pending = Some(setup);
                // Whoever rests has something to do.
                self.words.reconcile.notify_one();
            }
            Err(problem) => {
                tracing::error!(
                    message_id = events::SETTINGS_REFUSED,
                    "the settings stay as they were: {problem}"
                );
            }
        }
        if self.phase != Phase::Starting {
            Notifier::ready();
        }
    }
}

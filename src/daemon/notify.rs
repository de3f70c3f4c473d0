use std::time::Duration;

use sd_notify::NotifyState;

/// What systemd is told; nobody listens where the daemon was not started by it.
#[derive(Debug)]
pub(super) struct Notifier {
    watchdog: Option<Duration>,
    status: String,
}

impl Notifier {
    pub(super) fn new() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled(), status: String::new() }
    }

    /// How often systemd wants to hear that the loop lives; half of the time after which it acts.
    pub(super) fn beat(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    pub(super) fn alive(&self) {
        if self.watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
    }

    pub(super) fn ready() {
        tell(&[NotifyState::Ready]);
    }

    pub(super) fn reloading() {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    pub(super) fn stopping() {
        tell(&[NotifyState::Stopping]);
    }

    /// Asks systemd to wait that much longer for the start or the stop.
    pub(super) fn extend(time: Duration) {
        tell(&[NotifyState::ExtendTimeoutUsec(
            u32::try_from(time.as_micros()).unwrap_or(u32::MAX),
        )]);
    }

    /// Says in a sentence what the daemon is at, where that is another than before.
    pub(super) fn status(&mut self, sentence: &str) {
        if self.status != sentence {
            sentence.clone_into(&mut self.status);
            // A line ends the field.
            tell(&[NotifyState::Status(&sentence.replace('\n', " "))]);
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

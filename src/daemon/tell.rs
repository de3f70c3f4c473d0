use std::time::{Duration, Instant};

use super::allowance::Allowance;
use super::trouble::{Party, Say, Trouble, Troubles};
use super::watch::Now;
use crate::clock::Timestamp;
use crate::ledger::{PassCounts, Service};
use crate::log::events;
use crate::reconcile::{PassError, Report};

/// How often the daemon says that it is there.
const HEARTBEAT: Duration = Duration::from_hours(1);

/// Says each thing once.
pub(super) struct Teller {
    /// How this program is called, for the commands it suggests.
    command: String,
    troubles: Troubles,
    /// What was said of the reads and of blocked removals the last time.
    told: Vec<String>,
    heartbeat_at: Option<Instant>,
    /// Complete passes since the last heartbeat.
    passes: u32,
}

impl Teller {
    pub(super) fn new(command: String) -> Self {
        let troubles = Troubles::default();
        Self { command, troubles, told: vec![], heartbeat_at: None, passes: 0 }
    }

    /// The settings are others now: what was wrong by the old ones is said again if it still is.
    pub(super) fn begin_afresh(&mut self) {
        self.troubles = Troubles::default();
        self.told.clear();
    }

    /// Says what was not said the last time.
    pub(super) fn tell(&mut self, report: &Report, allowance: Option<Allowance>) {
        if !report.is_idle() {
            say_done(report);
        }
        let mut notices = report.notices.clone();
        notices.extend(report.paused.iter().map(ToString::to_string));
        notices.extend(report.blocked.iter().map(|all| all.message(&self.command)));
        notices.extend(allowance.filter(Allowance::is_spent).map(|Allowance { limit, .. }| {
            format!(
                "api.monthly_calls = {limit} are used up: until the month ends RunCloud is looked at once a \
                 day where nothing changes"
            )
        }));
        for notice in notices.iter().filter(|notice| !self.told.contains(notice)) {
            tracing::warn!(message_id = events::NOTICE, "{notice}");
        }
        self.told = notices;
    }

    /// Says what went wrong, where it was not said yet; tells whether it is new.
    pub(super) fn meet(&mut self, error: &PassError, now: &Now) -> bool {
        let Some(trouble) = Trouble::of(error) else { return false };
        let say = self.troubles.met(trouble, now.at, now.moment.wall);
        if let Some(say) = &say {
            speak(say);
        } else {
            tracing::debug!("{error}");
        }
        say.is_some()
    }

    pub(super) fn over(&mut self, party: Party, at: Instant) {
        self.troubles.over(party, at).iter().for_each(speak);
    }

    /// A pass was complete.
    pub(super) fn all_over(&mut self, at: Instant) {
        self.passes += 1;
        for party in [Party::Database, Party::RunCloud, Party::Ledger] {
            self.over(party, at);
        }
    }

    /// What is wrong, and since when.
    pub(super) fn trouble(&self) -> Option<(Timestamp, String)> {
        self.troubles.first()
    }

    /// Says once an hour that the daemon is there.
    pub(super) fn heartbeat(&mut self, fares: &Service, now: &Now) {
        let due = *self.heartbeat_at.get_or_insert(now.at + HEARTBEAT);
        if now.at < due {
            return;
        }
        self.heartbeat_at = Some(now.at + HEARTBEAT);
        let wall = now.moment.wall;
        let passes = std::mem::take(&mut self.passes);
        let waits = self.troubles.summary(wall);
        if waits.is_empty() {
            let last = last_pass(fares, wall);
            tracing::info!(
                message_id = events::HEARTBEAT,
                "at work: {last}; {passes} passes in the last hour"
            );
        } else {
            tracing::info!(message_id = events::HEARTBEAT, "{}", waits.join("; "));
        }
    }

    /// What the daemon is at, in a sentence; what needs a person comes first.
    pub(super) fn status(
        &self,
        fares: &Service,
        next_pass: Option<Timestamp>,
        now: Timestamp,
    ) -> String {
        let waits = self.troubles.first();
        if let Some((since, trouble)) = waits {
            return format!("waiting since {}: {trouble}", since.for_reader_at(now));
        }
        let Some(next) = next_pass else { return "starting".to_owned() };
        let passes = format!("{}, next by {}", last_pass(fares, now), next.for_reader_at(now));
        match self.told.as_slice() {
            [] => passes,
            [one] => format!("{one} ({passes})"),
            [first, rest @ ..] => format!("{first} (and {} more; {passes})", rest.len()),
        }
    }
}

fn say_done(report: &Report) {
    let PassCounts { added, updated, removed, failed } = report.counts();
    let result = report.result();
    tracing::info!(
        message_id = events::PASS_ENDED,
        pass_id = report.pass,
        result,
        "pass {}: {added} added, {updated} updated, {removed} removed, {failed} failed",
        report.pass
    );
}

fn last_pass(fares: &Service, now: Timestamp) -> String {
    let Some(last) = fares.succeeded else { return "no pass yet".to_owned() };
    format!("last pass {}", last.for_reader_at(now))
}

fn speak(say: &Say) {
    match say {
        Say::Began(text) => tracing::info!(message_id = events::WAITING, "{text}"),
        Say::NeedsAPerson(text) => tracing::error!(message_id = events::NEEDS_A_PERSON, "{text}"),
        Say::Over(text) => tracing::info!(message_id = events::BACK, "{text}"),
    }
}

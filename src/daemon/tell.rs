use std::collections::BTreeMap;
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

/// What was not so for that long is said again when it is.
const MEMORY: Duration = Duration::from_hours(24);

/// Says each thing once.
pub(super) struct Teller {
    /// How this program is called, for the commands it suggests.
    command: String,
    troubles: Troubles,
    /// What an operator should hear of the last pass.
    notices: Vec<String>,
    /// The gist of what was said of passes, and when a pass last found it so.
    told: BTreeMap<String, Instant>,
    /// What stood still in the last pass.
    stopped: Stopped,
    /// Whether a pass was told of.
    has_begun: bool,
    heartbeat_at: Option<Instant>,
    /// Complete passes since the last heartbeat.
    passes: u32,
}

/// What stands still, in words.
#[derive(Default)]
struct Stopped {
    /// Everything.
    paused: Option<String>,
    /// Removals.
    blocked: Option<String>,
}

impl Teller {
    pub(super) fn new(command: String) -> Self {
        let troubles = Troubles::default();
        Self {
            command,
            troubles,
            notices: vec![],
            told: BTreeMap::new(),
            stopped: Stopped::default(),
            has_begun: false,
            heartbeat_at: None,
            passes: 0,
        }
    }

    /// The settings are others now: what was wrong by the old ones is said again if it still is.
    pub(super) fn begin_afresh(&mut self) {
        self.troubles = Troubles::default();
        self.told.clear();
        self.stopped.blocked = None;
    }

    /// Says what of a pass that ended at `at` was not said lately.
    pub(super) fn tell(&mut self, report: &Report, allowance: Option<Allowance>, at: Instant) {
        if !report.is_idle() || report.adopted > 0 || !self.has_begun {
            say_done(report);
        }
        self.has_begun = true;
        self.tell_stops(report);
        let mut notices = report.notices.clone();
        notices.extend(allowance.filter(Allowance::is_spent).map(|Allowance { limit, .. }| {
            format!(
                "api.monthly_calls = {limit} are used up: until the month ends RunCloud is looked at once a \
                 day where nothing changes"
            )
        }));
        self.tell_notices(notices, at);
    }

    /// Says what a pass found that failed later.
    pub(super) fn tell_notices(&mut self, notices: Vec<String>, at: Instant) {
        self.told.retain(|_, last| at.saturating_duration_since(*last) < MEMORY);
        for notice in &notices {
            if self.told.insert(gist(notice), at).is_none() {
                tracing::warn!(message_id = events::NOTICE, "{notice}");
            }
        }
        self.notices = notices;
    }

    /// Says when a pause, or what blocks removals, begins and ends.
    fn tell_stops(&mut self, report: &Report) {
        let before = std::mem::take(&mut self.stopped);
        let paused = report.paused.as_ref().map(ToString::to_string);
        let blocked = match &paused {
            // A paused pass does not come to it.
            Some(_) => before.blocked.clone(),
            None => report.blocked.as_ref().map(|all| all.message(&self.command)),
        };
        self.stopped = Stopped { paused, blocked };
        match (&before.paused, &self.stopped.paused) {
            (None, Some(paused)) => tracing::info!(message_id = events::NOTICE, "{paused}"),
            (Some(_), None) => tracing::info!(message_id = events::NOTICE, "the pause is over"),
            _ => {}
        }
        let gists = [&before.blocked, &self.stopped.blocked].map(|all| all.as_deref().map(gist));
        match &self.stopped.blocked {
            Some(blocked) if gists[0] != gists[1] => {
                tracing::warn!(message_id = events::NOTICE, "{blocked}");
            }
            None if before.blocked.is_some() => {
                tracing::info!(message_id = events::NOTICE, "removals are no longer blocked");
            }
            _ => {}
        }
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
        let Stopped { paused, blocked } = &self.stopped;
        let notices: Vec<&String> = paused.iter().chain(&self.notices).chain(blocked).collect();
        match notices.as_slice() {
            [] => passes,
            [one] => format!("{one} ({passes})"),
            [first, rest @ ..] => format!("{first} (and {} more; {passes})", rest.len()),
        }
    }
}

fn say_done(report: &Report) {
    let PassCounts { added, updated, removed, failed } = report.counts();
    let adopted = match report.adopted {
        0 => String::new(),
        adopted => format!(", {adopted} adopted"),
    };
    tracing::info!(
        message_id = events::PASS_ENDED,
        pass_id = report.pass,
        result = report.result(),
        "pass {}: {added} added, {updated} updated, {removed} removed, {failed} failed{adopted}",
        report.pass
    );
}

/// What a notice says whatever its numbers are: a count that goes up is no news.
fn gist(notice: &str) -> String {
    let is_number = |word: &str| {
        let word = word.trim_matches(|letter: char| letter.is_ascii_punctuation());
        !word.is_empty() && word.bytes().all(|letter| letter.is_ascii_digit())
    };
    let words = notice.split(' ').map(|word| if is_number(word) { "#" } else { word });
    words.collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_no_news_and_a_name_or_a_hash_is() {
        let same = ["serves 503 names", "serves 504 names"].map(gist);
        assert_eq!(same[0], same[1]);
        let same = ["row 506, (3 more rows like it)", "row 507, (12 more rows like it)"].map(gist);
        assert_eq!(same[0], same[1]);
        for pair in [["n1.test: conflict", "n2.test: conflict"], ["approve 9f2c", "approve 9f2d"]] {
            let [first, second] = pair.map(gist);
            assert_ne!(first, second);
        }
    }
}

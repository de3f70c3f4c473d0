//! What keeps the daemon from its work, and what is said of it: once when it begins, once more when it lasts,
//! once when it is over. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::clock::Timestamp;
use crate::reconcile::PassError;

/// What lasts that long needs a person.
const LASTING: Duration = Duration::from_mins(5);
/// What comes and goes is said that often at most.
const HOLD: Duration = Duration::from_mins(30);

/// Who keeps the daemon from its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Party {
    /// WordPress's database.
    Database,
    /// RunCloud.
    RunCloud,
    /// The daemon's own ledger.
    Ledger,
}

/// What a party does, and whether it may pass by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) party: Party,
    pub(super) text: String,
    pub(super) needs_a_person: bool,
}

/// What is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// It began; it may pass by itself.
    Began(String),
    /// It needs a person.
    NeedsAPerson(String),
    /// It is over.
    Over(String),
}

/// What is wrong now, and what was said of it.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<Party, State>);

#[derive(Debug, Default)]
struct State {
    now: Option<Current>,
    said_at: Option<Instant>,
}

#[derive(Debug)]
struct Current {
    text: String,
    since: Instant,
    since_wall: Timestamp,
    tries: u64,
    /// Whether it was said that it began,
    is_said: bool,
    /// and that it needs a person.
    is_urgent: bool,
}

impl Party {
    fn name(self) -> &'static str {
        match self {
            Self::Database => "the database",
            Self::RunCloud => "RunCloud",
            Self::Ledger => "the ledger",
        }
    }
}

impl Trouble {
    /// The trouble an error stands for; none where the daemon was asked to stop.
    pub(super) fn of(error: &PassError) -> Option<Self> {
        let (party, needs_a_person) = match error {
            PassError::Database(error) => (Party::Database, !error.is_transient()),
            PassError::Api(_) => (Party::RunCloud, error.is_fatal()),
            PassError::Ledger(_) => (Party::Ledger, true),
            PassError::Stopped => return None,
        };
        Some(Self { party, text: error.to_string(), needs_a_person })
    }
}

impl Troubles {
    /// A party was met in trouble at `at`, which is `wall` for a reader.
    pub(super) fn met(&mut self, trouble: Trouble, at: Instant, wall: Timestamp) -> Option<Say> {
        let state = self.0.entry(trouble.party).or_default();
        let may_say = state.said_at.is_none_or(|said| at >= said + HOLD);
        let current = state.now.get_or_insert_with(|| Current::new(at, wall));
        current.tries += 1;
        let is_other = current.text != trouble.text;
        current.text = trouble.text;
        let lasts = at >= current.since + LASTING;
        let say = match (trouble.needs_a_person, lasts) {
            (true, _) if !current.is_urgent || (is_other && may_say) => {
                Say::NeedsAPerson(current.text.clone())
            }
            (false, true) if !current.is_urgent && (current.is_said || may_say) => {
                Say::NeedsAPerson(current.lasting(trouble.party, at))
            }
            (false, false) if !current.is_said && may_say => Say::Began(current.text.clone()),
            _ => return None,
        };
        current.is_said = true;
        current.is_urgent |= matches!(say, Say::NeedsAPerson(_));
        state.said_at = Some(at);
        Some(say)
    }

    /// The party was met in good order.
    pub(super) fn over(&mut self, party: Party, at: Instant) -> Option<Say> {
        let current = self.0.get_mut(&party)?.now.take()?;
        current.is_said.then(|| {
            let lasted = humantime::format_duration(whole_seconds(at - current.since));
            Say::Over(format!("{} is back after {lasted}", party.name()))
        })
    }

    /// What is wrong, since when and after how many tries, for the heartbeat.
    pub(super) fn summary(&self, wall: Timestamp) -> Vec<String> {
        let tell = |(party, current): (Party, &Current)| {
            let since = current.since_wall.for_reader_at(wall);
            let Current { tries, text, .. } = current;
            format!("waiting for {} since {since}, {tries} tries: {text}", party.name())
        };
        self.current().map(tell).collect()
    }

    /// Since when something is wrong, and what; for whoever reads the ledger.
    pub(super) fn first(&self) -> Option<(Timestamp, String)> {
        let (_, current) = self.current().next()?;
        Some((current.since_wall, current.text.clone()))
    }

    fn current(&self) -> impl Iterator<Item = (Party, &Current)> {
        self.0.iter().filter_map(|(party, state)| Some((*party, state.now.as_ref()?)))
    }
}

impl Current {
    fn new(since: Instant, since_wall: Timestamp) -> Self {
        Self { text: String::new(), since, since_wall, tries: 0, is_said: false, is_urgent: false }
    }

    fn lasting(&self, party: Party, at: Instant) -> String {
        let lasted = humantime::format_duration(whole_seconds(at - self.since));
        format!("{} has not been usable for {lasted}: {}", party.name(), self.text)
    }
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// Meets the same trouble every six seconds for that long, and tells what was said of it.
    fn away(troubles: &mut Troubles, from: Instant, lasts: Duration) -> Vec<Say> {
        let tries = u32::try_from(lasts.as_secs() / 6).unwrap_or(0);
        let meet = |number: u32| {
            let text = format!("{} of RunCloud's errors", number % 3);
            let trouble = Trouble { party: Party::RunCloud, text, needs_a_person: false };
            troubles.met(trouble, from + Duration::from_secs(6) * number, Timestamp(0))
        };
        (0..tries).filter_map(meet).collect()
    }

    #[test]
    fn an_outage_is_said_when_it_begins_when_it_lasts_and_when_it_is_over() {
        let (mut troubles, start) = (Troubles::default(), Instant::now());
        let said = away(&mut troubles, start, MINUTE * 60 * 24);
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[0], Say::Began("0 of RunCloud's errors".to_owned()));
        assert!(
            matches!(&said[1], Say::NeedsAPerson(text) if text.starts_with("RunCloud has not been usable for 5m"))
        );
        let over = troubles.over(Party::RunCloud, start + MINUTE * 60 * 24);
        assert_eq!(over, Some(Say::Over("RunCloud is back after 1day".to_owned())));
        assert_eq!(troubles.over(Party::RunCloud, start + MINUTE * 60 * 25), None);
    }

    #[test]
    fn what_comes_and_goes_is_said_twice_an_hour() {
        let (mut troubles, start) = (Troubles::default(), Instant::now());
        let mut lines = 0;
        for flap in 0..12 * 24 {
            let from = start + MINUTE * 5 * flap;
            lines += away(&mut troubles, from, MINUTE).len();
            lines += usize::from(troubles.over(Party::RunCloud, from + MINUTE * 2).is_some());
        }
        assert!((48..=100).contains(&lines), "{lines} lines in a day");
    }

    #[test]
    fn what_a_person_has_to_mend_is_said_at_once_and_once() {
        let (mut troubles, at) = (Troubles::default(), Instant::now());
        let refused =
            || Trouble { party: Party::RunCloud, text: "401".to_owned(), needs_a_person: true };
        let said = troubles.met(refused(), at, Timestamp(0));
        assert_eq!(said, Some(Say::NeedsAPerson("401".to_owned())));
        assert_eq!(troubles.met(refused(), at + MINUTE * 600, Timestamp(0)), None);
    }
}

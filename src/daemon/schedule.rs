//! When the daemon looks at the tables, and when a pass is due. Pure.

use std::time::{Duration, Instant};

use crate::wordpress::Fingerprint;

/// A change waits until the tables were quiet for that long,
const QUIET: Duration = Duration::from_secs(2);
/// but never longer than this.
const LONGEST_STIR: Duration = Duration::from_secs(10);
/// What is away is asked again after that long: it catches up within ten seconds of its return.
const RETRY: Duration = Duration::from_secs(6);
/// Passes that fail although RunCloud answers cost calls, so each waits twice as long, up to this.
const LONGEST_RETRY: Duration = Duration::from_mins(5);
/// What waits for a time of its own has no pass sooner than this after the last.
const SHORTEST_DUE: Duration = Duration::from_secs(1);
/// After what a person has to mend, such as refused credentials; it doubles each time,
const REFUSAL: Duration = Duration::from_mins(5);
/// up to this.
const LONGEST_REFUSAL: Duration = Duration::from_hours(1);
/// How much sooner or later than its time a look may come, so that many daemons do not march in step,
const POLL_SPREAD: f64 = 0.1;
/// and a listing.
const DRIFT_SPREAD: f64 = 0.2;

/// How often the daemon looks, and how long it waits before it removes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At the tables, 10 % more or less.
    pub poll: Duration,
    /// At RunCloud, when nothing changed, 20 % more or less.
    pub interval: Duration,
    /// Before a name that went missing is removed.
    pub grace: Duration,
}

/// What to do after a look at the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing until the next look.
    Rest,
    /// Ask RunCloud with one call whether it is back, and make a pass if it is.
    Probe,
    /// Look at orders under way and at DNS, and make a pass where there is something new.
    Glance,
    /// Make a pass.
    Pass(Reason),
}

/// Why a pass is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The daemon has just begun.
    Start,
    /// The tables changed.
    Change,
    /// Somebody asked: by a signal, or by a word in the ledger.
    Asked,
    /// RunCloud answers again.
    Return,
    /// A name, an order or a removal waited for this time.
    Due,
    /// There is something new of an order under way, or in DNS.
    News,
    /// RunCloud was not looked at for long.
    Drift,
}

/// How a pass, or the question whether RunCloud is back, failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setback {
    /// It may pass by itself, though not before this long.
    Passing(Option<Duration>),
    /// A person has to mend it.
    Refusal,
}

/// The daemon's clocks.
#[derive(Debug)]
pub(super) struct Schedule {
    pace: Pace,
    /// What the tables looked like when the last complete pass began.
    settled: Option<Fingerprint>,
    stir: Option<Stir>,
    is_asked: bool,
    /// Whether the last look failed.
    is_blind: bool,
    drift_at: Option<Instant>,
    due_at: Option<Instant>,
    glance_at: Option<Instant>,
    failure: Option<Failure>,
}

/// What comes after a pass by itself, and how long after it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ahead {
    /// Something waits for a pass at its own time.
    pub(super) due: Option<Duration>,
    /// Something is to be looked at elsewhere.
    pub(super) glance: Option<Duration>,
    /// RunCloud is listed at the latest, where that is longer than `interval`.
    pub(super) drift: Duration,
}

/// A change that waits for quiet.
#[derive(Debug)]
struct Stir {
    since: Instant,
    quiet_since: Instant,
    last: Fingerprint,
}

/// The clock of failure.
#[derive(Clone, Copy, Debug)]
struct Failure {
    until: Instant,
    /// How many passes in a row failed although RunCloud answered.
    passes: u32,
    refusals: u32,
}

impl Reason {
    /// Its word in the journal.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Change => "change",
            Self::Asked => "asked",
            Self::Return => "return",
            Self::Due => "due",
            Self::News => "news",
            Self::Drift => "drift",
        }
    }
}

impl Schedule {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            settled: None,
            stir: None,
            is_asked: false,
            is_blind: false,
            drift_at: None,
            due_at: None,
            glance_at: None,
            failure: None,
        }
    }

    /// Somebody asks for a pass now.
    pub(super) fn ask(&mut self) {
        self.is_asked = true;
    }

    /// The tables could not be looked at.
    pub(super) fn blind(&mut self) {
        self.is_blind = true;
    }

    /// The tables look like this at `at`.
    pub(super) fn saw(&mut self, seen: &Fingerprint, at: Instant) -> Next {
        self.is_blind = false;
        let is_quiet = self.notice(seen, at);
        if let Some(failure) = self.failure {
            return if self.is_asked || failure.until <= at { Next::Probe } else { Next::Rest };
        }
        let is_over = |point: Option<Instant>| point.is_some_and(|point| point <= at);
        match () {
            () if self.settled.is_none() => Next::Pass(Reason::Start),
            () if self.is_asked => Next::Pass(Reason::Asked),
            () if is_quiet => Next::Pass(Reason::Change),
            () if is_over(self.due_at) => Next::Pass(Reason::Due),
            () if is_over(self.drift_at) => Next::Pass(Reason::Drift),
            () if is_over(self.glance_at) => Next::Glance,
            () => Next::Rest,
        }
    }

    /// Whether a change of the tables waits.
    pub(super) fn stirs(&self) -> bool {
        self.stir.is_some()
    }

    /// Whether the last pass failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failure.is_some()
    }

    /// Whether a change has been quiet for long enough.
    fn notice(&mut self, seen: &Fingerprint, at: Instant) -> bool {
        if self.settled.as_ref() == Some(seen) {
            self.stir = None;
            return false;
        }
        let fresh = || Stir { since: at, quiet_since: at, last: seen.clone() };
        let stir = self.stir.get_or_insert_with(fresh);
        if stir.last != *seen {
            stir.last = seen.clone();
            stir.quiet_since = at;
        }
        at >= stir.ripe_at()
    }

    /// A pass that began when the tables looked like `seen` ended well; how long until the next one that comes by
    /// itself is returned. `dice` is from 0 to 1.
    pub(super) fn passed(
        &mut self,
        seen: Fingerprint,
        ahead: Ahead,
        at: Instant,
        dice: f64,
    ) -> Duration {
        self.settled = Some(seen);
        (self.stir, self.failure, self.is_asked) = (None, None, false);
        let due = ahead.due.map(|wait| wait.max(SHORTEST_DUE));
        let drift = spread(ahead.drift.max(self.pace.interval), DRIFT_SPREAD, dice);
        (self.due_at, self.drift_at) = (due.map(|wait| at + wait), Some(at + drift));
        self.glanced(ahead.glance, at);
        due.map_or(drift, |due| due.min(drift))
    }

    /// What is looked at elsewhere showed nothing new; the next look is after `wait`, if there is one.
    pub(super) fn glanced(&mut self, wait: Option<Duration>, at: Instant) {
        self.glance_at = wait.map(|wait| at + wait.max(SHORTEST_DUE));
    }

    /// A pass failed; `was_answered` tells whether RunCloud answered any of its calls.
    pub(super) fn failed(&mut self, setback: Setback, was_answered: bool, at: Instant) {
        let before = self.failure;
        let passes = before.map_or(0, |failure| failure.passes) + u32::from(was_answered);
        self.set_back(setback, RETRY * 2_u32.saturating_pow(passes.saturating_sub(1)), at);
        if let Some(failure) = &mut self.failure {
            failure.passes = passes;
        }
    }

    /// RunCloud is not back yet.
    pub(super) fn still_away(&mut self, setback: Setback, at: Instant) {
        self.set_back(setback, RETRY, at);
    }

    fn set_back(&mut self, setback: Setback, retry: Duration, at: Instant) {
        self.is_asked = false;
        let before = self.failure;
        let refusals = before.map_or(0, |failure| failure.refusals);
        let (wait, refusals) = match setback {
            Setback::Passing(asked) => (retry.min(LONGEST_RETRY).max(asked.unwrap_or_default()), 0),
            Setback::Refusal => {
                let doubled = REFUSAL.saturating_mul(2_u32.saturating_pow(refusals));
                (doubled.min(LONGEST_REFUSAL), refusals + 1)
            }
        };
        let passes = before.map_or(0, |failure| failure.passes);
        self.failure = Some(Failure { until: at + wait, passes, refusals });
    }

    /// Forgets what failed: the settings are others now. A pass is due.
    pub(super) fn begin_afresh(&mut self, pace: Pace) {
        (self.pace, self.failure, self.is_asked) = (pace, None, true);
    }

    /// How long until the next look. `dice` is from 0 to 1.
    pub(super) fn wait(&self, at: Instant, dice: f64) -> Duration {
        let poll = spread(self.pace.poll, POLL_SPREAD, dice);
        let quiet = self.stir.as_ref().map(Stir::ripe_at);
        let sooner = match &self.failure {
            // Whatever else waits, waits for the tables.
            _ if self.is_blind => return poll.min(spread(RETRY, POLL_SPREAD, dice)),
            Some(failure) => Some(failure.until),
            None => {
                let ahead = [quiet, self.due_at, self.drift_at, self.glance_at];
                ahead.into_iter().flatten().min()
            }
        };
        sooner.map_or(poll, |point| poll.min(point.saturating_duration_since(at)))
    }
}

impl Stir {
    fn ripe_at(&self) -> Instant {
        (self.quiet_since + QUIET).min(self.since + LONGEST_STIR)
    }
}

/// A time that much longer or shorter.
fn spread(time: Duration, share: f64, dice: f64) -> Duration {
    time.mul_f64(1.0 + share * (2.0 * dice.clamp(0.0, 1.0) - 1.0))
}

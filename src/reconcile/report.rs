use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::blocked::Blocked;
use super::network::Proposal;
use super::plan::{Held, HeldReason, Plan};
use super::systemic::Systemic;
use crate::clock::{Moment, Timestamp};
use crate::domain::Domain;
use crate::ledger::{Drift, PassCounts, Pause, TickClock};

/// What a pass did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of this JSON.
    pub schema: u32,
    /// The ledger's number of the pass.
    pub pass: i64,
    /// Names added, in the order they were.
    pub added: Vec<Domain>,
    /// Names changed.
    pub updated: Vec<Domain>,
    /// Names removed.
    pub removed: Vec<Domain>,
    /// How many names were adopted.
    pub adopted: usize,
    /// Names that failed in this pass.
    pub failed: Vec<Failed>,
    /// What most of them met, where it was the same.
    pub systemic: Option<Systemic>,
    /// Removals that a guard stops.
    pub blocked: Option<Blocked>,
    /// Names whose next try is not due.
    pub retry_later: Vec<Failed>,
    /// The certificate order, where one was owed.
    pub certificate: Order,
    /// Names that came to be covered by a certificate.
    pub covered: Vec<Domain>,
    /// Names that a certificate came without, and why.
    pub left_out: Vec<Failed>,
    /// That an operator paused the program, so that nothing more was written.
    pub paused: Option<Paused>,
    /// What an operator should hear.
    pub notices: Vec<String>,
    /// Why the pass ended early, where it did.
    pub error: Option<String>,
    /// How soon another pass should come, where something waits that has no time of its own.
    #[serde(skip)]
    pub again: Option<Duration>,
    /// What the plan would change.
    #[serde(skip)]
    planned: Drift,
}

/// A pause that a pass met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// Since when.
    pub since: Timestamp,
    /// When it ends if the machine goes on running; none where only an operator ends it.
    pub until: Option<Timestamp>,
    /// Why, in the operator's words; may be empty.
    pub reason: String,
    /// What was left undone.
    pub left: Drift,
}

/// A name that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The name.
    pub domain: Domain,
    /// Why, and when it is tried again.
    pub detail: String,
}

/// What became of the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Order {
    /// None was owed.
    NotNeeded,
    /// RunCloud took the order; it issues later.
    Ordered {
        /// For these names.
        names: Vec<Domain>,
    },
    /// Owed, and the web application's mode has nothing to order.
    Waiting {
        /// For these names.
        names: Vec<Domain>,
        /// Why.
        detail: String,
    },
    /// RunCloud did not take the order; it stays owed.
    Failed {
        /// For these names.
        names: Vec<Domain>,
        /// Why.
        detail: String,
    },
}

impl Default for Report {
    fn default() -> Self {
        Self {
            schema: 1,
            pass: 0,
            added: vec![],
            updated: vec![],
            removed: vec![],
            adopted: 0,
            failed: vec![],
            systemic: None,
            blocked: None,
            retry_later: vec![],
            certificate: Order::NotNeeded,
            covered: vec![],
            left_out: vec![],
            paused: None,
            notices: vec![],
            error: None,
            again: None,
            planned: Drift::default(),
        }
    }
}

impl Report {
    /// The words for how a complete pass ended.
    pub(crate) const RESULTS: [&'static str; 4] = ["converged", "partial", "blocked", "paused"];

    /// How it ended, if it was complete: one of [`Self::RESULTS`].
    pub(crate) fn result(&self) -> &'static str {
        let [converged, partial, blocked, paused] = Self::RESULTS;
        match self {
            _ if self.paused.is_some() => paused,
            _ if self.blocked.is_some() => blocked,
            _ if self.is_clean() => converged,
            _ => partial,
        }
    }

    /// Notes what the plan says will not be done, or needs no call.
    pub(super) fn foresee(&mut self, plan: &Plan) {
        let waits = |reason| matches!(reason, HeldReason::RetryLater | HeldReason::Conflict);
        let later = plan.held.iter().filter(|held| waits(held.reason));
        let later = later.map(|Held { domain, detail, .. }| Failed {
            domain: domain.clone(),
            detail: detail.clone(),
        });
        self.retry_later = later.collect();
        self.blocked.clone_from(&plan.blocked);
        self.adopted = plan.adoptions.len();
        self.planned = plan.drift();
    }

    /// Notes that an operator paused the program.
    pub(super) fn pause(&mut self, pause: &Pause, clock: &TickClock, now: &Moment) {
        let done = self.counts();
        let left = Drift {
            add: self.planned.add.saturating_sub(done.added),
            update: self.planned.update.saturating_sub(done.updated),
            remove: self.planned.remove.saturating_sub(done.removed),
        };
        self.paused = Some(Paused::of(pause, clock, now, left));
    }

    /// What a pause left undone.
    pub(super) fn left(&self) -> Drift {
        self.paused.as_ref().map_or_else(Drift::default, |paused| paused.left)
    }

    /// Notes what a second look at both sides found: it may block or doubt what the first did not.
    pub(super) fn hear(&mut self, second: &Proposal) {
        for notice in second.notices() {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        if let Some(blocked) = &second.approved.plan().blocked {
            self.blocked = Some(blocked.clone());
        }
    }

    /// Goes on with what a later pass of the same command did.
    pub fn take_over(&mut self, later: Self) {
        let Self {
            schema, pass, added, updated, removed, adopted, covered, left_out, notices, ..
        } = later;
        (self.schema, self.pass) = (schema, pass);
        self.added.extend(added);
        self.updated.extend(updated);
        self.removed.extend(removed);
        self.adopted += adopted;
        self.covered.extend(covered);
        self.left_out.extend(left_out);
        let news = notices.into_iter().filter(|notice| !self.notices.contains(notice));
        let news: Vec<String> = news.collect();
        self.notices.extend(news);
        self.failed = later.failed;
        self.systemic = later.systemic;
        self.blocked = later.blocked;
        self.retry_later = later.retry_later;
        self.certificate = later.certificate;
        self.error = later.error;
        self.again = later.again;
    }

    /// Whether every name is as it should be, or waits for something outside.
    pub fn is_clean(&self) -> bool {
        self.failed.is_empty()
            && self.retry_later.is_empty()
            && self.again.is_none()
            && !matches!(self.certificate, Order::Failed { .. })
    }

    /// Whether no call was made for any name yet.
    pub fn is_idle(&self) -> bool {
        self.counts() == PassCounts::default()
    }

    /// The counts the ledger keeps.
    pub fn counts(&self) -> PassCounts {
        PassCounts {
            added: self.added.len(),
            updated: self.updated.len(),
            removed: self.removed.len(),
            failed: self.failed.len(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let marked = [("+", &self.added), ("~", &self.updated), ("-", &self.removed)];
        for (mark, names) in marked {
            for name in names {
                writeln!(f, "{mark} {name}")?;
            }
        }
        if let Some(paused) = &self.paused {
            writeln!(f, "{paused}")?;
        }
        if let Some(finding) = &self.systemic {
            writeln!(f, "! {finding}")?;
        }
        let is_one_of_many =
            |domain| self.systemic.iter().any(|finding| finding.names.contains(domain));
        let failed = self.failed.iter().filter(|failed| !is_one_of_many(&failed.domain));
        let mut alike = BTreeMap::<&str, Vec<Domain>>::new();
        for Failed { domain, detail } in failed.chain(&self.retry_later) {
            alike.entry(detail).or_default().push(domain.clone());
        }
        for (detail, names) in alike {
            writeln!(f, "! {}  {detail}", some_of(&names))?;
        }
        if !self.covered.is_empty() {
            writeln!(f, "certificate: covers {}", some_of(&self.covered))?;
        }
        for Failed { domain, detail } in &self.left_out {
            writeln!(f, "! {domain}  {detail}")?;
        }
        write!(f, "{}", self.certificate)?;
        let Self { added, updated, removed, adopted, failed, retry_later, .. } = self;
        write!(
            f,
            "{} added, {} updated, {} removed, {adopted} adopted, {} failed, {} to retry later",
            added.len(),
            updated.len(),
            removed.len(),
            failed.len(),
            retry_later.len()
        )
    }
}

impl Paused {
    /// The pause as a pass at `now` meets it.
    pub(super) fn of(pause: &Pause, clock: &TickClock, now: &Moment, left: Drift) -> Self {
        let Pause { since, reason, .. } = pause.clone();
        Self { since, until: pause.until(clock, now), reason, left }
    }
}

impl fmt::Display for Paused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "paused since {}", self.since.for_reader())?;
        match self.until {
            Some(until) => write!(f, " until about {}", until.for_reader())?,
            None => f.write_str(" until somebody resumes")?,
        }
        if !self.reason.is_empty() {
            write!(f, " ({})", self.reason)?;
        }
        let Drift { add, update, remove } = self.left;
        write!(f, ": nothing is written; {add} to add, {update} to update, {remove} to remove")
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNeeded => Ok(()),
            Self::Ordered { names } => {
                writeln!(f, "certificate: ordered for {}", some_of(names))
            }
            Self::Waiting { names, detail } => {
                writeln!(f, "certificate: waiting for {}: {detail}", some_of(names))
            }
            Self::Failed { names, detail } => {
                writeln!(f, "certificate: still owed for {}: {detail}", some_of(names))
            }
        }
    }
}

/// A few names, and how many more there are.
pub(crate) fn some_of(names: &[Domain]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = names.iter().take(SHOWN).map(Domain::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

//! What a plan consists of. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::blocked::Blocked;
use super::certificate::Certificate;
use crate::domain::Domain;
use crate::ledger::{Cause, CertificateState, Drift, Rule, Why};
use crate::runcloud::Entry;
use crate::wordpress::Stage;

/// The difference between what is wanted and what is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be changed in RunCloud, in the order of names.
    pub changes: Vec<Change>,
    /// Names in both places that become this program's own.
    pub adoptions: BTreeMap<Domain, Cause>,
    /// Owned names that another row wants now.
    pub recaused: BTreeMap<Domain, Cause>,
    /// RunCloud's ids of owned names, where they are not known yet or are others than before.
    pub ids: BTreeMap<Domain, u64>,
    /// Owned names that are not where they were: gone from both places, or listed under this other id while
    /// their own is another name's.
    pub astray: BTreeMap<Domain, Option<u64>>,
    /// Names that an operator wanted back, and that are there, or wanted by a row, by now.
    pub restored: BTreeSet<Domain>,
    /// What is not done, and why, in the order of names.
    pub held: Vec<Held>,
    /// Names only RunCloud has.
    pub unmanaged: BTreeSet<String>,
    /// Removals that a guard stops, as one; they are none of the changes.
    pub blocked: Option<Blocked>,
    /// Rows whose name is none.
    pub rejected: Vec<String>,
    /// Names without a certificate once the changes are made: those to be added, and those known to have none.
    pub due: BTreeMap<Domain, CertificateState>,
    /// What is ordered for them; nothing until somebody asked for the certificate mode.
    pub certificate: Certificate,
    /// How many names are wanted.
    pub wanted: usize,
    /// How many domains RunCloud has.
    pub present: usize,
}

/// One change in RunCloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A wanted name is missing.
    Add {
        /// The name.
        domain: Domain,
        /// Whether it also serves its `www.` name.
        www: bool,
        /// What wants it.
        cause: Cause,
        /// The stage of its row.
        stage: Stage,
        /// The removal that an operator takes back with it, where no row wants it.
        undo: Option<i64>,
    },
    /// A wanted name's `www` flag is wrong.
    Update {
        /// The name.
        domain: Domain,
        /// RunCloud's entry.
        entry: Entry,
        /// The flag it should have.
        www: bool,
        /// What wants it.
        cause: Cause,
        /// The stage of its row.
        stage: Stage,
    },
    /// Nothing wants a name any more.
    Remove {
        /// The name.
        domain: Domain,
        /// RunCloud's id.
        id: u64,
        /// Whether it serves its `www.` name too, as listed.
        www: Option<bool>,
        /// Why.
        reason: Gone,
    },
}

/// Why a name may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// What wanted the owned name is gone.
    Cause(Cause),
    /// Its row is there, its site is not.
    Site(Cause),
    /// `removal = "mirror"`, and nothing ever wanted it.
    Mirror,
}

/// A name about which nothing is done, although a row or the ledger speaks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The name.
    pub domain: Domain,
    /// Why, as a word for machines.
    pub reason: HeldReason,
    /// Why, for a person.
    pub detail: String,
}

/// Why nothing is done about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldReason {
    /// A change of it failed and waits for its next try.
    RetryLater,
    /// It is one of the network's own names, and a row maps it to another site.
    Protected,
    /// RunCloud has it as a redirect.
    Redirect,
    /// The plugin gave up waiting for its DNS.
    StageFailed,
    /// Its row is not active.
    Inactive,
    /// Its site is archived.
    SiteArchived,
    /// Its site is marked as spam.
    SiteSpam,
    /// Its site is deleted.
    SiteDeleted,
    /// `removal = "never"`.
    RemovalNever,
    /// Its row holds no host name any more.
    Rejected,
    /// The reads that speak for a change of it are not to be believed.
    Unproven,
    /// Whenever it is added, somebody else takes it away again.
    Conflict,
    /// It points to another server, where a misdirected name would spoil the certificate of all.
    DnsElsewhere,
    /// It is not in DNS, likewise.
    DnsNotFound,
}

impl Change {
    /// The name it changes.
    pub fn domain(&self) -> &Domain {
        match self {
            Self::Add { domain, .. }
            | Self::Update { domain, .. }
            | Self::Remove { domain, .. } => domain,
        }
    }

    /// The name that is served no more once the change is made.
    pub fn takes_away(&self) -> Option<Domain> {
        match self {
            Self::Remove { domain, .. } => Some(domain.clone()),
            Self::Update { domain, www: false, .. } => domain.with_www(),
            Self::Add { .. } | Self::Update { .. } => None,
        }
    }

    /// Its word in JSON and logs.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Update { .. } => "update",
            Self::Remove { .. } => "remove",
        }
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Why { rule: self.rule(), cause: self.cause() }.fmt(f)
    }
}

impl Plan {
    /// Whether applying the plan would call RunCloud.
    pub fn changes_anything(&self) -> bool {
        !self.changes.is_empty() || self.certificate.orders_anything()
    }

    /// Whether a change of the name is made now, or waits for its next try.
    pub fn retries(&self, name: &Domain) -> bool {
        let held = self.held.iter().filter(|held| held.reason == HeldReason::RetryLater);
        held.map(|held| &held.domain).any(|held| held == name)
            || self.changes.binary_search_by(|change| change.domain().cmp(name)).is_ok()
    }

    /// What applying the plan would change.
    pub fn drift(&self) -> Drift {
        Drift { add: self.additions(), update: self.updates(), remove: self.removals() }
    }

    /// How many names are to be added.
    pub fn additions(&self) -> usize {
        self.changes.iter().filter(|change| matches!(change, Change::Add { .. })).count()
    }

    /// How many names are to be changed.
    pub fn updates(&self) -> usize {
        self.changes.iter().filter(|change| matches!(change, Change::Update { .. })).count()
    }

    /// How many names are to be removed.
    pub fn removals(&self) -> usize {
        self.changes.iter().filter(|change| matches!(change, Change::Remove { .. })).count()
    }

    /// The names that the changes take away: those to be removed, and those of a `www` taken back.
    pub fn losses(&self) -> impl Iterator<Item = Domain> {
        self.changes.iter().filter_map(Change::takes_away)
    }
}

impl Gone {
    /// What wanted the name last.
    pub(super) fn cause(self) -> Cause {
        match self {
            Self::Cause(cause) | Self::Site(cause) => cause,
            Self::Mirror => Cause { mapping: None, site: 0 },
        }
    }

    /// By which rule it goes.
    pub(super) fn rule(self) -> Rule {
        match self {
            Self::Cause(_) => Rule::RowGone,
            Self::Site(_) => Rule::SiteGone,
            Self::Mirror => Rule::Mirror,
        }
    }
}

impl Held {
    pub(super) fn new(domain: &Domain, reason: HeldReason, detail: String) -> Self {
        Self { domain: domain.clone(), reason, detail }
    }
}

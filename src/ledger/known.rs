use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::approval::Approval;
use super::certificate::{CertificateOrder, CertificateState, Verdict};
use super::error::LedgerError;
use super::history::{Rule, Why};
use super::pause::Pause;
use super::ticks::{Tick, TickClock};
use crate::clock::Timestamp;
use crate::domain::Domain;

/// The ledger's content, read at the start of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Names this daemon may remove.
    pub owned: BTreeMap<Domain, Owned>,
    /// Write calls of an earlier pass whose outcome is unknown.
    pub intents: BTreeMap<Domain, Intent>,
    /// What is known of names' certificates.
    pub certificates: BTreeMap<Domain, CertificateState>,
    /// The certificate orders of the last seven days, oldest first.
    pub orders: Vec<CertificateOrder>,
    /// Where names pointed when they were looked up last.
    pub verdicts: BTreeMap<Domain, Verdict>,
    /// Names that were attached and pointed elsewhere when an order for all failed as a whole, and since when
    /// that is known.
    pub spoilers: BTreeMap<Domain, Timestamp>,
    /// Names whose last change failed.
    pub failures: BTreeMap<Domain, Failure>,
    /// Names that were ours, went missing in RunCloud and were added again.
    pub repairs: BTreeMap<Domain, Repair>,
    /// The name that each row of the mapping table held last, by its id.
    pub rows: BTreeMap<i64, Domain>,
    /// What the ledger speaks of; none where it is new, and then nothing is removed.
    pub bound: Option<Bound>,
    /// What an operator let through.
    pub approval: Option<Approval>,
    /// The removals that count against the budget.
    pub removals: Vec<Removal>,
    /// The ledger's clock.
    pub clock: TickClock,
    /// That nothing is to be written to RunCloud for now.
    pub pause: Option<Pause>,
    /// Removed names that an operator wants back although no row does.
    pub restores: BTreeMap<Domain, Restore>,
}

/// The window of the removal budget, and of repairs that count together.
pub const DAY: Duration = Duration::from_hours(24);

/// What a ledger was found to speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// The network's own domain; none where it could not be read yet.
    pub network: Option<Domain>,
    /// The highest id of a mapping ever seen.
    pub highest_mapping: i64,
}

/// A removal that counts against the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// When it was made.
    pub tick: Tick,
    /// How many names were ours then.
    pub managed: usize,
}

/// A removed name that an operator wants back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restore {
    /// The number of the removal that is taken back.
    pub event: i64,
    /// Whether it is to serve its `www.` name too.
    pub www: bool,
    /// What wanted it.
    pub cause: Cause,
}

/// How often a name was added again after it went missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// How often, each within a day of the one before.
    pub repairs: u32,
    /// When last.
    pub last: Timestamp,
}

/// The web application a ledger speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// RunCloud's server id.
    pub server: u64,
    /// RunCloud's web application id.
    pub app: u64,
}

/// Why a name is wanted: a row of the mapping table, or a site's own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// `wu_domain_mappings.id`; none for the own name of a site in `blogs`.
    pub mapping: Option<i64>,
    /// `blog_id`.
    pub site: i64,
}

/// A name this daemon may remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// How it came to be owned.
    pub origin: Origin,
    /// The `www` flag as this daemon set it; none where it never did.
    pub www: Option<bool>,
    /// What wanted it last.
    pub cause: Cause,
    /// RunCloud's id of its entry, as it was last listed, or told when it was added; none until then.
    pub id: Option<u64>,
}

/// How a name came to be owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This daemon added it to RunCloud.
    Added,
    /// It was in RunCloud already when a row for it was first seen.
    Adopted,
}

/// A write call about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// What it does to the name.
    pub action: IntentAction,
    /// The `www` flag it sets; false for a removal.
    pub www: bool,
    /// What the change is for.
    pub cause: Cause,
    /// By which rule it is made.
    pub rule: Rule,
}

/// What a write call does to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentAction {
    /// Adds it.
    Add,
    /// Changes its `www` flag.
    Update,
    /// Removes it.
    Remove,
}

/// A change that failed and waits for its next try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Timestamp,
    /// RunCloud's message.
    pub detail: String,
    /// What the change was for; another cause starts afresh.
    pub cause: Cause,
    /// The stage of the row it was for, as a word; another one starts afresh.
    pub stage: String,
}

impl Intent {
    /// Why the call is made.
    pub fn why(&self) -> Why {
        Why { rule: self.rule, cause: self.cause }
    }
}

impl Known {
    /// Checks that the database is of the network the ledger speaks of, as far as both are known.
    ///
    /// # Errors
    /// [`LedgerError::OtherNetwork`].
    pub fn check_network(&self, network: Option<&Domain>) -> Result<(), LedgerError> {
        let bound = self.bound.as_ref().and_then(|bound| bound.network.as_ref());
        match (bound, network) {
            (Some(bound), Some(found)) if bound != found => {
                Err(LedgerError::OtherNetwork { bound: bound.clone(), found: found.clone() })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "web application {} on server {}", self.app, self.server)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mapping {
            Some(mapping) => write!(f, "mapping {mapping} of site {}", self.site),
            None => write!(f, "own name of site {}", self.site),
        }
    }
}

impl Origin {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Adopted => "adopted",
        }
    }

    pub(super) fn from_word(word: &str) -> Self {
        // What cannot be read is the weaker claim.
        if word == "added" { Self::Added } else { Self::Adopted }
    }
}

impl IntentAction {
    /// Its word in the ledger and in logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Remove => "remove",
        }
    }

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "add" => Self::Add,
            "remove" => Self::Remove,
            _ => Self::Update,
        }
    }
}

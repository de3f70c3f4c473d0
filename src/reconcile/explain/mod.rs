//! Why a name is, or is not, in RunCloud, covered by a certificate and served: the chain from its row to the visitor,
//! and one sentence. Pure.

mod chain;
mod unwanted;
mod verdict;
mod visitor;

use serde::Serialize;

use crate::clock::Moment;
use crate::domain::Domain;
use crate::ledger::{AtWork, Cause, NameRecord, Survey};
use crate::wordpress::{Claim, Desired, Mapping, Serving, Standing};

pub use verdict::{Reason, Verdict};

/// Everything that is known of a name.
pub struct Facts<'a> {
    /// The name.
    pub name: &'a Domain,
    /// What the tables say; why they cannot be read where they cannot.
    pub tables: Result<FromTables<'a>, String>,
    /// What the ledger says; none where there is none.
    pub ledger: Option<FromLedger<'a>>,
    /// The time of the question.
    pub now: &'a Moment,
    /// How this program is called with its settings, for the commands it suggests.
    pub command: &'a str,
}

/// What the tables say of a name.
pub struct FromTables<'a> {
    /// The rows that hold it.
    pub rows: Vec<&'a Mapping>,
    /// Those that hold it with `www.`, or without.
    pub siblings: Vec<&'a Mapping>,
    /// What they come to.
    pub claim: Option<Claim>,
    /// That it is never touched.
    pub protection: Option<Protection>,
    /// The row that maps it, one of the network's own names, to another site.
    pub hijack: Option<Cause>,
    /// Whether WordPress serves it.
    pub serving: Serving,
}

/// Why a name is never touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It is one of the network's own names.
    Network,
    /// It is on the keep list.
    Keep,
}

/// What the ledger says of a name.
pub struct FromLedger<'a> {
    /// Of the name itself.
    pub record: &'a NameRecord,
    /// The name without `www.` whose entry serves this one too.
    pub carrier: Option<(&'a Domain, &'a NameRecord)>,
    /// Whether a wildcard in RunCloud serves it.
    pub by_wildcard: bool,
    /// Of all names.
    pub survey: &'a Survey,
    /// Who is at work.
    pub at_work: AtWork,
}

/// Why a name is where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// From the row to the visitor.
    pub chain: Vec<Link>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its name.
    pub link: &'static str,
    /// How it is.
    pub state: State,
    /// What is to be said of it.
    pub text: String,
}

/// How a link of the chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Good,
    /// Neither good nor bad, or not known.
    Open,
    /// What keeps the name from being served.
    Bad,
}

/// Explains a name.
pub fn explain(facts: &Facts<'_>) -> Explanation {
    Explanation { chain: chain::chain(facts), verdict: verdict::verdict(facts) }
}

impl<'a> FromTables<'a> {
    /// What the tables say of a name.
    pub fn of(
        name: &Domain,
        desired: &Desired,
        mappings: &'a [Mapping],
        keep: &[Domain],
        serving: Serving,
    ) -> Self {
        let holds = |row: &&Mapping, sought: &Domain| desired.rows.get(&row.id) == Some(sought);
        let rows = mappings.iter().filter(|row| holds(row, name)).collect();
        let other = |sought: &Domain| sought != name;
        let siblings = mappings
            .iter()
            .filter(|row| name.variants().filter(other).any(|sibling| holds(row, &sibling)));
        let is_kept = keep.iter().any(|kept| kept.variants().any(|variant| variant == *name));
        let protection = match desired.protected.contains(name) {
            true if is_kept => Some(Protection::Keep),
            true => Some(Protection::Network),
            false => None,
        };
        Self {
            rows,
            siblings: siblings.collect(),
            claim: desired.claims.get(name).copied(),
            protection,
            hijack: desired.hijacks.get(name).copied(),
            serving,
        }
    }
}

impl Facts<'_> {
    fn record(&self) -> Option<&NameRecord> {
        self.ledger.as_ref().map(|ledger| ledger.record)
    }

    /// Of the entry in RunCloud that serves the name: its own, or that of the name without `www.`.
    fn served_by(&self) -> Option<&NameRecord> {
        let ledger = self.ledger.as_ref()?;
        match (ledger.record.owned, ledger.carrier) {
            (None, Some((_, carrier))) => Some(carrier),
            _ => Some(ledger.record),
        }
    }

    /// Whether the last pass left it in RunCloud.
    fn is_present(&self) -> bool {
        let is_there = |record: &NameRecord| record.owned.is_some() && !is_missing(record);
        self.ledger.as_ref().is_some_and(|ledger| {
            is_there(ledger.record) || ledger.carrier.is_some() || self.is_below_wildcard()
        })
    }

    /// A wildcard stands for sites' own names only.
    fn is_below_wildcard(&self) -> bool {
        let is_own = self.claim().is_some_and(|claim| claim.cause.mapping.is_none());
        is_own && self.ledger.as_ref().is_some_and(|ledger| ledger.by_wildcard)
    }

    fn claim(&self) -> Option<Claim> {
        self.tables.as_ref().ok()?.claim
    }

    fn standing(&self) -> Option<Standing> {
        self.claim().map(|claim| claim.standing)
    }

    /// Why the last pass did nothing about it, by the word.
    fn noted(&self, word: &str) -> Option<&str> {
        let noted = self.record()?.noted.as_ref()?;
        (noted.word == word).then_some(noted.detail.as_str())
    }
}

/// Whether the last lists had not what is managed: it is noted so only where it would have to be added.
fn is_missing(record: &NameRecord) -> bool {
    const NOT_ADDED: [&str; 8] = [
        "conflict",
        "dns_elsewhere",
        "dns_not_found",
        "stage_failed",
        "inactive",
        "site_archived",
        "site_spam",
        "site_deleted",
    ];
    let is_not_added = |word: &str| NOT_ADDED.contains(&word);
    record.absent > 0 || record.noted.as_ref().is_some_and(|noted| is_not_added(&noted.word))
}

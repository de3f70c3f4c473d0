//! What becomes of names that only RunCloud has when an operator adopts them. Pure.

use std::collections::BTreeSet;
use std::fmt;

use super::blocked::Blocked;
use super::plan::{Change, Plan};
use crate::domain::Domain;
use crate::ledger::{Cause, Known, Origin, Owned};
use crate::runcloud::{Actual, Kind};

/// What wants a name that an operator adopted: nothing, until a row does.
pub const NOTHING: Cause = Cause { mapping: None, site: 0 };

/// Which names an operator asks to adopt.
pub enum Asked {
    /// Every name that only RunCloud has.
    All,
    /// These.
    Names(BTreeSet<Domain>),
}

/// What becomes of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The name.
    pub domain: Domain,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a name that an operator asks to adopt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is adopted, and the next pass removes it, because no row wants it.
    Removed,
    /// It is adopted, and its removal waits for an approval.
    Blocked(String),
    /// It is adopted and stays, for this reason.
    Held(String),
    /// It needs no adoption, for this reason.
    Needless(String),
    /// It cannot be adopted, for this reason.
    Refused(String),
}

/// The names of a plan that are asked for and can be adopted.
pub(super) fn adoptable(asked: &Asked, plan: &Plan, actual: &Actual) -> BTreeSet<Domain> {
    let is_asked = |name: &Domain| match asked {
        Asked::All => true,
        Asked::Names(names) => names.contains(name),
    };
    let unmanaged = plan.unmanaged.iter().filter_map(|name| Domain::parse(name).ok());
    let is_alias = |name: &Domain| actual.get(name).is_some_and(|e| e.kind == Kind::Alias);
    unmanaged.filter(|name| is_asked(name) && is_alias(name)).collect()
}

/// The ledger as it would be with the names adopted.
pub(super) fn with_adopted(known: &Known, names: &BTreeSet<Domain>) -> Known {
    let mut known = known.clone();
    let owned = Owned { origin: Origin::Adopted, www: None, cause: NOTHING, id: None };
    known.owned.extend(names.iter().map(|name| (name.clone(), owned)));
    known
}

/// What becomes of every name that is asked for: `before` is the plan without the adoptions, `after` the one
/// with them.
pub(super) fn fates(
    asked: &Asked,
    adopted: &BTreeSet<Domain>,
    (before, after): (&Plan, &Plan),
    known: &Known,
    actual: &Actual,
) -> Vec<Adoption> {
    let mut names = adopted.clone();
    if let Asked::Names(asked) = asked {
        names.extend(asked.iter().cloned());
    }
    let fate = |domain: &Domain| {
        if adopted.contains(domain) {
            fate_after(domain, after)
        } else {
            refusal(domain, before, known, actual)
        }
    };
    names.into_iter().map(|domain| Adoption { fate: fate(&domain), domain }).collect()
}

fn fate_after(domain: &Domain, after: &Plan) -> Fate {
    let is_removal =
        |change: &Change| matches!(change, Change::Remove { domain: name, .. } if name == domain);
    if after.changes.iter().any(is_removal) {
        return Fate::Removed;
    }
    let has_it = |blocked: &&Blocked| blocked.names.contains_key(domain);
    if let Some(blocked) = after.blocked.as_ref().filter(has_it) {
        return Fate::Blocked(blocked.to_string());
    }
    let held = after.held.iter().find(|held| held.domain == *domain);
    Fate::Held(held.map_or_else(|| "nothing removes it".to_owned(), |held| held.detail.clone()))
}

fn refusal(domain: &Domain, before: &Plan, known: &Known, actual: &Actual) -> Fate {
    if known.owned.contains_key(domain) {
        return Fate::Needless("it is managed already".to_owned());
    }
    if let Some(cause) = before.adoptions.get(domain) {
        let why = format!("{cause} wants it, so the next pass adopts it by itself");
        return Fate::Needless(why);
    }
    let why = match actual.get(domain).map(|entry| entry.kind) {
        None => "RunCloud has no such name",
        Some(Kind::Primary) => "it is the web application's own name, which is never touched",
        Some(Kind::Redirect) => "it is a redirect in RunCloud, which is never touched",
        Some(Kind::Unknown) => "RunCloud does not say what kind of name it is",
        Some(Kind::Alias) => "it is the network's own name, on the keep list, or held by a row",
    };
    Fate::Refused(why.to_owned())
}

impl Adoption {
    /// Whether it is adopted at all.
    pub fn is_made(&self) -> bool {
        !matches!(self.fate, Fate::Needless(_) | Fate::Refused(_))
    }

    /// Whether it was asked for and cannot be.
    pub fn is_refused(&self) -> bool {
        matches!(self.fate, Fate::Refused(_))
    }
}

impl fmt::Display for Adoption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = &self.domain;
        match &self.fate {
            Fate::Removed => write!(f, "- {domain}  no row wants it: the next pass removes it"),
            Fate::Blocked(why) => {
                write!(f, "! {domain}  no row wants it: removed once you approve it ({why})")
            }
            Fate::Held(why) => write!(f, "= {domain}  adopted; {why}"),
            Fate::Needless(why) => write!(f, "* {domain}  {why}"),
            Fate::Refused(why) => write!(f, "x {domain}  not adopted: {why}"),
        }
    }
}

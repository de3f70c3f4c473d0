//! Which reads are to be believed. Pure.
//!
//! A side that could not be read is an error and never gets here. A side that was read is [`Complete`],
//! or suspect with a reason; only [`Proof`] makes removals possible. Two complete sides make one; so do a
//! complete listing and an operator who looked at suspect tables and approved exactly these names.

use std::fmt;

use crate::domain::Domain;
use crate::ledger::{Approval, Known, Owned};
use crate::runcloud::{Actual, Kind};
use crate::wordpress::{Canaries, Desired};

/// One side as it was read.
#[derive(Clone, Debug)]
pub enum Snapshot<T> {
    /// Nothing speaks against it.
    Complete(Complete<T>),
    /// It was read whole, and still looks like an accident.
    Suspect(T, Suspicion),
}

/// Why a side is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// The tables look like an accident, by this sign.
    Tables(String),
    /// An entry says this of itself, and the list otherwise.
    Contradicted(String),
    /// RunCloud lists nothing.
    NoDomain,
    /// RunCloud lists no primary domain.
    NoPrimary,
    /// RunCloud lists a name twice.
    Repeated,
    /// RunCloud lists none of the managed names. The one that may last: somebody may have taken them all away.
    NoneOfOurs,
}

/// A side that nothing speaks against. Only this file makes one.
#[derive(Clone, Debug)]
pub struct Complete<T>(T);

/// That both sides may be believed, whatever is removed by it.
#[derive(Clone, Copy, Debug)]
pub struct Proof(());

impl<T> Snapshot<T> {
    fn of(side: T, suspicion: Option<Suspicion>) -> Self {
        match suspicion {
            None => Self::Complete(Complete(side)),
            Some(why) => Self::Suspect(side, why),
        }
    }

    /// What was read.
    pub fn side(&self) -> &T {
        match self {
            Self::Complete(Complete(side)) | Self::Suspect(side, _) => side,
        }
    }

    /// Why it is suspect, if it is.
    pub fn suspicion(&self) -> Option<&Suspicion> {
        match self {
            Self::Complete(_) => None,
            Self::Suspect(_, why) => Some(why),
        }
    }
}

impl Snapshot<Desired> {
    /// Looks for what an import, a `TRUNCATE`, an old copy or another accident leaves in the tables.
    pub fn of_tables(desired: Desired, known: &Known) -> Self {
        let suspicion = table_suspicion(&desired.canaries, known);
        Self::of(desired, suspicion.map(Suspicion::Tables))
    }
}

impl Snapshot<Actual> {
    /// Looks for what no web application is without.
    pub fn of_listing(actual: Actual, known: &Known) -> Self {
        let suspicion = listing_suspicion(&actual, known);
        Self::of(actual, suspicion)
    }
}

impl Proof {
    /// The proof that two complete sides are.
    pub fn of(_desired: &Complete<Desired>, _actual: &Complete<Actual>) -> Self {
        Self(())
    }

    /// The proof that a complete listing and an operator are, who looked at tables that look like an
    /// accident and let exactly these removals through.
    pub fn vouched(_desired: &Desired, _actual: &Complete<Actual>, _approval: &Approval) -> Self {
        Self(())
    }
}

fn table_suspicion(canaries: &Canaries, known: &Known) -> Option<String> {
    if canaries.has_first_site == Some(false) {
        return Some("`blogs` has no site 1".into());
    }
    if canaries.has_network == Some(false) {
        return Some("`site` has no row".into());
    }
    let by_mapping = |owned: &Owned| owned.cause.mapping.is_some();
    if canaries.mappings == 0 && known.owned.values().any(by_mapping) {
        return Some("the mapping table has no row at all".into());
    }
    let bound = known.bound.as_ref();
    let highest = canaries.highest_mapping;
    let seen = bound.map_or(0, |bound| bound.highest_mapping).max(highest);
    // The counter itself moves with every row, and what is said should be the same until it is over.
    match canaries.next_mapping {
        Some(next) if next <= seen => Some(format!(
            "the mapping table's AUTO_INCREMENT is not above id {seen}, which was there: it was truncated, \
             or an older copy of it restored"
        )),
        // phpMyAdmin's dumps give a table its counter after its rows.
        None if highest < seen => Some(format!(
            "the mapping table has no AUTO_INCREMENT, and row {seen}, which was there, is gone: an import \
             is under way, or did not end"
        )),
        Some(_) | None => None,
    }
}

/// Why a listing looks like an accident, if it does.
pub(super) fn listing_suspicion(actual: &Actual, known: &Known) -> Option<Suspicion> {
    if let Some(contradiction) = actual.contradiction() {
        return Some(Suspicion::Contradicted(contradiction.to_owned()));
    }
    // What an earlier pass was about to remove may well be gone.
    let stays = |name: &&Domain| !known.intents.contains_key(*name);
    let managed: Vec<&Domain> = known.owned.keys().filter(stays).collect();
    let kinds = || actual.entries().values().map(|entry| entry.kind);
    if actual.is_empty() {
        return Some(Suspicion::NoDomain);
    }
    // The API of 2023 did not say which one is the primary.
    let says_kinds = kinds().any(|kind| kind != Kind::Unknown);
    if says_kinds && !kinds().any(|kind| kind == Kind::Primary) {
        return Some(Suspicion::NoPrimary);
    }
    if actual.has_repeated_names() {
        return Some(Suspicion::Repeated);
    }
    (managed.len() > 1 && managed.iter().all(|name| actual.get(name).is_none()))
        .then_some(Suspicion::NoneOfOurs)
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tables(sign) | Self::Contradicted(sign) => sign,
            Self::NoDomain => "RunCloud lists no domain at all",
            Self::NoPrimary => "RunCloud lists no primary domain",
            Self::Repeated => "RunCloud lists a name twice",
            Self::NoneOfOurs => "RunCloud lists none of the managed names",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Bound, Cause, Origin};
    use crate::runcloud::Entry;

    fn canaries() -> Canaries {
        Canaries {
            mappings: 2,
            highest_mapping: 9,
            next_mapping: Some(12),
            has_first_site: Some(true),
            has_network: Some(true),
        }
    }

    fn known() -> Known {
        let cause = Cause { mapping: Some(9), site: 2 };
        let owned = Owned { origin: Origin::Added, www: None, cause, id: None };
        Known {
            owned: [(Domain::parse("a.test").unwrap(), owned)].into(),
            bound: Some(Bound { network: None, highest_mapping: 11 }),
            ..Known::default()
        }
    }

    #[test]
    fn tables_that_look_like_an_accident_are_suspect() {
        let why = |canaries| table_suspicion(&canaries, &known());
        assert_eq!(why(canaries()), None);
        for (odd, what) in [
            (Canaries { has_first_site: Some(false), ..canaries() }, "`blogs` has no site 1"),
            (Canaries { has_network: Some(false), ..canaries() }, "`site` has no row"),
            (Canaries { mappings: 0, ..canaries() }, "no row at all"),
            (
                Canaries { next_mapping: Some(11), ..canaries() },
                "AUTO_INCREMENT is not above id 11",
            ),
            (Canaries { next_mapping: None, ..canaries() }, "row 11, which was there, is gone"),
        ] {
            assert!(why(odd).is_some_and(|why| why.contains(what)), "{what}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_sign() {
        let unread = Canaries { has_first_site: None, has_network: None, ..canaries() };
        assert_eq!(table_suspicion(&unread, &known()), None);
        let whole = Canaries { next_mapping: None, highest_mapping: 11, ..unread };
        assert_eq!(table_suspicion(&whole, &known()), None, "the newest row is there");
    }

    #[test]
    fn a_network_that_never_had_a_mapping_may_have_none() {
        let empty = Canaries { mappings: 0, highest_mapping: 0, ..canaries() };
        assert_eq!(table_suspicion(&empty, &Known::default()), None);
    }

    #[test]
    fn a_listing_without_a_primary_is_suspect_where_kinds_are_told() {
        let listed = |kinds: &[Kind]| {
            let entries = (1..).zip(kinds).map(|(id, kind)| {
                let entry = Entry { id, kind: *kind, www: None, redirection: "none".into() };
                (format!("{id}.test"), false, entry)
            });
            Snapshot::of_listing(Actual::new(entries), &Known::default()).suspicion().is_some()
        };
        assert!(listed(&[]));
        assert!(listed(&[Kind::Alias, Kind::Unknown]));
        assert!(!listed(&[Kind::Alias, Kind::Primary]));
        assert!(!listed(&[Kind::Unknown]));
    }
}

//! Whether an entry is the one it was: its id tells, and not the name that a listing gives it. Pure.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::domain::Domain;
use crate::ledger::{Known, Owned};
use crate::runcloud::{Actual, Entry};

/// The entries of owned names, by RunCloud's ids.
pub(super) struct Identities<'a> {
    known: &'a Known,
    actual: &'a Actual,
    names: OnceCell<BTreeMap<u64, &'a Domain>>,
}

impl<'a> Identities<'a> {
    pub(super) fn new(known: &'a Known, actual: &'a Actual) -> Self {
        Self { known, actual, names: OnceCell::new() }
    }

    /// Why the entry that is listed under this name is another one's, if it looks so.
    pub(super) fn doubt(&self, name: &Domain, entry: &Entry) -> Option<String> {
        let own = self.known.owned.get(name).and_then(|owned| owned.id);
        if own == Some(entry.id) {
            return None;
        }
        let id = entry.id;
        match (self.names().get(&id), own.filter(|own| self.actual.has_id(*own))) {
            (Some(other), _) => {
                Some(format!("RunCloud lists it as entry {id}, which is {other}'s"))
            }
            (None, Some(own)) => Some(format!(
                "RunCloud lists it as entry {id}, and its own, {own}, under another name"
            )),
            (None, None) => None,
        }
    }

    fn names(&self) -> &BTreeMap<u64, &'a Domain> {
        self.names.get_or_init(|| {
            let ids = self.known.owned.iter().filter_map(|(name, owned)| Some((owned.id?, name)));
            ids.collect()
        })
    }
}

/// Whether the entry of an owned name is listed, under whatever name.
pub(super) fn is_listed(name: &Domain, owned: Option<&Owned>, actual: &Actual) -> bool {
    let has_id = || owned.and_then(|owned| owned.id).is_some_and(|id| actual.has_id(id));
    actual.get(name).is_some() || has_id()
}

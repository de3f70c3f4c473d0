//! Whether an entry is the one it was: its id tells, and not the name that a listing gives it. Pure.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Domain;
use crate::ledger::{Known, Owned};
use crate::runcloud::{Actual, Entry};
use crate::wordpress::Desired;

/// Owned names whose entry is another one than it was; none where it is gone.
pub(super) type Moves = BTreeMap<Domain, Option<u64>>;

/// What an entry is asked.
pub(super) enum Question {
    /// Whether it has the name under which it is listed.
    Listed(Domain, u64),
    /// Whether it is there, with the name that it had, although another one is listed under that.
    Before(Domain, u64),
    /// Whether it is there, with the name that it had, although neither is listed.
    Absent(Domain, u64),
}

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

    /// Owned names whose entry is a new one: the one before is gone, and somebody added the name again. Names
    /// that could not be asked about are left out.
    pub(super) fn renewed(&self, unsure: &BTreeSet<Domain>) -> Moves {
        let is_new = |(name, owned): &(&'a Domain, &'a Owned)| {
            let entry = self.actual.get(name)?;
            let is_another = owned.id.is_some_and(|id| id != entry.id);
            (is_another && self.doubt(name, entry).is_none())
                .then(|| ((*name).clone(), Some(entry.id)))
        };
        let asked = self.known.owned.iter().filter(|(name, _)| !unsure.contains(*name));
        asked.filter_map(|owned| is_new(&owned)).collect()
    }

    /// What is worth asking entries about this list: those that it gives another name than they had, or a name
    /// that had another, and those of names that nothing wants any more and that are not in it.
    pub(super) fn questions(&self, desired: &Desired) -> Vec<Question> {
        let entries = self.actual.entries().iter();
        let is_odd = |(name, entry): &(&'a Domain, &'a Entry)| {
            let own = self.known.owned.get(*name).and_then(|owned| owned.id);
            own.is_some_and(|own| own != entry.id) || self.doubt(name, entry).is_some()
        };
        let before = |name: &Domain, entry: &Entry| {
            let own = self.known.owned.get(name)?.id.filter(|own| *own != entry.id)?;
            (!self.actual.has_id(own)).then(|| Question::Before(name.clone(), own))
        };
        let listed = entries.filter(is_odd).flat_map(|(name, entry)| {
            [Some(Question::Listed(name.clone(), entry.id)), before(name, entry)]
        });
        let absent = self.known.owned.iter().filter_map(|(name, owned)| {
            let is_absent = !desired.is_claimed(name) && !is_listed(name, Some(owned), self.actual);
            Some(Question::Absent(name.clone(), owned.id.filter(|_| is_absent)?))
        });
        listed.flatten().chain(absent).collect()
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

impl Question {
    /// The name and the id that it is about.
    pub(super) fn subject(&self) -> (&Domain, u64) {
        let (Self::Listed(name, id) | Self::Before(name, id) | Self::Absent(name, id)) = self;
        (name, *id)
    }

    /// What the entry says, having this name, against the list.
    pub(super) fn contradiction(&self, own: &Domain) -> Option<String> {
        match self {
            Self::Listed(name, id) if own != name => Some(format!(
                "entry {id} is {own} by its own word, and RunCloud lists it as {name}"
            )),
            Self::Before(name, id) if own == name => Some(format!(
                "entry {id} is {name} by its own word, and RunCloud lists another one as that"
            )),
            Self::Listed(..) | Self::Before(..) | Self::Absent(..) => None,
        }
    }
}

/// Whether the entry of an owned name is listed, under whatever name.
pub(super) fn is_listed(name: &Domain, owned: Option<&Owned>, actual: &Actual) -> bool {
    let has_id = || owned.and_then(|owned| owned.id).is_some_and(|id| actual.has_id(id));
    actual.get(name).is_some() || has_id()
}

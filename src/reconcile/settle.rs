//! What became of the calls an earlier pass left open. Pure.

use super::identity::is_listed;
use crate::clock::Moment;
use crate::domain::Domain;
use crate::ledger::{Intent, IntentAction, Known, Owned};
use crate::runcloud::{Actual, Entry, Kind};

/// What became of an open call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// RunCloud shows its effect.
    TookEffect,
    /// RunCloud does not.
    HadNoEffect,
    /// The entry that was to be removed is not listed. That is no more than an absence: it is forgotten, as any
    /// name that is gone, when other lists do not have it either.
    IsAbsent,
    /// The name that was to be added had its entry all along: an odd listing did not have it.
    WasThere,
}

/// Settles the open calls against a listing made after them, and brings `known` up to date.
pub(super) fn settle(
    known: &mut Known,
    actual: &Actual,
    now: &Moment,
) -> Vec<(Domain, Intent, Outcome)> {
    let open = std::mem::take(&mut known.intents);
    let settled = open.into_iter().map(|(domain, intent)| {
        let outcome = outcome(&domain, intent, known, actual);
        match outcome {
            Outcome::TookEffect => known.settle(&domain, intent, now),
            Outcome::IsAbsent => known.settle_absent(&domain, now),
            Outcome::WasThere => drop(known.failures.remove(&domain)),
            Outcome::HadNoEffect => {}
        }
        (domain, intent, outcome)
    });
    settled.collect()
}

/// What a listing made after the call says of it; `known` is from before the call.
pub(super) fn outcome(domain: &Domain, intent: Intent, known: &Known, actual: &Actual) -> Outcome {
    let (entry, owned) = (actual.get(domain), known.owned.get(domain));
    let is_shown = match intent.action {
        IntentAction::Add => {
            let entry = entry.filter(|entry| matches!(entry.kind, Kind::Alias | Kind::Unknown));
            if entry.is_some_and(|entry| was_there(entry, intent, owned)) {
                return Outcome::WasThere;
            }
            entry.is_some()
        }
        IntentAction::Update => entry.is_some_and(|entry| {
            let id = owned.and_then(|owned| owned.id);
            entry.www == Some(intent.www) && id.is_none_or(|id| id == entry.id)
        }),
        IntentAction::Remove if is_listed(domain, owned, actual) => false,
        IntentAction::Remove => return Outcome::IsAbsent,
    };
    if is_shown { Outcome::TookEffect } else { Outcome::HadNoEffect }
}

/// Whether the entry is the one that was ours before the addition. Where its id is not known, a flag that the
/// addition does not set tells.
fn was_there(entry: &Entry, intent: Intent, owned: Option<&Owned>) -> bool {
    let has_other_flag = entry.www == Some(!intent.www);
    owned.is_some_and(|owned| owned.id.map_or(has_other_flag, |id| id == entry.id))
}

//! What became of the calls an earlier pass left open. Pure.

use crate::domain::Domain;
use crate::ledger::{Due, Intent, IntentAction, Known, Origin, Owned};
use crate::runcloud::{Actual, Kind};

/// What became of an open call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// RunCloud shows its effect.
    TookEffect,
    /// RunCloud does not.
    HadNoEffect,
}

/// Settles the open calls against a listing made after them, and brings `known` up to date.
pub(super) fn settle(known: &mut Known, actual: &Actual) -> Vec<(Domain, Intent, Outcome)> {
    let open = std::mem::take(&mut known.intents);
    let settled = open.into_iter().map(|(domain, intent)| {
        let outcome = outcome(&domain, intent, actual);
        if outcome == Outcome::TookEffect {
            take_over(known, &domain, intent);
        }
        (domain, intent, outcome)
    });
    settled.collect()
}

fn outcome(domain: &Domain, intent: Intent, actual: &Actual) -> Outcome {
    let entry = actual.get(domain);
    let shows = match intent.action {
        IntentAction::Add => entry.is_some_and(|e| matches!(e.kind, Kind::Alias | Kind::Unknown)),
        IntentAction::Update => entry.is_some_and(|e| e.www == Some(intent.www)),
        IntentAction::Remove => entry.is_none(),
    };
    if shows { Outcome::TookEffect } else { Outcome::HadNoEffect }
}

fn take_over(known: &mut Known, domain: &Domain, intent: Intent) {
    match intent.action {
        IntentAction::Add => {
            let owned = Owned { origin: Origin::Added, www: Some(intent.www), cause: intent.cause };
            known.owned.insert(domain.clone(), owned);
            known.due.insert(domain.clone(), Due::default());
        }
        IntentAction::Update => {
            if let Some(owned) = known.owned.get_mut(domain) {
                owned.www = Some(intent.www);
            }
            if intent.www {
                known.due.insert(domain.clone(), Due::default());
            }
        }
        IntentAction::Remove => {
            known.owned.remove(domain);
            known.due.remove(domain);
        }
    }
    known.failures.remove(domain);
}

//! What stands between a plan and RunCloud. Pure.
//!
//! Only [`review`] makes an [`ApprovedPlan`], and only two of them that agree make
//! [`ConfirmedRemovals`], which is all that removal accepts.

use std::collections::BTreeMap;

use super::plan::{Change, Gone, Held, HeldReason, Plan};
use crate::domain::Domain;
use crate::ledger::Cause;
use crate::wordpress::{Desired, Doubt};

/// A plan whose removals are believable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedPlan(Plan);

/// Removals that two reads of the table agree on: RunCloud's id and the reason, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmedRemovals(BTreeMap<Domain, (u64, Gone)>);

/// Holds back removals that rest on reads nobody should believe, and approves the rest.
pub fn review(plan: Plan, desired: &Desired) -> ApprovedPlan {
    let mut approved = Plan { changes: Vec::new(), ..plan };
    for change in plan.changes {
        match disbelieved(&change, desired.doubt) {
            Some(held) => approved.held.push(held),
            None => approved.changes.push(change),
        }
    }
    approved.held.sort_by(|a, b| a.domain.cmp(&b.domain));
    ApprovedPlan(approved)
}

fn disbelieved(change: &Change, doubt: Doubt) -> Option<Held> {
    let Change::Remove { domain, reason, .. } = change else { return None };
    let rests_on_sites = !matches!(reason, Gone::Cause(Cause { mapping: Some(_), .. }));
    let why = match doubt {
        Doubt::Everything(why) => why,
        Doubt::SitesUnread if rests_on_sites => "`blogs` or `site` cannot be read",
        Doubt::SitesUnread | Doubt::None => return None,
    };
    let detail = format!("{reason}, but {why}: not believed");
    Some(Held::new(domain, HeldReason::Unproven, detail))
}

impl ApprovedPlan {
    /// The plan as approved.
    pub fn plan(&self) -> &Plan {
        &self.0
    }

    /// The removals that a plan made of a second, later read of the table still has.
    pub fn confirm_removals(&self, second: &Self) -> ConfirmedRemovals {
        let later = second.removals();
        let agreed = |(domain, removal): &(Domain, (u64, Gone))| {
            later.get(domain).is_some_and(|(id, _)| *id == removal.0)
        };
        ConfirmedRemovals(self.removals().into_iter().filter(agreed).collect())
    }

    fn removals(&self) -> BTreeMap<Domain, (u64, Gone)> {
        let removal = |change: &Change| match change {
            Change::Remove { domain, id, reason } => Some((domain.clone(), (*id, *reason))),
            Change::Add { .. } | Change::Update { .. } => None,
        };
        self.0.changes.iter().filter_map(removal).collect()
    }
}

impl ConfirmedRemovals {
    /// RunCloud's id and the reason, by name.
    pub fn names(&self) -> &BTreeMap<Domain, (u64, Gone)> {
        &self.0
    }
}

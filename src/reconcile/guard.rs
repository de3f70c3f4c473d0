//! What stands between a plan and RunCloud. Pure.
//!
//! Only [`review`] makes an [`ApprovedPlan`], and only two of them that agree make
//! [`ConfirmedRemovals`], which is all that removal accepts.

use std::collections::BTreeMap;

use super::plan::{Change, Gone, Held, HeldReason, Plan};
use crate::domain::Domain;
use crate::wordpress::Desired;

/// A plan whose removals are believable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedPlan(Plan);

/// Removals that two reads of the table agree on: RunCloud's id and the reason, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmedRemovals(BTreeMap<Domain, (u64, Gone)>);

/// Holds back removals that rest on a table nobody should believe, and approves the rest.
pub fn review(plan: Plan, desired: &Desired) -> ApprovedPlan {
    if desired.rows > 0 {
        return ApprovedPlan(plan);
    }
    let (changes, held) = split_removals(plan.changes, |reason| {
        format!("{reason}, but the mapping table has no row at all, which is not believed")
    });
    let mut plan = Plan { changes, ..plan };
    plan.held.extend(held);
    plan.held.sort_by(|a, b| a.domain.cmp(&b.domain));
    ApprovedPlan(plan)
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

fn split_removals(
    changes: Vec<Change>,
    detail: impl Fn(Gone) -> String,
) -> (Vec<Change>, Vec<Held>) {
    let mut held = Vec::new();
    let mut kept = Vec::new();
    for change in changes {
        match change {
            Change::Remove { domain, reason, .. } => {
                held.push(Held::new(&domain, HeldReason::TableEmpty, detail(reason)));
            }
            other => kept.push(other),
        }
    }
    (kept, held)
}

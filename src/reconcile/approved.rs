//! What becomes of an operator's approval when the plan it was given for changes.

use std::collections::BTreeSet;

use super::network::Proposal;
use super::plan::HeldReason;
use super::proof::Snapshot;
use crate::domain::Domain;
use crate::ledger::{Known, Ledger, LedgerError};

/// Takes out of an approval what it must not let through any more: by complete tables the names came back, or the plan
/// is another one than was approved.
pub(super) async fn disapprove(
    ledger: &mut Ledger,
    proposal: &Proposal,
    known: &Known,
    unsure: &BTreeSet<Domain>,
) -> Result<(), LedgerError> {
    let spent = no_longer_approved(proposal, known, unsure);
    if spent.is_empty() { Ok(()) } else { ledger.disapprove(spent).await }
}

fn no_longer_approved<'a>(
    proposal: &Proposal,
    known: &'a Known,
    unsure: &BTreeSet<Domain>,
) -> Vec<&'a Domain> {
    let (Some(approval), Snapshot::Complete(_)) = (&known.approval, &proposal.desired) else {
        return vec![];
    };
    let plan = proposal.approved.plan();
    let blocked = plan.blocked.iter().flat_map(|blocked| blocked.names.keys().cloned());
    let planned: BTreeSet<Domain> = plan.losses().chain(blocked).collect();
    // What is not believed now may be as it was approved.
    let held = plan.held.iter().filter(|held| held.reason == HeldReason::Unproven);
    let doubtful: BTreeSet<Domain> = held.flat_map(|held| held.domain.variants()).collect();
    let came_back = |name: &&Domain| proposal.desired.side().is_claimed(name);
    let is_odd = proposal.actual.suspicion().is_some();
    let may_stay = |name| (is_odd || unsure.contains(name)) && !came_back(&name);
    let stays = |name| planned.contains(name) || doubtful.contains(name) || may_stay(name);
    let is_same = planned.is_subset(&approval.names) && approval.names.iter().all(stays);
    if !approval.begun && !is_same {
        return approval.names.iter().collect();
    }
    approval.names.iter().filter(came_back).collect()
}

//! What stands between a plan and RunCloud. Pure.
//!
//! Only [`review`] makes an [`ApprovedPlan`], and only with a [`Proof`] does that hold removals; only two
//! of them that agree make [`ConfirmedRemovals`], which is all that removal accepts.

use std::collections::{BTreeMap, BTreeSet};

use super::blocked::{Blocked, Guard};
use super::identity::is_listed;
use super::plan::{Change, Gone, Held, HeldReason, Plan, Policy, WwwPolicy};
use super::proof::{Proof, Snapshot, Suspicion};
use super::show;
use crate::clock::Moment;
use crate::domain::Domain;
use crate::ledger::{Approval, Cause, DAY, Known, Removal, Tick};
use crate::runcloud::Actual;
use crate::wordpress::Desired;

/// The least that the budget of a day allows.
const FLOOR: usize = 10;
/// The share of the managed names that it allows, as a divisor: 20 %.
const SHARE: usize = 5;

/// What a review looks at besides the plan.
pub struct Evidence<'a> {
    /// The tables.
    pub desired: &'a Snapshot<Desired>,
    /// The listing.
    pub actual: &'a Snapshot<Actual>,
    /// The ledger.
    pub known: &'a Known,
    /// What the operator decided.
    pub policy: &'a Policy,
    /// The time of the pass.
    pub now: &'a Moment,
}

/// A plan whose removals are proven, within the budget or let through by an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedPlan {
    plan: Plan,
    removals: Removals,
}

/// The names that would go, and the change that takes each away.
type ByName = BTreeMap<Domain, Change>;

/// Removals that rest on a proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Removals {
    names: ByName,
    /// Those of them that an operator let through.
    approved: BTreeSet<Domain>,
}

/// Removals that two reads of the table agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmedRemovals(Removals);

/// Holds or blocks the removals that must not be made now, and approves the rest. A `www` flag that is taken
/// back takes a name away too, and counts as a removal unless the operator wants no `www` at all.
pub fn review(plan: Plan, evidence: &Evidence<'_>) -> ApprovedPlan {
    let takes_away = |change: &Change| is_removal(change, evidence.policy);
    let (removals, changes) = plan.changes.into_iter().partition(takes_away);
    let mut review = Review { evidence, plan: Plan { changes, ..plan } };
    review.distrust_listing();
    let planned = review.believable(removals);
    let removals = review.judge(planned);
    review.finish(removals)
}

struct Review<'a> {
    evidence: &'a Evidence<'a>,
    /// Without its removals.
    plan: Plan,
}

/// What becomes of the planned removals.
enum Verdict {
    /// They may be made; some of them by an approval.
    Go(Proof, BTreeSet<Domain>),
    /// They wait for an operator, but for those of an approval that has begun.
    Blocked(Guard, Option<(Proof, BTreeSet<Domain>)>),
}

impl Review<'_> {
    /// By a listing that looks like an accident nothing is forgotten. By one without any domain, which no
    /// web application has, nothing that was there is added again either; by one that an entry contradicts
    /// nothing is done that rests on what it says of entries.
    fn distrust_listing(&mut self) {
        let Some(why) = self.evidence.actual.suspicion() else { return };
        self.plan.ids.clear();
        if *why != Suspicion::NoneOfOurs {
            self.plan.astray.clear();
        }
        match why {
            Suspicion::NoDomain => {}
            Suspicion::Contradicted(_) => {
                self.plan.adoptions.clear();
                self.plan.recaused.clear();
                self.plan.restored.clear();
            }
            Suspicion::Tables(_)
            | Suspicion::NoPrimary
            | Suspicion::Repeated
            | Suspicion::NoneOfOurs => return,
        }
        let planned = std::mem::take(&mut self.plan.changes);
        let (held, changes): (Vec<_>, Vec<_>) =
            planned.into_iter().partition(|change| self.rests_on_entries(change));
        self.plan.changes = changes;
        for change in held {
            let detail = format!("{}, but {why}: not believed", show::reason(&change));
            self.plan.held.push(Held::new(change.domain(), HeldReason::Unproven, detail));
            self.plan.due.remove(change.domain());
            self.keep_due(change.domain());
        }
    }

    /// Whether a change rests on what the listing says of this program's entries, or of one's `www` flag.
    fn rests_on_entries(&self, change: &Change) -> bool {
        let actual = self.evidence.actual.side();
        match change {
            Change::Add { domain, .. } if actual.is_empty() => {
                self.evidence.known.owned.contains_key(domain)
            }
            Change::Add { domain, .. } => {
                let owned = self.evidence.known.owned.get(domain);
                is_listed(domain, owned, actual)
                    || domain.without_www().is_some_and(|bare| actual.get(&bare).is_some())
            }
            Change::Update { .. } | Change::Remove { .. } => true,
        }
    }

    /// Holds the removals that no operator can let through either.
    fn believable(&mut self, removals: Vec<Change>) -> ByName {
        let mut planned = ByName::new();
        for removal in removals {
            let (Some(lost), domain) = (removal.takes_away(), removal.domain()) else { continue };
            match self.disbelieved(&removal) {
                Some(why) => {
                    let detail = format!("{}, but {why}: not believed", show::reason(&removal));
                    self.plan.held.push(Held::new(domain, HeldReason::Unproven, detail));
                    self.keep_due(domain);
                }
                None => drop(planned.insert(lost, removal)),
            }
        }
        planned
    }

    fn disbelieved(&self, removal: &Change) -> Option<String> {
        let canaries = self.evidence.desired.side().canaries;
        let sites_unread = canaries.has_first_site.is_none() || canaries.has_network.is_none();
        let by_mapping = |gone: &Gone| matches!(gone, Gone::Cause(Cause { mapping: Some(_), .. }));
        let rests_on_sites =
            matches!(removal, Change::Remove { reason, .. } if !by_mapping(reason));
        if self.evidence.known.bound.is_none() {
            return Some("the ledger is new and knows of no earlier listing".into());
        }
        if sites_unread && rests_on_sites {
            return Some("`blogs` or `site` cannot be read".into());
        }
        self.evidence.actual.suspicion().map(Suspicion::to_string)
    }

    /// Splits the planned removals into those that may be made, and those that are blocked as one.
    fn judge(&mut self, planned: ByName) -> Removals {
        if planned.is_empty() {
            return Removals::default();
        }
        match self.verdict(&planned) {
            Verdict::Go(proof, approved) => proven(proof, planned, approved),
            Verdict::Blocked(guard, begun) => {
                let approved = begun.as_ref().map(|(_, names)| names.clone()).unwrap_or_default();
                let (go, stay): (ByName, ByName) =
                    planned.into_iter().partition(|(name, _)| approved.contains(name));
                self.block(guard, stay);
                begun.map_or_else(Removals::default, |(proof, names)| proven(proof, go, names))
            }
        }
    }

    fn verdict(&self, planned: &ByName) -> Verdict {
        let approved = self.approved(planned);
        let rest = planned.len() - approved.len();
        let Snapshot::Complete(actual) = self.evidence.actual else {
            return Verdict::Blocked(Guard::Unproven, None);
        };
        let vouched = || {
            let approval = self.evidence.known.approval.as_ref();
            let approval = approval.filter(|_| !approved.is_empty())?;
            Some(Proof::vouched(self.evidence.desired.side(), actual, approval))
        };
        let guard = match self.evidence.desired {
            _ if rest == 0 => None,
            Snapshot::Suspect(..) => Some(Guard::Unproven),
            Snapshot::Complete(_) => self.exceeded(planned, rest),
        };
        let proof = match self.evidence.desired {
            Snapshot::Complete(desired) => Some(Proof::of(desired, actual)),
            Snapshot::Suspect(..) => vouched(),
        };
        match (guard, proof) {
            (None, Some(proof)) => Verdict::Go(proof, approved),
            (Some(guard), proof) => Verdict::Blocked(guard, proof.map(|proof| (proof, approved))),
            (None, None) => Verdict::Blocked(Guard::Unproven, None),
        }
    }

    /// Those of the planned names that an operator let through: all of them or none, until the first of
    /// them was removed.
    fn approved(&self, planned: &ByName) -> BTreeSet<Domain> {
        let Evidence { known, now, .. } = self.evidence;
        let valid = known.approval.as_ref().filter(|approval| approval.is_valid(now, self.tick()));
        let Some(Approval { names, begun, .. }) = valid else { return BTreeSet::new() };
        if !begun && !planned.keys().eq(names.iter()) {
            return BTreeSet::new();
        }
        planned.keys().filter(|name| names.contains(*name)).cloned().collect()
    }

    /// The guard that stops so many removals, if one does.
    fn exceeded(&self, planned: &ByName, rest: usize) -> Option<Guard> {
        let (desired, actual) = (self.evidence.desired.side(), self.evidence.actual.side());
        let stays = |name: &&Domain| actual.get(name).is_some() && desired.is_claimed(name);
        let is_everything = !self.evidence.known.owned.keys().any(|name| stays(&name));
        // The one mapping of a small network may well be changed for another.
        if is_everything && !(planned.len() == 1 && self.something_is_wanted()) {
            return Some(Guard::Everything);
        }
        (rest + self.spent() > self.limit(planned)).then_some(Guard::Budget)
    }

    /// Whether a wanted name is in RunCloud, or about to be.
    fn something_is_wanted(&self) -> bool {
        let (desired, actual) = (self.evidence.desired.side(), self.evidence.actual.side());
        let is_there = |name: &Domain| actual.get(name).is_some() && desired.is_wanted(name);
        self.plan.additions() > 0 || desired.claims.keys().any(is_there)
    }

    fn limit(&self, planned: &ByName) -> usize {
        let Evidence { known, policy, .. } = self.evidence;
        limit(self.managed(planned), known, policy, self.tick())
    }

    /// How many names are ours, or treated so by `removal = "mirror"`.
    fn managed(&self, planned: &ByName) -> usize {
        let owned = &self.evidence.known.owned;
        owned.len() + planned.keys().filter(|name| !owned.contains_key(*name)).count()
    }

    /// The removals of the last 24 hours.
    fn spent(&self) -> usize {
        self.counted().count()
    }

    fn counted(&self) -> impl Iterator<Item = &Removal> {
        counted(self.evidence.known, self.tick())
    }

    fn tick(&self) -> Tick {
        self.evidence.known.clock.tick(self.evidence.now)
    }

    fn block(&mut self, guard: Guard, planned: ByName) {
        let limit = match guard {
            Guard::Budget | Guard::Everything => self.limit(&planned),
            Guard::Unproven => 0,
        };
        let (managed, spent) = (self.managed(&planned), self.spent());
        let suspicion = self.evidence.desired.suspicion().map(Suspicion::to_string);
        for change in planned.values() {
            self.keep_due(change.domain());
        }
        let reason = |(name, change)| (name, show::reason(&change));
        let names = planned.into_iter().map(reason).collect();
        self.plan.blocked = Some(Blocked { guard, limit, managed, spent, names, suspicion });
    }

    /// A name that stays still needs its certificate.
    fn keep_due(&mut self, name: &Domain) {
        let state = self.evidence.known.certificates.get(name);
        if let Some(state) = state.filter(|state| !state.is_covered()) {
            self.plan.due.insert(name.clone(), state.clone());
        }
    }

    fn finish(mut self, removals: Removals) -> ApprovedPlan {
        self.plan.changes.extend(removals.names.values().cloned());
        self.plan.changes.sort_by(|a, b| a.domain().cmp(b.domain()));
        self.plan.held.sort_by(|a, b| a.domain.cmp(&b.domain));
        ApprovedPlan { plan: self.plan, removals }
    }
}

fn proven(_proof: Proof, names: ByName, approved: BTreeSet<Domain>) -> Removals {
    Removals { names, approved }
}

/// Whether a change takes away a name that the operator did not ask to be taken away.
pub(super) fn is_removal(change: &Change, policy: &Policy) -> bool {
    let is_asked_for = matches!(change, Change::Update { .. }) && policy.www == WwwPolicy::Never;
    change.takes_away().is_some() && !is_asked_for
}

/// RunCloud's id of what is changed.
fn entry_id(change: &Change) -> Option<u64> {
    match change {
        Change::Add { .. } => None,
        Change::Update { entry, .. } => Some(entry.id),
        Change::Remove { id, .. } => Some(*id),
    }
}

impl ApprovedPlan {
    /// The plan as approved.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes names for neither gone nor moved, whatever the listing says of them.
    pub(super) fn keep_in_place(&mut self, names: &BTreeSet<Domain>) {
        self.plan.astray.retain(|name, _| !names.contains(name));
        self.plan.ids.retain(|name, _| !names.contains(name));
    }

    /// The names that go.
    pub fn removals(&self) -> impl Iterator<Item = &Domain> {
        self.removals.names.keys()
    }

    /// The changes of a `www` flag that take no name away, or that the operator asked for.
    pub fn updates(&self) -> impl Iterator<Item = &Change> {
        let is_one = |change: &&Change| {
            let lost = change.takes_away();
            let goes = lost.is_some_and(|name| self.removals.names.contains_key(&name));
            matches!(change, Change::Update { .. }) && !goes
        };
        self.plan.changes.iter().filter(is_one)
    }

    /// The removals that a plan made of a second, later read of the table still has.
    pub fn confirm_removals(&self, second: &Self) -> ConfirmedRemovals {
        let later = &second.removals.names;
        let agreed = |(name, change): &(&Domain, &Change)| {
            later.get(*name).is_some_and(|other| entry_id(other) == entry_id(change))
        };
        let names = self.removals.names.iter().filter(agreed);
        let names = names.map(|(name, change)| (name.clone(), change.clone())).collect();
        ConfirmedRemovals(Removals { names, approved: second.removals.approved.clone() })
    }
}

impl ConfirmedRemovals {
    /// The names that go, and the change that takes each away.
    pub fn names(&self) -> &BTreeMap<Domain, Change> {
        &self.0.names
    }

    /// Whether any of them is made because an operator let it through.
    pub fn need_approval(&self) -> bool {
        self.0.approved.iter().any(|name| self.0.names.contains_key(name))
    }

    /// Only those that `is_ripe` says.
    #[must_use]
    pub fn only(mut self, is_ripe: impl Fn(&Domain) -> bool) -> Self {
        self.0.names.retain(|name, _| is_ripe(name));
        self
    }
}
/// How many names may be removed in 24 hours, where so many are managed.
pub(super) fn limit(managed: usize, known: &Known, policy: &Policy, now: Tick) -> usize {
    let before = counted(known, now).map(|removal| removal.managed).max().unwrap_or_default();
    let share = managed.max(before).div_ceil(SHARE);
    policy.max_removals.unwrap_or(share.max(FLOOR))
}

/// The removals of the last 24 hours.
fn counted(known: &Known, now: Tick) -> impl Iterator<Item = &Removal> {
    let since = Tick(now.0 - DAY.as_secs().cast_signed());
    known.removals.iter().filter(move |removal| removal.tick > since)
}

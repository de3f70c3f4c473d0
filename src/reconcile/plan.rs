//! The plan: the difference between what is wanted and what is, as a value. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::certificate::Gate;
use super::identity::{Identities, is_listed};
use super::{retry, show, www};
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{Cause, CertificateState, DAY, Failure, Origin, Restore};
use crate::probe::DnsVerdict;
use crate::runcloud::{Entry, Kind};
use crate::wordpress::{Claim, Desired, Kept, Rejected, Stage, Standing, Subdomains};

pub use super::change::{Change, Gone, Held, HeldReason, Plan};
pub use super::inputs::{Inputs, Policy, Removal, WwwPolicy};
pub use super::show::{PlanJson, PlanText};

/// How often a name that went missing is added again, each time within a day of the last.
const MOST_REPAIRS: u32 = 3;

/// Plans. The order of rows and entries does not matter; equal inputs give equal plans.
pub fn plan(inputs: &Inputs<'_>) -> Plan {
    let planner = Planner {
        inputs,
        folded: www::folded(inputs),
        protected: protected(inputs),
        garbled: garbled(inputs),
        identities: Identities::new(inputs.known, inputs.actual),
    };
    let mut plan = Plan {
        wanted: count_wanted(inputs.desired),
        present: inputs.actual.len(),
        rejected: rejected(inputs.desired),
        ..Plan::default()
    };
    for (domain, claim) in &inputs.desired.claims {
        planner.plan_claim(&mut plan, domain, claim);
    }
    for (domain, entry) in inputs.actual.entries() {
        planner.plan_entry(&mut plan, domain, entry);
    }
    planner.plan_leftovers(&mut plan);
    plan.changes.sort_by(|a, b| a.domain().cmp(b.domain()));
    plan.held.sort_by(|a, b| a.domain.cmp(&b.domain));
    plan.due = due(inputs, &plan.changes);
    plan
}

struct Planner<'a> {
    inputs: &'a Inputs<'a>,
    /// `www.x` names that `x` serves.
    folded: BTreeSet<Domain>,
    protected: BTreeSet<Domain>,
    /// Rows that turned into no host name, by the name they held.
    garbled: BTreeMap<&'a Domain, &'a Rejected>,
    identities: Identities<'a>,
}

impl Planner<'_> {
    fn plan_claim(&self, plan: &mut Plan, domain: &Domain, claim: &Claim) {
        if self.protected.contains(domain) {
            return;
        }
        match (claim.standing, self.inputs.actual.get(domain)) {
            (Standing::NotWanted, _) => {}
            (_, Some(entry)) => self.plan_present(plan, domain, claim, entry),
            (Standing::Wanted, None) => self.plan_missing(plan, domain, claim),
            (Standing::Kept(kept), None) => self.hold_kept(plan, domain, claim.cause, kept),
        }
    }

    fn plan_present(&self, plan: &mut Plan, domain: &Domain, claim: &Claim, entry: &Entry) {
        if entry.kind == Kind::Redirect {
            let detail = format!("{}, but it is a redirect in RunCloud", claim.cause);
            return plan.held.push(Held::new(domain, HeldReason::Redirect, detail));
        }
        self.own(plan, domain, claim, entry);
        let flag = match claim.standing {
            Standing::Wanted => www::wanted_flag(self.inputs, &self.folded, domain),
            Standing::Kept(_) | Standing::NotWanted => None,
        };
        let is_wrong = |flag: &bool| {
            let was_set = www::owned_flag(self.inputs, domain) == Some(*flag);
            entry.www == Some(!*flag) && !was_set
        };
        let Some(www) = flag.filter(is_wrong) else { return };
        let is_ours_to_change = www::is_ours_to_change(self.inputs, domain, entry);
        if let Some(detail) = self.garbled_row(domain).filter(|_| !www) {
            return plan.held.push(Held::new(domain, HeldReason::Rejected, detail));
        }
        if self.inputs.policy.removal == Removal::Never
            && !www
            && self.inputs.policy.www != WwwPolicy::Never
        {
            let detail = "its www is not mapped any more, and removal = \"never\"".to_owned();
            return plan.held.push(Held::new(domain, HeldReason::RemovalNever, detail));
        }
        if is_ours_to_change && !self.hold_failed(plan, domain, claim.cause, claim.stage) {
            let Claim { cause, stage, .. } = *claim;
            let (name, changed) = (domain.clone(), entry.clone());
            let update = Change::Update { domain: name, entry: changed, www, cause, stage };
            self.plan_change(plan, entry, update);
        }
    }

    /// A name that is in both places becomes ours; what wants it is remembered for its removal.
    fn own(&self, plan: &mut Plan, domain: &Domain, claim: &Claim, entry: &Entry) {
        match self.inputs.known.owned.get(domain) {
            Some(owned) if owned.cause == claim.cause => {}
            Some(_) => drop(plan.recaused.insert(domain.clone(), claim.cause)),
            None if claim.standing == Standing::Kept(Kept::SubdomainsOff) => {}
            None => {
                plan.adoptions.insert(domain.clone(), claim.cause);
                self.note_id(plan, domain, entry);
            }
        }
    }

    /// Notes the id of the entry of an owned name, and where it is another one than it was that it is astray.
    fn note_id(&self, plan: &mut Plan, domain: &Domain, entry: &Entry) {
        match self.identities.doubt(domain, entry) {
            None => drop(plan.ids.insert(domain.clone(), entry.id)),
            Some(_) => drop(plan.astray.insert(domain.clone(), Some(entry.id))),
        }
    }

    fn plan_missing(&self, plan: &mut Plan, domain: &Domain, claim: &Claim) {
        let Claim { cause, stage, .. } = *claim;
        if self.folded.contains(domain) || self.is_served(domain) {
            return;
        }
        if !self.hold_failed(plan, domain, cause, stage)
            && !self.hold_conflict(plan, domain, cause)
            && !self.hold_misdirected(plan, domain, cause)
        {
            let www = www::wanted_flag(self.inputs, &self.folded, domain).unwrap_or(false);
            let domain = domain.clone();
            plan.changes.push(Change::Add { domain, www, cause, stage, undo: None });
        }
    }

    /// Holds a name that somebody else takes away whenever it is added, for a day.
    fn hold_conflict(&self, plan: &mut Plan, domain: &Domain, cause: Cause) -> bool {
        let Inputs { known, now, .. } = self.inputs;
        let same_row = known.owned.get(domain).is_some_and(|owned| owned.cause == cause);
        let repair = known.repairs.get(domain).filter(|_| same_row);
        let Some(repair) = repair.filter(|repair| repair.repairs >= MOST_REPAIRS) else {
            return false;
        };
        let next = repair.last.plus(DAY);
        if !now.is_before(next, DAY) {
            return false;
        }
        let detail = format!(
            "added again {} times and gone from RunCloud each time: who else changes it, a person or the \
             plugin's own integration? Next try {}",
            repair.repairs,
            next.for_reader_at(*now)
        );
        plan.held.push(Held::new(domain, HeldReason::Conflict, detail));
        true
    }

    /// Holds a name that points elsewhere, where such a name would spoil the certificate of all: by the
    /// operator's word, or since an order for all was seen to fail as a whole.
    fn hold_misdirected(&self, plan: &mut Plan, domain: &Domain, cause: Cause) -> bool {
        let Inputs { known, policy, .. } = self.inputs;
        let holds = match policy.gate {
            Gate::Add => true,
            Gate::Auto => !known.spoilers.is_empty(),
            Gate::Off => false,
        };
        let Some(verdict) = known.verdicts.get(domain).filter(|_| holds) else { return false };
        let reason = match verdict.verdict {
            DnsVerdict::Elsewhere(_) => HeldReason::DnsElsewhere,
            DnsVerdict::NotFound => HeldReason::DnsNotFound,
            DnsVerdict::Here | DnsVerdict::Unknown(_) => return false,
        };
        let next = verdict.next.for_reader_at(self.inputs.now);
        let detail = format!("{cause}, but it {}; looked up again {next}", verdict.verdict);
        plan.held.push(Held::new(domain, reason, detail));
        true
    }

    fn is_served(&self, domain: &Domain) -> bool {
        let by_wildcard = self.inputs.policy.subdomains != Subdomains::On
            && self.inputs.desired.site_names.contains(domain)
            && self.inputs.actual.has_wildcard_for(domain);
        by_wildcard || www::is_served(self.inputs, domain)
    }

    /// Holds a name whose last change for the same cause failed, until its next try is due.
    fn hold_failed(&self, plan: &mut Plan, domain: &Domain, cause: Cause, stage: Stage) -> bool {
        let now = self.inputs.now;
        let failure = self.inputs.known.failures.get(domain);
        let same_row = |f: &&Failure| f.cause == cause && f.stage == stage.word();
        let waits = |f: &&Failure| now.is_before(f.retry_at, retry::LONGEST);
        let Some(failure) = failure.filter(same_row).filter(waits) else { return false };
        plan.held.push(Held::new(domain, HeldReason::RetryLater, retry_detail(failure, now)));
        true
    }

    /// Only rows are worth a line; a site's own name comes and goes with the site.
    fn hold_kept(&self, plan: &mut Plan, domain: &Domain, cause: Cause, kept: Kept) {
        if cause.mapping.is_none() || self.is_served(domain) {
            return;
        }
        let (reason, why) = match kept {
            Kept::StageFailed => (HeldReason::StageFailed, "has stage failed"),
            Kept::Inactive => (HeldReason::Inactive, "is not active"),
            Kept::SiteArchived => (HeldReason::SiteArchived, "is of an archived site"),
            Kept::SiteSpam => (HeldReason::SiteSpam, "is of a site marked as spam"),
            Kept::SiteDeleted => (HeldReason::SiteDeleted, "is of a deleted site"),
            Kept::SubdomainsOff => return,
        };
        plan.held.push(Held::new(domain, reason, format!("{cause} {why}")));
    }

    fn plan_entry(&self, plan: &mut Plan, domain: &Domain, entry: &Entry) {
        let claim = self.inputs.desired.claims.get(domain);
        if self.inputs.desired.is_claimed(domain)
            || self.serves_claims_as_wildcard(domain)
            || entry.kind == Kind::Primary
            || self.protected.contains(domain)
            || www::serves_a_claim(self.inputs, domain)
            || www::is_wanted_by_policy(self.inputs, domain)
        {
            return;
        }
        if let Some(detail) = self.garbled_row(domain) {
            return plan.held.push(Held::new(domain, HeldReason::Rejected, detail));
        }
        let gone = self.may_go(domain, entry, claim);
        match (gone, self.inputs.policy.removal) {
            (None, _) => drop(plan.unmanaged.insert(domain.to_string())),
            (Some(gone), Removal::Never) => {
                let detail = format!("{gone}, and removal = \"never\"");
                plan.held.push(Held::new(domain, HeldReason::RemovalNever, detail));
            }
            (Some(gone), _) => self.plan_removal(plan, domain, entry, gone),
        }
    }

    /// Why the name stays: a row that held it, or its `www.` where it serves that too, turned into no host
    /// name.
    fn garbled_row(&self, domain: &Domain) -> Option<String> {
        let www = domain.with_www().filter(|_| www::carries(self.inputs, domain));
        let row = [Some(domain), www.as_ref()];
        let row = row.into_iter().flatten().find_map(|name| self.garbled.get(name))?;
        Some(format!("{} holds no host name any more: {}", row.cause, row.rejection))
    }

    fn serves_claims_as_wildcard(&self, domain: &Domain) -> bool {
        let is_below = |name: &Domain| name.parent().as_ref() == Some(domain);
        let desired = self.inputs.desired;
        self.inputs.actual.is_wildcard(domain)
            && desired.claims.keys().any(|name| is_below(name) && desired.is_claimed(name))
    }

    fn plan_removal(&self, plan: &mut Plan, domain: &Domain, entry: &Entry, reason: Gone) {
        if !self.hold_failed(plan, domain, reason.cause(), Stage::default()) {
            let Entry { id, www, .. } = *entry;
            let removal = Change::Remove { domain: domain.clone(), id, www, reason };
            self.plan_change(plan, entry, removal);
        }
    }

    /// Plans what changes an entry, unless it looks like another name's: RunCloud changes what has the id.
    fn plan_change(&self, plan: &mut Plan, entry: &Entry, change: Change) {
        match self.identities.doubt(change.domain(), entry) {
            None => plan.changes.push(change),
            Some(why) => {
                let detail = format!("{}, but {why}: not believed", show::reason(&change));
                plan.held.push(Held::new(change.domain(), HeldReason::Unproven, detail));
            }
        }
    }

    /// Why an unclaimed entry may be removed, if it may.
    fn may_go(&self, domain: &Domain, entry: &Entry, claim: Option<&Claim>) -> Option<Gone> {
        let owned = self.inputs.known.owned.get(domain);
        let is_alias = match entry.kind {
            Kind::Alias => true,
            // Where RunCloud does not say what a name is, only what we added ourselves is an alias.
            Kind::Unknown => owned.is_some_and(|owned| owned.origin == Origin::Added),
            Kind::Primary | Kind::Redirect => false,
        };
        match (owned, self.inputs.policy.removal) {
            _ if !is_alias => None,
            (Some(_), _) if claim.is_some() => claim.map(|claim| Gone::Site(claim.cause)),
            (Some(owned), _) => Some(Gone::Cause(owned.cause)),
            (None, Removal::Mirror) => Some(Gone::Mirror),
            (None, _) => None,
        }
    }

    fn plan_leftovers(&self, plan: &mut Plan) {
        let Inputs { desired, actual, known, .. } = self.inputs;
        for (domain, owned) in &known.owned {
            match actual.get(domain) {
                Some(entry) if owned.id == Some(entry.id) => {}
                Some(entry) => self.note_id(plan, domain, entry),
                // An application always has a domain: an empty listing is no reason to forget.
                None if actual.is_empty() || desired.is_claimed(domain) => {}
                None if is_listed(domain, Some(owned), actual) => {}
                None => drop(plan.astray.insert(domain.clone(), None)),
            }
        }
        for (domain, restore) in &known.restores {
            self.plan_restore(plan, domain, restore);
        }
        for (domain, cause) in &desired.hijacks {
            let detail = format!("{cause} maps the network's own name to another site: look at it");
            plan.held.push(Held::new(domain, HeldReason::Protected, detail));
        }
        plan.unmanaged
            .extend(actual.odd().iter().filter(|name| !self.is_own_wildcard(name)).cloned());
    }

    /// A removed name that an operator wants back is added as one that only RunCloud has, which nothing but
    /// `removal = "mirror"` takes away.
    fn plan_restore(&self, plan: &mut Plan, domain: &Domain, restore: &Restore) {
        let Inputs { desired, actual, policy, .. } = self.inputs;
        let Restore { event, www, cause } = *restore;
        let is_settled = actual.get(domain).is_some()
            || desired.is_claimed(domain)
            || self.protected.contains(domain)
            || policy.removal == Removal::Mirror;
        let stage = Stage::default();
        if is_settled {
            plan.restored.insert(domain.clone());
        } else if !self.hold_failed(plan, domain, cause, stage) {
            let domain = domain.clone();
            plan.changes.push(Change::Add { domain, www, cause, stage, undo: Some(event) });
        }
    }

    fn is_own_wildcard(&self, name: &str) -> bool {
        let base = name.strip_prefix("*.").and_then(|base| Domain::parse(base).ok());
        base.is_some_and(|base| self.protected.contains(&base))
    }
}

/// The tables' protected names and RunCloud's primary, with and without `www.`.
fn protected(inputs: &Inputs<'_>) -> BTreeSet<Domain> {
    let entries = inputs.actual.entries().iter();
    let primary = entries.filter(|(_, entry)| entry.kind == Kind::Primary);
    let primary = primary.flat_map(|(name, _)| name.variants());
    inputs.desired.protected.iter().cloned().chain(primary).collect()
}

/// The names without a certificate once the changes are made: as the ledger knows, as far as they are in RunCloud
/// or a row wants them there, those to be added and those to get `www`.
fn due(inputs: &Inputs<'_>, changes: &[Change]) -> BTreeMap<Domain, CertificateState> {
    let stays = |name| inputs.actual.get(name).is_some() || inputs.desired.is_claimed(name);
    let known = inputs.known.certificates.iter();
    let open = known.filter(|(name, state)| !state.is_covered() && stays(name));
    let mut due: BTreeMap<_, _> = open.map(|(name, state)| (name.clone(), state.clone())).collect();
    for change in changes {
        match change {
            Change::Add { domain, .. } | Change::Update { domain, www: true, .. } => {
                due.insert(domain.clone(), CertificateState::due(inputs.now));
            }
            Change::Update { .. } => {}
            Change::Remove { domain, .. } => drop(due.remove(domain)),
        }
    }
    due
}

/// Rows that turned into no host name, by the name they held.
fn garbled<'a>(inputs: &Inputs<'a>) -> BTreeMap<&'a Domain, &'a Rejected> {
    let rows = &inputs.known.rows;
    let held = |row: &'a Rejected| Some((rows.get(&row.cause.mapping?)?, row));
    inputs.desired.rejected.iter().filter_map(held).collect()
}

fn count_wanted(desired: &Desired) -> usize {
    desired.claims.values().filter(|claim| claim.standing == Standing::Wanted).count()
}

fn rejected(desired: &Desired) -> Vec<String> {
    desired.rejected.iter().map(|row| format!("{}: {}", row.cause, row.rejection)).collect()
}

fn retry_detail(failure: &Failure, now: Timestamp) -> String {
    format!("{}; next try {}", failure.detail, failure.retry_at.for_reader_at(now))
}

//! Which names RunCloud serves as the `www.` of another entry. Pure.

use std::collections::BTreeSet;

use super::certificate::is_misdirected;
use super::inputs::{Inputs, WwwPolicy};
use crate::domain::Domain;
use crate::ledger::Origin;
use crate::probe::DnsVerdict;
use crate::runcloud::{ApiVersion, Entry, Kind};
use crate::wordpress::{Claim, Standing};

/// The `www.x` names that need no entry of their own, because `x` carries `www: true` for them.
pub(super) fn folded(inputs: &Inputs<'_>) -> BTreeSet<Domain> {
    let wanted =
        inputs.desired.claims.iter().filter(|(_, claim)| claim.standing == Standing::Wanted);
    wanted
        .filter(|(name, claim)| can_fold(inputs, name, claim))
        .map(|(name, _)| name.clone())
        .collect()
}

fn can_fold(inputs: &Inputs<'_>, www: &Domain, claim: &Claim) -> bool {
    let Some(bare) = www.without_www() else { return false };
    if inputs.policy.www == WwwPolicy::Never || inputs.actual.get(www).is_some() {
        return false;
    }
    let same_site = inputs.desired.claims.get(&bare).is_some_and(|other| {
        other.standing == Standing::Wanted && other.cause.site == claim.cause.site
    });
    // A bare name that cannot be added for now must not keep its www waiting.
    same_site && !inputs.known.failures.contains_key(&bare) && can_carry(inputs, &bare)
}

/// Whether the entry of `bare` serves its `www.` name already or can be made to.
fn can_carry(inputs: &Inputs<'_>, bare: &Domain) -> bool {
    // What was set once and is not there any more is not set again: somebody, or RunCloud, undid it.
    let was_undone = owned_flag(inputs, bare) == Some(true);
    inputs.actual.get(bare).is_none_or(|entry| {
        carries(inputs, bare) || (is_ours_to_change(inputs, bare, entry) && !was_undone)
    })
}

/// Whether the `www` flag of an entry may be changed. It takes `PATCH …/meta`, which only v3 documents;
/// where RunCloud does not say what a name is, only what we added ourselves is an alias.
pub(super) fn is_ours_to_change(inputs: &Inputs<'_>, name: &Domain, entry: &Entry) -> bool {
    let is_alias = match entry.kind {
        Kind::Alias => true,
        Kind::Unknown => {
            inputs.known.owned.get(name).is_some_and(|owned| owned.origin == Origin::Added)
        }
        Kind::Primary | Kind::Redirect => false,
    };
    is_alias && inputs.policy.api == ApiVersion::V3
}

/// The `www` flag a wanted name should have; none where what is there may stay.
pub(super) fn wanted_flag(
    inputs: &Inputs<'_>,
    folded: &BTreeSet<Domain>,
    name: &Domain,
) -> Option<bool> {
    let variant = name.with_www()?;
    if folded.contains(&variant) {
        return Some(true);
    }
    match inputs.policy.www {
        WwwPolicy::Always => {
            let takes_www = name.is_apex() || is_mapped(inputs, name);
            (takes_www && !is_www(name) && !has_own_entry(inputs, &variant)).then_some(true)
        }
        WwwPolicy::Never => Some(false),
        WwwPolicy::Auto if inputs.desired.is_claimed(&variant) => None,
        WwwPolicy::Auto => by_dns(inputs, name, &variant),
    }
}

/// An apex serves its `www.` too where that points here. What this program set goes again when neither a row
/// nor DNS speaks for it any more; a hand's setting stays, and so does what nothing is known of.
fn by_dns(inputs: &Inputs<'_>, name: &Domain, variant: &Domain) -> Option<bool> {
    let verdict = inputs.known.verdicts.get(variant).map(|verdict| &verdict.verdict);
    match verdict {
        Some(DnsVerdict::Here) => {
            let may_serve = name.is_apex() && is_mapped(inputs, name);
            (may_serve && !has_own_entry(inputs, variant)).then_some(true)
        }
        Some(verdict) if is_misdirected(verdict) => {
            (owned_flag(inputs, name) == Some(true)).then_some(false)
        }
        // Only an apex is looked up: what another name was given for a row goes with the row.
        None if !name.is_apex() => (owned_flag(inputs, name) == Some(true)).then_some(false),
        Some(_) | None => None,
    }
}

/// Whether another entry serves a wanted `www.` name, and will go on doing so.
pub(super) fn is_served(inputs: &Inputs<'_>, name: &Domain) -> bool {
    let is_switched_off = || {
        let bare = name.without_www();
        inputs.policy.www == WwwPolicy::Never
            && inputs.policy.api == ApiVersion::V3
            && bare.is_some_and(|bare| inputs.desired.is_wanted(&bare))
    };
    name.without_www().is_some_and(|bare| carries(inputs, &bare)) && !is_switched_off()
}

/// Whether the entry of `bare` serves its `www.` name: as RunCloud lists it, else as it was set.
pub(super) fn carries(inputs: &Inputs<'_>, bare: &Domain) -> bool {
    inputs.actual.get(bare).is_some_and(|entry| {
        let flag = entry.www.or_else(|| owned_flag(inputs, bare));
        entry.kind != Kind::Redirect && flag == Some(true)
    })
}

/// The `www` flag as this program set it.
pub(super) fn owned_flag(inputs: &Inputs<'_>, name: &Domain) -> Option<bool> {
    inputs.known.owned.get(name)?.www
}

/// Whether the entry is the `www.` of a wanted name, which `www = "always"` wants in either form.
pub(super) fn is_wanted_by_policy(inputs: &Inputs<'_>, www: &Domain) -> bool {
    inputs.policy.www == WwwPolicy::Always
        && www.without_www().is_some_and(|bare| inputs.desired.is_wanted(&bare))
}

fn is_www(name: &Domain) -> bool {
    name.as_str().starts_with("www.")
}

fn has_own_entry(inputs: &Inputs<'_>, variant: &Domain) -> bool {
    inputs.actual.get(variant).is_some() || inputs.desired.is_claimed(variant)
}

/// A site's own name below the network's has no `www.` in anybody's DNS.
fn is_mapped(inputs: &Inputs<'_>, name: &Domain) -> bool {
    inputs.desired.claims.get(name).is_some_and(|claim| claim.cause.mapping.is_some())
}

/// Whether the entry of `name` is still needed, because it serves a claimed `www.` name.
pub(super) fn serves_a_claim(inputs: &Inputs<'_>, name: &Domain) -> bool {
    let Some(variant) = name.with_www() else { return false };
    let has_no_entry = inputs.actual.get(&variant).is_none();
    carries(inputs, name) && has_no_entry && inputs.desired.is_claimed(&variant)
}

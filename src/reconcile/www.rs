//! Which names RunCloud serves as the `www.` of another entry. Pure.

use std::collections::BTreeSet;

use super::inputs::{Inputs, WwwPolicy};
use crate::domain::Domain;
use crate::runcloud::{Actual, ApiVersion, Kind};
use crate::wordpress::{Claim, Desired, Standing};

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

/// Whether the entry of `bare` serves its `www.` name already or can be made to. Changing an entry
/// needs `PATCH …/meta`, which only v3 documents.
fn can_carry(inputs: &Inputs<'_>, bare: &Domain) -> bool {
    inputs.actual.get(bare).is_none_or(|entry| {
        let is_ours_to_change = matches!(entry.kind, Kind::Alias | Kind::Unknown);
        entry.www || (is_ours_to_change && inputs.policy.api == ApiVersion::V3)
    })
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
        WwwPolicy::Always => (!is_www(name) && !has_own_entry(inputs, &variant)).then_some(true),
        WwwPolicy::Never => Some(false),
        // What this daemon set for a www row goes when that row does; a hand's setting stays.
        WwwPolicy::Auto => {
            let ours = inputs.known.owned.get(name).and_then(|owned| owned.www) == Some(true);
            (ours && !is_claimed(inputs.desired, &variant)).then_some(false)
        }
    }
}

/// Whether another entry serves a wanted `www.` name, and will go on doing so.
pub(super) fn is_served(inputs: &Inputs<'_>, name: &Domain) -> bool {
    let is_switched_off = || {
        let bare = name.without_www();
        inputs.policy.www == WwwPolicy::Never
            && inputs.policy.api == ApiVersion::V3
            && bare.is_some_and(|bare| is_wanted(inputs.desired, &bare))
    };
    inputs.actual.serves_as_www(name) && !is_switched_off()
}

/// Whether the entry is the `www.` of a wanted name, which `www = "always"` wants in either form.
pub(super) fn is_wanted_by_policy(inputs: &Inputs<'_>, www: &Domain) -> bool {
    inputs.policy.www == WwwPolicy::Always
        && www.without_www().is_some_and(|bare| is_wanted(inputs.desired, &bare))
}

fn is_www(name: &Domain) -> bool {
    name.as_str().starts_with("www.")
}

fn has_own_entry(inputs: &Inputs<'_>, variant: &Domain) -> bool {
    inputs.actual.get(variant).is_some() || is_claimed(inputs.desired, variant)
}

fn is_wanted(desired: &Desired, name: &Domain) -> bool {
    desired.claims.get(name).is_some_and(|claim| claim.standing == Standing::Wanted)
}

fn is_claimed(desired: &Desired, name: &Domain) -> bool {
    desired.claims.get(name).is_some_and(|claim| claim.standing != Standing::NotWanted)
}

/// Whether the entry of `name` is still needed, because it serves a claimed `www.` name.
pub(super) fn serves_a_claim(desired: &Desired, actual: &Actual, name: &Domain) -> bool {
    let Some(variant) = name.with_www() else { return false };
    let serves = actual.get(name).is_some_and(|entry| entry.www);
    serves && actual.get(&variant).is_none() && is_claimed(desired, &variant)
}

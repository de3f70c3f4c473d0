//! Which names' DNS is asked for, and when again. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::inputs::{Inputs, WwwPolicy};
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::Verdict;
use crate::probe::DnsVerdict;
use crate::wordpress::{Claim, Kept, Standing};

/// After the first, second, … look at a name that does not point here; the last one repeats.
const LOOKS: [Duration; 4] = [
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_mins(100),
    Duration::from_hours(24),
];

/// The names whose DNS decides something, each with the claim that it is for.
pub(super) fn interesting(inputs: &Inputs<'_>) -> BTreeMap<Domain, Claim> {
    let mut names = BTreeMap::new();
    for (domain, claim) in &inputs.desired.claims {
        if inputs.desired.protected.contains(domain) {
            continue;
        }
        if decides(inputs, domain, claim) {
            names.insert(domain.clone(), *claim);
        }
        if let Some(www) = www_of(inputs, domain, claim) {
            names.entry(www).or_insert(*claim);
        }
    }
    names
}

/// Whether where the name points decides about its addition or its certificate.
fn decides(inputs: &Inputs<'_>, domain: &Domain, claim: &Claim) -> bool {
    let is_present = inputs.actual.get(domain).is_some();
    match claim.standing {
        Standing::NotWanted => false,
        Standing::Wanted | Standing::Kept(Kept::StageFailed) if !is_present => true,
        Standing::Wanted | Standing::Kept(_) => {
            let state = inputs.known.certificates.get(domain);
            is_present && state.is_some_and(|state| !state.is_covered())
        }
    }
}

/// The `www.` of an apex that no row names: it is served too where it points here.
fn www_of(inputs: &Inputs<'_>, domain: &Domain, claim: &Claim) -> Option<Domain> {
    let may_serve = inputs.policy.www == WwwPolicy::Auto
        && claim.standing == Standing::Wanted
        && claim.cause.mapping.is_some()
        && domain.is_apex();
    let www = domain.with_www().filter(|_| may_serve)?;
    let has_own = inputs.desired.is_claimed(&www) || inputs.actual.get(&www).is_some();
    (!has_own).then_some(www)
}

/// Those of them that are to be looked up now: new ones, those whose row is another one, and those whose time
/// has come. With `eager` also every one that held something back, as somebody who asks expects.
pub(super) fn to_look_up(
    interesting: &BTreeMap<Domain, Claim>,
    verdicts: &BTreeMap<Domain, Verdict>,
    eager: &BTreeSet<Domain>,
    now: Timestamp,
) -> BTreeSet<Domain> {
    let longest = LOOKS[LOOKS.len() - 1];
    let is_due = |domain: &Domain, claim: &Claim| {
        verdicts.get(domain).is_none_or(|before| {
            before.cause != words(claim)
                || !now.is_before(before.next, longest)
                || (before.verdict != DnsVerdict::Here && eager.contains(domain))
        })
    };
    let due = interesting.iter().filter(|(domain, claim)| is_due(domain, claim));
    due.map(|(domain, _)| domain.clone()).collect()
}

/// Those of them that are looked up more often than once a day, and now.
pub(super) fn due_between_passes(
    verdicts: &BTreeMap<Domain, Verdict>,
    now: Timestamp,
) -> BTreeSet<Domain> {
    let daily = LOOKS[LOOKS.len() - 1];
    let is_due = |verdict: &Verdict| {
        verdict.next.since(verdict.seen) < daily && !now.is_before(verdict.next, daily)
    };
    let due = verdicts.iter().filter(|(_, verdict)| is_due(verdict));
    due.map(|(domain, _)| domain.clone()).collect()
}

/// What is remembered of a look.
pub(super) fn remember(
    before: Option<&Verdict>,
    verdict: DnsVerdict,
    cause: String,
    now: Timestamp,
) -> Verdict {
    let same =
        before.filter(|before| before.verdict.word() == verdict.word() && before.cause == cause);
    let looks = same.map_or(1, |before| before.looks.saturating_add(1));
    let index = usize::try_from(looks - 1).unwrap_or(LOOKS.len()).min(LOOKS.len() - 1);
    let wait = if verdict == DnsVerdict::Here { LOOKS[LOOKS.len() - 1] } else { LOOKS[index] };
    Verdict {
        since: same.map_or(now, |before| before.since),
        seen: now,
        looks,
        next: now.plus(wait),
        cause,
        verdict,
    }
}

/// What a look at the name is for, as it is remembered.
pub(super) fn words(claim: &Claim) -> String {
    format!("{}, {}", claim.cause, claim.stage.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_point_here_is_looked_up_ever_more_rarely() {
        let (mut now, mut verdict, mut waits) = (Timestamp(0), None, vec![]);
        for _ in 0..5 {
            let seen = remember(verdict.as_ref(), DnsVerdict::NotFound, "mapping 1".into(), now);
            waits.push(seen.next.since(now).as_secs() / 60);
            now = seen.next;
            verdict = Some(seen);
        }
        assert_eq!(waits, [1, 10, 100, 1_440, 1_440]);
        let changed = remember(verdict.as_ref(), DnsVerdict::NotFound, "mapping 2".into(), now);
        assert_eq!((changed.looks, changed.since), (1, now));
    }
}

//! Who is covered by a certificate, as the web server shows it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::certificates::{certificate_expired, ssl_installed};
use super::pointing::{has_www_astray, is_astray};
use crate::clock::Timestamp;
use crate::doctor::Look;
use crate::doctor::check::{Check, Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::words::{between, names_of};
use crate::domain::Domain;
use crate::ledger::{CertificateState, Look as Ledger};
use crate::reconcile::certificate::states::Sight;
use crate::runcloud::Ssl;
use crate::text::counted;

pub(super) const CHECKS: &[Look] = &[web_server_seen, name_not_covered];

/// A certificate comes within minutes, or waits for something.
const SOON: Duration = Duration::from_hours(1);

/// Why a name counts as not covered.
struct Uncovered {
    since: Option<Timestamp>,
    why: Option<String>,
}

fn web_server_seen(facts: &Facts) -> Option<Finding> {
    let check = Check::WebServerSeen;
    let sights = &facts.wire.sights;
    let unseen = sights.values().filter_map(|sight| match sight {
        Sight::Unseen(why) => Some(why),
        _ => None,
    });
    let unseen: Vec<_> = unseen.collect();
    match unseen.first() {
        None if sights.is_empty() => None,
        Some(why) if unseen.len() == sights.len() => check.note(
            format!("which certificates are shown cannot be told: {why}"),
            "Set ssl.probe_address in config.toml to where this machine reaches the web server",
        ),
        _ => check.ok(format!("{} answers", facts.wire.web_server?)),
    }
}

fn name_not_covered(facts: &Facts) -> Option<Finding> {
    let check = Check::NameNotCovered;
    if ssl_installed(facts).is_some_and(|found| found.verdict == Verdict::Fail)
        || certificate_expired(facts).is_some()
    {
        return None;
    }
    let uncovered: BTreeMap<&Domain, Uncovered> = candidates(facts)
        .into_iter()
        .filter_map(|name| Some((name, uncovered(facts, name)?)))
        .collect();
    let Some((first, Uncovered { since, why })) = uncovered.first_key_value() else {
        let covered = facts.wire.sights.values();
        let covered = covered.filter(|sight| matches!(sight, Sight::Covered { .. })).count();
        return if covered == 0 { None } else { check.ok(counted(covered, "name")) };
    };
    let since = since.map(|since| format!(" for {}", between(since, facts.now)));
    let why = why.as_ref().map(|why| format!(": {why}"));
    let evidence = format!(
        "{} not covered by a certificate; {first}{}{}",
        names_of(uncovered.keys().copied()),
        since.unwrap_or_default(),
        why.unwrap_or_else(|| ", as the web server shows".to_owned()),
    );
    let mend = "Look into the activity log below, and whether port 80 is open to all; `plan` says what is \
                ordered next, `explain NAME` tells a name's story";
    check.warn(evidence, mend)
}

/// Names that could be covered: those that point elsewhere have a finding of their own.
fn candidates(facts: &Facts) -> Vec<&Domain> {
    let could = |name: &&Domain| {
        !facts.wire.verdicts.get(name).is_some_and(is_astray) && !has_www_astray(facts, name)
    };
    facts.wire.sights.keys().filter(could).collect()
}

/// By what the web server shows; where it cannot be seen, by what RunCloud and the ledger say.
fn uncovered(facts: &Facts, name: &Domain) -> Option<Uncovered> {
    let state = match &facts.state.ledger {
        Some(Ok(Ledger::Known(known))) => known.certificates.get(name),
        _ => None,
    };
    let (since, why) = match state {
        Some(CertificateState::Due { since, .. } | CertificateState::Ordered { since, .. }) => {
            (Some(*since), None)
        }
        Some(CertificateState::Failed { since, reason, .. }) => {
            (Some(*since), Some(reason.clone()))
        }
        Some(CertificateState::Covered { .. }) | None => (None, None),
    };
    let is_soon = why.is_none() && since.is_some_and(|since| since.plus(SOON) >= facts.now);
    let is_uncovered = match facts.wire.sights.get(name)? {
        Sight::Covered { .. } => false,
        Sight::Uncovered | Sight::Foreign(_) => true,
        Sight::Unseen(_) => why.is_some() || has_none(facts).contains(name.as_str()),
    };
    (is_uncovered && !is_soon).then_some(Uncovered { since, why })
}

/// Names that RunCloud shows without a certificate of their own, where each should have one.
fn has_none(facts: &Facts) -> BTreeSet<&str> {
    let (Some(Ok(Ssl::Advanced | Ssl::AutoSsl)), Some(Ok(shown))) =
        (&facts.api.ssl, &facts.api.certificates)
    else {
        return BTreeSet::new();
    };
    shown.iter().filter(|one| one.id.is_none()).filter_map(|one| one.domain.as_deref()).collect()
}

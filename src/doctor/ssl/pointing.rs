//! Where names point: a certificate is issued only for those that point here. Pure.

use std::net::IpAddr;

use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::Facts;
use crate::doctor::words::names_of;
use crate::domain::Domain;
use crate::probe::DnsVerdict;

pub(super) const CHECKS: &[Look] = &[dns_known, name_elsewhere, name_without_dns, www_without_dns];

fn dns_known(facts: &Facts) -> Option<Finding> {
    let check = Check::DnsKnown;
    let mend = "Name a resolver that finds the network's own domain: dns.resolvers in config.toml";
    if let Some(why) = &facts.wire.no_resolver {
        return check.note(why.as_str(), mend);
    }
    let verdicts = &facts.wire.verdicts;
    let unknown = verdicts.iter().filter_map(|(name, verdict)| match verdict {
        DnsVerdict::Unknown(why) => Some((name, why)),
        _ => None,
    });
    let unknown: Vec<_> = unknown.collect();
    match unknown.first() {
        None if verdicts.is_empty() => None,
        None => check.ok("every name was looked up"),
        Some((_, why)) => {
            let names = names_of(unknown.iter().map(|(name, _)| *name));
            check.note(format!("where {names} point cannot be told: {why}"), mend)
        }
    }
}

fn name_elsewhere(facts: &Facts) -> Option<Finding> {
    let elsewhere = served(facts).filter_map(|(name, verdict)| match verdict {
        DnsVerdict::Elsewhere(addresses) => Some((name, addresses)),
        _ => None,
    });
    let elsewhere: Vec<_> = elsewhere.collect();
    let (_, addresses) = elsewhere.first()?;
    let to = addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
    let evidence = format!(
        "{} not to this server (the first to {to}), so no certificate comes",
        names_of(elsewhere.iter().map(|(name, _)| *name))
    );
    Check::NameElsewhere.warn(evidence, to_here(facts))
}

fn name_without_dns(facts: &Facts) -> Option<Finding> {
    let missing = served(facts).filter(|(_, verdict)| **verdict == DnsVerdict::NotFound);
    let missing: Vec<_> = missing.map(|(name, _)| name).collect();
    (!missing.is_empty()).then_some(())?;
    let evidence =
        format!("{} without an address in DNS, so no certificate comes", names_of(missing));
    Check::NameWithoutDns.warn(evidence, to_here(facts))
}

/// What the customer has to do.
fn to_here(facts: &Facts) -> String {
    let address = facts.api.server.as_ref().and_then(|server| server.as_ref().ok()?.address);
    let address = address.map_or_else(|| "this server".to_owned(), |address| address.to_string());
    format!(
        "Let the customer set the name's A record to {address}, and no AAAA record that leads elsewhere. \
         A proxy's addresses that are meant go into dns.accept"
    )
}

fn www_without_dns(facts: &Facts) -> Option<Finding> {
    let names = facts.api.domains.as_ref()?.as_ref().ok()?.entries().keys();
    let astray: Vec<_> = names.filter(|name| has_www_astray(facts, name)).collect();
    (!astray.is_empty()).then_some(())?;
    let evidence = format!(
        "{} with www in RunCloud, which certifies it too, and www. before them does not point here: the \
         order fails for it",
        names_of(astray)
    );
    let mend = "Switch www off for them in RunCloud, or set www = \"never\" in config.toml, or let the \
                customer add the DNS record";
    Check::WwwWithoutDns.warn(evidence, mend)
}

/// Whether RunCloud serves and certifies a `www.` that does not point here.
pub(super) fn has_www_astray(facts: &Facts, name: &Domain) -> bool {
    let actual = facts.api.domains.as_ref().and_then(|answer| answer.as_ref().ok());
    let entry = actual.and_then(|actual| actual.get(name));
    let www = name.with_www().and_then(|www| facts.wire.verdicts.get(&www));
    entry.is_some_and(|entry| entry.www == Some(true)) && www.is_some_and(is_astray)
}

pub(super) fn is_astray(verdict: &DnsVerdict) -> bool {
    matches!(verdict, DnsVerdict::NotFound | DnsVerdict::Elsewhere(_))
}

/// Verdicts of the names themselves, without the `www.` that comes with them.
fn served(facts: &Facts) -> impl Iterator<Item = (&Domain, &DnsVerdict)> {
    let actual = facts.api.domains.as_ref().and_then(|answer| answer.as_ref().ok());
    let is_entry = move |name: &Domain| actual.is_some_and(|actual| actual.get(name).is_some());
    facts.wire.verdicts.iter().filter(move |(name, _)| is_entry(name))
}

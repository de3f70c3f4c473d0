//! The certificates as RunCloud has them. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::Facts;
use crate::doctor::words::names_of;
use crate::runcloud::{Actual, Certificate, Ssl};
use crate::text::span;

pub(super) const CHECKS: &[Look] = &[
    ssl_installed,
    ssl_orderable,
    ssl_environment,
    ssl_method,
    ssl_wildcard,
    certificate_names,
    certificate_expired,
    certificate_renewal,
];

/// The most names that one certificate of Let's Encrypt holds (documented).
const MOST_NAMES: usize = 100;
/// From so many on it is time to think of another way.
const MANY_NAMES: usize = 90;
/// Renewal has failed where it is so late: it is tried daily.
const RENEWAL_LATE: Duration = Duration::from_hours(7 * 24);
/// Where RunCloud shows no date of renewal: less than a third of the shortest lifetime to come.
const ENDS_SOON: Duration = Duration::from_hours(14 * 24);

pub(super) fn ssl_installed(facts: &Facts) -> Option<Finding> {
    let check = Check::SslInstalled;
    match facts.api.ssl.as_ref()?.as_ref().ok()? {
        Ssl::None => check.fail(
            "the web application has no certificate, so no name opens with https",
            "Install one in RunCloud (the web application, SSL/TLS, Let's Encrypt)",
        ),
        Ssl::Basic(_) => check.ok("basic SSL: one certificate for all names"),
        Ssl::Custom => None,
        Ssl::Advanced => check.ok("advanced SSL: one certificate for each name"),
        Ssl::AutoSsl => check.ok("AutoSSL: RunCloud orders by itself"),
    }
}

fn ssl_orderable(facts: &Facts) -> Option<Finding> {
    (*facts.api.ssl.as_ref()?.as_ref().ok()? == Ssl::Custom).then_some(())?;
    Check::SslOrderable.warn(
        "the certificate is somebody's own, which RunCloud cannot order again: names that are added are not \
         in it",
        "Replace it by one of Let's Encrypt, or add the names to it by hand",
    )
}

fn ssl_environment(facts: &Facts) -> Option<Finding> {
    let staging: Vec<_> = installed(facts)?.filter(|certificate| certificate.is_staging).collect();
    let evidence =
        format!("{} of the staging environment: no browser believes it", whose(&staging)?);
    Check::SslEnvironment.fail(evidence, "Install it again in RunCloud with the live environment")
}

fn ssl_method(facts: &Facts) -> Option<Finding> {
    let by_dns =
        |certificate: &&Certificate| certificate.authorization.as_deref() == Some("dns-01");
    let by_dns: Vec<_> = installed(facts)?.filter(by_dns).collect();
    let evidence = format!(
        "{} ordered by dns-01, which works only for names whose zone is at the DNS provider connected to \
         RunCloud; customers' zones are elsewhere",
        whose(&by_dns)?
    );
    Check::SslMethod.warn(evidence, "Set the authorization to http-01 in RunCloud")
}

fn ssl_wildcard(facts: &Facts) -> Option<Finding> {
    let Ssl::Basic(_) = facts.api.ssl.as_ref()?.as_ref().ok()? else { return None };
    let mut by_http = installed(facts)?
        .filter(|certificate| certificate.authorization.as_deref() != Some("dns-01"));
    let actual = domains(facts)?;
    let wildcards: Vec<_> =
        actual.entries().keys().filter(|name| actual.is_wildcard(name)).collect();
    let odd = actual.odd().iter().find(|name| name.starts_with("*."));
    by_http.next()?;
    let evidence = match (wildcards.first(), odd) {
        (None, None) => return None,
        (Some(_), _) => format!("{} with wildcard", names_of(wildcards)),
        (None, Some(name)) => name.clone(),
    };
    let evidence =
        format!("{evidence}: http-01 cannot prove a wildcard, which can fail the whole order");
    let mend = "Take the wildcard out of the web application, or give it a certificate of its own (advanced \
                SSL, dns-01)";
    Check::SslWildcard.warn(evidence, mend)
}

fn certificate_names(facts: &Facts) -> Option<Finding> {
    let Ssl::Basic(_) = facts.api.ssl.as_ref()?.as_ref().ok()? else { return None };
    let check = Check::CertificateNames;
    let names = certified_names(domains(facts)?);
    let evidence = format!("{names} of {MOST_NAMES} names (www counts) are in the one certificate");
    let mend = "Switch the web application to advanced SSL in RunCloud (a certificate for each name, Business \
                plan), or take names and www out of it";
    match names {
        ..MANY_NAMES => check.ok(evidence),
        MANY_NAMES..=MOST_NAMES => check.warn(evidence, mend),
        _ => check.fail(format!("{evidence}: it can no longer be issued"), mend),
    }
}

fn certified_names(actual: &Actual) -> usize {
    let www = actual.entries().values().filter(|entry| entry.www == Some(true));
    actual.len() + www.count()
}

pub(super) fn certificate_expired(facts: &Facts) -> Option<Finding> {
    let is_over =
        |certificate: &&Certificate| certificate.valid_until.is_some_and(|until| until < facts.now);
    let over: Vec<_> = installed(facts)?.filter(is_over).collect();
    let evidence = format!("{} over", whose(&over)?);
    let mend =
        "Look into the activity log below for why it was not renewed; then redeploy it in RunCloud";
    Check::CertificateExpired.fail(evidence, mend)
}

fn certificate_renewal(facts: &Facts) -> Option<Finding> {
    let check = Check::CertificateRenewal;
    let late: Vec<_> = installed(facts)?.filter(|one| is_renewed_late(one, facts.now)).collect();
    if let Some(whose) = whose(&late) {
        let mend = "Look into the activity log below, and whether port 80 of the server is open to all; then \
                    redeploy it in RunCloud";
        return check.warn(format!("{whose} about to end and not renewed"), mend);
    }
    let end = installed(facts)?.filter_map(|one| one.valid_until).min()?;
    (end >= facts.now).then_some(())?;
    check.ok(format!("the next one ends in {}", span(end.since(facts.now))))
}

fn is_renewed_late(certificate: &Certificate, now: Timestamp) -> bool {
    let Some(until) = certificate.valid_until.filter(|until| *until >= now) else { return false };
    match certificate.renewal {
        Some(renewal) => renewal.plus(RENEWAL_LATE) < now,
        None => until < now.plus(ENDS_SOON),
    }
}

/// The certificates that are installed, each once.
fn installed(facts: &Facts) -> Option<impl Iterator<Item = &Certificate>> {
    let shown = facts.api.certificates.as_ref()?.as_ref().ok()?;
    let mut seen = BTreeSet::new();
    Some(shown.iter().filter(move |one| one.id.is_some_and(|id| seen.insert(id))))
}

fn domains(facts: &Facts) -> Option<&Actual> {
    facts.api.domains.as_ref()?.as_ref().ok()
}

/// `the certificate is`, `the certificates of a.test and 2 more are`; none where there are none.
fn whose(certificates: &[&Certificate]) -> Option<String> {
    let first = certificates.first()?;
    let name = first.domain.as_deref().unwrap_or("all names");
    Some(match certificates.len() - 1 {
        0 => format!("the certificate of {name} is"),
        more => format!("the certificates of {name} and {more} more are"),
    })
}

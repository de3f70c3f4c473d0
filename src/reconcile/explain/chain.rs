//! The chain from the row to the visitor, one line for each link.

use super::{Facts, FromLedger, Link, Protection, State, is_missing};
use crate::clock::Timestamp;
use crate::ledger::{CertificateState, Origin, Owned};
use crate::probe::DnsVerdict;
use crate::wordpress::{Kept, Mapping, Refusal, Serving, Standing};

pub(super) fn chain(facts: &Facts<'_>) -> Vec<Link> {
    [
        ("row", Some(row(facts))),
        ("policy", policy(facts)),
        ("ownership", Some(ownership(facts))),
        ("RunCloud", runcloud(facts)),
        ("DNS", dns(facts)),
        ("certificate", certificate(facts)),
        ("WordPress", wordpress(facts)),
        ("next", next(facts)),
    ]
    .into_iter()
    .filter_map(|(link, told)| told.map(|(state, text)| Link { link, state, text }))
    .collect()
}

type Told = Option<(State, String)>;

fn row(facts: &Facts<'_>) -> (State, String) {
    let tables = match &facts.tables {
        Ok(tables) => tables,
        Err(why) => return (State::Open, format!("not read: {why}")),
    };
    if !tables.rows.is_empty() {
        let rows: Vec<String> = tables.rows.iter().map(|row| told_row(row)).collect();
        return (State::Good, rows.join("; "));
    }
    let own = tables.claim.filter(|claim| claim.cause.mapping.is_none());
    match (own, tables.siblings.first()) {
        (Some(claim), _) => (State::Good, format!("none; it is the {}", claim.cause)),
        (None, Some(sibling)) => {
            (State::Bad, format!("none of its own; {}: {}", told_row(sibling), shown(sibling)))
        }
        (None, None) => (State::Bad, "none".to_owned()),
    }
}

fn told_row(row: &Mapping) -> String {
    let stage = match row.stage.word() {
        "" => "no stage",
        word => word,
    };
    let active = if row.active { "" } else { ", not active" };
    format!("mapping {} of site {}, {stage}{active}", row.id, row.site)
}

fn shown(row: &Mapping) -> String {
    row.domain.escape_debug().to_string()
}

fn policy(facts: &Facts<'_>) -> Told {
    let tables = facts.tables.as_ref().ok()?;
    if let Some(cause) = tables.hijack {
        return Some((
            State::Bad,
            format!("the network's own name, and {cause} maps it elsewhere"),
        ));
    }
    Some(match (tables.protection, tables.claim.map(|claim| claim.standing)) {
        (Some(Protection::Network), _) => {
            (State::Good, "the network's own name, never touched".to_owned())
        }
        (Some(Protection::Keep), _) => (State::Good, "on the keep list, never touched".to_owned()),
        (None, Some(Standing::Wanted)) => (State::Good, "wanted".to_owned()),
        (None, Some(Standing::Kept(kept))) => {
            (State::Open, format!("left where it is and not added, because {}", why_kept(kept)))
        }
        (None, Some(Standing::NotWanted)) => {
            (State::Bad, "not wanted: the row's site does not exist".to_owned())
        }
        (None, None) => (State::Open, "not wanted".to_owned()),
    })
}

pub(super) fn why_kept(kept: Kept) -> &'static str {
    match kept {
        Kept::SubdomainsOff => "subdomains = \"off\"",
        Kept::SiteDeleted => "its site is deleted",
        Kept::SiteSpam => "its site is marked as spam",
        Kept::SiteArchived => "its site is archived",
        Kept::Inactive => "its row is not active",
        Kept::StageFailed => "the plugin gave up waiting for its DNS",
    }
}

fn ownership(facts: &Facts<'_>) -> (State, String) {
    let Some(record) = facts.record() else {
        return (State::Open, "no ledger yet: nothing is managed".to_owned());
    };
    match &record.owned {
        Some((Owned { origin, .. }, since)) => {
            let how = match origin {
                Origin::Added => "added by this program",
                Origin::Adopted => "found here and adopted",
            };
            (State::Good, format!("{how}, {}", since.for_reader_at(facts.now.wall)))
        }
        None => (State::Open, "not managed".to_owned()),
    }
}

fn runcloud(facts: &Facts<'_>) -> Told {
    let ledger = facts.ledger.as_ref()?;
    let seen = seen(ledger, facts.now.wall);
    let record = ledger.record;
    if let Some(failure) = &record.failure {
        return Some((State::Bad, format!("refused: {}", failure.detail)));
    }
    let there = match (&record.owned, ledger.carrier) {
        (Some((Owned { www: Some(true), .. }, _)), _) => "there, with www".to_owned(),
        (Some(_), _) => "there".to_owned(),
        (None, Some((bare, _))) => format!("served by the entry of {bare}, with www"),
        (None, None) if facts.is_below_wildcard() => "served by a wildcard".to_owned(),
        (None, None) => {
            return Some(match record.noted.as_ref().map(|noted| noted.word.as_str()) {
                Some("unmanaged") => (State::Open, format!("there, but not managed{seen}")),
                Some("primary") => (State::Good, format!("the web application's own name{seen}")),
                Some("redirect") => (State::Bad, format!("a redirect{seen}")),
                _ => (State::Bad, format!("not there{seen}")),
            });
        }
    };
    Some(if record.owned.is_some() && is_missing(record) {
        (State::Bad, format!("not in the last lists{seen}"))
    } else {
        (State::Good, format!("{there}{seen}"))
    })
}

/// As of which pass.
fn seen(ledger: &FromLedger<'_>, now: Timestamp) -> String {
    let last = ledger.survey.last.as_ref().filter(|last| last.saw.is_some());
    let seen = |last: &crate::ledger::Pass| {
        format!(", as of pass {} ({})", last.id, last.started.for_reader_at(now))
    };
    last.map(seen).unwrap_or_default()
}

fn dns(facts: &Facts<'_>) -> Told {
    let verdict = facts.served_by()?.verdict.as_ref()?;
    let state = match verdict.verdict {
        DnsVerdict::Here => State::Good,
        DnsVerdict::Elsewhere(_) | DnsVerdict::NotFound => State::Bad,
        DnsVerdict::Unknown(_) => State::Open,
    };
    let seen = verdict.seen.for_reader_at(facts.now.wall);
    Some((state, format!("{}, seen {seen}", verdict.verdict)))
}

fn certificate(facts: &Facts<'_>) -> Told {
    let record = facts.served_by()?;
    let now = facts.now.wall;
    Some(match record.certificate.as_ref()? {
        CertificateState::Covered { until, issuer, .. } => {
            (State::Good, format!("covers it until {}, by {issuer}", until.for_reader_at(now)))
        }
        CertificateState::Ordered { since, .. } => {
            (State::Open, format!("ordered {}, not seen yet", since.for_reader_at(now)))
        }
        CertificateState::Failed { reason, retry_at, .. } => {
            let next = retry_at.for_reader_at(now);
            (State::Bad, format!("the last order brought nothing: {reason}; next order {next}"))
        }
        CertificateState::Due { since, .. } => {
            let why = record.waiting.as_ref().map(|waiting| format!("; {}", waiting.detail));
            let since = since.for_reader_at(now);
            (State::Bad, format!("none since {since}{}", why.unwrap_or_default()))
        }
    })
}

fn wordpress(facts: &Facts<'_>) -> Told {
    let serving = &facts.tables.as_ref().ok()?.serving;
    Some(match serving {
        Serving::Served { mapping: Some(mapping), site } => {
            (State::Good, format!("serves site {site}, by mapping {mapping}"))
        }
        Serving::Served { mapping: None, site } => {
            (State::Good, format!("serves site {site}, whose own name it is"))
        }
        Serving::Refused { mapping, why } => (
            State::Bad,
            format!("serves nothing by mapping {mapping}, which {}", why_refused(*why)),
        ),
        Serving::Gone { site, .. } => {
            (State::Bad, format!("answers that site {site} is gone (410)"))
        }
        Serving::Spelled { mapping, stored } => (
            State::Bad,
            format!("does not find mapping {mapping}, which holds \"{}\"", stored.escape_debug()),
        ),
        Serving::Nowhere => (State::Bad, "knows no site for it".to_owned()),
    })
}

pub(super) fn why_refused(why: Refusal) -> &'static str {
    match why {
        Refusal::Inactive => "is not active",
        Refusal::CheckingDns => "waits until the plugin has seen the name arrive here",
        Refusal::CheckingSsl => "waits until the plugin has seen a certificate",
        Refusal::Failed => "was given up by the plugin, which did not see the name arrive",
        Refusal::SslFailed => "was given up by the plugin, which saw no certificate",
        Refusal::NoSite => "is of a site that does not exist",
    }
}

/// When something is done about it by itself.
fn next(facts: &Facts<'_>) -> Told {
    let ledger = facts.ledger.as_ref()?;
    let now = facts.now.wall;
    let failure = ledger.record.failure.as_ref().map(|failure| ("try", failure.retry_at));
    let record = facts.served_by()?;
    let certificate =
        record.certificate.as_ref().map(|state| ("look at its certificate", state.next()));
    let verdict = record.verdict.as_ref().map(|verdict| ("look at its DNS", verdict.next));
    let ahead = [failure, certificate, verdict].into_iter().flatten().filter(|(_, at)| *at > now);
    let (what, at) = ahead.min_by_key(|(_, at)| *at)?;
    Some((State::Open, format!("{what} {}", at.for_reader_at(now))))
}

//! Why a visitor of a name that RunCloud has does not see its site, and that he does.

use super::Facts;
use super::chain::why_refused;
use super::verdict::{Reason, Verdict, mended, of};
use crate::ledger::{CertificateState, NameRecord};
use crate::probe::DnsVerdict;
use crate::reconcile::show::word;
use crate::wordpress::{Refusal, Serving};

/// The word for a wait that the state of a failed order tells already.
const FAILED: &str = "retry_later";

/// What has no certificate.
pub(super) fn uncovered(facts: &Facts<'_>) -> Option<Verdict> {
    let record = facts.served_by()?;
    let state = record.certificate.as_ref().filter(|state| !state.is_covered())?;
    let verdict = without_certificate(facts, record, state);
    Some(match (&verdict.reason, &record.waiting) {
        (Reason::DnsElsewhere | Reason::DnsNotFound, _) | (_, None) => verdict,
        (_, Some(waiting)) => verdict.because(&waiting.word),
    })
}

fn without_certificate(
    facts: &Facts<'_>,
    record: &NameRecord,
    state: &CertificateState,
) -> Verdict {
    let now = facts.now.wall;
    let waits = record.waiting.as_ref().filter(|waiting| waiting.word != FAILED);
    match (state, record.verdict.as_ref().map(|seen| &seen.verdict)) {
        (CertificateState::Ordered { since, .. }, _) => of(
            Reason::CertificateOrdered,
            format!(
                "its certificate was ordered {} and is not there yet",
                since.for_reader_at(now)
            ),
        ),
        (_, Some(elsewhere @ DnsVerdict::Elsewhere(_))) => mended(
            Reason::DnsElsewhere,
            format!("it has no certificate, because it {elsewhere} and not here"),
            "let the customer point it to this server; the certificate follows by itself"
                .to_owned(),
        ),
        (_, Some(DnsVerdict::NotFound)) => mended(
            Reason::DnsNotFound,
            "it has no certificate, because it is not in DNS".to_owned(),
            "let the customer enter it in DNS; the certificate follows by itself".to_owned(),
        ),
        (CertificateState::Failed { reason, retry_at, .. }, _) => {
            let next = match waits {
                Some(waits) => format!("the next one waits: {}", waits.detail),
                None => format!("the next goes out {}", retry_at.for_reader_at(now)),
            };
            mended(
                Reason::CertificateFailed,
                format!("its last certificate order brought nothing: {reason}; {next}"),
                format!("when the cause is mended:\n{} retry {}", facts.command, facts.name),
            )
        }
        (CertificateState::Due { .. } | CertificateState::Covered { .. }, _) => {
            let why = waits.map_or("the next pass orders one", |waits| waits.detail.as_str());
            of(Reason::CertificateDue, format!("it has no certificate yet: {why}"))
        }
    }
}

/// What WordPress does not serve although everything else is there.
pub(super) fn unserved(facts: &Facts<'_>) -> Option<Verdict> {
    let sentence =
        |why: &str| format!("everything is there, and WordPress does not serve it: {why}");
    match &facts.tables.as_ref().ok()?.serving {
        Serving::Served { .. } => None,
        Serving::Refused { mapping, why } => {
            let told = sentence(&format!("mapping {mapping} {}", why_refused(*why)));
            Some(refused(*mapping, *why, told).because(word(why)))
        }
        Serving::Gone { site, .. } => Some(mended(
            Reason::NotServed,
            sentence(&format!("site {site} is archived, spam or deleted")),
            "restore the site in WordPress, if it should be served".to_owned(),
        )),
        Serving::Spelled { mapping, stored } => Some(mended(
            Reason::NotServed,
            sentence(&format!(
                "mapping {mapping} holds \"{}\", and browsers ask for {}",
                stored.escape_debug(),
                facts.name
            )),
            format!("store {} in mapping {mapping} instead", facts.name),
        )),
        Serving::Nowhere => Some(of(Reason::NotServed, sentence("it knows no site for it"))),
    }
}

fn refused(mapping: i64, why: Refusal, sentence: String) -> Verdict {
    let again = |stage: &str| {
        format!(
            "in the web application's directory:\nwp wu domain update {mapping} --stage={stage}\nwp eval \
             \"wu_enqueue_async_action('wu_async_process_domain_stage', ['domain_id' => {mapping}], 'domain');\""
        )
    };
    match why {
        Refusal::CheckingDns | Refusal::CheckingSsl => of(Reason::PluginChecks, sentence),
        Refusal::Failed => mended(Reason::PluginGaveUp, sentence, again("checking-dns")),
        Refusal::SslFailed => mended(Reason::PluginGaveUp, sentence, again("checking-ssl-cert")),
        Refusal::Inactive => mended(
            Reason::NotServed,
            sentence,
            format!("switch mapping {mapping} to active in Ultimate Multisite → Domains"),
        ),
        Refusal::NoSite => mended(
            Reason::NotServed,
            sentence,
            format!("map it to a site that exists, and delete mapping {mapping}"),
        ),
    }
}

pub(super) fn live(facts: &Facts<'_>) -> Verdict {
    let is_covered = facts
        .served_by()
        .and_then(|record| record.certificate.as_ref())
        .is_some_and(CertificateState::is_covered);
    let sentence = match (is_covered, &facts.tables) {
        (_, Err(_)) => "it is in RunCloud, as far as the ledger knows; the tables were not read",
        (true, Ok(_)) => {
            "it is live: in RunCloud, covered by a certificate, and served by WordPress"
        }
        (false, Ok(_)) => {
            "it is in RunCloud and served by WordPress; its certificate was not seen yet"
        }
    };
    of(Reason::Live, sentence.to_owned())
}

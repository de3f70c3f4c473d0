//! What is said of the orders that came to an end.

use super::certificate::states::Settled;
use super::judge::Judged;
use super::network::PassError;
use super::order::Orderer;
use super::report::{Failed, some_of};
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{CertificateState, Known};
use crate::log::events;

/// So many lines of RunCloud's log are added to what is said.
const LINES: usize = 3;

impl Orderer<'_> {
    /// Adds what RunCloud's activity log says since the order to the reasons why it brought nothing. The log is
    /// free text for people: nothing is decided by it, and where it cannot be read nothing is added.
    pub(super) async fn ask_why(
        &mut self,
        settled: &mut Settled,
        known: &Known,
    ) -> Result<(), PassError> {
        let ordered = |domain: &Domain| match known.certificates.get(domain)? {
            CertificateState::Ordered { since, .. } => Some(*since),
            _ => None,
        };
        let is_failed = |state: &CertificateState| matches!(state, CertificateState::Failed { .. });
        let failed = settled.states.iter().filter(|(_, state)| is_failed(state));
        let ended = failed.map(|(domain, _)| domain).chain(settled.left_out.keys());
        let Some(since) = ended.filter_map(ordered).min() else { return Ok(()) };
        let log = match self.network.reader.log().await {
            Err(error) if error.is_about_everything() => return Err(error.into()),
            log => log.unwrap_or_default(),
        };
        // What was written within the order's second is about the additions before it.
        let is_new = |at: Option<Timestamp>| at.is_some_and(|at| at > since);
        let lines = log.into_iter().filter(|line| is_new(line.at)).take(LINES);
        let lines: Vec<String> = lines.map(|line| line.content).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let said = format!("; RunCloud's log: {}", lines.join(" / "));
        for state in settled.states.values_mut() {
            if let CertificateState::Failed { reason, .. } = state {
                reason.push_str(&said);
            }
        }
        for why in settled.left_out.values_mut() {
            why.push_str(&said);
        }
        Ok(())
    }

    /// Says what came of earlier orders.
    pub(super) fn tell(&mut self, judged: &Judged, known: &Known) {
        let settled = &judged.settled;
        if !settled.covered.is_empty() {
            let names: Vec<Domain> = settled.covered.iter().cloned().collect();
            names.iter().for_each(say_covered);
            self.report.covered = names;
        }
        for (domain, why) in &settled.left_out {
            say_failed(domain, why);
            self.report.left_out.push(Failed { domain: domain.clone(), detail: why.clone() });
        }
        for (domain, state) in &settled.states {
            let CertificateState::Failed { reason, .. } = state else { continue };
            let is_news = !matches!(
                known.certificates.get(domain),
                Some(CertificateState::Failed { reason: before, .. }) if before == reason
            );
            if is_news && !settled.left_out.contains_key(domain) {
                say_failed(domain, reason);
            }
        }
        if let Some(spoilers) = judged.spoilers.as_ref().filter(|names| !names.is_empty()) {
            let names: Vec<Domain> = spoilers.keys().cloned().collect();
            tracing::warn!(
                message_id = events::CERTIFICATE_FAILED,
                action = "order",
                result = "failed",
                "an order for all names failed as a whole while {} did not point here: from now on names that \
                 do not point here are not added until they do",
                some_of(&names)
            );
        }
    }
}

fn say_covered(domain: &Domain) {
    tracing::info!(
        message_id = events::NAME_COVERED, domain = %domain, action = "cover", result = "done",
        "{domain}: covered by a certificate"
    );
}

fn say_failed(domain: &Domain, why: &str) {
    tracing::warn!(
        message_id = events::CERTIFICATE_FAILED, domain = %domain, action = "cover",
        result = "failed", "{domain}: {why}"
    );
}

//! What becomes of changes that failed: each is tried again later, and many that failed alike are one finding.

use std::collections::BTreeSet;

use super::apply::Applier;
use super::report::Failed;
use super::retry;
use super::systemic::Systemic;
use crate::domain::Domain;
use crate::ledger::{Cause, Failure, Intent, LedgerError};
use crate::log::events;
use crate::runcloud::ApiError;
use crate::wordpress::Stage;

/// A change that failed.
pub(super) struct Attempt<'a> {
    pub(super) domain: &'a Domain,
    pub(super) intent: Intent,
    pub(super) stage: Stage,
}

/// A change that failed in this pass.
pub(super) struct FailedChange {
    domain: Domain,
    intent: Intent,
    failure: Failure,
}

/// Says whose call met a 403: it ends the pass, although it may be about this name alone.
pub(super) fn say_forbidden(domain: &Domain, error: &ApiError) {
    if let ApiError::Forbidden(_) = error {
        tracing::warn!(
            message_id = events::NAME_FAILED, domain = %domain, result = "failed",
            "{domain}: its call was forbidden, and no other is made"
        );
    }
}

impl Applier<'_> {
    pub(super) async fn fail(
        &mut self,
        Attempt { domain, intent, stage }: Attempt<'_>,
        kind: retry::Kind,
        what: &str,
    ) -> Result<(), LedgerError> {
        let cause = intent.cause;
        let same_row = |f: &&Failure| f.cause == cause && f.stage == stage.word();
        let before = self.known.failures.get(domain).filter(same_row);
        let attempts = retry::count(before.map_or(0, |failure| failure.attempts), kind);
        let failure = self.failure(domain, attempts, what, cause, stage.word());
        self.ledger.fail(domain, intent, &failure, self.clock.wall()).await?;
        self.failures.push(FailedChange { domain: domain.clone(), intent, failure });
        Ok(())
    }

    fn failure(
        &self,
        domain: &Domain,
        attempts: u32,
        what: &str,
        cause: Cause,
        stage: &str,
    ) -> Failure {
        let retry_at = self.clock.wall().plus(retry::wait(attempts, domain));
        Failure { attempts, retry_at, detail: what.to_owned(), cause, stage: stage.to_owned() }
    }

    /// Whether the name did not fail like this before. What did is no news: its next try is in the ledger.
    fn is_new(&self, domain: &Domain, what: &str) -> bool {
        self.known.failures.get(domain).is_none_or(|before| before.detail != what)
    }

    /// Reports what failed: as one finding, tried again sooner, where most names failed alike.
    pub(super) async fn look_at_failures(&mut self) -> Result<(), LedgerError> {
        let failures = std::mem::take(&mut self.failures);
        let done = self.report.counts();
        let tried = done.added + done.updated + done.removed + failures.len();
        let alike = failures.iter().map(|failed| (&failed.domain, failed.failure.detail.as_str()));
        let systemic = Systemic::of(tried, alike);
        let alike: BTreeSet<&Domain> = systemic.iter().flat_map(|found| &found.names).collect();
        let is_systemic = |domain: &Domain| alike.contains(domain);
        let mut some_are_new = false;
        for FailedChange { domain, intent, mut failure } in failures {
            if is_systemic(&domain) {
                let before = self.known.failures.get(&domain).map_or(0, |before| before.attempts);
                let attempts = retry::count(before, retry::Kind::Systemic).min(failure.attempts);
                let Failure { detail, cause, stage, .. } = failure;
                failure = self.failure(&domain, attempts, &detail, cause, &stage);
                self.ledger.fail(&domain, intent, &failure, self.clock.wall()).await?;
            }
            let next = failure.retry_at.for_reader_at(self.clock.wall());
            let detail = format!("{}; next try {next}", failure.detail);
            let is_new = self.is_new(&domain, &failure.detail);
            some_are_new |= is_new;
            if is_new && !is_systemic(&domain) {
                tracing::warn!(
                    message_id = events::NAME_FAILED, domain = %domain, result = "failed",
                    "{domain}: {detail}"
                );
            }
            self.report.failed.push(Failed { domain, detail });
        }
        if let Some(finding) = systemic.as_ref().filter(|_| some_are_new) {
            tracing::warn!(message_id = events::NAMES_FAILED_ALIKE, result = "failed", "{finding}");
        }
        self.report.systemic = systemic;
        Ok(())
    }
}

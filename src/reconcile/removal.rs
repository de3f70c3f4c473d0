//! Removes names from RunCloud, each by the entry that has it.

use super::apply::Applier;
use super::failures::Attempt;
use super::guard::ConfirmedRemovals;
use super::inquiry::Asked;
use super::network::PassError;
use super::plan::{Change, Gone};
use super::proof::listing_suspicion;
use super::retry;
use super::settle::{self, Outcome};
use crate::domain::Domain;
use crate::ledger::{Intent, IntentAction};
use crate::log::events;
use crate::progress::Work;
use crate::runcloud::ApiError;
use crate::wordpress::Stage;

/// A removal under way.
struct Removal<'a> {
    domain: &'a Domain,
    reason: Gone,
    intent: Intent,
}

impl Applier<'_> {
    /// Removes what two reads agree on.
    pub(super) async fn remove(&mut self, removals: &ConfirmedRemovals) -> Result<(), PassError> {
        let (mut lost, mut not_found) = (0, Vec::new());
        self.begin(Work::Removing, removals.names().len());
        for change in self.healthy_first(removals.names().values()) {
            self.network.reader.progress().advance(1);
            let Change::Remove { domain, id, www, reason } = change else {
                self.set_www(change, &mut lost).await?;
                continue;
            };
            let removal = Removal::of(domain, *reason);
            match self.ask(&removal.attempt(), *id, &mut lost).await? {
                Asked::Refused => continue,
                Asked::Shown(own) if own.www == Some(true) && *www == Some(false) => {
                    let what = format!(
                        "RunCloud's entry {id} serves its www, too, which the list does not say"
                    );
                    self.fail(removal.attempt(), retry::Kind::Passing, &what).await?;
                    continue;
                }
                Asked::Shown(_) | Asked::Silent => {}
            }
            self.ledger.intend(domain, removal.intent, self.clock.wall()).await?;
            match self.writer.remove(*id).await {
                Err(error @ ApiError::NotFound(_)) => not_found.push((removal, error)),
                outcome => self.conclude_removal(&removal, outcome, &mut lost).await?,
            }
        }
        if not_found.is_empty() {
            return Ok(());
        }
        // Gone already, or an answer that is not RunCloud's own: a listing tells.
        let actual = self.network.reader.domains().await?;
        let is_odd = listing_suspicion(&actual, self.known).is_some();
        for (removal, error) in not_found {
            let shown = settle::outcome(removal.domain, removal.intent, self.known, &actual);
            let is_gone = !is_odd && shown == Outcome::IsAbsent;
            let outcome = if is_gone { Ok(()) } else { Err(error) };
            self.conclude_removal(&removal, outcome, &mut lost).await?;
        }
        Ok(())
    }

    async fn conclude_removal(
        &mut self,
        removal: &Removal<'_>,
        outcome: Result<(), ApiError>,
        lost: &mut u32,
    ) -> Result<(), PassError> {
        let Removal { domain, reason, .. } = removal;
        if self.conclude(&removal.attempt(), outcome, lost).await? {
            tracing::info!(
                message_id = events::NAME_REMOVED, domain = %domain, action = "remove",
                result = "done", "{domain}: removed ({reason})"
            );
            self.report.removed.push((*domain).clone());
        }
        Ok(())
    }
}

impl<'a> Removal<'a> {
    fn of(domain: &'a Domain, reason: Gone) -> Self {
        let (cause, rule) = (reason.cause(), reason.rule());
        let intent = Intent { action: IntentAction::Remove, www: false, cause, rule };
        Self { domain, reason, intent }
    }

    fn attempt(&self) -> Attempt<'_> {
        Attempt { domain: self.domain, intent: self.intent, stage: Stage::default() }
    }
}

//! Makes a plan's changes, one call at a time, each between its intent and its outcome in the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use super::failures::{Attempt, FailedChange, say_forbidden};
use super::guard::{ApprovedPlan, is_removal};
use super::inquiry::Asked;
use super::network::{Network, PassError};
use super::plan::Change;
use super::report::{Failed, Report};
use super::settle::{self, Outcome};
use super::{Grace, retry};
use crate::clock::Stopwatch;
use crate::domain::Domain;
use crate::ledger::{ACCEPTED, Intent, IntentAction, Known, Ledger, LedgerError, Rule};
use crate::log::events;
use crate::progress::Work;
use crate::runcloud::{Actual, ApiError, Class, Entry, OwnWord, Writer};
use crate::wordpress::Stage;

/// How often an addition is tried in one pass, with a listing between the tries.
const ROUNDS: u32 = 3;
/// That many lost answers in a row are RunCloud's trouble and not the names'.
pub(super) const LOST_IN_A_ROW: u32 = 3;

pub(super) struct Applier<'a> {
    pub(super) network: &'a Network,
    pub(super) writer: &'a Writer<'a>,
    pub(super) ledger: &'a mut Ledger,
    pub(super) known: &'a Known,
    pub(super) grace: &'a Grace,
    pub(super) clock: &'a Stopwatch,
    pub(super) report: &'a mut Report,
    /// What failed, for a look at all of it at the end.
    pub(super) failures: Vec<FailedChange>,
}

#[derive(Clone)]
struct Addition {
    domain: Domain,
    intent: Intent,
    stage: Stage,
}

/// An addition that a listing has to decide about.
struct Unsettled {
    addition: Addition,
    /// None where it was not tried, because RunCloud lost the answers before it.
    error: Option<ApiError>,
}

/// What a listing says of an addition.
enum Lookup {
    /// It is settled, one way or the other.
    Decided,
    /// Its answer was lost, and it is not there.
    Lost(ApiError),
    /// It was not tried.
    Untried,
}

impl Unsettled {
    fn was_lost(&self) -> bool {
        self.error.as_ref().is_none_or(|error| error.class() == Class::Transient)
    }
}

impl Applier<'_> {
    /// Adds, updates, removes. Before the first removal the table is read again, and RunCloud too where
    /// anything was changed meanwhile.
    pub(super) async fn apply(
        &mut self,
        approved: &ApprovedPlan,
        actual: &Actual,
    ) -> Result<(), PassError> {
        let outcome = self.make_changes(approved, actual).await;
        self.look_at_failures().await?;
        outcome
    }

    async fn make_changes(
        &mut self,
        approved: &ApprovedPlan,
        actual: &Actual,
    ) -> Result<(), PassError> {
        self.add(approved).await?;
        self.update(approved).await?;
        let now = self.clock.since();
        let is_ripe = |name: &Domain| self.grace.is_over(name, now);
        if !approved.removals().any(is_ripe) {
            return Ok(());
        }
        let desired = self.network.desired().await?;
        let actual = if self.report.is_idle() && self.failures.is_empty() {
            actual.clone()
        } else {
            // The first listing is as old as the changes took; a name may be the primary by now.
            self.network.reader.domains().await?
        };
        let second = self.network.plan(desired, actual, self.known, now);
        let confirmed = approved.confirm_removals(&second.approved).only(is_ripe);
        self.report.hear(&second);
        if let Some(approval) = self.known.approval.as_ref().filter(|_| confirmed.need_approval()) {
            let suspect = second.desired.suspicion().map(|_| second.desired.side());
            let believed = suspect.map(|desired| desired.canaries.highest_mapping);
            self.ledger.begin_approved(&approval.hash, believed).await?;
        }
        self.remove(&confirmed).await
    }

    /// Adds what is missing. What RunCloud refused, or whose answer was lost, is looked up in one
    /// listing for all: there means done.
    async fn add(&mut self, approved: &ApprovedPlan) -> Result<(), PassError> {
        let changes = self.healthy_first(approved.plan().changes.iter());
        let mut open: Vec<Addition> =
            changes.into_iter().filter_map(|change| addition(change, self.known)).collect();
        for round in 1..=ROUNDS {
            let unsettled = self.add_round(open).await?;
            if unsettled.is_empty() {
                return Ok(());
            }
            if unsettled.iter().any(Unsettled::was_lost) {
                self.network.reader.breathe(round).await;
            }
            let actual = self.network.reader.domains().await?;
            // Bad names go last, so that they never keep the others from being tried.
            let mut lost = Vec::new();
            open = Vec::new();
            for Unsettled { addition, error } in unsettled {
                match self.look_up(&addition, error, &actual).await? {
                    Lookup::Lost(error) if round == ROUNDS => {
                        let what = error.to_string();
                        self.fail(addition.attempt(), retry::Kind::Passing, &what).await?;
                    }
                    Lookup::Untried if round == ROUNDS => self.put_off(addition),
                    Lookup::Lost(_) => lost.push(addition),
                    Lookup::Untried => open.push(addition),
                    Lookup::Decided => {}
                }
            }
            open.append(&mut lost);
        }
        Ok(())
    }

    /// Sets the `www` flags that are wrong, besides those that take a name away.
    async fn update(&mut self, approved: &ApprovedPlan) -> Result<(), PassError> {
        let mut lost = 0;
        let changes = self.healthy_first(approved.updates());
        self.begin(Work::Updating, changes.len());
        for change in changes {
            self.set_www(change, &mut lost).await?;
            self.network.reader.progress().advance(1);
        }
        Ok(())
    }

    pub(super) async fn set_www(
        &mut self,
        change: &Change,
        lost: &mut u32,
    ) -> Result<(), PassError> {
        let Change::Update { domain, entry, www, cause, stage } = change else { return Ok(()) };
        let rule = if *www {
            Rule::Wanted
        } else if is_removal(change, &self.network.policy) {
            Rule::WwwGone
        } else {
            Rule::Operator
        };
        let intent = Intent { action: IntentAction::Update, www: *www, cause: *cause, rule };
        let attempt = Attempt { domain, intent, stage: *stage };
        let entry = match self.ask(&attempt, entry.id, lost).await? {
            Asked::Refused => return Ok(()),
            Asked::Shown(OwnWord { redirection: Some(redirection), .. }) => {
                &Entry { redirection, ..entry.clone() }
            }
            Asked::Shown(_) | Asked::Silent => entry,
        };
        self.ledger.intend(domain, intent, self.clock.wall()).await?;
        let outcome = self.writer.set_www(entry, *www).await;
        if self.conclude(&attempt, outcome, lost).await? {
            let what = if *www { "serves its www, too" } else { "no longer serves its www" };
            tracing::info!(
                message_id = events::NAME_UPDATED, domain = %domain, action = "update",
                result = "done", "{domain}: {what} ({cause})"
            );
            self.report.updated.push(domain.clone());
        }
        Ok(())
    }

    pub(super) fn begin(&self, work: Work, names: usize) {
        if names > 0 {
            self.network.reader.progress().begin(work, Some(names));
        }
    }

    /// Names that failed before go last.
    pub(super) fn healthy_first<'b>(
        &self,
        changes: impl Iterator<Item = &'b Change>,
    ) -> Vec<&'b Change> {
        let mut changes: Vec<&Change> = changes.collect();
        changes.sort_by_key(|change| self.known.failures.contains_key(change.domain()));
        changes
    }

    /// Tries each addition once; returns those a listing has to decide about.
    async fn add_round(&mut self, additions: Vec<Addition>) -> Result<Vec<Unsettled>, PassError> {
        let (mut unsettled, mut ids) = (Vec::new(), BTreeMap::new());
        let mut lost = 0;
        self.begin(Work::Adding, additions.len());
        for addition in additions {
            self.network.reader.progress().advance(1);
            if lost >= LOST_IN_A_ROW {
                unsettled.push(Unsettled { addition, error: None });
                continue;
            }
            let Addition { domain, intent, .. } = &addition;
            self.ledger.intend(domain, *intent, self.clock.wall()).await?;
            let error = match self.writer.add(domain, intent.www).await {
                Ok(id) => {
                    lost = 0;
                    self.added(&addition, ACCEPTED).await?;
                    ids.extend(id.map(|id| (domain.clone(), id)));
                    continue;
                }
                Err(error) if error.is_about_everything() => {
                    say_forbidden(domain, &error);
                    self.ledger.note_ids(&ids).await?;
                    return Err(error.into());
                }
                Err(error) => error,
            };
            lost = if error.class() == Class::Transient { lost + 1 } else { 0 };
            unsettled.push(Unsettled { addition, error: Some(error) });
        }
        self.ledger.note_ids(&ids).await?;
        Ok(unsettled)
    }

    /// Decides about one addition by a listing made after it.
    async fn look_up(
        &mut self,
        addition: &Addition,
        error: Option<ApiError>,
        actual: &Actual,
    ) -> Result<Lookup, PassError> {
        let Addition { domain, .. } = addition;
        match settle::outcome(domain, addition.intent, self.known, actual) {
            Outcome::TookEffect => {
                let answer = error.map_or_else(String::new, |error| format!("{error}; "));
                self.added(addition, &format!("{answer}a listing shows it")).await?;
                return Ok(Lookup::Decided);
            }
            Outcome::WasThere => {
                self.ledger.dismiss(domain).await?;
                return Ok(Lookup::Decided);
            }
            Outcome::HadNoEffect | Outcome::IsAbsent => {}
        }
        // The intent stays open: the next pass settles it by a listing of its own, and where a redirect
        // or the `www.` of another entry has the name meanwhile, its plan decides.
        let is_taken = actual.get(domain).is_some() || is_served_as_www(actual, domain);
        match error {
            None if is_taken => {}
            None => return Ok(Lookup::Untried),
            Some(error) if is_taken => {
                self.fail(addition.attempt(), retry::Kind::Passing, &error.to_string()).await?;
            }
            Some(error) if error.class() == Class::Item => {
                let what =
                    format!("{error}; it is not in this web application, so perhaps in another");
                self.fail(addition.attempt(), retry::Kind::Refused, &what).await?;
            }
            Some(error) => return Ok(Lookup::Lost(error)),
        }
        Ok(Lookup::Decided)
    }

    /// A name that was never tried climbs no schedule: the next pass has it first thing.
    fn put_off(&mut self, Addition { domain, .. }: Addition) {
        let detail = "RunCloud lost the calls before it; the next pass tries it".to_owned();
        self.report.failed.push(Failed { domain, detail });
        self.report.again = Some(Duration::ZERO);
    }

    async fn added(
        &mut self,
        Addition { domain, intent, .. }: &Addition,
        answer: &str,
    ) -> Result<(), LedgerError> {
        self.ledger.settle(domain, *intent, answer, self.clock.wall()).await?;
        tracing::info!(
            message_id = events::NAME_ADDED, domain = %domain, action = "add", result = "done",
            "{domain}: added ({})", intent.why()
        );
        self.report.added.push(domain.clone());
        Ok(())
    }

    /// Writes down how a change of an existing entry ended; true where it is done. `lost` counts the
    /// answers lost in a row, which end the pass in the end.
    pub(super) async fn conclude(
        &mut self,
        attempt: &Attempt<'_>,
        outcome: Result<(), ApiError>,
        lost: &mut u32,
    ) -> Result<bool, PassError> {
        let Err(error) = outcome else {
            *lost = 0;
            let Attempt { domain, intent, .. } = attempt;
            self.ledger.settle(domain, *intent, ACCEPTED, self.clock.wall()).await?;
            return Ok(true);
        };
        *lost = if error.class() == Class::Transient { *lost + 1 } else { 0 };
        // The intent stays, also after a refusal: the next pass looks whether it took effect.
        if error.is_about_everything() || *lost >= LOST_IN_A_ROW {
            say_forbidden(attempt.domain, &error);
            return Err(error.into());
        }
        // An entry that is gone has another one in the next listing, or none.
        let is_gone = matches!(error, ApiError::NotFound(_));
        let is_refused = error.class() == Class::Item && !is_gone;
        let kind = if is_refused { retry::Kind::Refused } else { retry::Kind::Passing };
        self.fail(Attempt { ..*attempt }, kind, &error.to_string()).await?;
        Ok(false)
    }
}

impl Addition {
    fn attempt(&self) -> Attempt<'_> {
        Attempt { domain: &self.domain, intent: self.intent, stage: self.stage }
    }
}

fn is_served_as_www(actual: &Actual, domain: &Domain) -> bool {
    let bare = domain.without_www().and_then(|bare| actual.get(&bare));
    bare.is_some_and(|entry| entry.www == Some(true))
}

fn addition(change: &Change, known: &Known) -> Option<Addition> {
    let Change::Add { domain, www, cause, stage, undo } = change else { return None };
    let was_there = known.owned.get(domain).is_some_and(|owned| owned.cause == *cause);
    let rule = match undo {
        Some(_) => Rule::Operator,
        None if was_there => Rule::Repair,
        None => Rule::Wanted,
    };
    let intent = Intent { action: IntentAction::Add, www: *www, cause: *cause, rule };
    Some(Addition { domain: domain.clone(), intent, stage: *stage })
}

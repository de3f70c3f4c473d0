//! Makes a plan's changes, one call at a time, each between its intent and its outcome in the ledger.

use super::guard::{ApprovedPlan, ConfirmedRemovals};
use super::network::{Network, PassError};
use super::plan::Change;
use super::report::{Failed, Report};
use super::retry;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{Cause, Failure, Intent, IntentAction, Known, Ledger, LedgerError};
use crate::runcloud::{Actual, ApiError, Class, Kind, Reader, Writer};

/// How often an addition is tried in one pass, with a listing between the tries.
const ROUNDS: u32 = 3;
/// That many lost answers in a row are RunCloud's trouble and not the names'.
pub(super) const LOST_IN_A_ROW: u32 = 3;

pub(super) struct Applier<'a> {
    reader: &'a Reader,
    writer: &'a Writer<'a>,
    ledger: &'a mut Ledger,
    known: &'a Known,
    report: &'a mut Report,
}

#[derive(Clone)]
struct Addition {
    domain: Domain,
    intent: Intent,
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

impl<'a> Applier<'a> {
    pub(super) fn new(
        reader: &'a Reader,
        writer: &'a Writer<'a>,
        ledger: &'a mut Ledger,
        known: &'a Known,
        report: &'a mut Report,
    ) -> Self {
        Self { reader, writer, ledger, known, report }
    }

    /// Adds, updates, removes. Before the first removal the table is read again, and RunCloud too where
    /// anything was changed meanwhile.
    pub(super) async fn apply(
        &mut self,
        network: &Network,
        approved: &ApprovedPlan,
        actual: &Actual,
    ) -> Result<(), PassError> {
        self.add(approved).await?;
        self.update(approved).await?;
        if approved.plan().removals() == 0 {
            return Ok(());
        }
        let desired = network.desired().await?;
        let second = if self.report.is_idle() {
            network.plan(&desired, actual, self.known)
        } else {
            // The first listing is as old as the changes took; a name may be the primary by now.
            network.plan(&desired, &self.reader.domains().await?, self.known)
        };
        self.remove(&approved.confirm_removals(&second)).await
    }

    /// Adds what is missing. What RunCloud refused, or whose answer was lost, is looked up in one
    /// listing for all: there means done.
    async fn add(&mut self, approved: &ApprovedPlan) -> Result<(), PassError> {
        let mut open: Vec<Addition> = approved.plan().changes.iter().filter_map(addition).collect();
        for round in 1..=ROUNDS {
            let unsettled = self.add_round(open).await?;
            if unsettled.is_empty() {
                return Ok(());
            }
            if unsettled.iter().any(Unsettled::was_lost) {
                self.reader.breathe(round).await;
            }
            let actual = self.reader.domains().await?;
            // Bad names go last, so that they never keep the others from being tried.
            let mut lost = Vec::new();
            open = Vec::new();
            for Unsettled { addition, error } in unsettled {
                match self.look_up(&addition, error, &actual).await? {
                    Lookup::Lost(error) if round == ROUNDS => {
                        let Addition { domain, intent } = &addition;
                        let (kind, what) = (retry::Kind::Passing, error.to_string());
                        self.fail(domain, intent.cause, kind, &what).await?;
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

    /// Sets the `www` flags that are wrong.
    async fn update(&mut self, approved: &ApprovedPlan) -> Result<(), PassError> {
        let mut lost = 0;
        for change in &approved.plan().changes {
            let Change::Update { domain, entry, www, cause } = change else { continue };
            let intent = Intent { action: IntentAction::Update, www: *www, cause: *cause };
            self.ledger.intend(domain, intent, Timestamp::now()).await?;
            let outcome = self.writer.set_www(entry, *www).await;
            if self.conclude(domain, intent, outcome, &mut lost).await? {
                self.report.updated.push(domain.clone());
            }
        }
        Ok(())
    }

    /// Removes what two reads agree on.
    async fn remove(&mut self, removals: &ConfirmedRemovals) -> Result<(), PassError> {
        let mut lost = 0;
        for (domain, (id, reason)) in removals.names() {
            let (action, cause) = (IntentAction::Remove, reason.cause());
            let intent = Intent { action, www: false, cause };
            self.ledger.intend(domain, intent, Timestamp::now()).await?;
            let outcome = self.writer.remove(*id).await;
            if self.conclude(domain, intent, outcome, &mut lost).await? {
                tracing::info!("{domain}: removed ({reason})");
                self.report.removed.push(domain.clone());
            }
        }
        Ok(())
    }

    /// Tries each addition once; returns those a listing has to decide about.
    async fn add_round(&mut self, additions: Vec<Addition>) -> Result<Vec<Unsettled>, PassError> {
        let mut unsettled = Vec::new();
        let mut lost = 0;
        for addition in additions {
            if lost >= LOST_IN_A_ROW {
                unsettled.push(Unsettled { addition, error: None });
                continue;
            }
            let Addition { domain, intent } = &addition;
            self.ledger.intend(domain, *intent, Timestamp::now()).await?;
            let Err(error) = self.writer.add(domain, intent.www).await else {
                lost = 0;
                self.added(&addition).await?;
                continue;
            };
            if error.is_about_everything() {
                self.ledger.withdraw(domain).await?;
                return Err(error.into());
            }
            lost = if error.class() == Class::Transient { lost + 1 } else { 0 };
            unsettled.push(Unsettled { addition, error: Some(error) });
        }
        Ok(unsettled)
    }

    /// Decides about one addition by a listing made after it.
    async fn look_up(
        &mut self,
        addition: &Addition,
        error: Option<ApiError>,
        actual: &Actual,
    ) -> Result<Lookup, PassError> {
        let Addition { domain, intent } = addition;
        let entry = actual.get(domain);
        if entry.is_some_and(|entry| matches!(entry.kind, Kind::Alias | Kind::Unknown)) {
            self.added(addition).await?;
            return Ok(Lookup::Decided);
        }
        self.ledger.withdraw(domain).await?;
        // A redirect meanwhile, or the `www.` of another entry: the next plan decides.
        let is_taken = entry.is_some() || is_served_as_www(actual, domain);
        match error {
            None if is_taken => {}
            None => return Ok(Lookup::Untried),
            Some(error) if is_taken => {
                self.fail(domain, intent.cause, retry::Kind::Passing, &error.to_string()).await?;
            }
            Some(error) if error.class() == Class::Item => {
                let what =
                    format!("{error}; it is not in this web application, so perhaps in another");
                self.fail(domain, intent.cause, retry::Kind::Refused, &what).await?;
            }
            Some(error) => return Ok(Lookup::Lost(error)),
        }
        Ok(Lookup::Decided)
    }

    /// A name that was never tried climbs no schedule: the next pass has it first thing.
    fn put_off(&mut self, Addition { domain, .. }: Addition) {
        let detail = "RunCloud lost the calls before it; the next pass tries it".to_owned();
        self.report.failed.push(Failed { domain, detail });
    }

    async fn added(&mut self, Addition { domain, intent }: &Addition) -> Result<(), LedgerError> {
        self.ledger.settle(domain, *intent, Timestamp::now()).await?;
        tracing::info!("{domain}: added ({})", intent.cause);
        self.report.added.push(domain.clone());
        Ok(())
    }

    /// Writes down how a change of an existing entry ended; true where it is done. `lost` counts the
    /// answers lost in a row, which end the pass in the end.
    async fn conclude(
        &mut self,
        domain: &Domain,
        intent: Intent,
        outcome: Result<(), ApiError>,
        lost: &mut u32,
    ) -> Result<bool, PassError> {
        let Err(error) = outcome else {
            *lost = 0;
            self.ledger.settle(domain, intent, Timestamp::now()).await?;
            return Ok(true);
        };
        *lost = if error.class() == Class::Transient { *lost + 1 } else { 0 };
        // Where the answer was lost the intent stays: the next pass looks whether it took effect.
        if error.is_about_everything() || *lost >= LOST_IN_A_ROW {
            return Err(error.into());
        }
        let kind = match error.class() {
            Class::Item => {
                self.ledger.withdraw(domain).await?;
                retry::Kind::Refused
            }
            Class::Transient | Class::Fatal => retry::Kind::Passing,
        };
        self.fail(domain, intent.cause, kind, &error.to_string()).await?;
        Ok(false)
    }

    async fn fail(
        &mut self,
        domain: &Domain,
        cause: Cause,
        kind: retry::Kind,
        what: &str,
    ) -> Result<(), LedgerError> {
        let before = self.known.failures.get(domain).filter(|failure| failure.cause == cause);
        let attempts = retry::count(before.map_or(0, |failure| failure.attempts), kind);
        let now = Timestamp::now();
        let retry_at = now.plus(retry::wait(attempts, domain));
        let failure = Failure { attempts, retry_at, detail: what.to_owned(), cause };
        self.ledger.fail(domain, &failure).await?;
        let detail = format!("{what}; next try {}", retry_at.for_reader_at(now));
        tracing::warn!("{domain}: {detail}");
        self.report.failed.push(Failed { domain: domain.clone(), detail });
        Ok(())
    }
}

fn is_served_as_www(actual: &Actual, domain: &Domain) -> bool {
    let bare = domain.without_www().and_then(|bare| actual.get(&bare));
    bare.is_some_and(|entry| entry.www == Some(true))
}

fn addition(change: &Change) -> Option<Addition> {
    let Change::Add { domain, www, cause } = change else { return None };
    let intent = Intent { action: IntentAction::Add, www: *www, cause: *cause };
    Some(Addition { domain: domain.clone(), intent })
}

//! Makes a plan's changes, one call at a time, each between its intent and its outcome in the ledger.

use super::guard::ConfirmedRemovals;
use super::network::PassError;
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
const LOST_IN_A_ROW: u32 = 3;

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

    /// Adds what is missing. What RunCloud refused, or whose answer was lost, is looked up in one
    /// listing for all: there means done.
    pub(super) async fn add(&mut self, changes: &[Change]) -> Result<(), PassError> {
        let mut open: Vec<Addition> = changes.iter().filter_map(addition).collect();
        for round in 1..=ROUNDS {
            let unsettled = self.add_round(open).await?;
            if unsettled.is_empty() {
                return Ok(());
            }
            if unsettled.iter().any(Unsettled::was_lost) {
                self.reader.breathe(round).await;
            }
            let actual = self.reader.domains().await?;
            open = Vec::new();
            for Unsettled { addition, error } in unsettled {
                match self.look_up(&addition, error, &actual).await? {
                    Some(error) if round == ROUNDS => {
                        let Addition { domain, intent } = &addition;
                        self.fail(domain, intent.cause, &error, &error.to_string()).await?;
                    }
                    Some(_) => open.push(addition),
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// Sets the `www` flags that are wrong.
    pub(super) async fn update(&mut self, changes: &[Change]) -> Result<(), PassError> {
        for change in changes {
            let Change::Update { domain, entry, www, cause } = change else { continue };
            let intent = Intent { action: IntentAction::Update, www: *www, cause: *cause };
            self.ledger.intend(domain, intent, Timestamp::now()).await?;
            let outcome = self.writer.set_www(entry, *www).await;
            if self.conclude(domain, intent, outcome).await? {
                self.report.updated.push(domain.clone());
            }
        }
        Ok(())
    }

    /// Removes what two reads agree on.
    pub(super) async fn remove(&mut self, removals: &ConfirmedRemovals) -> Result<(), PassError> {
        for (domain, (id, reason)) in removals.names() {
            let (action, cause) = (IntentAction::Remove, reason.cause());
            let intent = Intent { action, www: false, cause };
            self.ledger.intend(domain, intent, Timestamp::now()).await?;
            let outcome = self.writer.remove(*id).await;
            if self.conclude(domain, intent, outcome).await? {
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
            if error.class() == Class::Fatal || error.was_not_acted_on() {
                self.ledger.withdraw(domain).await?;
                return Err(error.into());
            }
            lost = if error.class() == Class::Transient { lost + 1 } else { 0 };
            unsettled.push(Unsettled { addition, error: Some(error) });
        }
        Ok(unsettled)
    }

    /// Decides about one addition by a listing made after it; an error is what to try again for.
    async fn look_up(
        &mut self,
        addition: &Addition,
        error: Option<ApiError>,
        actual: &Actual,
    ) -> Result<Option<ApiError>, PassError> {
        let Addition { domain, intent } = addition;
        match (actual.get(domain), error) {
            (Some(entry), _) if matches!(entry.kind, Kind::Alias | Kind::Unknown) => {
                self.added(addition).await?;
                Ok(None)
            }
            (None, Some(error))
                if error.class() == Class::Item && !actual.serves_as_www(domain) =>
            {
                let what =
                    format!("{error}; it is not in this web application, so perhaps in another");
                self.fail(domain, intent.cause, &error, &what).await?;
                Ok(None)
            }
            (None, error) if !actual.serves_as_www(domain) => {
                self.ledger.withdraw(domain).await?;
                let untried = || ApiError::Interrupted("RunCloud lost the calls before it".into());
                Ok(Some(error.unwrap_or_else(untried)))
            }
            // Another entry serves the name, or somebody made it a redirect meanwhile.
            _ => Ok(self.ledger.withdraw(domain).await.map(|()| None)?),
        }
    }

    async fn added(&mut self, Addition { domain, intent }: &Addition) -> Result<(), LedgerError> {
        self.ledger.settle(domain, *intent, Timestamp::now()).await?;
        tracing::info!("{domain}: added ({})", intent.cause);
        self.report.added.push(domain.clone());
        Ok(())
    }

    /// Writes down how a change of an existing entry ended; true where it is done.
    async fn conclude(
        &mut self,
        domain: &Domain,
        intent: Intent,
        outcome: Result<(), ApiError>,
    ) -> Result<bool, PassError> {
        match outcome {
            Ok(()) => {
                self.ledger.settle(domain, intent, Timestamp::now()).await?;
                Ok(true)
            }
            Err(error) if error.class() == Class::Item => {
                self.fail(domain, intent.cause, &error, &error.to_string()).await?;
                Ok(false)
            }
            // The intent stays: the next pass looks whether it took effect.
            Err(error) => Err(error.into()),
        }
    }

    async fn fail(
        &mut self,
        domain: &Domain,
        cause: Cause,
        error: &ApiError,
        what: &str,
    ) -> Result<(), LedgerError> {
        let kind = match error.class() {
            Class::Item => retry::Kind::Refused,
            Class::Transient | Class::Fatal => retry::Kind::Passing,
        };
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

fn addition(change: &Change) -> Option<Addition> {
    let Change::Add { domain, www, cause } = change else { return None };
    let intent = Intent { action: IntentAction::Add, www: *www, cause: *cause };
    Some(Addition { domain: domain.clone(), intent })
}

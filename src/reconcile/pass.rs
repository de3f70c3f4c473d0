//! One pass: read both sides, plan, review, apply, order certificates, report.

use super::apply::Applier;
use super::certificate;
use super::network::{Network, PassError};
use super::order::order;
use super::plan::Plan;
use super::report::Report;
use super::settle::{Outcome, settle};
use crate::clock::Timestamp;
use crate::ledger::{Known, Ledger, LedgerError};
use crate::runcloud::{Actual, Writer};
use crate::wordpress::Desired;

/// What a pass would do, and what an operator should hear about the reads.
pub struct Outlook {
    /// The plan, with its removals reviewed.
    pub plan: Plan,
    /// What the operator should hear once.
    pub notices: Vec<String>,
}

/// What a pass would do now. Nothing is written anywhere.
///
/// # Errors
/// [`PassError`] where one of the sides cannot be read.
pub async fn look(network: &Network, mut known: Known) -> Result<Outlook, PassError> {
    let desired = network.desired().await?;
    let actual = network.reader.domains().await?;
    let ssl = network.reader.ssl().await?;
    settle(&mut known, &actual);
    let mut plan = network.plan(&desired, &actual, &known).plan().clone();
    plan.certificate = certificate::step(&ssl, &plan.due, Timestamp::now());
    Ok(Outlook { plan, notices: desired.notices })
}

/// Makes the table true, once. `report` holds what was done, also where the pass ends early.
///
/// # Errors
/// [`PassError`]; every change made until then is in the ledger, and the next pass goes on.
pub async fn run_once(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    report: &mut Report,
) -> Result<(), PassError> {
    let number = ledger.begin_pass(Timestamp::now()).await?;
    report.pass = number;
    let outcome = work(network, writer, ledger, report).await;
    let result = match &outcome {
        Ok(()) if report.is_clean() => "converged".to_owned(),
        Ok(()) => "partial".to_owned(),
        Err(error) => error.to_string(),
    };
    report.error = outcome.as_ref().err().map(ToString::to_string);
    ledger.end_pass(number, &result, report.counts(), Timestamp::now()).await?;
    outcome
}

async fn work(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    report: &mut Report,
) -> Result<(), PassError> {
    let desired = network.desired().await?;
    report.notices = notices(&desired);
    let actual = network.reader.domains().await?;
    ledger.bind().await?;
    let known = settled(ledger, &actual).await?;
    let approved = network.plan(&desired, &actual, &known);
    report.foresee(approved.plan());
    note(ledger, approved.plan(), &known).await?;

    let mut applier = Applier::new(&network.reader, writer, ledger, &known, report);
    let outcome = applier.apply(network, &approved, &actual).await;
    if outcome.as_ref().is_err_and(PassError::is_about_everything) {
        return outcome;
    }
    // What was added until then has its certificate, whatever became of the rest.
    let ordered = order(network, writer, ledger, &actual, &mut report.failed).await;
    outcome?;
    report.certificate = ordered?;
    Ok(())
}

/// Settles what an earlier pass left open, on disk too.
async fn settled(ledger: &mut Ledger, actual: &Actual) -> Result<Known, LedgerError> {
    let mut known = ledger.known().await?;
    for (domain, intent, outcome) in settle(&mut known, actual) {
        let action = intent.action.word();
        match outcome {
            Outcome::TookEffect => {
                tracing::info!("{domain}: an earlier {action} was cut off and took effect");
                ledger.settle(&domain, intent, Timestamp::now()).await?;
            }
            Outcome::HadNoEffect => {
                tracing::info!("{domain}: an earlier {action} was cut off and had no effect");
                ledger.withdraw(&domain).await?;
            }
        }
    }
    Ok(known)
}

/// Writes down what needs no call: adoptions, names that are gone from both places, certificates of
/// names that are gone.
async fn note(ledger: &mut Ledger, plan: &Plan, known: &Known) -> Result<(), LedgerError> {
    for names in [&plan.adoptions, &plan.recaused] {
        if !names.is_empty() {
            ledger.adopt(names, Timestamp::now()).await?;
        }
    }
    if !plan.forgotten.is_empty() {
        ledger.forget(&plan.forgotten).await?;
    }
    let recovered: Vec<_> = known.failures.keys().filter(|name| !plan.mentions(name)).collect();
    if !recovered.is_empty() {
        ledger.recovered(recovered).await?;
    }
    let owed_no_more: Vec<_> =
        known.due.keys().filter(|name| !plan.due.contains_key(name)).collect();
    if !owed_no_more.is_empty() {
        ledger.ordered(owed_no_more).await?;
    }
    Ok(())
}

/// What an operator should hear about the tables, once.
fn notices(desired: &Desired) -> Vec<String> {
    let mut notices = desired.notices.clone();
    for (domain, cause) in &desired.hijacks {
        notices.push(format!("{domain}: {cause} maps the network's own name to another site"));
    }
    if let Some(first) = desired.rejected.first() {
        let more = match desired.rejected.len() - 1 {
            0 => String::new(),
            more => format!(" ({more} more rows like it)"),
        };
        notices.push(format!("{}: {}{more}", first.cause, first.rejection));
    }
    notices
}

//! One pass: read both sides, plan, review, apply, order certificates, report.

use super::apply::Applier;
use super::certificate;
use super::network::{Network, PassError};
use super::order;
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
    let approved = network.plan(&desired, &actual, &known);
    let mut plan = approved.plan().clone();
    let due = plan.certificate.names.iter().cloned().collect();
    plan.certificate = certificate::step(Some(&ssl), &due);
    Ok(Outlook { plan, notices: desired.notices })
}

/// Makes the table true, once.
///
/// # Errors
/// [`PassError`]; every change made until then is in the ledger, and the next pass goes on.
pub async fn run_once(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
) -> Result<Report, PassError> {
    let number = ledger.begin_pass(Timestamp::now()).await?;
    let outcome = work(network, writer, ledger, number).await;
    let (result, counts) = match &outcome {
        Ok(report) if report.is_clean() => ("converged".to_owned(), report.counts()),
        Ok(report) => ("partial".to_owned(), report.counts()),
        Err(error) => (error.to_string(), <_>::default()),
    };
    ledger.end_pass(number, &result, counts, Timestamp::now()).await?;
    outcome
}

async fn work(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    number: i64,
) -> Result<Report, PassError> {
    let desired = network.desired().await?;
    tell(&desired);
    let actual = network.reader.domains().await?;
    let known = settled(ledger, &actual).await?;
    let approved = network.plan(&desired, &actual, &known);
    let plan = approved.plan();

    let mut report = Report::new(number, plan);
    note(ledger, plan, &mut report).await?;
    let mut applier = Applier::new(&network.reader, writer, ledger, &known, &mut report);
    applier.add(&plan.changes).await?;
    applier.update(&plan.changes).await?;
    if plan.count("remove") > 0 {
        let desired = network.desired().await?;
        let second = network.plan(&desired, &actual, &known);
        applier.remove(&approved.confirm_removals(&second)).await?;
    }
    report.certificate = order::order(network, writer, ledger, &actual, &mut report.failed).await?;
    Ok(report)
}

/// Settles what an earlier pass left open, on disk too.
async fn settled(ledger: &mut Ledger, actual: &Actual) -> Result<Known, LedgerError> {
    let mut known = ledger.known().await?;
    for (domain, intent, outcome) in settle(&mut known, actual) {
        tracing::info!(
            "{domain}: an earlier pass was cut off at its {:?}: {outcome:?}",
            intent.action
        );
        match outcome {
            Outcome::TookEffect => ledger.settle(&domain, intent, Timestamp::now()).await?,
            Outcome::HadNoEffect => ledger.withdraw(&domain).await?,
        }
    }
    Ok(known)
}

/// Writes down what needs no call: adoptions and names that are gone from both places.
async fn note(ledger: &mut Ledger, plan: &Plan, report: &mut Report) -> Result<(), LedgerError> {
    if !plan.adoptions.is_empty() {
        ledger.adopt(&plan.adoptions, Timestamp::now()).await?;
        report.adopted = plan.adoptions.len();
    }
    if !plan.forgotten.is_empty() {
        ledger.forget(&plan.forgotten).await?;
    }
    Ok(())
}

fn tell(desired: &Desired) {
    for notice in &desired.notices {
        tracing::warn!("{notice}");
    }
    for (domain, cause) in &desired.hijacks {
        tracing::warn!("{domain}: {cause} maps the network's own name to another site");
    }
    if let Some(first) = desired.rejected.first() {
        let more = match desired.rejected.len() - 1 {
            0 => String::new(),
            more => format!(" ({more} more rows like it)"),
        };
        tracing::warn!("{}: {}{more}", first.cause, first.rejection);
    }
}

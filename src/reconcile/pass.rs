//! One pass: read both sides, plan, review, apply, order certificates, report.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::Instrument;

use super::adoption::{self, Adoption, Asked};
use super::apply::Applier;
use super::approved::disapprove;
use super::certificate::Mode;
use super::identity::{Identities, Moves};
use super::inquiry::Answers;
use super::judge::Stand;
use super::look::Pointed;
use super::network::{Network, PassError, Proposal};
use super::order::{Before, Orderer};
use super::plan::Plan;
use super::proof::Snapshot;
use super::report::{Order, Paused, Report};
use super::seen::seen;
use super::settle::{Outcome, settle};
use super::{Blocked, Grace, guard, proof};
use crate::clock::{Moment, Stopwatch};
use crate::domain::Domain;
use crate::ledger::{Bound, CertificateState, Known, Ledger, LedgerError, Rule};
use crate::log::events;
use crate::runcloud::{Actual, Writer};
use crate::wordpress::Desired;

/// A list that an entry contradicts is read again after that long.
const CONTRADICTED: Duration = Duration::from_mins(1);

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
/// [`PassError`] where one of the sides cannot be read, or the ledger is of another network.
pub async fn look(network: &Network, mut known: Known, now: &Moment) -> Result<Outlook, PassError> {
    let _busy = network.reader.progress().start();
    let desired = network.desired().await?;
    known.check_network(desired.network.as_ref())?;
    let actual = listed(network, &mut known, &desired, now).await?;
    let Pointed { expected, .. } = network.point(&desired, &actual, &mut known, now.wall).await?;
    let proposal = network.plan(desired, actual, &known, now);
    let mut plan = proposal.approved.plan().clone();
    let mut notices = proposal.notices();
    let ssl = network.reader.ssl().await?;
    if proposal.actual.side().contradiction().is_some() {
        plan.certificate.mode = Some(Mode::of(&ssl));
    } else {
        let stand = Stand::of(&proposal, &plan.changes, &known, &expected, now);
        let seen = network.see(&stand).await?;
        let judged = network.judge(&stand, seen, &ssl).await?;
        plan.due = judged.open;
        plan.certificate = judged.certificate;
        notices.extend(judged.notices);
    }
    let pause = known.pause.iter();
    notices
        .extend(pause.map(|pause| Paused::of(pause, &known.clock, now, plan.drift()).to_string()));
    Ok(Outlook { plan, notices })
}

/// What becomes of names that only RunCloud has when an operator adopts them. Nothing is written anywhere.
///
/// # Errors
/// As [`look`].
pub async fn look_at_adoption(
    network: &Network,
    mut known: Known,
    asked: &Asked,
    now: &Moment,
) -> Result<Vec<Adoption>, PassError> {
    let desired = network.desired().await?;
    known.check_network(desired.network.as_ref())?;
    let actual = listed(network, &mut known, &desired, now).await?;
    let before = network.plan(desired.clone(), actual.clone(), &known, now);
    let names = adoption::adoptable(asked, before.approved.plan(), &actual);
    let adopted = adoption::with_adopted(&known, &names);
    let after = network.plan(desired, actual.clone(), &adopted, now);
    let plans = (before.approved.plan(), after.approved.plan());
    Ok(adoption::fates(asked, &names, plans, &known, &actual))
}

/// RunCloud's list; what it says of open calls and of entries `known` takes over.
async fn listed(
    network: &Network,
    known: &mut Known,
    desired: &Desired,
    now: &Moment,
) -> Result<Actual, PassError> {
    let mut actual = network.reader.domains().await?;
    let Answers { moves, unsure } = network.inquire(known, desired, &mut actual).await?;
    if proof::listing_suspicion(&actual, known).is_none() {
        settle(known, &actual, now);
    }
    move_entries(known, &actual, moves, &unsure, now);
    Ok(actual)
}

/// Takes over which entries owned names have now: by their entries' own word, and where somebody added them again by a list
/// that is to be believed.
fn move_entries(
    known: &mut Known,
    actual: &Actual,
    mut moves: Moves,
    unsure: &BTreeSet<Domain>,
    now: &Moment,
) -> Moves {
    known.take_moves(&moves, now.wall);
    if proof::listing_suspicion(actual, known).is_none() {
        let renewed = Identities::new(known, actual).renewed(unsure);
        known.take_moves(&renewed, now.wall);
        moves.extend(renewed);
    }
    moves
}

/// Makes the table true, once. `report` holds what was done, also where the pass ends early.
///
/// # Errors
/// [`PassError`]; every change made until then is in the ledger, and the next pass goes on.
pub async fn run_once(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    grace: &mut Grace,
    now: &Moment,
    report: &mut Report,
) -> Result<(), PassError> {
    let _busy = network.reader.progress().start();
    let clock = Stopwatch::start(now.clone());
    let number = ledger.begin_pass(now).await?;
    report.pass = number;
    let span = tracing::info_span!("pass", pass_id = number);
    let outcome = work(network, writer, ledger, grace, &clock, report).instrument(span).await;
    let outcome = match outcome {
        Err(PassError::Ledger(LedgerError::Paused(pause))) => {
            report.pause(&pause, ledger.clock(), now);
            Ok(())
        }
        other => other,
    };
    let result = match &outcome {
        Ok(()) => report.result().to_owned(),
        Err(error) => error.to_string(),
    };
    report.error = outcome.as_ref().err().map(ToString::to_string);
    ledger.end_pass(number, &result, report.counts(), report.left(), clock.wall()).await?;
    outcome
}

async fn work(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    grace: &mut Grace,
    clock: &Stopwatch,
    report: &mut Report,
) -> Result<(), PassError> {
    let desired = network.desired().await?;
    let known = ledger.known().await?;
    known.check_network(desired.network.as_ref())?;
    grace.forget_returned(&desired);
    let mut actual = network.reader.domains().await?;
    let Answers { moves, unsure } = network.inquire(&known, &desired, &mut actual).await?;
    let mut known = settled(ledger, known, &actual, clock).await?;
    let moves = move_entries(&mut known, &actual, moves, &unsure, clock.since());
    moves.iter().for_each(say_moved);
    ledger.take_moves(&moves, clock.since().wall).await?;
    let now = clock.since().wall;
    let pointed = network.point(&desired, &actual, &mut known, now).await?;
    ledger.note_verdicts(&known.verdicts, &pointed.forgotten, now).await?;
    let mut proposal = network.plan(desired, actual, &known, clock.since());
    proposal.approved.keep_in_place(&unsure);
    report.notices = proposal.notices();
    report.foresee(proposal.approved.plan());
    grace.observe(proposal.approved.plan(), clock.since());
    note(ledger, &proposal, &known, network, clock).await?;
    disapprove(ledger, &proposal, &known, &unsure).await?;
    if let Some(pause) = known.pause {
        return Err(LedgerError::Paused(pause).into());
    }

    let (actual, approved) = (proposal.actual.side(), &proposal.approved);
    let failures = Vec::new();
    let outcome =
        Applier { network, writer, ledger, known: &known, grace, clock, report, failures }
            .apply(approved, actual)
            .await;
    if outcome.as_ref().is_err_and(PassError::is_about_everything) {
        return outcome;
    }
    note_made(ledger, report, &proposal, &known, network, clock).await?;
    if actual.contradiction().is_some() {
        report.again = report.again.or(Some(CONTRADICTED));
        report.certificate = waiting(&proposal);
        return outcome;
    }
    // What was added until then has its certificate, whatever became of the rest.
    let before = Before { proposal: &proposal, expected: &pointed.expected };
    let ordered = Orderer { network, writer, ledger, clock, report }.order(&before, known).await;
    outcome?;
    ordered
}

/// Settles what an earlier pass left open, on disk too; a listing that looks like an accident settles
/// nothing.
async fn settled(
    ledger: &mut Ledger,
    mut known: Known,
    actual: &Actual,
    clock: &Stopwatch,
) -> Result<Known, LedgerError> {
    if proof::listing_suspicion(actual, &known).is_some() {
        return Ok(known);
    }
    for (domain, intent, outcome) in settle(&mut known, actual, clock.since()) {
        let action = intent.action.word();
        match outcome {
            Outcome::TookEffect => {
                say_settled(&domain, action, "done", "took effect after all");
                let answer = "its answer was lost; the next listing shows it";
                ledger.settle(&domain, intent, answer, clock.since().wall).await?;
            }
            Outcome::IsAbsent => {
                say_settled(&domain, action, "done", "took effect, as it seems");
                ledger.settle_absent(&domain, intent, clock.wall()).await?;
            }
            Outcome::HadNoEffect => {
                // That a refused call had none was said when it was refused.
                if !known.failures.contains_key(&domain) {
                    say_settled(&domain, action, "failed", "had no effect");
                }
                ledger.withdraw(&domain, intent, clock.wall()).await?;
            }
            Outcome::WasThere => {
                tracing::info!(
                    message_id = events::CALL_SETTLED, domain = %domain, action, result = "done",
                    "{domain}: it was there all along"
                );
                ledger.dismiss(&domain).await?;
            }
        }
    }
    Ok(known)
}

fn say_settled(domain: &Domain, action: &str, result: &str, what: &str) {
    tracing::info!(
        message_id = events::CALL_SETTLED, domain = %domain, action, result,
        "{domain}: an earlier {action} {what}"
    );
}

fn say_moved((domain, id): (&Domain, &Option<u64>)) {
    let what = id.map_or("has another name now".into(), |id| format!("is another one now, {id}"));
    tracing::info!(domain = %domain, "{domain}: its entry in RunCloud {what}");
}

/// Writes down what needs no call: what the ledger is bound to, adoptions, names that are gone from both
/// places, certificates of names that are gone, what is blocked.
async fn note(
    ledger: &mut Ledger,
    proposal: &Proposal,
    known: &Known,
    network: &Network,
    clock: &Stopwatch,
) -> Result<(), LedgerError> {
    let plan = proposal.approved.plan();
    let bound = bound(&proposal.desired, known);
    if known.bound.as_ref() != Some(&bound) {
        ledger.bind(&bound).await?;
    }
    if !plan.adoptions.is_empty() {
        ledger.adopt(&plan.adoptions, Rule::Wanted, clock.wall()).await?;
    }
    if !plan.recaused.is_empty() {
        ledger.recause(&plan.recaused).await?;
    }
    if !plan.restored.is_empty() {
        ledger.restored(&plan.restored).await?;
    }
    ledger.note_ids(&plan.ids).await?;
    ledger.note_astray(&plan.astray, clock.wall()).await?;
    let recovered: Vec<_> = known.failures.keys().filter(|name| !plan.retries(name)).collect();
    if !recovered.is_empty() {
        ledger.recovered(recovered).await?;
    }
    let actual = proposal.actual.side();
    let is_over = |(name, state): &(&Domain, &CertificateState)| {
        let is_covered = state.is_covered() && actual.get(name).is_some();
        !is_covered && !plan.due.contains_key(*name)
    };
    let over: Vec<_> = known.certificates.iter().filter(is_over).map(|(name, _)| name).collect();
    if !over.is_empty() {
        ledger.forget_certificates(over).await?;
    }
    note_rows(ledger, &proposal.desired, known, clock).await?;
    let tick = known.clock.tick(clock.since());
    let limit = guard::limit(known.owned.len(), known, &network.policy, tick);
    let orders = network.rules.max_per_week;
    ledger.note_seen(&seen(plan, proposal.actual.side(), limit, orders)).await?;
    let blocked = plan.blocked.as_ref();
    let hash = blocked.map(Blocked::hash).unwrap_or_default();
    ledger.found_blocked(&hash, blocked.iter().flat_map(|all| all.names.keys())).await
}

/// Writes down what the changes made of what was seen, for whoever looks before the next pass.
async fn note_made(
    ledger: &mut Ledger,
    report: &Report,
    proposal: &Proposal,
    known: &Known,
    network: &Network,
    clock: &Stopwatch,
) -> Result<(), LedgerError> {
    let plan = proposal.approved.plan();
    let (added, removed) = (report.added.len(), report.removed.len());
    if added + removed + plan.adoptions.len() == 0 {
        return Ok(());
    }
    let managed = known.owned.len() + plan.adoptions.len() + added;
    let tick = known.clock.tick(clock.since());
    let limit = guard::limit(managed.saturating_sub(removed), known, &network.policy, tick);
    ledger.note_made((plan.present + added).saturating_sub(removed), limit).await
}

/// What becomes of the names that are due while the list is not to be believed.
fn waiting(proposal: &Proposal) -> Order {
    let names: Vec<Domain> = proposal.approved.plan().due.keys().cloned().collect();
    match proposal.actual.suspicion() {
        Some(why) if !names.is_empty() => Order::Waiting { names, detail: why.to_string() },
        _ => Order::NotNeeded,
    }
}

/// Writes down which names the rows hold. A row that holds none any more keeps what it held.
async fn note_rows(
    ledger: &mut Ledger,
    desired: &Snapshot<Desired>,
    known: &Known,
    clock: &Stopwatch,
) -> Result<(), LedgerError> {
    let Snapshot::Complete(_) = desired else { return Ok(()) };
    let Desired { rows, rejected, .. } = desired.side();
    let is_new = |(id, name): &(&i64, &Domain)| known.rows.get(*id) != Some(*name);
    let hold: Vec<_> = rows.iter().filter(is_new).map(|(id, name)| (*id, name)).collect();
    let rejected: BTreeSet<_> = rejected.iter().filter_map(|row| row.cause.mapping).collect();
    let is_gone = |id: &&i64| !rows.contains_key(*id) && !rejected.contains(*id);
    let gone: Vec<i64> = known.rows.keys().filter(is_gone).copied().collect();
    if hold.is_empty() && gone.is_empty() {
        return Ok(());
    }
    ledger.note_rows(&hold, &gone, clock.wall()).await
}

/// What the ledger is bound to from now on; tables that are suspect show no highest id.
fn bound(desired: &Snapshot<Desired>, known: &Known) -> Bound {
    let Bound { network, highest_mapping } = known.bound.clone().unwrap_or_default();
    let side = desired.side();
    let highest_mapping = match desired {
        Snapshot::Complete(_) => highest_mapping.max(side.canaries.highest_mapping),
        Snapshot::Suspect(..) => highest_mapping,
    };
    Bound { network: network.or_else(|| side.network.clone()), highest_mapping }
}

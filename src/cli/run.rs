use super::args::{RunFlags, Settings};
use super::exit::{Exit, Failure};
use super::plan::{load, network, plan, print_json, print_text};
use crate::daemon;
use crate::ledger::{Lease, Ledger};
use crate::reconcile::{Report, pass};
use crate::runcloud::Patience;

/// Reconciles: for ever, once, or not at all but showing the plan.
pub(super) async fn run(settings: &Settings, flags: &RunFlags) -> Result<Exit, Failure> {
    if flags.dry_run {
        return plan(settings, flags.json).await;
    }
    let config = load(settings)?;
    let lease = Lease::acquire(&config.state_dir)?;
    let mut ledger = Ledger::open(&config.state_dir, config.binding(), &lease).await?;
    let (poll, interval) = (config.poll, config.interval);
    let network = network(config, Patience::COMMAND)?;
    let writer = network.reader.writer(&lease);
    if !flags.once {
        daemon::run(&network, &writer, &mut ledger, daemon::Pace { poll, interval })
            .await
            .map_err(Failure::internal)?;
        return Ok(Exit::Converged);
    }
    let mut report = Report::default();
    let outcome = pass::run_once(&network, &writer, &mut ledger, &mut report).await;
    for notice in &report.notices {
        tracing::warn!("{notice}");
    }
    if flags.json {
        print_json(&report)?;
    } else if outcome.is_ok() || !report.is_idle() {
        print_text(&report)?;
    }
    outcome?;
    Ok(if report.is_clean() { Exit::Converged } else { Exit::Partial })
}

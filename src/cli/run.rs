use super::args::{RunFlags, Settings};
use super::exit::{Exit, Failure};
use super::plan::{load, network, plan, print_json, print_text};
use super::progress::Line;
use super::rebind::{check_named, read_patiently, rebind};
use super::signals;
use crate::clock::{Moment, Timestamp};
use crate::daemon::{self, Service};
use crate::ledger::{Lease, Ledger};
use crate::reconcile::certificate::Batch;
use crate::reconcile::{Grace, Network, PassError, Report, pass};
use crate::runcloud::{Patience, Writer};

/// Reconciles: for ever, once, or not at all but showing the plan.
pub(super) async fn run(settings: &Settings, flags: &RunFlags) -> Result<Exit, Failure> {
    if flags.dry_run {
        return plan(settings, flags.json).await;
    }
    check_named(flags)?;
    if flags.wait.is_some() && !flags.once {
        return Err(Failure::usage("--wait belongs to --once: the daemon looks by itself"));
    }
    let config = load(settings)?;
    let lease = Lease::acquire(&config.state_dir)?;
    let (state_dir, binding) = (config.state_dir.clone(), config.binding());
    let pace = daemon::Pace { poll: config.poll, interval: config.interval, grace: config.grace };
    let mut network = network(config, Patience::COMMAND, signals::listen()?)?;
    if !flags.once {
        // More may follow, and what did not arrive yet has its own schedule.
        network.rules.batch = Batch::Quiet;
        network.probes.eager = false;
    }
    let mut ledger = match &flags.rebind {
        None => Ledger::open(&state_dir, binding, &lease).await?,
        Some(named) => {
            let tables = if flags.once {
                Some(network.desired().await?)
            } else {
                read_patiently(&network).await
            };
            let Some(tables) = tables else { return Ok(Exit::Converged) };
            rebind(named, tables.network.as_ref(), &state_dir, binding, &lease).await?
        }
    };
    if let Some(notice) = ledger.notice.take() {
        tracing::warn!("{notice}");
    }
    let writer = network.reader.writer(&lease);
    let command = settings.command();
    if flags.once {
        return once(&network, &writer, &mut ledger, &command, flags).await;
    }
    let service = Service { network: &network, writer: &writer, lease: &lease, pace, command };
    let _line = Line::show(network.reader.progress(), flags.json);
    service.run(&mut ledger).await;
    Ok(Exit::Converged)
}

async fn once(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    command: &str,
    flags: &RunFlags,
) -> Result<Exit, Failure> {
    let mut report = Report::default();
    let line = Line::show(network.reader.progress(), flags.json);
    let outcome = pass_and_wait(network, writer, ledger, flags, &mut report).await;
    drop(line);
    for notice in &report.notices {
        tracing::warn!("{notice}");
    }
    if flags.json {
        print_json(&report)?;
    } else if outcome.is_ok() || !report.is_idle() {
        print_text(&report)?;
    }
    outcome?;
    // Whoever paused it knows that work is left.
    if report.paused.is_some() {
        return Ok(Exit::Converged);
    }
    if let Some(blocked) = &report.blocked {
        return Err(Failure::new(Exit::Blocked, blocked.message(command)));
    }
    Ok(if report.is_clean() { Exit::Converged } else { Exit::Partial })
}

/// One pass, and with `--wait` as many more as it takes until the orders that went out are seen.
async fn pass_and_wait(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    flags: &RunFlags,
    report: &mut Report,
) -> Result<(), PassError> {
    // The second read of the table right before the first removal stands in for the grace.
    let mut grace = Grace::none();
    pass::run_once(network, writer, ledger, &mut grace, &Moment::now(), report).await?;
    let end = Timestamp::now().plus(flags.wait.map(Into::into).unwrap_or_default());
    while let Some(look) = ledger.next_look_at_order().await? {
        let now = Timestamp::now();
        if look > end || network.stop.is_requested() {
            break;
        }
        tracing::info!("waiting for the certificate; next look {}", look.for_reader_at(now));
        network.stop.sleep(look.since(now)).await;
        let mut later = Report::default();
        let outcome =
            pass::run_once(network, writer, ledger, &mut grace, &Moment::now(), &mut later).await;
        report.take_over(later);
        outcome?;
    }
    Ok(())
}

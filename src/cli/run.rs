use std::path::Path;

use super::args::{RunFlags, Settings};
use super::exit::{Exit, Failure};
use super::plan::{load, network, plan, print_json, print_styled};
use super::progress::Line;
use super::rebind::{check_named, read_patiently, rebind};
use super::signals;
use super::text::marked;
use crate::clock::{Moment, Timestamp};
use crate::config::Config;
use crate::daemon::{Pace, Service, Setup};
use crate::ledger::{Binding, Lease, Ledger, LedgerError};
use crate::log::events;
use crate::reconcile::certificate::Batch;
use crate::reconcile::{Grace, Network, PassError, Report, pass};
use crate::runcloud::{Patience, Writer};
use crate::stop::Stop;

/// Reconciles: for ever, once, or not at all but showing the plan.
pub(super) async fn run(settings: &Settings, flags: &RunFlags) -> Result<Exit, Failure> {
    if flags.dry_run {
        return plan(settings, flags.json).await;
    }
    check_named(flags)?;
    if flags.wait.is_some() && !flags.once {
        return Err(Failure::usage("--wait belongs to --once: the daemon looks by itself"));
    }
    if flags.once {
        Box::pin(once(settings, flags)).await
    } else {
        Box::pin(for_ever(settings, flags)).await
    }
}

async fn for_ever(settings: &Settings, flags: &RunFlags) -> Result<Exit, Failure> {
    let words = signals::listen_as_daemon()?;
    let config = load(settings)?;
    let lease = Lease::acquire(&config.state_dir)?;
    let (state_dir, binding) = (config.state_dir.clone(), config.binding());
    let setup = setup(config, &words.stop)?;
    let named = flags.rebind.as_deref();
    let Some(mut ledger) = open(&setup.network, named, &state_dir, binding, &lease).await? else {
        return Ok(Exit::Converged);
    };
    let reload = || {
        let config = load(settings).map_err(|failure| failure.message)?;
        if config.state_dir != state_dir || config.binding() != binding {
            let what = "another server, web application or state directory needs a restart";
            return Err(what.to_owned());
        }
        self::setup(config, &words.stop).map_err(|failure| failure.message)
    };
    let _line = Line::show(setup.network.reader.progress(), flags.json);
    let service = Service {
        setup,
        lease: &lease,
        words: words.clone(),
        reload: Box::new(reload),
        command: settings.command(),
    };
    service.run(&mut ledger).await;
    Ok(Exit::Converged)
}

/// What the settings make of a daemon.
fn setup(config: Config, stop: &Stop) -> Result<Setup, Failure> {
    let pace = Pace { poll: config.poll, interval: config.interval, grace: config.grace };
    let (monthly_calls, listen) = (config.monthly_calls, config.listen.clone());
    let mut network = network(config, Patience::DAEMON, stop.clone())?;
    // More may follow, and what did not arrive yet has its own schedule.
    network.rules.batch = Batch::Quiet;
    network.probes.eager = false;
    Ok(Setup { network, pace, monthly_calls, listen })
}

/// The ledger; none where a daemon is asked to stop before the tables could be read for it.
async fn open(
    network: &Network,
    rebound: Option<&str>,
    state_dir: &Path,
    binding: Binding,
    lease: &Lease,
) -> Result<Option<Ledger>, Failure> {
    let mut ledger = match rebound {
        None => Ledger::open(state_dir, binding, lease).await?,
        Some(named) => {
            let Some(tables) = read_patiently(network).await else { return Ok(None) };
            rebind(named, tables.network.as_ref(), state_dir, binding, lease).await?
        }
    };
    say_how_it_begins(&mut ledger);
    Ok(Some(ledger))
}

fn say_how_it_begins(ledger: &mut Ledger) {
    if let Some(notice) = ledger.notice.take() {
        tracing::warn!(message_id = events::LEDGER_BEGINS, "{notice}");
    }
}

async fn once(settings: &Settings, flags: &RunFlags) -> Result<Exit, Failure> {
    let stop = signals::listen()?;
    let config = load(settings)?;
    let lease = Lease::acquire(&config.state_dir)?;
    let (state_dir, binding) = (config.state_dir.clone(), config.binding());
    let network = network(config, Patience::COMMAND, stop)?;
    let mut ledger = match &flags.rebind {
        None => Ledger::open(&state_dir, binding, &lease).await?,
        Some(named) => {
            let tables = network.desired().await?;
            rebind(named, tables.network.as_ref(), &state_dir, binding, &lease).await?
        }
    };
    say_how_it_begins(&mut ledger);
    let writer = network.reader.writer(&lease);
    let mut report = Report::default();
    let line = Line::show(network.reader.progress(), flags.json);
    let outcome = pass_and_wait(&network, &writer, &mut ledger, flags, &mut report).await;
    drop(line);
    let calls = network.reader.tally().take().metered();
    let counted = ledger.count_calls(calls, Timestamp::now()).await;
    for notice in &report.notices {
        tracing::warn!(message_id = events::NOTICE, "{notice}");
    }
    if flags.json {
        print_json(&report)?;
    } else if outcome.is_ok() || !report.is_idle() {
        print_styled(&marked(&report))?;
    }
    outcome?;
    counted?;
    exit_of(&report, settings)
}

fn exit_of(report: &Report, settings: &Settings) -> Result<Exit, Failure> {
    // Whoever paused it knows that work is left.
    if report.paused.is_some() {
        return Ok(Exit::Converged);
    }
    if let Some(blocked) = &report.blocked {
        return Err(Failure::new(Exit::Blocked, blocked.message(&settings.command())));
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
    let mut began = Moment::now();
    pass::run_once(network, writer, ledger, &mut grace, &began, report).await?;
    let end = Timestamp::now().plus(flags.wait.map(Into::into).unwrap_or_default());
    while let Some(look) = next_look(ledger, report, &began).await? {
        let now = Timestamp::now();
        if look > end || network.stop.is_requested() {
            break;
        }
        tracing::info!("waiting for the certificate; next look {}", look.for_reader_at(now));
        network.stop.sleep(look.since(now)).await;
        let mut later = Report::default();
        began = Moment::now();
        let outcome = pass::run_once(network, writer, ledger, &mut grace, &began, &mut later).await;
        report.take_over(later);
        outcome?;
    }
    Ok(())
}

/// When an order under way is looked at next, or a list is read again that was not to be believed.
async fn next_look(
    ledger: &mut Ledger,
    report: &Report,
    began: &Moment,
) -> Result<Option<Timestamp>, LedgerError> {
    let again = report.again.filter(|wait| !wait.is_zero());
    let again = again.map(|wait| Timestamp::now().plus(wait));
    let look = ledger.next_look_at_order(began.wall).await?;
    Ok(look.into_iter().chain(again).min())
}

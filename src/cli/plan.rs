use std::io::Write;

use super::args::Settings;
use super::exit::{Exit, Failure};
use super::place::environment;
use super::progress::Line;
use super::text::marked;
use crate::clock::Moment;
use crate::config::{self, Config, Probe, WitnessKeys};
use crate::ledger::{Known, Ledger, Look};
use crate::log::events;
use crate::probe::{NoWitness, Resolver, Witness};
use crate::reconcile::pass::{self, Outlook};
use crate::reconcile::plan::{PlanJson, PlanText};
use crate::reconcile::{Network, Probes};
use crate::runcloud::{Patience, Reader};
use crate::stop::Stop;
use crate::wordpress::Database;

/// Where WordPress answers the plugin's own reachability request.
const HTTP_PORT: u16 = 80;

/// Shows what a pass would do now.
pub(super) async fn plan(settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let config = load(settings)?;
    let known = known(&config).await?;
    let network = network(config, Patience::COMMAND, Stop::new())?;
    let line = Line::show(network.reader.progress(), json);
    let outlook = pass::look(&network, known, &Moment::now()).await;
    drop(line);
    let Outlook { plan, notices } = outlook?;
    for notice in notices {
        eprintln!("note: {notice}");
    }
    if json {
        print_json(&PlanJson::of(&plan))?;
    } else {
        print_styled(&marked(&PlanText { plan: &plan, command: &settings.command() }))?;
    }
    Ok(match plan.blocked {
        Some(_) => Exit::Blocked,
        None if plan.changes_anything() => Exit::Changes,
        None => Exit::Converged,
    })
}

/// What the ledger holds, with what is to be said about it said.
pub(super) async fn known(config: &Config) -> Result<Known, Failure> {
    match Ledger::look(&config.state_dir, config.binding()).await? {
        Look::Known(known) => return Ok(*known),
        Look::Missing => eprintln!(
            "note: there is no ledger in {} yet, so nothing is owned and nothing would be removed",
            config.state_dir.display()
        ),
        Look::Unusable(why) => eprintln!(
            "note: {why}. The next pass sets it aside and begins a new one, so nothing is owned and \
             nothing would be removed"
        ),
    }
    Ok(Known::default())
}

/// The settings, with what is to be said about them said.
pub(super) fn load(settings: &Settings) -> Result<Config, Failure> {
    let config = config::load(&settings.flags(), &environment())?;
    for notice in &config.notices {
        tracing::warn!(message_id = events::SETTING_NOTICE, "{notice}");
    }
    for setting in &config.origins {
        tracing::debug!("{}: {} ({})", setting.setting, setting.value, setting.origin);
    }
    Ok(config)
}

/// Both sides of a configuration, not opened yet.
pub(super) fn network(config: Config, patience: Patience, stop: Stop) -> Result<Network, Failure> {
    let probes = probes(config.probe);
    Ok(Network {
        database: Database::new(config.source, config.prefix, patience.total),
        reader: Reader::new(&config.endpoint, patience, stop.clone())?,
        own: config.own,
        keep: config.keep,
        policy: config.policy,
        rules: config.rules,
        probes,
        stop,
    })
}

/// What the outside world is looked at with. Without a resolver nothing is known of names' DNS, which holds
/// nothing back.
fn probes(probe: Probe) -> Probes {
    let resolver = Resolver::new(&probe.resolvers).map_err(|error| tracing::warn!("{error}"));
    let witness =
        probe.witness.and_then(|WitnessKeys { auth_key, auth_salt }| {
            match Witness::new(&auth_key, &auth_salt, HTTP_PORT) {
                Ok(witness) => Some(witness),
                Err(NoWitness::Unfilled) => None,
                Err(error) => {
                    tracing::warn!("{error}");
                    None
                }
            }
        });
    let Probe { accept, web_server, .. } = probe;
    let mut probes = Probes::new(resolver.ok());
    (probes.accept, probes.web_server, probes.witness) = (accept, web_server, witness);
    probes
}

pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::internal)?;
    print_text(&text)
}

/// Prints to stdout; a reader that went away (`| head`) is no error.
pub(super) fn print_text(text: &impl std::fmt::Display) -> Result<(), Failure> {
    print_to(std::io::stdout().lock(), text)
}

/// Prints to stdout, in colours where that is a terminal and nobody said `NO_COLOR`.
pub(super) fn print_styled(text: &impl std::fmt::Display) -> Result<(), Failure> {
    print_to(anstream::stdout().lock(), text)
}

fn print_to(mut stdout: impl Write, text: &impl std::fmt::Display) -> Result<(), Failure> {
    match writeln!(stdout, "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::internal(error))
        }
        _ => Ok(()),
    }
}

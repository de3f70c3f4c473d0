use clap::Args;

use super::args::Settings;
use super::ask::insist;
use super::exit::{Exit, Failure};
use super::plan::{known, load, network, print_text};
use super::progress::Line;
use crate::clock::Moment;
use crate::domain::Domain;
use crate::ledger::{Action, Event, Ledger, Outcome, Record, Restore, Why};
use crate::reconcile::pass;
use crate::reconcile::plan::{Change, Plan, Removal};
use crate::runcloud::Patience;
use crate::stop::Stop;

#[derive(Debug, Args)]
pub(super) struct UndoFlags {
    /// The number of the removal, as `history` shows it
    #[arg(value_parser = id)]
    id: i64,
    /// Do it without a question
    #[arg(long)]
    yes: bool,
}

fn id(text: &str) -> Result<i64, String> {
    let wrong = |_| "give the number at which its line in `history` begins, such as 12".to_owned();
    text.parse().map_err(wrong)
}

/// Takes a removal back: whoever holds the lease adds the name with its next pass. The row stays away, so the
/// name comes back as one that only RunCloud has.
pub(super) async fn undo(settings: &Settings, flags: &UndoFlags) -> Result<Exit, Failure> {
    let config = load(settings)?;
    let (state_dir, binding, policy) = (config.state_dir.clone(), config.binding(), config.policy);
    let event = match Record::open(&state_dir).await? {
        Some(mut record) => record.event(flags.id).await?,
        None => None,
    };
    let (domain, restore) = removal(event, flags.id)?;
    if policy.removal == Removal::Mirror {
        return Err(Failure::usage(format!(
            "nothing was done: removal = \"mirror\" takes away what no row wants, so {domain} would go again. \
             Map it again in WordPress, or name it in sync.keep and add it in RunCloud"
        )));
    }
    let mut known = known(&config).await?;
    let network = network(config, Patience::COMMAND, Stop::new())?;
    known.restores.insert(domain.clone(), restore);
    let now = Moment::now();
    let line = Line::show(network.reader.progress(), false);
    let plan = pass::look(&network, known, &now).await?.plan;
    drop(line);
    if let Some(nothing) = needless(&plan, &domain) {
        print_text(&nothing)?;
        return Ok(Exit::Converged);
    }
    print_text(&format!(
        "+ {domain}  to be added to RunCloud by the next pass, for event {}\n\
         No row wants it: WordPress does not serve it until it is mapped again. It comes back as a name \
         that only RunCloud has, so nothing removes it; once a row has it, it goes when that row goes.",
        restore.event
    ))?;
    insist(flags.yes, &format!("Add {domain} again?"))?;
    Ledger::join(&state_dir, binding).await?.restore(&domain, restore, now.wall).await?;
    print_text(&"noted; the next pass adds it")?;
    Ok(Exit::Converged)
}

/// The name that a removal took away; only a removal can be taken back.
fn removal(event: Option<Event>, id: i64) -> Result<(Domain, Restore), Failure> {
    let Some(event) = event else {
        return Err(Failure::usage(format!("there is no event {id} in the history")));
    };
    let is_removal = event.action == Action::Remove && event.outcome == Outcome::Done;
    match (event.domain, event.why) {
        (Some(domain), Some(Why { cause, .. })) if is_removal => {
            Ok((domain, Restore { event: id, www: false, cause }))
        }
        _ => Err(Failure::usage(format!(
            "event {id} is no removal, and only a removal can be taken back: what rows want is added anyway, \
             and what they do not want is removed when its row is"
        ))),
    }
}

/// Why there is nothing to take back, where that is so.
fn needless(plan: &Plan, domain: &Domain) -> Option<String> {
    let change = plan.changes.iter().find(|change| change.domain() == domain);
    match change {
        Some(Change::Add { undo: Some(_), .. }) => None,
        Some(Change::Add { cause, .. }) => {
            Some(format!("{domain}: {cause} wants it, so the next pass adds it anyway"))
        }
        _ if plan.restored.contains(domain) => Some(format!(
            "{domain}: it is in RunCloud, or a row speaks of it again, so there is nothing to take back"
        )),
        _ => {
            let held = plan.held.iter().find(|held| held.domain == *domain);
            let why = held.map_or("the next pass does nothing about it", |held| &held.detail);
            Some(format!("{domain}: {why}"))
        }
    }
}

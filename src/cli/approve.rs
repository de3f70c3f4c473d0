use std::collections::BTreeSet;

use super::args::{ApproveFlags, Settings};
use super::ask::{confirm, is_nobody_there};
use super::exit::{Exit, Failure};
use super::plan::{known, load, network, print_text};
use super::progress::Line;
use crate::clock::Moment;
use crate::domain::Domain;
use crate::ledger::{Approval, Ledger};
use crate::reconcile::{Blocked, pass, some_of};
use crate::runcloud::Patience;
use crate::stop::Stop;

/// Lets the removals that a guard blocks through, once. The lease stays with whoever has it: what is
/// written is a word for the process at work.
pub(super) async fn approve(settings: &Settings, flags: &ApproveFlags) -> Result<Exit, Failure> {
    if flags.ttl.is_zero() {
        return Err(Failure::usage("--ttl is how long the approval lasts, such as 1h"));
    }
    let config = load(settings)?;
    let (state_dir, binding) = (config.state_dir.clone(), config.binding());
    let known = known(&config).await?;
    let (clock, approval) = (known.clock.clone(), known.approval.clone());
    let network = network(config, Patience::COMMAND, Stop::new())?;
    let now = Moment::now();
    let line = Line::show(network.reader.progress(), false);
    let plan = pass::look(&network, known, &now).await?.plan;
    drop(line);
    let Some(blocked) = plan.blocked else {
        return already(approval.as_ref(), &flags.hash, &now);
    };
    let mut ledger = Ledger::join(&state_dir, binding).await?;
    if blocked.hash() != flags.hash {
        let meant = ledger.blocked_as(&flags.hash).await?;
        return Err(refused(difference(&blocked, &meant, &settings.command())));
    }
    if !flags.yes && !is_nobody_there() {
        for (name, why) in &blocked.names {
            print_text(&format!("- {name}  {why}"))?;
        }
        confirm(&format!("{blocked}. Let them through once?"))?;
    }
    let names = blocked.names.keys().cloned().collect();
    let ttl = flags.ttl.into();
    let approval = Approval::new(flags.hash.clone(), names, ttl, &now, clock.tick(&now));
    ledger.approve(&approval, now.wall).await?;
    print_text(&format!(
        "approved: {} names may be removed once, until {}, by `--once` or by the daemon after removal_grace: \
         {}",
        approval.names.len(),
        approval.until.for_reader_at(now.wall),
        some_of(&approval.names.into_iter().collect::<Vec<_>>())
    ))?;
    Ok(Exit::Converged)
}

/// Nothing is blocked: because it is approved already, or at all.
fn already(approval: Option<&Approval>, hash: &str, now: &Moment) -> Result<Exit, Failure> {
    let Some(Approval { until, .. }) = approval.filter(|approval| approval.hash == *hash) else {
        return Err(Failure::usage("no removals are blocked now, so there is nothing to approve"));
    };
    let until = until.for_reader_at(now.wall);
    print_text(&format!("already approved, until {until}"))?;
    Ok(Exit::Converged)
}

/// Why the hash does not stand for what is blocked now.
fn difference(blocked: &Blocked, meant: &BTreeSet<Domain>, command: &str) -> String {
    let now: BTreeSet<Domain> = blocked.names.keys().cloned().collect();
    let only = |a: &BTreeSet<Domain>, b| some_of(&a.difference(b).cloned().collect::<Vec<_>>());
    let changed = if meant.is_empty() {
        "the last pass did not block removals under this hash".to_owned()
    } else {
        let (more, fewer) = (only(&now, meant), only(meant, &now));
        let more = if more.is_empty() { "none".to_owned() } else { more };
        let fewer = if fewer.is_empty() { "none".to_owned() } else { fewer };
        format!("the plan has changed: more names to remove: {more}; no longer to remove: {fewer}")
    };
    format!("nothing is approved: {changed}. {}", blocked.message(command))
}

fn refused(message: String) -> Failure {
    Failure::new(Exit::Blocked, message)
}

use clap::Args;

use super::args::Settings;
use super::exit::{Exit, Failure};
use super::place;
use super::plan::print_text;
use super::values::duration;
use crate::clock::{Moment, Timestamp};
use crate::ledger::Pause;

/// How much of a reason is kept, in characters.
const REASON: usize = 200;

#[derive(Debug, Args)]
pub(super) struct PauseFlags {
    /// Why, for whoever finds it paused
    reason: Vec<String>,
    /// End by itself after that long, such as 2h; else only `resume` ends it
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    length: Option<humantime::Duration>,
}

/// Stops all writing to RunCloud, from the next call on.
pub(super) async fn pause(settings: &Settings, flags: &PauseFlags) -> Result<Exit, Failure> {
    if flags.length.is_some_and(|length| length.is_zero()) {
        return Err(Failure::usage("--for is how long the pause lasts, such as 2h"));
    }
    let mut operator = place::join(settings).await?;
    let now = Moment::now();
    let pause =
        operator.pause(&one_line(&flags.reason), flags.length.map(Into::into), &now).await?;
    let until = pause.until(operator.clock(), &now).map_or_else(
        || "until you resume".to_owned(),
        |until| format!("until about {}", until.for_reader_at(now.wall)),
    );
    print_text(&format!(
        "paused {until}: from the next call on nothing is written to RunCloud; what would be is still \
         counted. End it: {} resume",
        settings.command()
    ))?;
    Ok(Exit::Converged)
}

/// Ends the pause.
pub(super) async fn resume(settings: &Settings) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let ended = place::join(settings).await?.resume(now).await?;
    match ended {
        None => print_text(&"it was not paused")?,
        Some(Pause { since, reason, .. }) => {
            let reason = if reason.is_empty() { reason } else { format!(" ({reason})") };
            let since = since.for_reader_at(now);
            print_text(&format!("resumed: it was paused since {since}{reason}"))?;
        }
    }
    Ok(Exit::Converged)
}

fn one_line(words: &[String]) -> String {
    let text = words.join(" ");
    let text = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    text.take(REASON).collect()
}

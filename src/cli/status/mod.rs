//! What is known, from the ledger alone.

mod json;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::Settings;
use super::exit::{Exit, Failure};
use super::place;
use super::plan::{print_json, print_styled};
use crate::clock::Moment;
use crate::config;
use crate::ledger::{AtWork, Record, Survey};

/// How many of each list a person is shown; JSON has them all.
const SHOWN: u32 = 10;

#[derive(Debug, Args)]
pub(super) struct StatusFlags {
    /// Print it as JSON on stdout
    #[arg(long)]
    json: bool,
}

/// What is known of a state directory.
struct Status {
    directory: PathBuf,
    at_work: AtWork,
    /// None where there is no ledger.
    survey: Option<Survey>,
    /// `api.monthly_calls`, where it is known.
    monthly_calls: Option<u64>,
    now: Moment,
    /// How this program is called with its settings, for the commands it suggests.
    command: String,
}

/// Shows what is known, whether a daemon is at work or not.
pub(super) async fn status(settings: &Settings, flags: &StatusFlags) -> Result<Exit, Failure> {
    let directory = place::state_dir(settings)?;
    let most = (!flags.json).then_some(SHOWN);
    let monthly_calls = config::monthly_calls(&settings.flags(), &place::environment());
    show(&directory, monthly_calls, most, settings.command()).await?;
    Ok(Exit::Converged)
}

/// Shows the status of a state directory: so many of each list as text, or everything as JSON.
pub(super) async fn show(
    directory: &Path,
    monthly_calls: Option<u64>,
    most: Option<u32>,
    command: String,
) -> Result<(), Failure> {
    let now = Moment::now();
    let survey = match Record::open(directory).await? {
        Some(mut record) => Some(record.survey(most, &now).await?),
        None => None,
    };
    let (at_work, directory) = (AtWork::on(directory), directory.to_owned());
    let status = Status { directory, at_work, survey, monthly_calls, now, command };
    match most {
        Some(_) => print_styled(&text::page(&status)),
        None => print_json(&json::StatusJson::of(&status)),
    }
}

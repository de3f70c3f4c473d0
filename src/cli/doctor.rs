use super::args::Settings;
use super::exit::{Exit, Failure};
use super::place::environment;
use super::plan::{print_json, print_styled};
use super::progress::Line;
use crate::config;
use crate::doctor::{Json, Text, examine, gather};
use crate::progress::Progress;

/// Checks everything that can be wrong. A setting that is, is a finding like any other.
pub(super) async fn doctor(settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let progress = Progress::default();
    let line = Line::show(&progress, json);
    let facts = gather(config::examine(&settings.flags(), &environment()), &progress).await;
    drop(line);
    let examination = examine(&facts);
    let settings = &facts.settings.origins;
    if json {
        print_json(&Json::of(&examination, settings))?;
    } else {
        print_styled(&Text { examination: &examination, settings })?;
    }
    Ok(if examination.is_clean() { Exit::Converged } else { Exit::Partial })
}

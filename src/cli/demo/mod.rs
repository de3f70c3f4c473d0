//! The whole thing on this machine: an embedded network, a simulated RunCloud, and the real reconciler
//! on both, in a temporary directory that goes when the demo ends.

mod narrator;
mod network;
mod questions;
mod story;

use std::path::Path;

use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::DemoFlags;
use super::exit::{Exit, Failure};
use crate::domain::Domain;
use narrator::say;
use network::WordPress;

/// Plays the story, or changes a mapping of a demo that stays up.
pub(super) async fn demo(flags: &DemoFlags) -> Result<Exit, Failure> {
    match (&flags.directory, &flags.map, &flags.unmap) {
        (Some(directory), Some(name), _) => map(directory, name).await,
        (Some(directory), None, Some(name)) => unmap(directory, name).await,
        (Some(_), None, None) => Err(Failure::usage("--in belongs to --map NAME or --unmap NAME")),
        (None, ..) => Box::pin(play(flags)).await,
    }
}

async fn map(directory: &Path, name: &str) -> Result<Exit, Failure> {
    let row = WordPress::open(directory).await?.map(name).await?;
    say(&format!("Mapping {row} is in the table: {name}. The other terminal tells what follows."))?;
    if let Err(rejection) = Domain::parse(name) {
        say(&format!("It will be reported and nothing else: {rejection}."))?;
    }
    Ok(Exit::Converged)
}

async fn unmap(directory: &Path, name: &str) -> Result<Exit, Failure> {
    if WordPress::open(directory).await?.unmap(name).await? == 0 {
        return Err(Failure::usage(format!("nobody mapped {name} there")));
    }
    say(&format!("{name} is no longer in the table. The other terminal tells what follows."))?;
    Ok(Exit::Converged)
}

async fn play(flags: &DemoFlags) -> Result<Exit, Failure> {
    // Before there is a directory, so that no signal finds one that nobody removes.
    let signals = listen().map_err(Failure::internal)?;
    let directory = make_directory()?;
    let outcome = tokio::select! {
        biased;
        outcome = story::play(flags, directory.path()) => outcome,
        () = any_of(signals) => Ok(Exit::Converged),
    };
    remove(directory).map_err(Failure::internal)?;
    outcome
}

/// Ctrl-C, SIGTERM, and a terminal that is closed.
fn listen() -> std::io::Result<[Signal; 3]> {
    Ok([
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
    ])
}

async fn any_of([mut interrupt, mut terminate, mut hangup]: [Signal; 3]) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

fn make_directory() -> Result<TempDir, Failure> {
    tempfile::Builder::new().prefix("runcloud-domain-sync-demo-").tempdir().map_err(|error| {
        let parent = std::env::temp_dir();
        let message = format!(
            "no directory can be made in {}: {error}. Set TMPDIR to one that can be written",
            parent.display()
        );
        Failure::new(Exit::Config, message)
    })
}

/// A pass that was cut off may make one more file while the directory goes, so it gets a second try.
fn remove(directory: TempDir) -> std::io::Result<()> {
    let path = directory.path().to_owned();
    directory.close().or_else(|_| std::fs::remove_dir_all(path))
}

//! Gathers the facts: GETs, SELECTs and looks at files, within limits of time. Nothing is written.

mod runcloud;
mod state;
mod units;
mod wire;
mod wordpress;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::facts::{Facts, FileMode};
use crate::clock::Timestamp;
use crate::config::Examined;
use crate::progress::Progress;

/// Asks RunCloud, the database and systemd at the same time, and looks at this machine. What cannot be had is none.
pub async fn gather(settings: Examined, progress: &Progress) -> Facts {
    let _busy = progress.start();
    let now = Timestamp::now();
    let state = state::look(&settings, now).await;
    let (mut api, wordpress, units) = tokio::join!(
        runcloud::ask(&settings, progress),
        wordpress::ask(&settings, now),
        units::look()
    );
    let secret_files = settings.secret_files.iter().filter_map(mode_of).collect();
    runcloud::look_elsewhere(&mut api, &settings, &state, progress).await;
    let wire = wire::look(&settings, &api, &wordpress, now).await;
    Facts { now, settings, api, wordpress, state, wire, secret_files, units }
}

fn mode_of(path: &PathBuf) -> Option<FileMode> {
    let mode = Path::new(path).metadata().ok()?.permissions().mode();
    Some(FileMode { path: path.clone(), mode })
}

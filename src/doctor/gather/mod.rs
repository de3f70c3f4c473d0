//! Gathers the facts: GETs, SELECTs and looks at files, within limits of time. Nothing is written.

mod runcloud;
mod state;
mod wire;
mod wordpress;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::facts::{Facts, FileMode};
use crate::clock::Timestamp;
use crate::config::Examined;
use crate::progress::Progress;

/// Asks RunCloud and the database at the same time, and looks at this machine. What cannot be had is none.
pub async fn gather(settings: Examined, progress: &Progress) -> Facts {
    let _busy = progress.start();
    let now = Timestamp::now();
    let state = state::look(&settings, now).await;
    let (mut api, wordpress) =
        tokio::join!(runcloud::ask(&settings, progress), wordpress::ask(&settings, now));
    let secret_files = settings.secret_files.iter().filter_map(mode_of).collect();
    runcloud::look_elsewhere(&mut api, &settings, &state, progress).await;
    let wire = wire::look(&settings, &api, &wordpress, now).await;
    Facts { now, settings, api, wordpress, state, wire, secret_files }
}

fn mode_of(path: &PathBuf) -> Option<FileMode> {
    let mode = Path::new(path).metadata().ok()?.permissions().mode();
    Some(FileMode { path: path.clone(), mode })
}

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, access};

use crate::clock::Timestamp;
use crate::config::Examined;
use crate::doctor::facts::{Directory, Lease, Place, State};
use crate::ledger::{AtWork, Binding, Ledger};

/// Looks into the state directory, without making one.
pub(super) async fn look(settings: &Examined, now: Timestamp) -> State {
    let Some(path) = &settings.state_dir else { return State::default() };
    let directory = Directory { path: path.clone(), is: place(path) };
    let ledger = match (settings.server_id, settings.app_id) {
        (Some(server), Some(app)) => Some(Ledger::look(path, Binding { server, app }).await),
        _ => None,
    };
    State {
        directory: Some(directory),
        ledger,
        glance: Ledger::glance(path, now).await.ok().flatten(),
        lease: lease(path),
    }
}

fn place(path: &Path) -> Place {
    match path.metadata() {
        Ok(found) if found.is_dir() => Place::Directory {
            is_writable: access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok(),
            mode: found.permissions().mode(),
            owner: found.uid(),
            of_others: of_others(path, &found),
        },
        Ok(_) => Place::Unusable("it is no directory".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = path.ancestors().skip(1).find(|above| above.exists());
            let can_be_made = above.is_some_and(|above| {
                above.is_dir() && access(above, Access::WRITE_OK | Access::EXEC_OK).is_ok()
            });
            Place::Nothing { can_be_made }
        }
        Err(error) => Place::Unusable(error.to_string()),
    }
}

/// The service cannot write what somebody who ran a pass by hand left to it.
fn of_others(path: &Path, directory: &Metadata) -> Vec<(String, u32)> {
    let files = ["ledger.sqlite", "ledger.sqlite-journal", "lease"];
    let owners = files.map(|file| Some((file.to_owned(), path.join(file).metadata().ok()?.uid())));
    owners.into_iter().flatten().filter(|(_, owner)| *owner != directory.uid()).collect()
}

fn lease(path: &Path) -> Lease {
    match AtWork::on(path) {
        AtWork::Unknown => Lease::Unknown,
        AtWork::Nobody => Lease::Free,
        AtWork::Process(process) => Lease::Held(format!("process {process}")),
    }
}

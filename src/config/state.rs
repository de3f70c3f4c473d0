//! Where the ledger is, for commands that need no other setting.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::file::{DEFAULT_PATH, File};
use super::layers::Layers;
use super::names::STATE;
use super::{ConfigError, Environment, Flags};

pub(super) const STATE_DIR: &str = "/var/lib/runcloud-domain-sync";

/// The state directory, and what an operator should hear about how it was found. Whoever names it by a flag
/// or the environment needs no config.toml, and whoever may not read that gets the default.
///
/// # Errors
/// [`ConfigError`] where config.toml would decide and cannot be understood.
pub fn state_dir(
    flags: &Flags,
    environment: &Environment,
) -> Result<(PathBuf, Option<String>), ConfigError> {
    let only = |problem| ConfigError(vec![problem]);
    let none = File::default();
    let plain = Layers { flags, environment, file: &none, wp_config: None };
    let given = plain.text(&STATE, flags.state_dir.as_ref(), None).map_err(only)?;
    if let Some(given) = given {
        return Ok((first_of(&given.value), None));
    }
    if flags.config.is_none() && is_forbidden(DEFAULT_PATH) {
        let notice = format!(
            "{DEFAULT_PATH} may not be read by this user: {STATE_DIR} is taken for the state directory; \
             --state-dir names another"
        );
        return Ok((STATE_DIR.into(), Some(notice)));
    }
    let file = File::read(flags.config.as_deref()).map_err(only)?;
    Ok((first_of(file.state_dir.as_deref().unwrap_or(STATE_DIR)), None))
}

/// The state directory as a flag, for a command that somebody types elsewhere: what the flag says, or the environment
/// where a command without it would take another.
pub fn state_dir_flag(flags: &Flags, environment: &Environment) -> Option<String> {
    if flags.state_dir.is_some() {
        return flags.state_dir.clone();
    }
    let (here, _) = state_dir(flags, environment).ok()?;
    let (elsewhere, _) = state_dir(flags, &Environment::new()).ok()?;
    (here != elsewhere).then(|| here.display().to_string())
}

/// `api.monthly_calls` of the config.toml that names the state directory; none where it has none, where the
/// directory was named without one, and where it cannot be read.
pub fn monthly_calls(flags: &Flags, environment: &Environment) -> Option<u64> {
    let is_named = flags.state_dir.is_some() || environment.contains_key(STATE.environment);
    if is_named && flags.config.is_none() {
        return None;
    }
    File::read(flags.config.as_deref()).ok()?.api.monthly_calls
}

fn is_forbidden(path: &str) -> bool {
    std::fs::File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// systemd joins several directories with colons.
pub(super) fn first_of(directories: &str) -> PathBuf {
    directories.split(':').next().unwrap_or(directories).into()
}

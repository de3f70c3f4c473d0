//! Finds and reads wp-config.php and whatever it names, for the pure reader to make sense of.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Environment;
use crate::wp_config::{Parsed, Sources, WpConfig, parse};

/// Reads the configuration at `path`: the file, or the directory it is in.
pub(super) fn read(path: &Path, environment: &Environment) -> Result<WpConfig, String> {
    let found = locate(path);
    let text = read_text(&found)?;
    // `__DIR__` is absolute and free of symbolic links.
    let entry = found.canonicalize().unwrap_or(found);
    let files = BTreeMap::from([(entry.clone(), Some(text))]);
    let mut sources = Sources { entry, files, environment: environment.clone() };
    loop {
        match parse(&sources) {
            Parsed::Complete(config) => return Ok(config),
            Parsed::Needs(path) => {
                let text = read_text(&path).ok();
                sources.files.insert(path, text);
            }
        }
    }
}

/// Where WordPress would find it: there, or one directory up unless another WordPress is there.
fn locate(path: &Path) -> PathBuf {
    let file = if path.is_dir() { path.join("wp-config.php") } else { path.to_owned() };
    if file.exists() {
        return file;
    }
    let above = file.parent().and_then(Path::parent);
    match above
        .map(|directory| (directory.join("wp-config.php"), directory.join("wp-settings.php")))
    {
        Some((config, settings)) if config.exists() && !settings.exists() => config,
        _ => file,
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| {
        let mend = match error.kind() {
            ErrorKind::PermissionDenied => {
                "; run as the web application's user or as root, or hand it over as a credential"
            }
            ErrorKind::NotFound => "; --wp-config takes the file or the directory it is in",
            _ => "",
        };
        format!("cannot read {}: {error}{mend}", path.display())
    })?;
    // PHP takes any bytes; only names and numbers are wanted of them.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

//! Looks one setting up in every layer, the strongest first.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::file::File;
use super::names::{Names, WP_CONFIG};
use super::sourced::{Origin, Sourced};
use super::{Environment, Flags};
use crate::wp_config::WpConfig;

pub(super) struct Layers<'a> {
    pub(super) flags: &'a Flags,
    pub(super) environment: &'a Environment,
    pub(super) file: &'a File,
    pub(super) wp_config: Option<&'a WpConfig>,
}

impl Layers<'_> {
    /// The setting's value in the strongest layer that has it.
    pub(super) fn text(
        &self,
        names: &Names,
        flag: Option<&String>,
        file: Option<&String>,
    ) -> Result<Option<Sourced<String>>, String> {
        let given = [
            (flag.cloned(), names.flag.map(Origin::Flag)),
            (self.variable(names.environment), Some(Origin::Environment(names.environment))),
            (file.cloned(), Some(Origin::File(names.key))),
        ];
        for (value, origin) in given {
            if let (Some(value), Some(origin)) = (value, origin) {
                return Ok(Some(Sourced { setting: names.setting, value, origin }));
            }
        }
        self.in_wp_config(names)
    }

    /// Where wp-config.php is to be found.
    pub(super) fn wp_config_path(&self) -> Result<Option<Sourced<String>>, String> {
        if let Some(given) = self.text(&WP_CONFIG, self.flags.wp_config.as_ref(), None)? {
            return Ok(Some(given));
        }
        if let Some(path) = self.credential(&WP_CONFIG) {
            let (setting, value) = (WP_CONFIG.setting, path.display().to_string());
            return Ok(Some(Sourced { setting, value, origin: Origin::Credential(path) }));
        }
        self.text(&WP_CONFIG, None, self.file.wordpress.wp_config.as_ref())
    }

    /// The setting's value where only wp-config.php can have it.
    pub(super) fn constant(
        &self,
        setting: &'static str,
        name: &'static str,
        instead: &str,
    ) -> Result<Option<Sourced<String>>, String> {
        let Some(wp_config) = self.wp_config else { return Ok(None) };
        let found = if name == "$table_prefix" {
            wp_config.table_prefix()
        } else {
            wp_config.constant(name).map(|value| value.map(crate::wp_config::Value::into_text))
        };
        let value = found.map_err(|unknown| {
            format!("{unknown}: it cannot be known without running PHP. Give {instead} instead")
        })?;
        let origin = || {
            let (file, line) = wp_config.line_of(name).unwrap_or((Path::new("wp-config.php"), 0));
            Origin::WpConfig { name, file: file.to_owned(), line }
        };
        Ok(value.map(|value| Sourced { setting, value, origin: origin() }))
    }

    /// A secret: environment, systemd credential, file named in config.toml, wp-config.php.
    pub(super) fn secret(
        &self,
        names: &Names,
        file: Option<&PathBuf>,
    ) -> Result<Option<Sourced<SecretString>>, String> {
        if let Some(value) = self.variable(names.environment) {
            let (value, origin) = (value.trim().into(), Origin::Environment(names.environment));
            return Ok(Some(Sourced { setting: names.setting, value, origin }));
        }
        if let Some(path) = self.credential(names) {
            let value = read_secret(&path)?;
            let origin = Origin::Credential(path);
            return Ok(Some(Sourced { setting: names.setting, value, origin }));
        }
        if let Some(path) = file {
            let (value, origin) = (read_secret(path)?, Origin::File(names.key));
            return Ok(Some(Sourced { setting: names.setting, value, origin }));
        }
        let constant = self.in_wp_config(names)?.filter(|found| !found.value.trim().is_empty());
        Ok(constant.map(|found| found.with(SecretString::from(found.value.trim()))))
    }

    /// The file in which systemd hands the setting over, where it does. Who was not started by it, such as an
    /// operator, finds it where the units take it from: beside config.toml.
    fn credential(&self, names: &Names) -> Option<PathBuf> {
        let name = names.credential?;
        match self.variable("CREDENTIALS_DIRECTORY") {
            Some(directory) => Some(Path::new(&directory).join(name)).filter(|path| is_given(path)),
            None => Some(self.file.directory()?.join(name)).filter(|path| is_readable(path)),
        }
    }

    fn in_wp_config(&self, names: &Names) -> Result<Option<Sourced<String>>, String> {
        let Some(constant) = names.wp_config else { return Ok(None) };
        self.constant(names.setting, constant, &names.instead())
    }

    /// An environment variable; an empty one is not set.
    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).filter(|value| !value.is_empty()).cloned()
    }
}

/// Whether a credential is there, and not blank: the units hand over a blank one for each that is missing.
fn is_given(path: &Path) -> bool {
    match std::fs::read(path) {
        Ok(text) => !text.trim_ascii().is_empty(),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// Whether it is there for this user, and not blank.
fn is_readable(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|text| !text.trim_ascii().is_empty())
}

fn read_secret(path: &Path) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(format!("{} is empty", path.display()));
    }
    Ok(trimmed.to_owned().into())
}

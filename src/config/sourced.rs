use std::fmt;
use std::path::PathBuf;

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The setting's name in words, such as `server id`.
    pub setting: &'static str,
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, such as `--server-id`.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A file of systemd's credentials directory.
    Credential(PathBuf),
    /// A key of config.toml, such as `runcloud.server_id`.
    File(&'static str),
    /// A constant, or `$table_prefix`, of wp-config.php.
    WpConfig {
        /// Its name.
        name: &'static str,
        /// The file it stands in.
        file: PathBuf,
        /// The line, from 1.
        line: u32,
    },
    /// Nobody set it.
    Default,
}

impl Origin {
    /// The layer's strength: the lower one wins.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Environment(_) => 1,
            Self::Credential(_) => 2,
            Self::File(_) => 3,
            Self::WpConfig { .. } => 4,
            Self::Default => 5,
        }
    }
}

impl<T> Sourced<T> {
    /// The same with another value.
    pub fn with<U>(&self, value: U) -> Sourced<U> {
        Sourced { setting: self.setting, value, origin: self.origin.clone() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Credential(path) => write!(f, "credential {}", path.display()),
            Self::File(key) => write!(f, "config.toml {key}"),
            Self::WpConfig { name, file, line } => {
                write!(f, "{name} in {} line {line}", file.display())
            }
            Self::Default => f.write_str("default"),
        }
    }
}

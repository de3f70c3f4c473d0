//! Settings: flag > environment > config.toml > wp-config.php > default, each with its origin.
//!
//! Everything is checked before anything is opened, and every problem is said at once. Secrets are
//! [`secrecy::SecretString`] from the moment they are read.

mod examined;
mod file;
mod layers;
mod local;
mod names;
mod outside;
mod resolve;
mod sourced;
mod state;
mod wordpress_files;

pub use examined::{Examined, Problem, Topic, examine};
pub use local::{Local, load_local};
pub use resolve::load;
pub use sourced::{Origin, Sourced};
pub use state::{monthly_calls, state_dir, state_dir_flag};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::admin::Listen;
use crate::domain::Domain;
use crate::ledger::Binding;
use crate::reconcile::certificate::SslRules;
use crate::reconcile::plan::Policy;
use crate::runcloud::Endpoint;
use crate::wordpress::{Source, TablePrefix};

/// What was given on the command line.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--wp-config`.
    pub wp_config: Option<String>,
    /// `--database-url`.
    pub database_url: Option<String>,
    /// `--table-prefix`.
    pub table_prefix: Option<String>,
    /// `--api-url`.
    pub api_url: Option<String>,
    /// `--server-id`.
    pub server_id: Option<String>,
    /// `--app-id`.
    pub app_id: Option<String>,
    /// `--state-dir`.
    pub state_dir: Option<String>,
}

/// The environment of the process.
pub type Environment = BTreeMap<String, String>;

/// Settings that were checked.
pub struct Config {
    /// Where the WordPress tables are.
    pub source: Source,
    /// `$table_prefix`.
    pub prefix: TablePrefix,
    /// The web application.
    pub endpoint: Endpoint,
    /// Where the ledger is.
    pub state_dir: PathBuf,
    /// The network's own name from `DOMAIN_CURRENT_SITE`.
    pub own: Vec<Domain>,
    /// `sync.keep`.
    pub keep: Vec<Domain>,
    /// What the operator decided.
    pub policy: Policy,
    /// What the operator decided about certificate orders.
    pub rules: SslRules,
    /// How the outside world is looked at.
    pub probe: Probe,
    /// `sync.poll`: how often the daemon looks at the table.
    pub poll: Duration,
    /// `sync.removal_grace`: how long the daemon waits before it removes a name that went missing.
    pub grace: Duration,
    /// `sync.interval`: how often the daemon looks at RunCloud when nothing changed.
    pub interval: Duration,
    /// `api.monthly_calls`: how many calls RunCloud may get in a calendar month.
    pub monthly_calls: Option<u64>,
    /// `service.listen`: where the daemon shows metrics and health.
    pub listen: Option<Listen>,
    /// Every setting with where it came from, secrets masked, for whoever asks.
    pub origins: Vec<Sourced<String>>,
    /// What the operator should hear about the settings.
    pub notices: Vec<String>,
}

/// How the outside world is looked at (`[dns]`, `[ssl]`).
#[derive(Default)]
pub struct Probe {
    /// `dns.resolvers`; none for the system's.
    pub resolvers: Vec<SocketAddr>,
    /// `dns.accept`.
    pub accept: Vec<IpNet>,
    /// `ssl.probe_address`.
    pub web_server: Option<SocketAddr>,
    /// What signs the plugin's own reachability request; none where wp-config.php does not say.
    pub witness: Option<WitnessKeys>,
}

/// `AUTH_KEY` and `AUTH_SALT` of wp-config.php.
pub struct WitnessKeys {
    /// `AUTH_KEY`.
    pub auth_key: SecretString,
    /// `AUTH_SALT`.
    pub auth_salt: SecretString,
}

impl Config {
    /// The web application a ledger has to belong to.
    pub fn binding(&self) -> Binding {
        Binding { server: self.endpoint.server_id, app: self.endpoint.app_id }
    }
}

/// Why the settings cannot be used: every problem, one per line.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

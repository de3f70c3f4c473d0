//! The settings as far as they can be used, for whoever looks for what is wrong with them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;

use super::file::File;
use super::layers::Layers;
use super::names::API_TOKEN;
use super::resolve::Resolver;
use super::sourced::{Origin, Sourced};
use super::{Environment, Flags, Probe, wordpress_files};
use crate::domain::Domain;
use crate::runcloud::{ApiVersion, Credentials};
use crate::wordpress::{Source, Subdomains, TablePrefix};

/// Every setting that could be made out, and what is wrong with the others. Unlike
/// [`Config`](super::Config) it does not need all of them.
#[derive(Default)]
pub struct Examined {
    /// Where the WordPress tables are.
    pub source: Option<Source>,
    /// `$table_prefix`.
    pub prefix: Option<TablePrefix>,
    /// RunCloud's API.
    pub base: Option<Url>,
    /// RunCloud's server id.
    pub server_id: Option<u64>,
    /// RunCloud's web application id.
    pub app_id: Option<u64>,
    /// What is sent as `Authorization`.
    pub credentials: Option<Credentials>,
    /// Where a token stands that a key and secret of a stronger layer win over.
    pub outranked_token: Option<Origin>,
    /// Where the ledger is.
    pub state_dir: Option<PathBuf>,
    /// The network's own name from `DOMAIN_CURRENT_SITE`.
    pub own: Vec<Domain>,
    /// `sync.keep`.
    pub keep: Vec<Domain>,
    /// `sync.subdomains`.
    pub subdomains: Subdomains,
    /// `sync.interval`: how often the daemon looks at RunCloud when nothing changed.
    pub interval: Duration,
    /// `api.monthly_calls`: how many calls RunCloud may get in a calendar month.
    pub monthly_calls: Option<u64>,
    /// How the outside world is looked at.
    pub probe: Probe,
    /// The wp-config.php that was read.
    pub wp_config: Option<PathBuf>,
    /// Files that hold a secret and are not WordPress's.
    pub secret_files: Vec<PathBuf>,
    /// Every setting with where it came from, secrets masked.
    pub origins: Vec<Sourced<String>>,
    /// What the operator should hear about the settings.
    pub notices: Vec<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Something wrong with one setting, with the mend in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting.
    pub topic: Topic,
    /// What is wrong, and what to set instead.
    pub text: String,
}

/// What a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// config.toml cannot be read, or a value in it cannot be used.
    ConfigFile,
    /// wp-config.php cannot be read.
    WpConfig,
    /// Where the tables are.
    Database,
    /// What their names begin with.
    TablePrefix,
    /// Where RunCloud's API is.
    ApiUrl,
    /// The credentials for it.
    Credentials,
    /// The server.
    ServerId,
    /// The web application.
    AppId,
}

/// Reads every layer like [`load`](super::load), and goes on where something is wrong.
pub fn examine(flags: &Flags, environment: &Environment) -> Examined {
    let mut examined = Examined::default();
    let file = File::read(flags.config.as_deref());
    let file = examined.noted(Topic::ConfigFile, file).unwrap_or_default();
    let plain = Layers { flags, environment, file: &file, wp_config: None };
    let path = examined.noted(Topic::WpConfig, plain.wp_config_path()).flatten();
    let wp_config = path.as_ref().and_then(|path| {
        let read = wordpress_files::read(Path::new(&path.value), environment);
        examined.noted(Topic::WpConfig, read)
    });
    // What is missing may stand in the file that cannot be read.
    let is_blind = !examined.problems.is_empty();
    examined.wp_config = path.as_ref().map(|path| PathBuf::from(&path.value));
    examined.origins.extend(path);
    let layers = Layers { wp_config: wp_config.as_ref(), ..plain };
    let resolver = Resolver { layers, problems: vec![], origins: vec![] };
    let (problems, origins) = examined.resolve(resolver, &file);
    examined.problems.extend(problems.into_iter().filter(|_| !is_blind));
    examined.origins.extend(origins);
    examined
}

impl Examined {
    /// The URL and origin of the database, where it was given to this program and not to WordPress.
    pub fn database_url(&self) -> Option<&Origin> {
        let url = self.origins.iter().find(|setting| setting.setting == "database");
        url.map(|setting| &setting.origin)
    }

    fn resolve(
        &mut self,
        mut resolver: Resolver<'_>,
        file: &File,
    ) -> (Vec<Problem>, Vec<Sourced<String>>) {
        let mut problems = Problems::default();
        self.source = problems.of(Topic::Database, &mut resolver, Resolver::source);
        self.prefix = problems.of(Topic::TablePrefix, &mut resolver, Resolver::prefix);
        self.server_id = problems.of(Topic::ServerId, &mut resolver, Resolver::server_id);
        self.app_id = problems.of(Topic::AppId, &mut resolver, Resolver::app_id);
        self.credentials = problems.of(Topic::Credentials, &mut resolver, Resolver::credentials);
        let version = self.credentials.as_ref().map_or(ApiVersion::V3, Credentials::version);
        self.base = problems.of(Topic::ApiUrl, &mut resolver, |all| all.api_url(version));
        self.state_dir = problems.of(Topic::ConfigFile, &mut resolver, Resolver::state_dir);
        self.keep = problems.of(Topic::ConfigFile, &mut resolver, Resolver::keep);
        (self.own, self.notices) = resolver.own();
        let witness = resolver.witness(&mut self.notices);
        self.probe = resolver.probe(witness);
        if let Some(Credentials::KeyAndSecret { .. }) = self.credentials {
            let token_file = file.runcloud.api_token_file.as_ref();
            let token = resolver.layers.secret(&API_TOKEN, token_file);
            self.outranked_token = token.ok().flatten().map(|token| token.origin);
        }
        self.subdomains = file.sync.subdomains;
        (_, self.interval) = problems.of(Topic::ConfigFile, &mut resolver, Resolver::pace);
        self.monthly_calls = file.api.monthly_calls;
        self.secret_files = file.secret_files();
        (problems.0, resolver.origins)
    }

    fn noted<T>(&mut self, topic: Topic, found: Result<T, String>) -> Option<T> {
        found.map_err(|text| self.problems.push(Problem { topic, text })).ok()
    }
}

/// The resolver's problems, told apart by the setting during which they came up.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn of<'a, T>(
        &mut self,
        topic: Topic,
        resolver: &mut Resolver<'a>,
        part: impl FnOnce(&mut Resolver<'a>) -> T,
    ) -> T {
        let value = part(resolver);
        let texts = resolver.problems.drain(..);
        self.0.extend(texts.map(|text| Problem { topic, text }));
        value
    }
}

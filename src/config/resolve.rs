//! Makes one checked [`Config`] of the layers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::file::File;
use super::layers::Layers;
use super::names::{
    API_KEY, API_SECRET, API_TOKEN, API_URL, APP_ID, DATABASE_URL, Names, SERVER_ID, STATE,
    TABLE_PREFIX,
};
use super::sourced::{Origin, Sourced};
use super::state::{STATE_DIR, first_of};
use super::{Config, ConfigError, Environment, Flags, wordpress_files};
use crate::domain::Domain;
use crate::reconcile::plan::Policy;
use crate::runcloud::{ApiVersion, Credentials, Endpoint, is_loopback};
use crate::wordpress::{Login, Source, TablePrefix};
use crate::wp_config::parse_db_host;

const POLL: Duration = Duration::from_secs(5);
/// Shorter ones would keep the database and RunCloud busy for nothing.
const SHORTEST_POLL: Duration = Duration::from_secs(1);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_mins(15);
const GRACE: Duration = Duration::from_mins(2);

/// Reads every layer and checks every setting.
///
/// # Errors
/// [`ConfigError`] with every problem found.
pub fn load(flags: &Flags, environment: &Environment) -> Result<Config, ConfigError> {
    #[allow(clippy::redundant_closure_for_method_calls, reason = "of one lifetime")]
    resolve(flags, environment, |resolver| resolver.config())
}

/// Reads every layer and makes something of them.
pub(super) fn resolve<T>(
    flags: &Flags,
    environment: &Environment,
    make: impl FnOnce(&mut Resolver<'_>) -> Option<T>,
) -> Result<T, ConfigError> {
    let file = File::read(flags.config.as_deref()).map_err(only)?;
    let plain = Layers { flags, environment, file: &file, wp_config: None };
    let path = plain.wp_config_path().map_err(only)?;
    let wp_config = match &path {
        Some(path) => Some(
            wordpress_files::read(Path::new(&path.value), environment)
                .map_err(|problem| only(format!("{problem} ({})", path.origin)))?,
        ),
        None => None,
    };
    let layers = Layers { wp_config: wp_config.as_ref(), ..plain };
    let mut resolver = Resolver { layers, problems: Vec::new(), origins: Vec::new() };
    resolver.origins.extend(path);
    let result = make(&mut resolver);
    result.ok_or(ConfigError(resolver.problems))
}

fn only(problem: String) -> ConfigError {
    ConfigError(vec![problem])
}

/// Collects problems instead of stopping at the first.
pub(super) struct Resolver<'a> {
    pub(super) layers: Layers<'a>,
    pub(super) problems: Vec<String>,
    pub(super) origins: Vec<Sourced<String>>,
}

impl Resolver<'_> {
    fn config(&mut self) -> Option<Config> {
        let (source, prefix) = (self.source(), self.prefix());
        let endpoint = self.endpoint();
        let state_dir = self.state_dir();
        let keep = self.keep();
        let (own, mut notices) = self.own();
        let (poll, interval) = self.pace();
        let endpoint = endpoint.filter(|_| self.problems.is_empty())?;
        let sync = &self.layers.file.sync;
        let (removal, www, subdomains) = (sync.removal, sync.www, sync.subdomains);
        let max_removals = sync.max_removals_per_day.map(|limit| limit as usize);
        let grace = sync.removal_grace.map_or(GRACE, |span| span.0);
        notices.extend(self.layers.file.open_files().map(|path| {
            let path = path.display();
            format!("everybody can read {path}, which holds a secret: chmod o= {path}")
        }));
        let witness = self.witness(&mut notices);
        let (gate, api) = (self.layers.file.dns.gate, api_version(&endpoint));
        Some(Config {
            source: source?,
            prefix: prefix?,
            policy: Policy { removal, www, subdomains, max_removals, gate, api },
            rules: self.rules(),
            probe: self.probe(witness),
            endpoint,
            state_dir: state_dir?,
            own,
            keep,
            poll,
            interval,
            grace,
            monthly_calls: self.layers.file.api.monthly_calls,
            listen: self.layers.file.service.listen.clone().map(|place| place.0),
            origins: std::mem::take(&mut self.origins),
            notices,
        })
    }

    /// `sync.poll` and `sync.interval`.
    pub(super) fn pace(&mut self) -> (Duration, Duration) {
        let sync = &self.layers.file.sync;
        let poll = sync.poll.map_or(POLL, |span| span.0);
        let interval = sync.interval.map_or(INTERVAL, |span| span.0);
        if poll < SHORTEST_POLL || interval < SHORTEST_INTERVAL {
            self.problems
                .push("config.toml: sync.poll is at least 1s, sync.interval 10s".to_owned());
        }
        (poll, interval)
    }

    pub(super) fn source(&mut self) -> Option<Source> {
        let file = &self.layers.file.wordpress;
        let flag = self.layers.flags.database_url.as_ref();
        let url = self.layers.text(&DATABASE_URL, flag, file.database_url.as_ref());
        let from_file = self.layers.secret(&DATABASE_URL, file.database_url_file.as_ref());
        let url = self.noted(url)?.map(|url| url.with(SecretString::from(url.value.clone())));
        let url = match url {
            Some(url) => Some(url),
            None => self.noted(from_file)?,
        };
        match url {
            Some(url) => self.source_of_url(&url),
            None if self.layers.wp_config.is_some() => self.source_of_constants(),
            None => {
                let place = self.layers.file.directory().map(Path::display);
                let place = place.map(|place| format!(", or lay a link to it into {place}"));
                self.problem(format!(
                    "nothing says where WordPress is: give --wp-config …/wp-config.php, or \
                     --database-url{}",
                    place.unwrap_or_default()
                ))
            }
        }
    }

    fn source_of_url(&mut self, url: &Sourced<SecretString>) -> Option<Source> {
        self.mask(url);
        let text = url.value.expose_secret();
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path.split('?').next().unwrap_or(path);
            return Some(Source::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("mysql://") || text.starts_with("mariadb://") {
            return Some(Source::MySql(Login::Url(url.value.clone())));
        }
        let origin = &url.origin;
        self.problem(format!(
            "the database URL ({origin}) begins with neither mysql:// nor sqlite://"
        ))
    }

    fn source_of_constants(&mut self) -> Option<Source> {
        let database = self.database_constant("DB_NAME");
        let user = self.database_constant("DB_USER");
        let password = self.database_constant("DB_PASSWORD");
        let host = self.database_constant("DB_HOST");
        let (database, user, password, host) = (database?, user?, password?, host?);
        let flags = self.layers.constant("database flags", "MYSQL_CLIENT_FLAGS", "--database-url");
        let tls = self.noted(flags)?.is_some_and(|flags| flags.value.contains("MYSQLI_CLIENT_SSL"));
        match parse_db_host(&host.value) {
            Ok(parsed) => Some(Source::MySql(Login::Parts {
                host: parsed,
                user: user.value,
                password: password.value.into(),
                database: database.value,
                tls,
            })),
            Err(error) => self.problem(format!("DB_HOST ({}): {error}", host.origin)),
        }
    }

    fn database_constant(&mut self, name: &'static str) -> Option<Sourced<String>> {
        let found =
            self.layers.constant(name, name, "--database-url (or environment DATABASE_URL)");
        let found = self.noted(found)?;
        match &found {
            None => {
                self.problem(format!("wp-config.php does not define {name}; give --database-url"))
            }
            Some(value) if name == "DB_PASSWORD" => {
                self.origins.push(value.with("(secret)".to_owned()));
                found
            }
            Some(value) => {
                self.origins.push(value.clone());
                found
            }
        }
    }

    pub(super) fn prefix(&mut self) -> Option<TablePrefix> {
        let flag = self.layers.flags.table_prefix.as_ref();
        let file = self.layers.file.wordpress.table_prefix.as_ref();
        let found = self.layers.text(&TABLE_PREFIX, flag, file);
        let found = self.noted(found)?.unwrap_or(Sourced {
            setting: TABLE_PREFIX.setting,
            value: "wp_".to_owned(),
            origin: Origin::Default,
        });
        self.origins.push(found.clone());
        TablePrefix::new(&found.value).or_else(|| {
            self.problem(format!(
                "the table prefix \"{}\" ({}) may hold letters, digits and _ only",
                found.value.escape_debug(),
                found.origin
            ))
        })
    }

    fn endpoint(&mut self) -> Option<Endpoint> {
        let (server_id, app_id) = (self.server_id(), self.app_id());
        let credentials = self.credentials()?;
        let base = self.api_url(credentials.version())?;
        Some(Endpoint { base, server_id: server_id?, app_id: app_id?, credentials })
    }

    pub(super) fn server_id(&mut self) -> Option<u64> {
        let (flag, file) = (&self.layers.flags.server_id, &self.layers.file.runcloud.server_id);
        let found = self.layers.text(&SERVER_ID, flag.as_ref(), file.as_ref());
        self.id(&SERVER_ID, found)
    }

    pub(super) fn app_id(&mut self) -> Option<u64> {
        let (flag, file) = (&self.layers.flags.app_id, &self.layers.file.runcloud.app_id);
        let found = self.layers.text(&APP_ID, flag.as_ref(), file.as_ref());
        self.id(&APP_ID, found)
    }

    fn id(&mut self, names: &Names, found: Result<Option<Sourced<String>>, String>) -> Option<u64> {
        let Some(found) = self.noted(found)? else {
            return self.problem(format!(
                "no {}: it is in the dashboard's address (/servers/SERVER/webapps/APP). Give {}, or \
                 define {} in wp-config.php",
                names.setting,
                names.instead(),
                names.environment
            ));
        };
        self.origins.push(found.clone());
        match found.value.trim().parse() {
            Ok(id) if id > 0 => Some(id),
            _ => self.problem(format!(
                "the {} \"{}\" ({}) is not a number",
                names.setting,
                found.value.escape_debug(),
                found.origin
            )),
        }
    }

    pub(super) fn credentials(&mut self) -> Option<Credentials> {
        let file = &self.layers.file.runcloud;
        let token = self.layers.secret(&API_TOKEN, file.api_token_file.as_ref());
        let key = self.layers.secret(&API_KEY, file.api_key_file.as_ref());
        let secret = self.layers.secret(&API_SECRET, file.api_secret_file.as_ref());
        let pair = match (self.noted(key)?, self.noted(secret)?) {
            (Some(key), Some(secret)) => Some((key, secret)),
            (None, None) => None,
            (Some(_), None) => {
                return self
                    .problem("WU_RUNCLOUD_API_KEY is set and WU_RUNCLOUD_API_SECRET is not");
            }
            (None, Some(_)) => {
                return self
                    .problem("WU_RUNCLOUD_API_SECRET is set and WU_RUNCLOUD_API_KEY is not");
            }
        };
        let pair_rank =
            pair.as_ref().map(|(key, secret)| key.origin.rank().max(secret.origin.rank()));
        match (token, pair) {
            // A token in a weaker layer does not matter, not even one that cannot be known.
            (Ok(Some(token)), _) if pair_rank.is_none_or(|rank| token.origin.rank() <= rank) => {
                self.mask(&token);
                self.sendable(&token)?;
                Some(Credentials::Token(token.value))
            }
            (_, Some((key, secret))) => {
                self.mask(&key);
                self.mask(&secret);
                Some(Credentials::KeyAndSecret { key: key.value, secret: secret.value })
            }
            (Err(problem), None) => self.problem(problem),
            (Ok(_), None) => self.problem(
                "no RunCloud credentials: set WU_RUNCLOUD_API_TOKEN (v3), or WU_RUNCLOUD_API_KEY and \
                 WU_RUNCLOUD_API_SECRET (v2), in wp-config.php or the environment, or name a file in \
                 config.toml runcloud.api_token_file",
            ),
        }
    }

    /// A header carries visible ASCII only.
    fn sendable(&mut self, token: &Sourced<SecretString>) -> Option<()> {
        let is_sendable = token.value.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
        is_sendable.then_some(()).or_else(|| {
            self.problem(format!("the API token ({}) holds white space or non-ASCII", token.origin))
        })
    }

    pub(super) fn api_url(&mut self, version: ApiVersion) -> Option<Url> {
        let (flag, file) = (&self.layers.flags.api_url, &self.layers.file.runcloud.api_url);
        let found = self.layers.text(&API_URL, flag.as_ref(), file.as_ref());
        let default = match version {
            ApiVersion::V2 => "https://manage.runcloud.io/api/v2",
            ApiVersion::V3 => "https://manage.runcloud.io/api/v3",
        };
        let found = self.noted(found)?.unwrap_or(Sourced {
            setting: API_URL.setting,
            value: default.to_owned(),
            origin: Origin::Default,
        });
        match check_url(&found.value) {
            Ok(url) => {
                self.origins.push(found);
                Some(url)
            }
            Err(why) => self.problem(format!("the API base ({}) {why}", found.origin)),
        }
    }

    pub(super) fn state_dir(&mut self) -> Option<PathBuf> {
        let (flag, file) = (&self.layers.flags.state_dir, &self.layers.file.state_dir);
        let found = self.layers.text(&STATE, flag.as_ref(), file.as_ref());
        let found = self.noted(found)?.unwrap_or(Sourced {
            setting: STATE.setting,
            value: STATE_DIR.to_owned(),
            origin: Origin::Default,
        });
        self.origins.push(found.clone());
        Some(first_of(&found.value))
    }

    pub(super) fn keep(&mut self) -> Vec<Domain> {
        let mut kept = Vec::new();
        for text in &self.layers.file.sync.keep {
            match Domain::parse(text) {
                Ok(domain) => kept.push(domain),
                Err(rejection) => self.problems.push(format!("config.toml sync.keep: {rejection}")),
            }
        }
        kept
    }

    /// The value of a look-up; none, and one problem more, where it failed.
    fn noted<T>(&mut self, found: Result<T, String>) -> Option<T> {
        found.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn problem<T>(&mut self, problem: impl Into<String>) -> Option<T> {
        self.problems.push(problem.into());
        None
    }

    fn mask(&mut self, secret: &Sourced<SecretString>) {
        self.origins.push(secret.with("(secret)".to_owned()));
    }
}

/// https, or http that stays on this machine; nothing but an origin and a path.
fn check_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("is not a URL: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("is plain http, which would show the credentials: use https".into()),
        other => return Err(format!("begins with {other}:, not https://")),
    }
    if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err("should be a host and a path, without a user or password".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("should end with the version, such as /api/v3".into());
    }
    Ok(url)
}

fn api_version(endpoint: &Endpoint) -> ApiVersion {
    if endpoint.base.path().trim_end_matches('/').ends_with("/v2") {
        ApiVersion::V2
    } else {
        endpoint.credentials.version()
    }
}

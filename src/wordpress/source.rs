use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, MySqlConnection, SqliteConnection};

use super::error::DatabaseError;
use crate::log::Scrub;
use crate::wp_config::DbHost;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Under another one, which a server may have by default, a consistent snapshot is none, and looks between passes
/// see what is not committed.
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
/// Where PHP's default socket is on the systems RunCloud and its neighbours run on.
const SOCKETS: [&str; 4] = [
    "/run/mysqld/mysqld.sock",
    "/var/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",
];

/// Where the WordPress tables are.
#[derive(Clone, Debug)]
pub enum Source {
    /// `mysql://…`, or what `DB_HOST` and its companions amount to.
    MySql(Login),
    /// A file of WordPress on SQLite.
    Sqlite(PathBuf),
}

/// How to log in to MySQL or MariaDB.
#[derive(Clone, Debug)]
pub enum Login {
    /// A whole `mysql://` URL.
    Url(SecretString),
    /// The constants of wp-config.php.
    Parts {
        /// `DB_HOST`.
        host: DbHost,
        /// `DB_USER`.
        user: String,
        /// `DB_PASSWORD`.
        password: SecretString,
        /// `DB_NAME`.
        database: String,
        /// Whether `MYSQL_CLIENT_FLAGS` asks for TLS.
        tls: bool,
    },
}

/// An open connection of either kind.
pub(super) enum Opened {
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

impl Source {
    pub(super) async fn open(&self) -> Result<Opened, DatabaseError> {
        let connecting = async {
            match self {
                Self::MySql(login) => {
                    let options = login.options()?;
                    let mut connection = MySqlConnection::connect_with(&options).await?;
                    connection.execute(sqlx::raw_sql(ISOLATION)).await?;
                    Ok(Opened::MySql(connection))
                }
                Self::Sqlite(path) if !path.exists() => {
                    Err(DatabaseError::NoSuchFile(path.display().to_string()))
                }
                Self::Sqlite(path) => {
                    let options = SqliteConnectOptions::new()
                        .filename(path)
                        .read_only(true)
                        .disable_statement_logging();
                    Ok(Opened::Sqlite(options.connect().await?))
                }
            }
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .unwrap_or(Err(DatabaseError::TimedOut("connecting")))
    }
}

impl Source {
    /// What knows the password.
    pub(super) fn scrub(&self) -> Scrub {
        match self {
            Self::Sqlite(_) => Scrub::default(),
            Self::MySql(Login::Parts { password, .. }) => Scrub::of([password.clone()]),
            Self::MySql(Login::Url(url)) => Scrub::of(passwords(url.expose_secret())),
        }
    }

    /// Device and number of an SQLite file.
    pub(super) fn file(&self) -> Option<(u64, u64)> {
        let Self::Sqlite(path) = self else { return None };
        let found = std::fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    }
}

/// The password of a URL, as it is written there and as it is meant.
fn passwords(url: &str) -> Vec<SecretString> {
    let url = Url::parse(url).ok();
    let Some(written) = url.as_ref().and_then(Url::password) else { return vec![] };
    // A query is the one part of a URL that is read with its escapes undone.
    let query = Url::parse(&format!("x:?{}", written.replace('+', "%2B"))).ok();
    let meant = query.iter().flat_map(Url::query_pairs).map(|(text, _)| text.into_owned().into());
    meant.chain([written.into()]).collect()
}

impl Login {
    /// Whether it is a URL with a password in it.
    pub fn is_url_with_password(&self) -> bool {
        let Self::Url(url) = self else { return false };
        Url::parse(url.expose_secret()).is_ok_and(|url| url.password().is_some())
    }

    fn options(&self) -> Result<MySqlConnectOptions, DatabaseError> {
        let options = match self {
            Self::Url(url) => MySqlConnectOptions::from_str(url.expose_secret())
                .map_err(|_| DatabaseError::BadUrl)?,
            Self::Parts { host, user, password, database, tls } => {
                let options = MySqlConnectOptions::new().username(user).database(database);
                let options = with_password(at_host(options, host), password);
                if *tls { options.ssl_mode(MySqlSslMode::Required) } else { options }
            }
        };
        // Besides its isolation the session stays as the server has it: the tables are only read.
        Ok(options
            .charset("utf8mb4")
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .disable_statement_logging())
    }
}

/// An empty password is none, as PHP has it; one of no letters would be refused.
fn with_password(options: MySqlConnectOptions, password: &SecretString) -> MySqlConnectOptions {
    match password.expose_secret() {
        "" => options,
        password => options.password(password),
    }
}

fn at_host(options: MySqlConnectOptions, host: &DbHost) -> MySqlConnectOptions {
    match host {
        DbHost::Socket(Some(path)) => options.socket(path),
        DbHost::Socket(None) => match SOCKETS.iter().find(|path| PathBuf::from(path).exists()) {
            Some(path) => options.socket(path),
            None => options.host("127.0.0.1"),
        },
        DbHost::Tcp { host, port } => options.host(host).port(port.unwrap_or(3306)),
    }
}

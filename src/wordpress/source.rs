use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, MySqlConnection, SqliteConnection};

use super::error::DatabaseError;
use crate::wp_config::DbHost;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
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
                    Ok(Opened::MySql(MySqlConnection::connect_with(&options).await?))
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

impl Login {
    /// Whether it is a URL with a password in it.
    pub fn is_url_with_password(&self) -> bool {
        let Self::Url(url) = self else { return false };
        reqwest::Url::parse(url.expose_secret()).is_ok_and(|url| url.password().is_some())
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
        // The session stays as the server has it: the tables are only read.
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

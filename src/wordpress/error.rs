use crate::log::Scrub;

/// Why the WordPress tables could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database cannot be reached or broke off; it may be back later.
    #[error(
        "the WordPress database cannot be reached: {0}. Is it running, and is DB_HOST (or \
         --database-url) right?"
    )]
    Unreachable(String),
    /// It did not answer in time.
    #[error("the WordPress database did not answer in time while {0}")]
    TimedOut(&'static str),
    /// It refused the login, or knows no such database.
    #[error(
        "the WordPress database refused the login: {0}. Compare DB_USER, DB_PASSWORD, DB_NAME and \
         DB_HOST (or --database-url) with what WordPress itself uses"
    )]
    Login(String),
    /// `mysql://…` cannot be read; the URL itself is a secret.
    #[error("the database URL cannot be read; it should be mysql://USER:PASSWORD@HOST/NAME")]
    BadUrl,
    /// The SQLite file is missing.
    #[error("there is no SQLite file {0}; check --database-url")]
    NoSuchFile(String),
    /// The SQLite file is none, or cannot be opened.
    #[error("the SQLite file cannot be used: {0}; check --database-url and its permissions")]
    NotADatabase(String),
    /// The mapping table is missing or not readable.
    #[error("{}", missing_table(table, similar))]
    MissingTable {
        /// The table looked for.
        table: String,
        /// Tables whose names end alike.
        similar: Vec<String>,
    },
    /// A table is not as WordPress and the plugin make it.
    #[error("a table is not as WordPress and Ultimate Multisite make it: {0}")]
    Schema(String),
    /// Anything else the database said.
    #[error("the WordPress database could not answer: {0}")]
    Failed(String),
}

impl DatabaseError {
    /// Whether the same read may succeed later without anybody changing a setting.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TimedOut(_) | Self::Failed(_))
    }
}

impl DatabaseError {
    /// The same without secrets that the database repeated.
    pub(super) fn scrubbed(self, scrub: &Scrub) -> Self {
        match self {
            Self::Unreachable(text) => Self::Unreachable(scrub.text(text)),
            Self::Login(text) => Self::Login(scrub.text(text)),
            Self::Schema(text) => Self::Schema(scrub.text(text)),
            Self::Failed(text) => Self::Failed(scrub.text(text)),
            other => other,
        }
    }
}

fn missing_table(table: &str, similar: &[String]) -> String {
    if similar.is_empty() {
        return format!(
            "there is no readable table {table}, and none whose name ends in wu_domain_mappings: \
             is Ultimate Multisite set up in this database, and has the user SELECT on the table?"
        );
    }
    let prefixes: Vec<_> =
        similar.iter().filter_map(|name| name.strip_suffix("wu_domain_mappings")).collect();
    format!(
        "there is no readable table {table}, but there is {}: set --table-prefix to {}",
        similar.join(", "),
        prefixes.join(" or ")
    )
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut => {
                Self::Unreachable(error.to_string())
            }
            sqlx::Error::Database(answer) if is_login(number(answer.as_ref())) => {
                Self::Login(answer.message().to_owned())
            }
            sqlx::Error::Database(answer) if is_no_database(answer.as_ref()) => {
                Self::NotADatabase(answer.message().to_owned())
            }
            sqlx::Error::Database(answer) if is_schema(answer.as_ref()) => {
                Self::Schema(answer.message().to_owned())
            }
            sqlx::Error::Database(answer) => Self::Failed(answer.message().to_owned()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// MySQL's error number; none for SQLite.
pub(super) fn number(error: &dyn sqlx::error::DatabaseError) -> Option<u16> {
    let mysql = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()?;
    Some(mysql.number())
}

/// 1044, 1045, 1698 access denied; 1049 unknown database; 1130 host not allowed; 1251, 1275, 1524 login
/// methods it or we do not have; 1820, 1862, 4151 password expired or account locked.
fn is_login(number: Option<u16>) -> bool {
    matches!(
        number,
        Some(1044 | 1045 | 1049 | 1130 | 1251 | 1275 | 1524 | 1698 | 1820 | 1862 | 4151)
    )
}

/// SQLite's 14, unable to open, and 26, not a database.
fn is_no_database(error: &dyn sqlx::error::DatabaseError) -> bool {
    number(error).is_none() && matches!(error.code().as_deref(), Some("14" | "26"))
}

/// 1054: no such column.
fn is_schema(error: &dyn sqlx::error::DatabaseError) -> bool {
    number(error).map_or_else(|| error.message().contains("no such column"), |n| n == 1054)
}

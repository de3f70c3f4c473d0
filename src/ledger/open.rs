use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use super::error::{LedgerError, file_error, migration_error};
use super::known::{Binding, Known};
use super::lease::Lease;
use super::read::{read_binding, read_known};
use super::record::{Record, is_of_this_version};
use super::store::Ledger;
use crate::clock::Timestamp;
use crate::domain::Domain;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
pub(super) const FILE: &str = "ledger.sqlite";
pub(super) const JOURNAL: &str = "ledger.sqlite-journal";

/// What a look into a state directory finds.
pub enum Look {
    /// No ledger: nothing is owned.
    Missing,
    /// A ledger that the next pass sets aside, for this reason.
    Unusable(String),
    /// What it holds.
    Known(Box<Known>),
}

impl Ledger {
    /// Opens, and where needed makes or upgrades, the ledger of a state directory. A file that is damaged
    /// or of a newer version is set aside for a new one. [`Ledger::notice`] says where a new one begins.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be written to RunCloud then.
    pub async fn open(
        directory: &Path,
        binding: Binding,
        _lease: &Lease,
    ) -> Result<Self, LedgerError> {
        let is_new = !directory.join(FILE).exists();
        match Self::open_file(directory, binding).await {
            Ok(mut ledger) if is_new => {
                ledger.notice = Some(format!(
                    "there was no ledger in {}: a new one begins, and nothing is removed until names are \
                     adopted",
                    directory.display()
                ));
                Ok(ledger)
            }
            Err(error) if error.is_unusable_file() => {
                let mut ledger = Self::begin_again(directory, binding).await?;
                ledger.notice = Some(format!("{error}. {}", ledger.notice.unwrap_or_default()));
                Ok(ledger)
            }
            other => other,
        }
    }

    /// Opens the ledger beside the process that holds the lease, for what an operator has to say to it. It is
    /// neither made nor upgraded: that process may be of an older version.
    ///
    /// # Errors
    /// [`LedgerError::Older`], and the others.
    pub async fn join(directory: &Path, binding: Binding) -> Result<Self, LedgerError> {
        let path = directory.join(FILE);
        let mut connection = open_beside(&path).await?;
        let known = read_checked(&path, &mut connection, binding).await?;
        Ok(Self::new(connection, binding, known.clock, directory))
    }

    /// Sets a ledger of another web application or network aside, where there is one and `may_change`
    /// says so of the error it stands for, and opens a new one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn rebind(
        directory: &Path,
        binding: Binding,
        network: Option<&Domain>,
        lease: &Lease,
        may_change: impl Fn(&LedgerError) -> bool,
    ) -> Result<Self, LedgerError> {
        let opened = match Self::open(directory, binding, lease).await {
            Ok(mut ledger) => ledger.known().await?.check_network(network).map(|()| ledger),
            Err(error) => Err(error),
        };
        match opened {
            Err(error) if may_change(&error) => Self::begin_again(directory, binding).await,
            other => other,
        }
    }

    /// What a state directory's ledger holds, without the right to write.
    ///
    /// # Errors
    /// [`LedgerError`] where it cannot be read now, or belongs to another web application.
    pub async fn look(directory: &Path, binding: Binding) -> Result<Look, LedgerError> {
        match look_into(directory, binding).await {
            Ok(None) => Ok(Look::Missing),
            Ok(Some(known)) => Ok(Look::Known(Box::new(known))),
            Err(error) if error.is_unusable_file() => Ok(Look::Unusable(error.to_string())),
            Err(error) => Err(error),
        }
    }

    async fn begin_again(directory: &Path, binding: Binding) -> Result<Self, LedgerError> {
        let aside = set_aside(directory)?;
        let mut ledger = Self::open_file(directory, binding).await?;
        ledger.notice = Some(format!(
            "The old ledger is now {}; a new one begins: nothing is removed until names are adopted \
             again",
            aside.display()
        ));
        Ok(ledger)
    }

    async fn open_file(directory: &Path, binding: Binding) -> Result<Self, LedgerError> {
        let path = directory.join(FILE);
        let mut connection = connect(&path, durable(&path).create_if_missing(true)).await?;
        MIGRATIONS.run(&mut connection).await.map_err(|error| migration_error(&path, error))?;
        let known = read_checked(&path, &mut connection, binding).await?;
        Ok(Self::new(connection, binding, known.clock, directory))
    }
}

async fn look_into(directory: &Path, binding: Binding) -> Result<Option<Known>, LedgerError> {
    let Some(mut record) = Record::open(directory).await? else { return Ok(None) };
    let path = directory.join(FILE);
    check_pages(&path, &mut record.connection).await?;
    read_checked(&path, &mut record.connection, binding).await.map(Some)
}

/// A ledger that is there already, for writing beside the process that holds the lease, which may be of an
/// older version: then nothing is written.
pub(super) async fn open_beside(path: &Path) -> Result<SqliteConnection, LedgerError> {
    can_open(path, OpenOptions::new().read(true).write(true))?;
    let mut connection = connect(path, durable(path)).await?;
    if !is_of_this_version(path, &mut connection).await? {
        return Err(LedgerError::Older(path.display().to_string()));
    }
    Ok(connection)
}

/// Whether there is a ledger, which this user can then open so.
pub(super) fn can_open(path: &Path, how: &OpenOptions) -> Result<bool, LedgerError> {
    match how.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LedgerError::Closed { path: path.display().to_string(), error }),
    }
}

/// The content, if it is of this binding and makes sense.
async fn read_checked(
    path: &Path,
    connection: &mut SqliteConnection,
    binding: Binding,
) -> Result<Known, LedgerError> {
    if let Some(bound) = read_binding(connection).await.map_err(|e| file_error(path, e))?
        && bound != binding
    {
        let path = path.display().to_string();
        return Err(LedgerError::Bound { path, bound, asked: binding });
    }
    read_known(connection).await.map_err(|error| file_error(path, error))
}

/// A damaged page must show before anything is decided by what the others say.
async fn check_pages(path: &Path, connection: &mut SqliteConnection) -> Result<(), LedgerError> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await
        .map_err(|error| file_error(path, error))?;
    if found == "ok" {
        return Ok(());
    }
    let why = found.lines().next_back().unwrap_or_default().to_owned();
    Err(LedgerError::Damaged { path: path.display().to_string(), why })
}

/// Renames the ledger; its journal first, which must never meet another file of the name.
fn set_aside(directory: &Path) -> Result<PathBuf, LedgerError> {
    let aside = |name: &str| directory.join(format!("{name}.aside-{}", Timestamp::now().0));
    for name in [JOURNAL, FILE] {
        let path = directory.join(name);
        match std::fs::rename(&path, aside(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(file_error(&path, error.into()));
            }
            _ => {}
        }
    }
    Ok(aside(FILE))
}

/// A connection to a file whose pages are whole.
async fn connect(
    path: &Path,
    options: SqliteConnectOptions,
) -> Result<SqliteConnection, LedgerError> {
    let mut connection = options.connect().await.map_err(|error| file_error(path, error))?;
    check_pages(path, &mut connection).await?;
    Ok(connection)
}

/// Each transaction is on the disk once it is committed.
pub(super) fn durable(path: &Path) -> SqliteConnectOptions {
    let options = options(path).pragma("cache_size", CACHE);
    options.journal_mode(SqliteJournalMode::Truncate).synchronous(SqliteSynchronous::Full)
}

/// Negative: in KiB. The file is small, and what has to be read twice is in the system's own cache. Only who may write
/// can set it: it reads the file, which after a crash only a writer can.
const CACHE: &str = "-128";

/// How many statements stay prepared: those of a loop over names. Each takes some KiB.
const STATEMENTS: usize = 8;

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

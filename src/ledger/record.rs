use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteRow;
use sqlx::{ConnectOptions, Row, SqliteConnection};

use super::error::{LedgerError, file_error, migration_error};
use super::history::{Action, Event, Outcome, Rule, Why};
use super::open::{FILE, JOURNAL, MIGRATIONS, can_open, options};
use super::read::{cause_of, name_of};
use crate::clock::Timestamp;
use crate::domain::Domain;

/// The ledger of a state directory, opened to be read only, whoever is at work on it.
pub struct Record {
    pub(super) connection: SqliteConnection,
    _copy: Option<tempfile::TempDir>,
}

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those of this name, with `www.` and without; none for all.
    pub domain: Option<Domain>,
    /// Those that happened at this point or later.
    pub since: Timestamp,
    /// So many of the newest; none for all.
    pub newest: Option<u32>,
}

impl Record {
    /// Opens the ledger of a state directory; none where there is none.
    ///
    /// # Errors
    /// [`LedgerError`], also where it is of a newer version of this program.
    pub async fn open(directory: &Path) -> Result<Option<Self>, LedgerError> {
        let path = directory.join(FILE);
        if !can_open(&path, OpenOptions::new().read(true))? {
            return Ok(None);
        }
        let options = options(&path).read_only(true);
        let mut connection = options.connect().await.map_err(|e| file_error(&path, e))?;
        match is_of_this_version(&path, &mut connection).await {
            Ok(true) => return Ok(Some(Self { connection, _copy: None })),
            Ok(false) => {}
            Err(error) if is_cut_off(&error) => {}
            Err(error) => return Err(error),
        }
        Self::of_copy(&path).await.map(Some)
    }

    /// One that is older, or that a crash left in the middle of a transaction, is brought up to date as a
    /// copy: whoever looks may not be allowed to write.
    async fn of_copy(path: &Path) -> Result<Self, LedgerError> {
        let (file, directory) = copy(path).map_err(|error| file_error(path, error.into()))?;
        let mut connection = options(&file).connect().await.map_err(|e| file_error(path, e))?;
        MIGRATIONS.run(&mut connection).await.map_err(|error| migration_error(path, error))?;
        Ok(Self { connection, _copy: Some(directory) })
    }

    /// The events that are asked for, in the order of time.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn events(&mut self, filter: &Filter) -> Result<Vec<Event>, LedgerError> {
        let [name, with, without] = variants(filter.domain.as_ref());
        let rows = sqlx::query(
            "SELECT * FROM (SELECT * FROM event WHERE at >= ?1 AND (?2 IS NULL OR domain IN (?2, ?3, ?4)) \
             ORDER BY id DESC LIMIT ?5) ORDER BY id",
        )
        .bind(filter.since.0)
        .bind(name)
        .bind(with)
        .bind(without)
        .bind(filter.newest.map_or(-1, i64::from))
        .fetch_all(&mut self.connection)
        .await?;
        Ok(rows.iter().map(event_of).collect::<Result<_, _>>()?)
    }

    /// The event of this number, where it is remembered.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn event(&mut self, id: i64) -> Result<Option<Event>, LedgerError> {
        let row = sqlx::query("SELECT * FROM event WHERE id = ?").bind(id);
        let row = row.fetch_optional(&mut self.connection).await?;
        Ok(row.as_ref().map(event_of).transpose()?)
    }
}

fn variants(domain: Option<&Domain>) -> [Option<String>; 3] {
    let text = |domain: Domain| domain.to_string();
    [
        domain.map(ToString::to_string),
        domain.and_then(Domain::with_www).map(text),
        domain.and_then(Domain::without_www).map(text),
    ]
}

fn event_of(row: &SqliteRow) -> Result<Event, sqlx::Error> {
    let rule: Option<String> = row.try_get("rule")?;
    let why = |rule: String| -> Result<Why, sqlx::Error> {
        Ok(Why { rule: Rule::from_word(&rule), cause: cause_of(row)? })
    };
    let domain: Option<String> = row.try_get("domain")?;
    let action: String = row.try_get("action")?;
    let action = Action::from_word(&action)
        .ok_or_else(|| sqlx::Error::Decode(format!("an event \"{action}\"").into()))?;
    Ok(Event {
        id: row.try_get("id")?,
        first: Timestamp(row.try_get("first")?),
        at: Timestamp(row.try_get("at")?),
        times: row.try_get("times")?,
        pass: row.try_get("pass")?,
        action,
        outcome: Outcome::from_word(row.try_get("outcome")?),
        domain: domain.map(|_| name_of(row)).transpose()?,
        why: rule.map(why).transpose()?,
        www: row.try_get("www")?,
        detail: row.try_get("detail")?,
    })
}

fn copy(path: &Path) -> std::io::Result<(PathBuf, tempfile::TempDir)> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join(FILE);
    std::fs::copy(path, &file)?;
    match std::fs::copy(path.with_file_name(JOURNAL), directory.path().join(JOURNAL)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok((file, directory)),
    }
}

/// Whether it has every migration of this version, and no other.
pub(super) async fn is_of_this_version(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<bool, LedgerError> {
    // The first writer may be about to make it.
    let tables = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
    let tables = sqlx::query_scalar::<_, i64>(tables).fetch_one(&mut *connection).await;
    if tables.map_err(|error| file_error(path, error))? == 0 {
        return Ok(false);
    }
    let versions = "SELECT version FROM _sqlx_migrations";
    let versions = sqlx::query_scalar::<_, i64>(versions).fetch_all(connection).await;
    let versions = versions.map_err(|error| file_error(path, error))?;
    if versions.iter().any(|version| !MIGRATIONS.version_exists(*version)) {
        return Err(LedgerError::Newer(path.display().to_string()));
    }
    Ok(versions.len() == MIGRATIONS.iter().count())
}

/// Whether a transaction was cut off, which only a writer can roll back (SQLite's `READONLY_ROLLBACK`).
fn is_cut_off(error: &LedgerError) -> bool {
    let LedgerError::Sqlite { error: sqlx::Error::Database(answer), .. } = error else {
        return false;
    };
    answer.code().as_deref() == Some("776")
}

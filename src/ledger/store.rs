use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::{ConnectOptions, Connection, Executor, Sqlite, SqliteConnection, Transaction};

use super::error::LedgerError;
use super::known::{Binding, Bound, Known};
use super::lease::Lease;
use super::open::durable;
use super::read::read_known;
use super::ticks::TickClock;
use crate::clock::Timestamp;
use crate::domain::Domain;

const DAY: Duration = Duration::from_hours(24);

/// The ledger, opened for writing: by whoever holds the [`Lease`], or for a word to them.
pub struct Ledger {
    pub(super) connection: SqliteConnection,
    binding: Binding,
    directory: PathBuf,
    pub(super) clock: TickClock,
    /// The pass at work; none before the first one.
    pub(super) pass: Option<i64>,
    /// What an operator should hear about how it was opened.
    pub notice: Option<String>,
}

impl Ledger {
    pub(super) fn new(
        connection: SqliteConnection,
        binding: Binding,
        clock: TickClock,
        directory: &Path,
    ) -> Self {
        let directory = directory.to_owned();
        Self { connection, binding, directory, clock, pass: None, notice: None }
    }

    /// Sets a ledger that turned out to be of no use aside, and goes on with a new one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn reopen(&mut self, lease: &Lease) -> Result<(), LedgerError> {
        let directory = self.directory.clone();
        *self = Self::open(&directory, self.binding, lease).await?;
        Ok(())
    }

    /// Binds the ledger to the web application it was opened for and to the network, and notes the highest
    /// id of a mapping. To be called once the application was seen to exist: a mistyped id must not stick.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn bind(&mut self, bound: &Bound) -> Result<(), LedgerError> {
        sqlx::query(
            "INSERT OR REPLACE INTO binding (one, server, app, network, highest_mapping) \
             VALUES (1, ?, ?, ?, ?)",
        )
        .bind(self.binding.server.cast_signed())
        .bind(self.binding.app.cast_signed())
        .bind(bound.network.as_ref().map(Domain::as_str))
        .bind(bound.highest_mapping)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Everything the planner needs to know.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn known(&mut self) -> Result<Known, LedgerError> {
        Ok(read_known(&mut self.connection).await?)
    }

    /// The ledger's own clock.
    pub fn clock(&self) -> &TickClock {
        &self.clock
    }

    /// Writes down that names an operator wanted back are there, or wanted by a row.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn restored(&mut self, names: &BTreeSet<Domain>) -> Result<(), LedgerError> {
        self.delete_all(names, &[Table::Restore]).await
    }

    /// When the first name is to be tried or ordered again by itself. What was due before the pass that began at
    /// `began` and is still there waits for something else.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn next_try(&mut self, began: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT min(retry_at) FROM (SELECT retry_at FROM failure UNION ALL \
             SELECT next FROM certificate WHERE state IN ('due', 'failed')) WHERE retry_at > ?",
        )
        .bind(began.0)
        .fetch_one(&mut self.connection)
        .await?;
        Ok(next.map(Timestamp))
    }

    /// When an order under way, or where a name points, is to be looked at again. What was due before the look that
    /// began at `began` and is still there waits for something else; what is looked at once a day, such as a
    /// certificate that is fine, is looked at in whatever pass comes.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn next_look(&mut self, began: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT min(next) FROM (SELECT next FROM certificate WHERE state = 'ordered' UNION ALL \
             SELECT next FROM verdict WHERE next - seen < ?) WHERE next > ?",
        )
        .bind(DAY.as_secs().cast_signed())
        .bind(began.0)
        .fetch_one(&mut self.connection)
        .await?;
        Ok(next.map(Timestamp))
    }

    /// When an order under way is looked at next; none where there is none. What was due before the pass that began
    /// at `began` waits for something else.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn next_look_at_order(
        &mut self,
        began: Timestamp,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let look = "SELECT min(next) FROM certificate WHERE state = 'ordered' AND next > ?";
        let next: Option<i64> =
            sqlx::query_scalar(look).bind(began.0).fetch_one(&mut self.connection).await?;
        Ok(next.map(Timestamp))
    }

    pub(super) async fn delete_all(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
        tables: &[Table],
    ) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        for domain in names {
            for table in tables {
                delete(&mut transaction, *table, domain).await?;
            }
        }
        Ok(transaction.commit().await?)
    }
}

/// Begins a change, once nobody else is at one. A transaction that only read so far is refused at once where
/// another connection writes, however long it would wait.
pub(super) async fn change(
    connection: &mut SqliteConnection,
) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    if connection.is_in_transaction() {
        renew(connection).await?;
    }
    connection.begin_with("BEGIN IMMEDIATE").await
}

/// SQLite itself rolls back what meets a full disk, and sqlx goes on counting that transaction. A change within it
/// would be a savepoint, and what comes after one that fails would not get onto the disk.
async fn renew(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // Fails where SQLite did it already.
    let _ = connection.execute(sqlx::raw_sql("ROLLBACK")).await;
    if connection.is_in_transaction() {
        let file = "SELECT file FROM pragma_database_list WHERE name = 'main'";
        let file: String = sqlx::query_scalar(file).fetch_one(&mut *connection).await?;
        // Where SQLite cannot open a file to write, it opens it to read, and says nothing.
        OpenOptions::new().read(true).write(true).open(&file)?;
        let new = durable(Path::new(&file)).connect().await?;
        std::mem::replace(connection, new).close().await?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
pub(super) enum Table {
    Owned,
    Intent,
    Certificate,
    Failure,
    Repair,
    Approved,
    Restore,
}

pub(super) async fn delete(
    connection: &mut SqliteConnection,
    table: Table,
    domain: &Domain,
) -> Result<(), sqlx::Error> {
    let statement = match table {
        Table::Owned => "DELETE FROM owned WHERE domain = ?",
        Table::Intent => "DELETE FROM intent WHERE domain = ?",
        Table::Certificate => "DELETE FROM certificate WHERE domain = ?",
        Table::Failure => "DELETE FROM failure WHERE domain = ?",
        Table::Repair => "DELETE FROM repair WHERE domain = ?",
        Table::Approved => "DELETE FROM approved WHERE domain = ?",
        Table::Restore => "DELETE FROM restore WHERE domain = ?",
    };
    sqlx::query(statement).bind(domain.as_str()).execute(connection).await?;
    Ok(())
}

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::error::{LedgerError, migration_error, unusable};
use super::known::{Binding, Cause, Due, Failure, Intent, IntentAction, Known, Origin, Owned};
use super::lease::Lease;
use super::read::{read_binding, read_due, read_known};
use crate::clock::Timestamp;
use crate::domain::Domain;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
const FILE: &str = "ledger.sqlite";

/// The ledger, opened for writing by whoever holds the [`Lease`].
pub struct Ledger {
    pub(super) connection: SqliteConnection,
    binding: Binding,
}

impl Ledger {
    /// Opens, and where needed makes or upgrades, the ledger of a state directory.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be written to RunCloud then.
    pub async fn open(
        directory: &Path,
        binding: Binding,
        _lease: &Lease,
    ) -> Result<Self, LedgerError> {
        let path = directory.join(FILE);
        let options = options(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Truncate)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = options.connect().await.map_err(|e| unusable(&path, e))?;
        MIGRATIONS.run(&mut connection).await.map_err(|error| migration_error(&path, error))?;
        if let Some(bound) = read_binding(&mut connection).await? {
            check_binding(&path, bound, binding)?;
        }
        Ok(Self { connection, binding })
    }

    /// Binds a new ledger to the web application it was opened for. To be called once that was seen to
    /// exist: a mistyped id must not stick.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn bind(&mut self) -> Result<(), LedgerError> {
        sqlx::query("INSERT OR IGNORE INTO binding (one, server, app) VALUES (1, ?, ?)")
            .bind(self.binding.server.cast_signed())
            .bind(self.binding.app.cast_signed())
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// What a state directory's ledger holds, without the right to write; none where there is none.
    ///
    /// # Errors
    /// [`LedgerError`] where there is one that cannot be read.
    pub async fn look(directory: &Path, binding: Binding) -> Result<Option<Known>, LedgerError> {
        let path = directory.join(FILE);
        if !path.try_exists().map_err(|error| unusable(&path, error.into()))? {
            return Ok(None);
        }
        let options = options(&path).read_only(true);
        let mut connection = options.connect().await.map_err(|e| unusable(&path, e))?;
        if let Some(bound) = read_binding(&mut connection).await.map_err(|e| unusable(&path, e))? {
            check_binding(&path, bound, binding)?;
        }
        let known = read_known(&mut connection).await.map_err(|e| unusable(&path, e))?;
        connection.close().await?;
        Ok(Some(known))
    }

    /// Everything the planner needs to know.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn known(&mut self) -> Result<Known, LedgerError> {
        Ok(read_known(&mut self.connection).await?)
    }

    /// The certificates that are owed now.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn due(&mut self) -> Result<BTreeMap<Domain, Due>, LedgerError> {
        Ok(read_due(&mut self.connection).await?)
    }

    /// When the first of the failed names, or of the failed orders, is to be tried again.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn next_try(&mut self) -> Result<Option<Timestamp>, LedgerError> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT min(retry_at) FROM (SELECT retry_at FROM failure \
             UNION ALL SELECT retry_at FROM certificate_due WHERE attempts > 0)",
        )
        .fetch_one(&mut self.connection)
        .await?;
        Ok(next.map(Timestamp))
    }

    /// Writes down that a call is about to be made.
    ///
    /// # Errors
    /// [`LedgerError`]; the call must not be made then.
    pub async fn intend(
        &mut self,
        domain: &Domain,
        intent: Intent,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        sqlx::query(
            "INSERT OR REPLACE INTO intent (domain, action, since, www, mapping, site) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(domain.as_str())
        .bind(intent.action.word())
        .bind(now.0)
        .bind(intent.www)
        .bind(intent.cause.mapping)
        .bind(intent.cause.site)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Writes down that the intended call took effect: ownership, and a certificate that is owed.
    ///
    /// # Errors
    /// [`LedgerError`]; the intent stays and is settled by the next pass.
    pub async fn settle(
        &mut self,
        domain: &Domain,
        intent: Intent,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.connection.begin().await?;
        match intent.action {
            IntentAction::Add => {
                let owned =
                    Owned { origin: Origin::Added, www: Some(intent.www), cause: intent.cause };
                own(&mut transaction, domain, owned, now).await?;
                owe(&mut transaction, domain, now).await?;
            }
            IntentAction::Update => {
                sqlx::query("UPDATE owned SET www = ? WHERE domain = ?")
                    .bind(intent.www)
                    .bind(domain.as_str())
                    .execute(&mut *transaction)
                    .await?;
                if intent.www {
                    owe(&mut transaction, domain, now).await?;
                }
            }
            IntentAction::Remove => {
                delete(&mut transaction, Table::Owned, domain).await?;
                delete(&mut transaction, Table::CertificateDue, domain).await?;
            }
        }
        delete(&mut transaction, Table::Intent, domain).await?;
        delete(&mut transaction, Table::Failure, domain).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down that an intended call certainly had no effect.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn withdraw(&mut self, domain: &Domain) -> Result<(), LedgerError> {
        Ok(delete(&mut self.connection, Table::Intent, domain).await?)
    }

    /// Writes down that a change failed, and when it is tried again. An open intent stays open: where
    /// the outcome is unknown, the next pass settles it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn fail(&mut self, domain: &Domain, failure: &Failure) -> Result<(), LedgerError> {
        sqlx::query(
            "INSERT OR REPLACE INTO failure (domain, attempts, retry_at, detail, mapping, site) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(domain.as_str())
        .bind(failure.attempts)
        .bind(failure.retry_at.0)
        .bind(&failure.detail)
        .bind(failure.cause.mapping)
        .bind(failure.cause.site)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Adopts names that are in both places, and notes what wants the owned ones now.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn adopt(
        &mut self,
        names: &BTreeMap<Domain, Cause>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.connection.begin().await?;
        for (domain, cause) in names {
            let owned = Owned { origin: Origin::Adopted, www: None, cause: *cause };
            own(&mut transaction, domain, owned, now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Forgets ownership of, and what is owed for, names that are gone from both places.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn forget(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
    ) -> Result<(), LedgerError> {
        self.delete_all(names, &[Table::Owned, Table::CertificateDue, Table::Failure]).await
    }

    /// Writes down that the names have nothing left to be tried again.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn recovered(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
    ) -> Result<(), LedgerError> {
        self.delete_all(names, &[Table::Failure]).await
    }

    /// Writes down that the names' certificate was ordered, or is owed no more.
    ///
    /// # Errors
    /// [`LedgerError`]; the order is owed again then.
    pub async fn ordered(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
    ) -> Result<(), LedgerError> {
        self.delete_all(names, &[Table::CertificateDue]).await
    }

    /// Writes down that the names' order failed, and when the next one may go out.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn order_failed(&mut self, names: &BTreeMap<Domain, Due>) -> Result<(), LedgerError> {
        let mut transaction = self.connection.begin().await?;
        for (domain, due) in names {
            sqlx::query("UPDATE certificate_due SET attempts = ?, retry_at = ? WHERE domain = ?")
                .bind(due.attempts)
                .bind(due.retry_at.0)
                .bind(domain.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn delete_all(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
        tables: &[Table],
    ) -> Result<(), LedgerError> {
        let mut transaction = self.connection.begin().await?;
        for domain in names {
            for table in tables {
                delete(&mut transaction, *table, domain).await?;
            }
        }
        Ok(transaction.commit().await?)
    }
}

#[derive(Clone, Copy)]
enum Table {
    Owned,
    Intent,
    CertificateDue,
    Failure,
}

async fn delete(
    connection: &mut SqliteConnection,
    table: Table,
    domain: &Domain,
) -> Result<(), sqlx::Error> {
    let statement = match table {
        Table::Owned => "DELETE FROM owned WHERE domain = ?",
        Table::Intent => "DELETE FROM intent WHERE domain = ?",
        Table::CertificateDue => "DELETE FROM certificate_due WHERE domain = ?",
        Table::Failure => "DELETE FROM failure WHERE domain = ?",
    };
    sqlx::query(statement).bind(domain.as_str()).execute(connection).await?;
    Ok(())
}

/// Owns a name; one that is owned already keeps how and since when, and gets the new cause.
async fn own(
    connection: &mut SqliteConnection,
    domain: &Domain,
    owned: Owned,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO owned (domain, origin, since, www, mapping, site) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (domain) DO UPDATE SET mapping = excluded.mapping, site = excluded.site, \
         www = coalesce(excluded.www, owned.www), \
         origin = CASE excluded.origin WHEN 'added' THEN 'added' ELSE owned.origin END",
    )
    .bind(domain.as_str())
    .bind(owned.origin.word())
    .bind(now.0)
    .bind(owned.www)
    .bind(owned.cause.mapping)
    .bind(owned.cause.site)
    .execute(connection)
    .await?;
    Ok(())
}

async fn owe(
    connection: &mut SqliteConnection,
    domain: &Domain,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT OR REPLACE INTO certificate_due (domain, since) VALUES (?, ?)")
        .bind(domain.as_str())
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging()
}

fn check_binding(path: &Path, bound: Binding, asked: Binding) -> Result<(), LedgerError> {
    if bound == asked {
        return Ok(());
    }
    Err(LedgerError::Bound { path: path.display().to_string(), bound, asked })
}

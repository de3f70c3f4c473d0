use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sqlx::{Connection, SqliteConnection};

use super::error::LedgerError;
use super::known::{
    Binding, Bound, Cause, DAY, Due, Failure, Intent, IntentAction, Known, Origin, Owned,
};
use super::lease::Lease;
use super::read::{counts, read_due, read_known};
use super::ticks::{Tick, TickClock};
use crate::clock::Timestamp;
use crate::domain::Domain;

/// In how many listings in a row a name has to be missing before it is forgotten.
const ABSENCES: i64 = 3;

/// The ledger, opened for writing by whoever holds the [`Lease`](super::Lease).
pub struct Ledger {
    pub(super) connection: SqliteConnection,
    binding: Binding,
    directory: PathBuf,
    pub(super) clock: TickClock,
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
        Self { connection, binding, directory: directory.to_owned(), clock, notice: None }
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

    /// Binds a new ledger to the web application it was opened for and to the network, and notes the
    /// highest id of a mapping. To be called once the application was seen to exist: a mistyped id must
    /// not stick.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn bind(&mut self, bound: &Bound) -> Result<(), LedgerError> {
        sqlx::query(
            "INSERT INTO binding (one, server, app, network, highest_mapping) VALUES (1, ?, ?, ?, ?) \
             ON CONFLICT (one) DO UPDATE SET network = coalesce(network, excluded.network), \
             highest_mapping = max(highest_mapping, excluded.highest_mapping)",
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

    /// Writes down which rows held no host name when they were first seen, in place of what was known.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_rejected(
        &mut self,
        mappings: impl IntoIterator<Item = i64>,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.connection.begin().await?;
        sqlx::query("DELETE FROM rejected").execute(&mut *transaction).await?;
        for mapping in mappings {
            sqlx::query("INSERT INTO rejected VALUES (?)")
                .bind(mapping)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
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
                count_repair(&mut transaction, domain, now).await?;
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
                count_removal(&mut transaction, domain, self.clock.counted).await?;
                for table in [Table::Owned, Table::CertificateDue, Table::Repair, Table::Approved] {
                    delete(&mut transaction, table, domain).await?;
                }
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
            "INSERT OR REPLACE INTO failure \
             (domain, attempts, retry_at, detail, mapping, site, stage) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(domain.as_str())
        .bind(failure.attempts)
        .bind(failure.retry_at.0)
        .bind(&failure.detail)
        .bind(failure.cause.mapping)
        .bind(failure.cause.site)
        .bind(&failure.stage)
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

    /// Counts the listings in a row in which names were missing that no row wants, and forgets those that
    /// were missing [`ABSENCES`] times: one odd page must not make an orphan.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_absent(&mut self, absent: &BTreeSet<Domain>) -> Result<(), LedgerError> {
        let query = sqlx::query("SELECT domain, absent FROM owned WHERE absent > 0");
        let before = counts(&query.fetch_all(&mut self.connection).await?)?;
        let mut forgotten = Vec::new();
        let mut transaction = self.connection.begin().await?;
        for name in before.keys().chain(absent).collect::<BTreeSet<_>>() {
            let count = before.get(name).map_or(1, |count| count + 1);
            let count = if absent.contains(name) { count } else { 0 };
            if count >= ABSENCES {
                forgotten.push(name);
            }
            sqlx::query("UPDATE owned SET absent = ? WHERE domain = ?")
                .bind(count)
                .bind(name.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        if forgotten.is_empty() { Ok(()) } else { self.forget(forgotten).await }
    }

    /// Forgets ownership of names, and what is owed for them.
    async fn forget(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
    ) -> Result<(), LedgerError> {
        let tables =
            [Table::Owned, Table::CertificateDue, Table::Failure, Table::Repair, Table::Approved];
        self.delete_all(names, &tables).await
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

    /// Writes down how often an order for the names was sent, and when the next one may go out: before
    /// it is sent, and where it failed.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be ordered then.
    pub async fn note_order(&mut self, names: &BTreeMap<Domain, Due>) -> Result<(), LedgerError> {
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
    Repair,
    Approved,
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
        Table::Repair => "DELETE FROM repair WHERE domain = ?",
        Table::Approved => "DELETE FROM approved WHERE domain = ?",
    };
    sqlx::query(statement).bind(domain.as_str()).execute(connection).await?;
    Ok(())
}

/// An addition of a name that is owned already repairs it; a day without one ends the count.
async fn count_repair(
    connection: &mut SqliteConnection,
    domain: &Domain,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO repair (domain, repairs, last) SELECT domain, 1, ?1 FROM owned \
         WHERE domain = ?2 ON CONFLICT (domain) DO UPDATE SET last = ?1, \
         repairs = CASE WHEN last > ?1 - ?3 THEN repairs + 1 ELSE 1 END",
    )
    .bind(now.0)
    .bind(domain.as_str())
    .bind(DAY.as_secs().cast_signed())
    .execute(connection)
    .await?;
    Ok(())
}

/// A removal counts against the budget unless an operator let it through.
async fn count_removal(
    connection: &mut SqliteConnection,
    domain: &Domain,
    tick: Tick,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO removal (domain, tick) SELECT ?1, ?2 \
         WHERE NOT EXISTS (SELECT 1 FROM approved WHERE domain = ?1 AND begun)",
    )
    .bind(domain.as_str())
    .bind(tick.0)
    .execute(connection)
    .await?;
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

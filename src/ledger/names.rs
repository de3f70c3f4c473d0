//! Which names are ours, and what is remembered of rows without one.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection, SqliteConnection};

use super::error::LedgerError;
use super::known::{Cause, Origin, Owned};
use super::read::counts;
use super::store::{Ledger, Table};
use crate::clock::Timestamp;
use crate::domain::Domain;

/// In how many listings in a row a name has to be missing before it is forgotten.
const ABSENCES: i64 = 3;

impl Ledger {
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
    /// were missing three times: one odd page must not make an orphan.
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

    /// Writes down the names that rows hold now, and forgets the rows that are gone.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_rows(
        &mut self,
        hold: &[(i64, &Domain)],
        gone: &[i64],
    ) -> Result<(), LedgerError> {
        let mut transaction = self.connection.begin().await?;
        for (mapping, domain) in hold {
            sqlx::query("INSERT OR REPLACE INTO row VALUES (?, ?)")
                .bind(mapping)
                .bind(domain.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        for mapping in gone {
            sqlx::query("DELETE FROM row WHERE mapping = ?")
                .bind(mapping)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Owns a name; one that is owned already keeps how and since when, and gets the new cause.
pub(super) async fn own(
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

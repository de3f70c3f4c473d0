//! Certificates that are owed.

use std::collections::BTreeMap;

use sqlx::{Connection, SqliteConnection};

use super::error::LedgerError;
use super::known::Due;
use super::read::read_due;
use super::store::{Ledger, Table};
use crate::clock::Timestamp;
use crate::domain::Domain;

impl Ledger {
    /// The certificates that are owed now.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn due(&mut self) -> Result<BTreeMap<Domain, Due>, LedgerError> {
        Ok(read_due(&mut self.connection).await?)
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
}

pub(super) async fn owe(
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

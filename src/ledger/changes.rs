//! Changes of RunCloud: the intent before each call, the outcome after it.

use sqlx::{Connection, SqliteConnection};

use super::error::LedgerError;
use super::known::{Cause, DAY, Failure, Intent, IntentAction, Origin, Owned};
use super::names::own;
use super::orders::owe;
use super::store::{Ledger, Table, delete};
use super::ticks::Tick;
use crate::clock::Timestamp;
use crate::domain::Domain;

impl Ledger {
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
                count_repair(&mut transaction, domain, intent.cause, now).await?;
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
                } else if let Some(www) = domain.with_www() {
                    count_removal(&mut transaction, &www, self.clock.counted).await?;
                    delete(&mut transaction, Table::Approved, &www).await?;
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
}

/// An addition of a name that is owned already, for the same row, repairs it; a day without one ends the
/// count.
async fn count_repair(
    connection: &mut SqliteConnection,
    domain: &Domain,
    cause: Cause,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO repair (domain, repairs, last) SELECT domain, 1, ?1 FROM owned \
         WHERE domain = ?2 AND mapping IS ?4 AND site = ?5 ON CONFLICT (domain) DO UPDATE SET last = ?1, \
         repairs = CASE WHEN last > ?1 - ?3 THEN repairs + 1 ELSE 1 END",
    )
    .bind(now.0)
    .bind(domain.as_str())
    .bind(DAY.as_secs().cast_signed())
    .bind(cause.mapping)
    .bind(cause.site)
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
        "INSERT INTO removal (domain, tick, managed) SELECT ?1, ?2, (SELECT count(*) FROM owned) \
         WHERE NOT EXISTS (SELECT 1 FROM approved WHERE domain = ?1 AND begun)",
    )
    .bind(domain.as_str())
    .bind(tick.0)
    .execute(connection)
    .await?;
    Ok(())
}

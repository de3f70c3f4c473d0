//! Changes of RunCloud: the intent before each call, the outcome after it.

use sqlx::SqliteConnection;

use super::certificates::write_state;
use super::error::LedgerError;
use super::history::{Line, Outcome};
use super::known::{Failure, Intent, IntentAction, Owned, Repair};
use super::read::read_holding;
use super::settlement::{Holding, loss};
use super::store::{Ledger, Table, change, delete};
use super::ticks::Tick;
use crate::clock::Timestamp;
use crate::domain::Domain;

impl Ledger {
    /// Writes down that a call is about to be made, unless an operator paused the program.
    ///
    /// # Errors
    /// [`LedgerError`]; the call must not be made then.
    pub async fn intend(
        &mut self,
        domain: &Domain,
        intent: Intent,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.check_not_paused().await?;
        sqlx::query(
            "INSERT OR REPLACE INTO intent (domain, action, since, www, mapping, site, rule) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(domain.as_str())
        .bind(intent.action.word())
        .bind(now.0)
        .bind(intent.www)
        .bind(intent.cause.mapping)
        .bind(intent.cause.site)
        .bind(intent.rule.word())
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Writes down that the intended call took effect: ownership, and a certificate that is owed. `answer`
    /// is what RunCloud said to it.
    ///
    /// # Errors
    /// [`LedgerError`]; the intent stays and is settled by the next pass.
    pub async fn settle(
        &mut self,
        domain: &Domain,
        intent: Intent,
        answer: &str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let done = self.line(domain, intent, Outcome::Done, answer, now);
        let mut transaction = change(&mut self.connection).await?;
        if let Some(lost) = loss(domain, intent) {
            count_removal(&mut transaction, &lost, self.clock.counted).await?;
            delete(&mut transaction, Table::Approved, &lost).await?;
        }
        let before = read_holding(&mut transaction, domain).await?;
        let mut holding = before.clone();
        holding.settle(intent, now);
        write_holding(&mut transaction, domain, (&before, &holding), now).await?;
        for table in [Table::Intent, Table::Failure, Table::Restore] {
            delete(&mut transaction, table, domain).await?;
        }
        done.write(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down that an entry that was to be removed is not listed any more: it counts as removed, and its
    /// name stays ours until enough lists were without it.
    ///
    /// # Errors
    /// [`LedgerError`]; the intent stays and is settled by the next pass.
    pub async fn settle_absent(
        &mut self,
        domain: &Domain,
        intent: Intent,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let detail = "its answer was lost; the next listing does not have it";
        let done = self.line(domain, intent, Outcome::Done, detail, now);
        let mut transaction = change(&mut self.connection).await?;
        count_removal(&mut transaction, domain, self.clock.counted).await?;
        for table in [Table::Approved, Table::Intent, Table::Failure] {
            delete(&mut transaction, table, domain).await?;
        }
        done.write(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down that an intended call certainly had no effect. One whose failure is known is history
    /// already.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn withdraw(
        &mut self,
        domain: &Domain,
        intent: Intent,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let detail = "its answer was lost, and the next listing did not show it";
        let lost = self.line(domain, intent, Outcome::NoEffect, detail, now);
        let mut transaction = change(&mut self.connection).await?;
        delete(&mut transaction, Table::Intent, domain).await?;
        let failed = sqlx::query("SELECT 1 FROM failure WHERE domain = ?").bind(domain.as_str());
        if failed.fetch_optional(&mut *transaction).await?.is_none() {
            lost.write(&mut transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes down that an intended call was not needed, and whatever became of it is no failure.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn dismiss(&mut self, domain: &Domain) -> Result<(), LedgerError> {
        self.delete_all([domain], &[Table::Intent, Table::Failure]).await
    }

    /// Writes down that a change failed, and when it is tried again. An open intent stays open: where
    /// the outcome is unknown, the next pass settles it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn fail(
        &mut self,
        domain: &Domain,
        intent: Intent,
        failure: &Failure,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let failed = self.line(domain, intent, Outcome::Failed, &failure.detail, now);
        let mut transaction = change(&mut self.connection).await?;
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
        .execute(&mut *transaction)
        .await?;
        failed.write_again(&mut transaction).await?;
        Ok(transaction.commit().await?)
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

    fn line<'a>(
        &self,
        domain: &'a Domain,
        intent: Intent,
        outcome: Outcome,
        detail: &'a str,
        at: Timestamp,
    ) -> Line<'a> {
        let www = (intent.action != IntentAction::Remove).then_some(intent.www);
        let (action, why) = (intent.action.into(), Some(intent.why()));
        Line { at, pass: self.pass, action, outcome, domain: Some(domain), why, www, detail }
    }
}

async fn write_holding(
    connection: &mut SqliteConnection,
    domain: &Domain,
    (before, after): (&Holding, &Holding),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    match after.owned {
        Some(owned) => own(connection, domain, owned, now).await?,
        None => delete(connection, Table::Owned, domain).await?,
    }
    match &after.certificate {
        unchanged if *unchanged == before.certificate => {}
        Some(state) => write_state(connection, domain, state).await?,
        None => delete(connection, Table::Certificate, domain).await?,
    }
    let Some(Repair { repairs, last }) = after.repair else {
        return delete(connection, Table::Repair, domain).await;
    };
    sqlx::query("INSERT OR REPLACE INTO repair (domain, repairs, last) VALUES (?, ?, ?)")
        .bind(domain.as_str())
        .bind(repairs)
        .bind(last.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Owns a name; one that is owned already keeps since when.
async fn own(
    connection: &mut SqliteConnection,
    domain: &Domain,
    Owned { origin, www, cause, id }: Owned,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO owned (domain, origin, since, www, mapping, site, id) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (domain) DO UPDATE SET origin = excluded.origin, www = excluded.www, \
         mapping = excluded.mapping, site = excluded.site, id = excluded.id",
    )
    .bind(domain.as_str())
    .bind(origin.word())
    .bind(now.0)
    .bind(www)
    .bind(cause.mapping)
    .bind(cause.site)
    .bind(id.map(u64::cast_signed))
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

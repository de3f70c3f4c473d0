use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{Row, SqliteConnection};

use super::error::LedgerError;
use super::history::{Action, Line};
use super::read::names;
use super::store::{Ledger, Table, change};
use super::ticks::Tick;
use crate::clock::{Moment, Timestamp};
use crate::domain::Domain;

/// How many hashes are remembered that stand for nothing any more.
const REMEMBERED: i64 = 8;

/// Removals that an operator lets through although a guard blocks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The hash that was approved.
    pub hash: String,
    /// The names that are still to go; each leaves when it is removed.
    pub names: BTreeSet<Domain>,
    /// The approval ends at this point of the wall clock,
    pub until: Timestamp,
    /// and at this one of the ledger's clock, so that a wall clock set back does not prolong it.
    pub until_tick: Tick,
    /// Whether its first removal was about to be made. Until then it stands for exactly its names.
    pub begun: bool,
}

impl Approval {
    /// An approval of these names from `now` on; `tick` is the same point on the ledger's clock.
    pub fn new(
        hash: String,
        names: BTreeSet<Domain>,
        ttl: Duration,
        now: &Moment,
        tick: Tick,
    ) -> Self {
        Self { hash, names, until: now.wall.plus(ttl), until_tick: tick.plus(ttl), begun: false }
    }

    /// Whether it has not ended at `now`.
    pub fn is_valid(&self, now: &Moment, tick: Tick) -> bool {
        now.wall < self.until && tick < self.until_tick
    }
}

impl Ledger {
    /// Writes an approval down, in place of an earlier one.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing is approved then.
    pub async fn approve(
        &mut self,
        approval: &Approval,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        sqlx::query("DELETE FROM approved").execute(&mut *transaction).await?;
        for domain in &approval.names {
            sqlx::query("INSERT INTO approved VALUES (?, ?, ?, ?, ?)")
                .bind(domain.as_str())
                .bind(&approval.hash)
                .bind(approval.until.0)
                .bind(approval.until_tick.0)
                .bind(approval.begun)
                .execute(&mut *transaction)
                .await?;
        }
        let names = approval.names.len();
        let said = format!("{names} blocked removals, as {}", approval.hash);
        Line::done(Action::Approve, None, &said, now).write(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down that the first removal by an approval is about to be made: it stands from now on for
    /// whatever of its names is left. `believed` is the highest id of tables that looked like an accident
    /// and that the operator vouched for.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be removed by the approval then.
    pub async fn begin_approved(
        &mut self,
        hash: &str,
        believed: Option<i64>,
    ) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        sqlx::query("UPDATE approved SET begun = 1 WHERE hash = ?")
            .bind(hash)
            .execute(&mut *transaction)
            .await?;
        if let Some(highest_mapping) = believed {
            sqlx::query("UPDATE binding SET highest_mapping = ?")
                .bind(highest_mapping)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Takes names out of the approval: they came back, or the plan is no longer the approved one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn disapprove(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
    ) -> Result<(), LedgerError> {
        self.delete_all(names, &[Table::Approved]).await
    }

    /// Writes down what a pass found blocked, or that nothing is, in place of what the last one found.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn found_blocked<'a>(
        &mut self,
        hash: &str,
        names: impl IntoIterator<Item = &'a Domain>,
    ) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        sqlx::query("DELETE FROM blocked_before WHERE hash IN (SELECT hash FROM blocked)")
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO blocked_before SELECT domain, hash FROM blocked WHERE hash <> ?")
            .bind(hash)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "DELETE FROM blocked_before WHERE hash NOT IN (SELECT hash FROM blocked_before \
             GROUP BY hash ORDER BY max(rowid) DESC LIMIT ?)",
        )
        .bind(REMEMBERED)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM blocked").execute(&mut *transaction).await?;
        for domain in names {
            sqlx::query("INSERT INTO blocked VALUES (?, ?)")
                .bind(domain.as_str())
                .bind(hash)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// The names behind a hash that a pass found blocked; empty where that is long ago.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn blocked_as(&mut self, hash: &str) -> Result<BTreeSet<Domain>, LedgerError> {
        let query = "SELECT domain FROM blocked WHERE hash = ?1 \
                     UNION SELECT domain FROM blocked_before WHERE hash = ?1";
        let query = sqlx::query(query).bind(hash.to_owned());
        Ok(names(&query.fetch_all(&mut self.connection).await?)?)
    }
}

pub(super) async fn read_approval(
    connection: &mut SqliteConnection,
) -> Result<Option<Approval>, sqlx::Error> {
    let rows = sqlx::query("SELECT * FROM approved").fetch_all(connection).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    Ok(Some(Approval {
        hash: first.try_get("hash")?,
        until: Timestamp(first.try_get("until_wall")?),
        until_tick: Tick(first.try_get("until_tick")?),
        begun: first.try_get("begun")?,
        names: names(&rows)?,
    }))
}

use sqlx::Connection;

use super::certificates::WEEK;
use super::error::LedgerError;
use super::known::DAY;
use super::store::Ledger;
use super::ticks::TickClock;
use crate::clock::{Moment, Timestamp};

/// How many passes are remembered.
const PASSES: i64 = 1_000;

/// How many names a pass changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassCounts {
    /// Added to RunCloud.
    pub added: usize,
    /// Changed there.
    pub updated: usize,
    /// Removed from it.
    pub removed: usize,
    /// Failed.
    pub failed: usize,
}

impl Ledger {
    /// Writes down that a pass began, moves the ledger's own clock on and forgets the removals that no
    /// longer count and the approval that ended; returns the pass's number.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn begin_pass(&mut self, now: &Moment) -> Result<i64, LedgerError> {
        let clock = TickClock { counted: self.clock.tick(now), at: Some(now.clone()) };
        let mut transaction = self.connection.begin().await?;
        sqlx::query("INSERT OR REPLACE INTO ticks VALUES (1, ?, ?, ?, ?)")
            .bind(clock.counted.0)
            .bind(&now.uptime.boot)
            .bind(now.uptime.seconds)
            .bind(now.wall.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM removal WHERE tick <= ?")
            .bind(clock.counted.0 - DAY.as_secs().cast_signed())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM certificate_order WHERE tick <= ?")
            .bind(clock.counted.0 - WEEK.as_secs().cast_signed())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM approved WHERE until_tick <= ? OR until_wall <= ?")
            .bind(clock.counted.0)
            .bind(now.wall.0)
            .execute(&mut *transaction)
            .await?;
        let begun = sqlx::query("INSERT INTO pass (started) VALUES (?)")
            .bind(now.wall.0)
            .execute(&mut *transaction)
            .await?;
        let id = begun.last_insert_rowid();
        sqlx::query("DELETE FROM pass WHERE id <= ?")
            .bind(id - PASSES)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.clock = clock;
        Ok(id)
    }

    /// Writes down how a pass ended.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn end_pass(
        &mut self,
        id: i64,
        result: &str,
        counts: PassCounts,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        sqlx::query(
            "UPDATE pass SET ended = ?, result = ?, added = ?, updated = ?, removed = ?, failed = ? \
             WHERE id = ?",
        )
        .bind(now.0)
        .bind(result)
        .bind(number(counts.added))
        .bind(number(counts.updated))
        .bind(number(counts.removed))
        .bind(number(counts.failed))
        .bind(id)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }
}

//! How the daemon fares, for whoever asks: while it runs, and after it ended.

use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::LedgerError;
use super::history::Action;
use super::store::Ledger;
use crate::clock::Timestamp;
use crate::domain::Domain;

/// How many months' calls are remembered.
const MONTHS: i64 = 13;

/// How the daemon fares. What it never came to is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// When it last tried to make a pass.
    pub attempted: Option<Timestamp>,
    /// When its last complete pass ended.
    pub succeeded: Option<Timestamp>,
    /// What keeps it from its work, and since when.
    pub trouble: Option<(Timestamp, String)>,
}

impl Service {
    /// What keeps it from its work, and since when, unless a pass ended well at that point or later.
    pub(super) fn trouble_after(&self, last_good: Option<Timestamp>) -> Option<(Timestamp, &str)> {
        let (since, trouble) = self.trouble.as_ref()?;
        (last_good < Some(*since)).then_some((*since, trouble.as_str()))
    }
}

impl Ledger {
    /// Writes down how the daemon fares.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_service(&mut self, service: &Service) -> Result<(), LedgerError> {
        let seconds = |point: Option<Timestamp>| point.map(|point| point.0);
        let (since, trouble) = match &service.trouble {
            Some((since, trouble)) => (Some(since.0), Some(trouble)),
            None => (None, None),
        };
        sqlx::query(
            "INSERT INTO service (one, attempted, succeeded, trouble, trouble_since) \
             VALUES (1, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET \
             attempted = excluded.attempted, succeeded = excluded.succeeded, \
             trouble = excluded.trouble, trouble_since = excluded.trouble_since",
        )
        .bind(seconds(service.attempted))
        .bind(seconds(service.succeeded))
        .bind(trouble)
        .bind(since)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// How the daemon fared when it last wrote it down.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn service(&mut self) -> Result<Service, LedgerError> {
        Ok(read_service(&mut self.connection).await?)
    }

    /// Writes down that a change of the tables was seen and waits for a pass, or that none waits any more.
    /// Rows that the pass sees for the first time count as seen since then.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_change(&mut self, since: Option<Timestamp>) -> Result<(), LedgerError> {
        sqlx::query(
            "INSERT INTO service (one, noticed) VALUES (1, ?) \
             ON CONFLICT (one) DO UPDATE SET noticed = excluded.noticed",
        )
        .bind(since.map(|since| since.0))
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// How long ago the rows were first seen that hold these names, each of which `action` was just done for:
    /// those for which it was the first time.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn first_arrivals(
        &mut self,
        names: &[Domain],
        action: Action,
        now: Timestamp,
    ) -> Result<Vec<Duration>, LedgerError> {
        let mut ages = vec![];
        for name in names {
            let since: Option<i64> = sqlx::query_scalar(
                "SELECT since FROM (SELECT min(since) AS since FROM row \
                 WHERE domain = ?1 AND since > 0) WHERE since IS NOT NULL AND \
                 (SELECT count(*) FROM event WHERE domain = ?1 AND action = ?2 \
                 AND outcome = 'done' AND first >= since) = 1",
            )
            .bind(name.as_str())
            .bind(action.word())
            .fetch_optional(&mut self.connection)
            .await?;
            ages.extend(since.map(|since| now.since(Timestamp(since))));
        }
        Ok(ages)
    }

    /// Counts calls that RunCloud got, by the calendar month of `now`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn count_calls(&mut self, calls: u64, now: Timestamp) -> Result<(), LedgerError> {
        sqlx::query(
            "INSERT INTO api_calls (month, calls) VALUES (?, ?) \
             ON CONFLICT (month) DO UPDATE SET calls = calls + excluded.calls",
        )
        .bind(now.month())
        .bind(calls.cast_signed())
        .execute(&mut self.connection)
        .await?;
        sqlx::query(
            "DELETE FROM api_calls WHERE month NOT IN \
             (SELECT month FROM api_calls ORDER BY month DESC LIMIT ?)",
        )
        .bind(MONTHS)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// How many calls RunCloud got in the calendar month of `now`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn calls_in_month(&mut self, now: Timestamp) -> Result<u64, LedgerError> {
        Ok(read_calls(&mut self.connection, now).await?)
    }
}

/// How the daemon fares.
pub(super) async fn read_service(
    connection: &mut SqliteConnection,
) -> Result<Service, sqlx::Error> {
    let row = sqlx::query("SELECT * FROM service").fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(Service::default()) };
    let trouble: Option<String> = row.try_get("trouble")?;
    Ok(Service {
        attempted: point(&row, "attempted")?,
        succeeded: point(&row, "succeeded")?,
        trouble: point(&row, "trouble_since")?.zip(trouble),
    })
}

/// The calls of a month.
pub(super) async fn read_calls(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let query = sqlx::query_scalar("SELECT calls FROM api_calls WHERE month = ?").bind(now.month());
    let calls: Option<i64> = query.fetch_optional(connection).await?;
    Ok(calls.unwrap_or_default().unsigned_abs())
}

fn point(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp))
}

//! Certificates, counted: for a look from outside that must be quick with many names.

use std::collections::BTreeMap;

use sqlx::{Row, SqliteConnection};

use super::certificates::WEEK;
use super::read::name_of;
use super::survey::{Listed, Noted, listed_reasons, size};
use super::ticks::Tick;
use crate::clock::Timestamp;
use crate::domain::Domain;

/// Certificates, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many names are covered.
    pub covered: usize,
    /// For how many an order is due.
    pub due: usize,
    /// For how many one is under way.
    pub ordered: usize,
    /// The names whose last order brought nothing, those that are ordered first at the head.
    pub failed: Listed<FailedOrder>,
    /// The name whose certificate ends first, and when.
    pub next_end: Option<(Domain, Timestamp)>,
    /// Names for which none is ordered now, by the word for why.
    pub waiting: BTreeMap<String, Listed<Noted>>,
    /// How many orders went out in the last seven days.
    pub orders: usize,
}

/// A name whose last order brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedOrder {
    /// The name.
    pub domain: Domain,
    /// Why, for a person.
    pub reason: String,
    /// When it may be ordered again.
    pub retry_at: Timestamp,
}

/// Certificates, counted, with so many of each list, or all where that is negative.
pub(super) async fn read_coverage(
    connection: &mut SqliteConnection,
    most: i64,
    now: Tick,
) -> Result<Coverage, sqlx::Error> {
    let states = sqlx::query_as("SELECT state, count(*) FROM certificate GROUP BY state");
    let states: Vec<(String, i64)> = states.fetch_all(&mut *connection).await?;
    let count = |word| states.iter().find(|(state, _)| state == word).map_or(0, |(_, n)| size(*n));
    let week = now.0 - WEEK.as_secs().cast_signed();
    let orders = sqlx::query_scalar("SELECT count(*) FROM certificate_order WHERE tick > ?");
    let orders = orders.bind(week).fetch_one(&mut *connection).await?;
    let waiting = (
        "SELECT reason, count(*) FROM waiting GROUP BY reason",
        "SELECT domain, detail FROM waiting WHERE reason = ? ORDER BY domain LIMIT ?",
    );
    Ok(Coverage {
        covered: count("covered"),
        due: count("due"),
        ordered: count("ordered"),
        failed: Listed { count: count("failed"), first: failed(connection, most).await? },
        next_end: next_end(connection).await?,
        waiting: listed_reasons(connection, waiting, most).await?,
        orders: size(orders),
    })
}

async fn failed(
    connection: &mut SqliteConnection,
    most: i64,
) -> Result<Vec<FailedOrder>, sqlx::Error> {
    let rows = "SELECT * FROM certificate WHERE state = 'failed' ORDER BY next, domain LIMIT ?";
    let rows = sqlx::query(rows).bind(most).fetch_all(connection).await?;
    let failed = rows.iter().map(|row| {
        let (domain, reason) = (name_of(row)?, row.try_get("detail")?);
        Ok(FailedOrder { domain, reason, retry_at: Timestamp(row.try_get("next")?) })
    });
    failed.collect()
}

async fn next_end(
    connection: &mut SqliteConnection,
) -> Result<Option<(Domain, Timestamp)>, sqlx::Error> {
    let first = "SELECT * FROM certificate WHERE state = 'covered' ORDER BY ends, domain LIMIT 1";
    let Some(row) = sqlx::query(first).fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some((name_of(&row)?, Timestamp(row.try_get("ends")?))))
}

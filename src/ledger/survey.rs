//! What the ledger knows, counted: for a look from outside that must be quick with many names.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::approval::{Approval, read_approval};
use super::coverage::{Coverage, read_coverage};
use super::error::LedgerError;
use super::known::{Binding, Bound, DAY, Failure};
use super::passes::{Drift, PassCounts};
use super::pause::{Pause, read_pause};
use super::read::{failure_of, name_of, read_binding, read_bound, read_clock};
use super::record::Record;
use super::service::{Service, read_calls, read_service};
use super::store::Ledger;
use super::ticks::TickClock;
use crate::clock::{Moment, Timestamp};
use crate::domain::Domain;

/// What the ledger knows, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The web application; none until a pass listed it.
    pub binding: Option<Binding>,
    /// The network.
    pub bound: Option<Bound>,
    /// The pass at work, or cut off by a crash.
    pub begun: Option<Pass>,
    /// The last pass that ended.
    pub last: Option<Pass>,
    /// When a pass last ended without an error.
    pub last_good: Option<Timestamp>,
    /// How many managed names were added.
    pub added: usize,
    /// How many were adopted.
    pub adopted: usize,
    /// The names whose last change failed, those that are tried first at the head.
    pub failing: Listed<(Domain, Failure)>,
    /// What the last pass did nothing about, by the word for why.
    pub noted: BTreeMap<String, Listed<Noted>>,
    /// Certificates.
    pub coverage: Coverage,
    /// What the last pass found blocked.
    pub blocked: Option<BlockedNames>,
    /// What an operator let through.
    pub approval: Option<Approval>,
    /// Removals that count against the budget of 24 hours.
    pub removals: usize,
    /// Calls that RunCloud got in this calendar month.
    pub calls: u64,
    /// How the daemon fares.
    pub service: Service,
    /// That nothing is to be written.
    pub pause: Option<Pause>,
    /// The ledger's own clock.
    pub clock: TickClock,
}

/// The first few of a list, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// How many there are.
    pub count: usize,
    /// The first few.
    pub first: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { count: 0, first: vec![] }
    }
}

/// Something that nothing is done about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The name, or the row.
    pub subject: String,
    /// Why, for a person.
    pub detail: String,
}

/// Removals that wait for an operator's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedNames {
    /// What `approve` takes.
    pub hash: String,
    /// The names.
    pub names: Listed<Domain>,
    /// What stops them, as a sentence.
    pub why: String,
}

/// A pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended: converged, partial, blocked, paused, or an error's message.
    pub result: String,
    /// What it changed.
    pub counts: PassCounts,
    /// What it saw; nothing where it did not get as far.
    pub saw: Option<Saw>,
    /// What a pause left undone.
    pub left: Drift,
    /// When the next one is due at the latest.
    pub next: Option<Timestamp>,
}

/// What a pass saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saw {
    /// How many names are wanted.
    pub wanted: usize,
    /// How many domains RunCloud has.
    pub present: usize,
    /// How many names may be removed in 24 hours.
    pub removal_limit: usize,
    /// How many orders for all names seven days allow.
    pub order_limit: usize,
}

impl Survey {
    /// How many names, or rows, the last pass did nothing about for this reason.
    pub fn count_noted(&self, reason: &str) -> usize {
        self.noted.get(reason).map_or(0, |listed| listed.count)
    }

    /// What keeps the daemon from its work, and since when: none where a pass ended well since then, whoever made it.
    pub fn trouble(&self) -> Option<(Timestamp, &str)> {
        self.service.trouble_after(self.last_good)
    }
}

impl Record {
    /// What the ledger knows, with so many of each list, or all.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn survey(&mut self, most: Option<u32>, now: &Moment) -> Result<Survey, LedgerError> {
        Ok(read_survey(&mut self.connection, most.map_or(-1, i64::from), now).await?)
    }
}

impl Ledger {
    /// What the ledger knows, without the lists.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn survey(&mut self, now: &Moment) -> Result<Survey, LedgerError> {
        Ok(read_survey(&mut self.connection, 0, now).await?)
    }
}

async fn read_survey(
    connection: &mut SqliteConnection,
    most: i64,
    now: &Moment,
) -> Result<Survey, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let connection = &mut *transaction;
    let clock = read_clock(connection).await?;
    let tick = clock.tick(now);
    let by_origin = sqlx::query_as("SELECT origin, count(*) FROM owned GROUP BY origin");
    let by_origin: Vec<(String, i64)> = by_origin.fetch_all(&mut *connection).await?;
    let by_origin = |word| by_origin.iter().find(|(o, _)| o == word).map_or(0, |(_, n)| size(*n));
    Ok(Survey {
        binding: read_binding(connection).await?,
        bound: read_bound(connection).await?,
        begun: pass(connection, NEWEST).await?.filter(|newest| newest.ended.is_none()),
        last: pass(connection, LAST).await?,
        last_good: pass(connection, LAST_GOOD).await?.and_then(|pass| pass.ended),
        added: by_origin("added"),
        adopted: by_origin("adopted"),
        failing: failing(connection, most).await?,
        noted: listed_reasons(connection, NOTED, most).await?,
        coverage: read_coverage(connection, most, tick).await?,
        blocked: blocked(connection, most).await?,
        approval: read_approval(connection).await?,
        removals: removals(connection, tick.0).await?,
        calls: read_calls(connection, now.wall).await?,
        service: read_service(connection).await?,
        pause: read_pause(connection).await?.filter(|pause| !pause.is_over(&clock, now)),
        clock,
    })
}

const NEWEST: &str = "SELECT * FROM pass ORDER BY id DESC LIMIT 1";
const LAST: &str = "SELECT * FROM pass WHERE ended IS NOT NULL ORDER BY id DESC LIMIT 1";
pub(super) const LAST_GOOD: &str = "SELECT * FROM pass WHERE result IN ('converged', 'partial', 'blocked', 'paused') \
                         ORDER BY id DESC LIMIT 1";

pub(super) async fn pass(
    connection: &mut SqliteConnection,
    query: &'static str,
) -> Result<Option<Pass>, sqlx::Error> {
    let row = sqlx::query(query).fetch_optional(connection).await?;
    row.as_ref().map(pass_of).transpose()
}

fn pass_of(row: &SqliteRow) -> Result<Pass, sqlx::Error> {
    let count = |name: &str| Ok::<_, sqlx::Error>(size(row.try_get(name)?));
    let wanted: Option<i64> = row.try_get("wanted")?;
    let saw = |wanted| -> Result<Saw, sqlx::Error> {
        let (present, removal_limit) = (count("present")?, count("removal_limit")?);
        Ok(Saw { wanted: size(wanted), present, removal_limit, order_limit: count("order_limit")? })
    };
    let ended: Option<i64> = row.try_get("ended")?;
    let next: Option<i64> = row.try_get("next")?;
    let result: Option<String> = row.try_get("result")?;
    Ok(Pass {
        id: row.try_get("id")?,
        started: Timestamp(row.try_get("started")?),
        ended: ended.map(Timestamp),
        result: result.unwrap_or_default(),
        counts: PassCounts {
            added: count("added")?,
            updated: count("updated")?,
            removed: count("removed")?,
            failed: count("failed")?,
        },
        saw: wanted.map(saw).transpose()?,
        left: Drift {
            add: count("to_add")?,
            update: count("to_update")?,
            remove: count("to_remove")?,
        },
        next: next.map(Timestamp),
    })
}

async fn failing(
    connection: &mut SqliteConnection,
    most: i64,
) -> Result<Listed<(Domain, Failure)>, sqlx::Error> {
    let count = sqlx::query_scalar("SELECT count(*) FROM failure");
    let count = size(count.fetch_one(&mut *connection).await?);
    let rows = sqlx::query("SELECT * FROM failure ORDER BY retry_at, domain LIMIT ?").bind(most);
    let rows = rows.fetch_all(connection).await?;
    let first = rows.iter().map(|row| Ok((name_of(row)?, failure_of(row)?)));
    Ok(Listed { count, first: first.collect::<Result<_, sqlx::Error>>()? })
}

/// Reasons by their word: `queries` are for the counts, and for what is under one word.
pub(super) async fn listed_reasons(
    connection: &mut SqliteConnection,
    (counts, subjects): (&'static str, &'static str),
    most: i64,
) -> Result<BTreeMap<String, Listed<Noted>>, sqlx::Error> {
    let counts: Vec<(String, i64)> = sqlx::query_as(counts).fetch_all(&mut *connection).await?;
    let mut listed = BTreeMap::new();
    for (reason, count) in counts {
        let rows = sqlx::query_as(subjects).bind(&reason).bind(most);
        let rows = rows.fetch_all(&mut *connection).await?;
        let first = rows.into_iter().map(|(subject, detail)| Noted { subject, detail });
        listed.insert(reason, Listed { count: size(count), first: first.collect() });
    }
    Ok(listed)
}

const NOTED: (&str, &str) = (
    "SELECT reason, count(*) FROM noted GROUP BY reason",
    "SELECT subject, detail FROM noted WHERE reason = ? ORDER BY subject LIMIT ?",
);

async fn blocked(
    connection: &mut SqliteConnection,
    most: i64,
) -> Result<Option<BlockedNames>, sqlx::Error> {
    let count = sqlx::query_as("SELECT count(*), max(hash) FROM blocked");
    let (count, hash): (i64, Option<String>) = count.fetch_one(&mut *connection).await?;
    let Some(hash) = hash else { return Ok(None) };
    let rows = sqlx::query("SELECT domain FROM blocked ORDER BY domain LIMIT ?").bind(most);
    let rows = rows.fetch_all(&mut *connection).await?;
    let first = rows.iter().map(name_of).collect::<Result<_, _>>()?;
    let why = "SELECT blocked FROM pass WHERE blocked IS NOT NULL ORDER BY id DESC LIMIT 1";
    let why = sqlx::query_scalar(why).fetch_optional(connection).await?.unwrap_or_default();
    Ok(Some(BlockedNames { hash, names: Listed { count: size(count), first }, why }))
}

async fn removals(connection: &mut SqliteConnection, tick: i64) -> Result<usize, sqlx::Error> {
    let since = tick - DAY.as_secs().cast_signed();
    let count = sqlx::query_scalar("SELECT count(*) FROM removal WHERE tick > ?").bind(since);
    Ok(size(count.fetch_one(connection).await?))
}

pub(super) fn size(count: i64) -> usize {
    usize::try_from(count).unwrap_or_default()
}

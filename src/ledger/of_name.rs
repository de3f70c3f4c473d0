//! What the ledger knows of one name: for a look that must be quick with many.

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::certificate::{CertificateState, Verdict};
use super::certificates::{state_of, verdict_of};
use super::error::LedgerError;
use super::history::Event;
use super::known::{Failure, Owned, Restore};
use super::read::{failure_of, owned_of, restore_of};
use super::record::{Filter, Record};
use crate::clock::Timestamp;
use crate::domain::Domain;

/// How many of a name's last events are read.
const EVENTS: u32 = 5;

/// What the ledger knows of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameRecord {
    /// That it may be removed, and since when.
    pub owned: Option<(Owned, Timestamp)>,
    /// In how many listings in a row it was missing, while no row wants it.
    pub absent: i64,
    /// Its last change failed.
    pub failure: Option<Failure>,
    /// Its certificate.
    pub certificate: Option<CertificateState>,
    /// Where it pointed.
    pub verdict: Option<Verdict>,
    /// Why no certificate is ordered for it now.
    pub waiting: Option<Reason>,
    /// Why the last pass did nothing about it.
    pub noted: Option<Reason>,
    /// Its removal waits for an approval of this hash.
    pub blocked: Option<String>,
    /// An operator wants it back.
    pub restore: Option<Restore>,
    /// What happened to it last, with `www.` and without, in the order of time.
    pub events: Vec<Event>,
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its word, as in `plan --json`.
    pub word: String,
    /// For a person.
    pub detail: String,
}

impl Record {
    /// What the ledger knows of a name.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn of_name(&mut self, domain: &Domain) -> Result<NameRecord, LedgerError> {
        let filter =
            Filter { domain: Some(domain.clone()), newest: Some(EVENTS), ..<_>::default() };
        let events = self.events(&filter).await?;
        let mut transaction = self.connection.begin().await?;
        let c = &mut *transaction;
        let owned = "SELECT * FROM owned WHERE domain = ?";
        let absent = |row: &SqliteRow| row.try_get("absent");
        let hash = |row: &SqliteRow| row.try_get("hash");
        Ok(NameRecord {
            owned: one(c, owned, domain, since_owned).await?,
            absent: one(c, owned, domain, absent).await?.unwrap_or_default(),
            failure: one(c, "SELECT * FROM failure WHERE domain = ?", domain, failure_of).await?,
            certificate: one(c, "SELECT * FROM certificate WHERE domain = ?", domain, state_of)
                .await?,
            verdict: one(c, "SELECT * FROM verdict WHERE domain = ?", domain, verdict_of).await?,
            waiting: one(c, "SELECT * FROM waiting WHERE domain = ?", domain, reason_of).await?,
            noted: one(c, "SELECT * FROM noted WHERE subject = ?", domain, reason_of).await?,
            blocked: one(c, "SELECT * FROM blocked WHERE domain = ?", domain, hash).await?,
            restore: one(c, "SELECT * FROM restore WHERE domain = ?", domain, restore_of).await?,
            events,
        })
    }

    /// Whether the last pass saw a wildcard in RunCloud that serves the name.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn has_wildcard_for(&mut self, domain: &Domain) -> Result<bool, LedgerError> {
        let Some(parent) = domain.parent() else { return Ok(false) };
        let seen = sqlx::query("SELECT 1 FROM noted WHERE subject = ? AND reason = 'wildcard'");
        let seen = seen.bind(format!("*.{parent}")).fetch_optional(&mut self.connection).await?;
        Ok(seen.is_some())
    }
}

async fn one<T>(
    connection: &mut SqliteConnection,
    query: &'static str,
    domain: &Domain,
    value_of: fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<Option<T>, sqlx::Error> {
    let row = sqlx::query(query).bind(domain.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(value_of).transpose()
}

fn since_owned(row: &SqliteRow) -> Result<(Owned, Timestamp), sqlx::Error> {
    Ok((owned_of(row)?, Timestamp(row.try_get("since")?)))
}

fn reason_of(row: &SqliteRow) -> Result<Reason, sqlx::Error> {
    Ok(Reason { word: row.try_get("reason")?, detail: row.try_get("detail")? })
}

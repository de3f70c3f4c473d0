use std::borrow::Cow;
use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::certificates::WEEK;
use super::error::LedgerError;
use super::history::forget_oldest;
use super::known::DAY;
use super::pause::end_pause;
use super::read::name_of;
use super::store::{Ledger, change};
use super::ticks::TickClock;
use crate::clock::{Moment, Timestamp};
use crate::domain::Domain;

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

/// What a pass would change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Drift {
    /// Names to add to RunCloud.
    pub add: usize,
    /// Names to change there.
    pub update: usize,
    /// Names to remove from it.
    pub remove: usize,
}

/// What a pass saw, for whoever asks when it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen<'a> {
    /// How many names are wanted.
    pub wanted: usize,
    /// How many domains RunCloud has.
    pub present: usize,
    /// How many names were adopted.
    pub adopted: usize,
    /// How many names may be removed in 24 hours.
    pub removal_limit: usize,
    /// How many orders for all names seven days allow.
    pub order_limit: u32,
    /// What stops removals, where something does.
    pub blocked: Option<String>,
    /// What nothing is done about.
    pub noted: Reasons<'a>,
}

/// Names, or rows without one: why nothing is done about each, as a word, and why, for a person.
pub type Reasons<'a> = BTreeMap<Cow<'a, str>, (Cow<'a, str>, Cow<'a, str>)>;

/// The statements about a table of reasons.
struct Table {
    all: &'static str,
    delete: &'static str,
    insert: &'static str,
}

const NOTED: Table = Table {
    all: "SELECT subject, reason, detail FROM noted",
    delete: "DELETE FROM noted WHERE subject = ?",
    insert: "INSERT OR REPLACE INTO noted VALUES (?, ?, ?)",
};
const WAITING: Table = Table {
    all: "SELECT domain, reason, detail FROM waiting",
    delete: "DELETE FROM waiting WHERE domain = ?",
    insert: "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?)",
};

impl Ledger {
    /// Writes down that a pass began, moves the ledger's own clock on and forgets the removals that no
    /// longer count and the approval that ended; returns the pass's number.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn begin_pass(&mut self, now: &Moment) -> Result<i64, LedgerError> {
        let clock = TickClock { counted: self.clock.tick(now), at: Some(now.clone()) };
        let mut transaction = change(&mut self.connection).await?;
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
        end_pause(&mut transaction, clock.counted, id, now.wall).await?;
        sqlx::query("DELETE FROM pass WHERE id <= ?")
            .bind(id - PASSES)
            .execute(&mut *transaction)
            .await?;
        forget_oldest(&mut transaction).await?;
        transaction.commit().await?;
        self.clock = clock;
        self.pass = Some(id);
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
        left: Drift,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        sqlx::query(
            "UPDATE pass SET ended = ?, result = ?, added = ?, updated = ?, removed = ?, failed = ?, \
             to_add = ?, to_update = ?, to_remove = ? WHERE id = ?",
        )
        .bind(now.0)
        .bind(result)
        .bind(number(counts.added))
        .bind(number(counts.updated))
        .bind(number(counts.removed))
        .bind(number(counts.failed))
        .bind(number(left.add))
        .bind(number(left.update))
        .bind(number(left.remove))
        .bind(id)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Writes down what the pass at work saw.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_seen(&mut self, seen: &Seen<'_>) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        sqlx::query(
            "UPDATE pass SET wanted = ?, present = ?, adopted = ?, removal_limit = ?, \
             order_limit = ?, blocked = ? WHERE id = ?",
        )
        .bind(number(seen.wanted))
        .bind(number(seen.present))
        .bind(number(seen.adopted))
        .bind(number(seen.removal_limit))
        .bind(seen.order_limit)
        .bind(&seen.blocked)
        .bind(self.pass)
        .execute(&mut *transaction)
        .await?;
        replace(&mut transaction, &NOTED, &seen.noted).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down what the changes of the pass at work made of how many names RunCloud has, and of how many may be
    /// removed in a day.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_made(&mut self, present: usize, limit: usize) -> Result<(), LedgerError> {
        sqlx::query("UPDATE pass SET present = ?, removal_limit = ? WHERE id = ?")
            .bind(number(present))
            .bind(number(limit))
            .bind(self.pass)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// The first name that a pass saw and noted for that reason.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn first_noted(&mut self, reason: &str) -> Result<Option<Domain>, LedgerError> {
        let name = "SELECT subject AS domain FROM noted WHERE reason = ? ORDER BY subject LIMIT 1";
        let name = sqlx::query(name).bind(reason).fetch_optional(&mut self.connection).await?;
        Ok(name.as_ref().map(name_of).transpose()?)
    }

    /// Writes down for which names no certificate is ordered now, and why.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_waiting(&mut self, waiting: &Reasons<'_>) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        replace(&mut transaction, &WAITING, waiting).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down when the next pass is due at the latest.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_next_pass(&mut self, at: Timestamp) -> Result<(), LedgerError> {
        let next = sqlx::query("UPDATE pass SET next = ? WHERE id = ?").bind(at.0).bind(self.pass);
        next.execute(&mut self.connection).await?;
        Ok(())
    }

    /// The number of the last thing that an operator said: a pause or its end, an approval, a retry, an
    /// adoption, an undo. A daemon that sees another one than at its last pass makes a pass.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn last_word(&mut self) -> Result<Option<i64>, LedgerError> {
        let query = sqlx::query_scalar("SELECT max(id) FROM event WHERE pass IS NULL");
        Ok(query.fetch_one(&mut self.connection).await?)
    }
}

/// Makes a table of reasons equal to these, and writes nothing where it is.
async fn replace(
    connection: &mut SqliteConnection,
    table: &Table,
    reasons: &Reasons<'_>,
) -> Result<(), sqlx::Error> {
    let before: Vec<(String, String, String)> =
        sqlx::query_as(table.all).fetch_all(&mut *connection).await?;
    let before = before.into_iter().map(|(s, r, d)| (s.into(), (r.into(), d.into())));
    let before: Reasons<'_> = before.collect();
    for subject in before.keys().filter(|subject| !reasons.contains_key(*subject)) {
        sqlx::query(table.delete).bind(subject.as_ref()).execute(&mut *connection).await?;
    }
    let is_new = |(subject, why): &(&Cow<'_, str>, &_)| before.get(*subject) != Some(*why);
    for (subject, (reason, detail)) in reasons.iter().filter(is_new) {
        let insert = sqlx::query(table.insert)
            .bind(subject.as_ref())
            .bind(reason.as_ref())
            .bind(detail.as_ref());
        insert.execute(&mut *connection).await?;
    }
    Ok(())
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

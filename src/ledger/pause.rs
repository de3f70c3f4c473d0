//! Pauses: while there is one, nothing is written to RunCloud.
//!
//! A pause ends by the ledger's own clock, which no wall clock can push: it never ends early, and lasts as
//! many seconds of the running machine as were asked for.

use std::time::Duration;

use sqlx::{Row, SqliteConnection};

use super::error::LedgerError;
use super::history::{Action, Line};
use super::operator::Operator;
use super::store::{Ledger, change};
use super::ticks::{Tick, TickClock};
use crate::clock::{Moment, Timestamp};

/// That nothing is to be written to RunCloud for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when, by the wall clock.
    pub since: Timestamp,
    /// Until when, by the ledger's clock; none until an operator resumes.
    pub until_tick: Option<Tick>,
    /// Why, in the operator's words; may be empty.
    pub reason: String,
}

impl Pause {
    /// When it ends if the machine goes on running; none where only an operator ends it.
    pub fn until(&self, clock: &TickClock, now: &Moment) -> Option<Timestamp> {
        Some(now.wall.plus(self.left(clock, now)?))
    }

    /// Whether its time is over, and the next pass ends it.
    pub fn is_over(&self, clock: &TickClock, now: &Moment) -> bool {
        self.until_tick.is_some_and(|until| until <= clock.tick(now))
    }

    /// How much of it is left; none where only an operator ends it.
    pub fn left(&self, clock: &TickClock, now: &Moment) -> Option<Duration> {
        let left = self.until_tick?.0.saturating_sub(clock.tick(now).0);
        Some(Duration::from_secs(u64::try_from(left).unwrap_or_default()))
    }
}

impl Ledger {
    /// Checks that nobody paused the program meanwhile, right before a write call.
    ///
    /// # Errors
    /// [`LedgerError::Paused`]; the call must not be made then.
    pub async fn check_not_paused(&mut self) -> Result<(), LedgerError> {
        match read_pause(&mut self.connection).await? {
            Some(pause) => Err(LedgerError::Paused(pause)),
            None => Ok(()),
        }
    }

    /// How long until a pause ends by itself; none where nothing does.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn pause_ends(&mut self, now: &Moment) -> Result<Option<Duration>, LedgerError> {
        let pause = read_pause(&mut self.connection).await?;
        Ok(pause.and_then(|pause| pause.left(&self.clock, now)))
    }
}

impl Operator {
    /// Pauses, for so long or until an operator resumes, in place of an earlier pause. In effect from the
    /// next call to RunCloud on.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing is paused then.
    pub async fn pause(
        &mut self,
        reason: &str,
        length: Option<Duration>,
        now: &Moment,
    ) -> Result<Pause, LedgerError> {
        let until_tick = length.map(|length| self.clock.tick(now).plus(length));
        let pause = Pause { since: now.wall, until_tick, reason: reason.to_owned() };
        let mut transaction = change(&mut self.connection).await?;
        sqlx::query("INSERT OR REPLACE INTO pause VALUES (1, ?, ?, ?)")
            .bind(now.wall.0)
            .bind(until_tick.map(|tick| tick.0))
            .bind(reason)
            .execute(&mut *transaction)
            .await?;
        Line::done(Action::Pause, None, reason, now.wall).write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(pause)
    }

    /// Ends the pause; the one that was ended, where there was one.
    ///
    /// # Errors
    /// [`LedgerError`]; the pause stands then.
    pub async fn resume(&mut self, now: Timestamp) -> Result<Option<Pause>, LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        let pause = read_pause(&mut transaction).await?;
        if pause.is_some() {
            sqlx::query("DELETE FROM pause").execute(&mut *transaction).await?;
            Line::done(Action::Resume, None, "", now).write(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(pause)
    }
}

/// Ends a pause whose time is over by the ledger's clock.
pub(super) async fn end_pause(
    connection: &mut SqliteConnection,
    tick: Tick,
    pass: i64,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let over = sqlx::query("DELETE FROM pause WHERE until_tick <= ?").bind(tick.0);
    if over.execute(&mut *connection).await?.rows_affected() > 0 {
        let ended = Line::done(Action::Resume, None, "its time was over", now);
        Line { pass: Some(pass), ..ended }.write(connection).await?;
    }
    Ok(())
}

pub(super) async fn read_pause(
    connection: &mut SqliteConnection,
) -> Result<Option<Pause>, sqlx::Error> {
    let Some(row) = sqlx::query("SELECT * FROM pause").fetch_optional(connection).await? else {
        return Ok(None);
    };
    let until_tick: Option<i64> = row.try_get("until_tick")?;
    Ok(Some(Pause {
        since: Timestamp(row.try_get("since")?),
        until_tick: until_tick.map(Tick),
        reason: row.try_get("reason")?,
    }))
}

//! Certificates: what is known of each, the orders of the week, and where names point.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::certificate::{CertificateOrder, CertificateState, Verdict};
use super::error::LedgerError;
use super::history::{ACCEPTED, Action, Line, Outcome};
use super::read::{by_name, name_of};
use super::store::{Ledger, Table, change};
use super::ticks::Tick;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::probe::DnsVerdict;

/// The window of the order budgets: Let's Encrypt counts certificates of seven days.
pub const WEEK: Duration = Duration::from_hours(7 * 24);

impl Ledger {
    /// What is known of names' certificates.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn certificates(
        &mut self,
    ) -> Result<BTreeMap<Domain, CertificateState>, LedgerError> {
        Ok(read_states(&mut self.connection).await?)
    }

    /// Writes down what is known of names' certificates.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be ordered then.
    pub async fn note_certificates(
        &mut self,
        states: &BTreeMap<Domain, CertificateState>,
    ) -> Result<(), LedgerError> {
        let pass = self.pass;
        let mut transaction = change(&mut self.connection).await?;
        for (domain, state) in states {
            tell(&mut transaction, domain, state, pass).await?;
            write_state(&mut transaction, domain, state).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Forgets what is known of names' certificates.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn forget_certificates(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
    ) -> Result<(), LedgerError> {
        self.delete_all(names, &[Table::Certificate]).await
    }

    /// Writes down that an order is about to be sent: for one name, or for all. `names` stands for exactly
    /// the names that the application serves now; `before` is the end of RunCloud's certificate until then, zero
    /// where there is none, if it is known.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be ordered then.
    pub async fn begin_order(
        &mut self,
        domain: Option<&Domain>,
        names: &str,
        before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.check_not_paused().await?;
        sqlx::query(
            "INSERT INTO certificate_order (domain, tick, at, names, before, open) \
             VALUES (?, ?, ?, ?, ?, 1)",
        )
        .bind(domain.map(Domain::as_str))
        .bind(self.clock.counted.0)
        .bind(now.0)
        .bind(names)
        .bind(before.map(|before| before.0))
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Writes down that RunCloud took the order, or perhaps did, and what the names' states are since.
    ///
    /// # Errors
    /// [`LedgerError`]; the order is sent once more by the next pass then.
    pub async fn order_taken(
        &mut self,
        domain: Option<&Domain>,
        states: &BTreeMap<Domain, CertificateState>,
    ) -> Result<(), LedgerError> {
        let pass = self.pass;
        let mut transaction = change(&mut self.connection).await?;
        sqlx::query("UPDATE certificate_order SET open = 0 WHERE domain IS ? AND open = 1")
            .bind(domain.map(Domain::as_str))
            .execute(&mut *transaction)
            .await?;
        for (name, state) in states {
            tell(&mut transaction, name, state, pass).await?;
            write_state(&mut transaction, name, state).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Takes back that an order is about to be sent: RunCloud certainly did not act on it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn order_not_sent(&mut self, domain: Option<&Domain>) -> Result<(), LedgerError> {
        sqlx::query(
            "DELETE FROM certificate_order WHERE id = \
             (SELECT max(id) FROM certificate_order WHERE domain IS ? AND open = 1)",
        )
        .bind(domain.map(Domain::as_str))
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Writes down where the names point that were looked up at `now`, and forgets those that nobody asks about any
    /// more.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_verdicts(
        &mut self,
        verdicts: &BTreeMap<Domain, Verdict>,
        forgotten: &BTreeSet<Domain>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let is_fresh = |(_, verdict): &(&Domain, &Verdict)| verdict.seen == now;
        if forgotten.is_empty() && !verdicts.iter().any(|entry| is_fresh(&entry)) {
            return Ok(());
        }
        let mut transaction = change(&mut self.connection).await?;
        for (domain, verdict) in verdicts.iter().filter(is_fresh) {
            sqlx::query("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
                .bind(domain.as_str())
                .bind(verdict.verdict.word())
                .bind(detail_of(&verdict.verdict))
                .bind(verdict.since.0)
                .bind(verdict.seen.0)
                .bind(verdict.looks)
                .bind(verdict.next.0)
                .bind(&verdict.cause)
                .execute(&mut *transaction)
                .await?;
        }
        for domain in forgotten {
            sqlx::query("DELETE FROM verdict WHERE domain = ?")
                .bind(domain.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes down which names spoiled an order for all names: they pointed elsewhere, and it failed as a
    /// whole.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_spoilers(
        &mut self,
        names: &BTreeMap<Domain, Timestamp>,
    ) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        sqlx::query("DELETE FROM spoiler").execute(&mut *transaction).await?;
        for (domain, since) in names {
            sqlx::query("INSERT INTO spoiler VALUES (?, ?)")
                .bind(domain.as_str())
                .bind(since.0)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Tells of an order, and of what came of one. What was covered before anything was ordered is no news.
async fn tell(
    connection: &mut SqliteConnection,
    domain: &Domain,
    state: &CertificateState,
    pass: Option<i64>,
) -> Result<(), sqlx::Error> {
    use CertificateState::{Covered, Due, Failed, Ordered};
    let before = sqlx::query("SELECT * FROM certificate WHERE domain = ?").bind(domain.as_str());
    let before = before.fetch_optional(&mut *connection).await?;
    let before = before.as_ref().map(state_of).transpose()?;
    let line = |action, outcome, detail, at| {
        let line = Line::done(action, Some(domain), detail, at);
        Line { pass, outcome, ..line }
    };
    match (state, before) {
        (Ordered { since, .. }, Some(Ordered { since: known, .. }))
        | (Failed { since, .. }, Some(Failed { since: known, .. }))
            if known == *since =>
        {
            Ok(())
        }
        (Ordered { since, .. }, _) => {
            line(Action::Order, Outcome::Done, ACCEPTED, *since).write(connection).await
        }
        (Failed { since, reason, .. }, _) => {
            line(Action::Order, Outcome::Failed, reason, *since).write_again(connection).await
        }
        (Covered { since, until, issuer, .. }, Some(before)) if !before.is_covered() => {
            let detail = format!("until {}, by {issuer}", until.for_reader());
            line(Action::Cover, Outcome::Done, &detail, *since).write(connection).await
        }
        (Due { since, .. }, Some(Covered { .. })) => {
            let detail = "the web server does not show it any more";
            line(Action::Cover, Outcome::Failed, detail, *since).write(connection).await
        }
        (Covered { .. } | Due { .. }, _) => Ok(()),
    }
}

/// The states of all names.
pub(super) async fn read_states(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<Domain, CertificateState>, sqlx::Error> {
    by_name(connection, "SELECT * FROM certificate", state_of).await
}

/// Where names pointed.
pub(super) async fn read_verdicts(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<Domain, Verdict>, sqlx::Error> {
    by_name(connection, "SELECT * FROM verdict", verdict_of).await
}

/// The names that spoiled an order, and since when.
pub(super) async fn read_spoilers(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<Domain, Timestamp>, sqlx::Error> {
    by_name(connection, "SELECT * FROM spoiler", |row| Ok(Timestamp(row.try_get("since")?))).await
}

/// The orders of the last seven days, oldest first.
pub(super) async fn read_orders(
    connection: &mut SqliteConnection,
) -> Result<Vec<CertificateOrder>, sqlx::Error> {
    let orders = sqlx::query("SELECT * FROM certificate_order ORDER BY id");
    orders.fetch_all(connection).await?.iter().map(order_of).collect()
}

/// Writes one name's state.
pub(super) async fn write_state(
    connection: &mut SqliteConnection,
    domain: &Domain,
    state: &CertificateState,
) -> Result<(), sqlx::Error> {
    let (since, starts, ends, detail) = match state {
        CertificateState::Due { since, .. } => (since, 0, 0, ""),
        CertificateState::Ordered { since, before, .. } => (since, 0, before.0, ""),
        CertificateState::Failed { since, reason, .. } => (since, 0, 0, reason.as_str()),
        CertificateState::Covered { since, from, until, issuer, .. } => {
            (since, from.0, until.0, issuer.as_str())
        }
    };
    sqlx::query("INSERT OR REPLACE INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(domain.as_str())
        .bind(state.word())
        .bind(since.0)
        .bind(state.attempt())
        .bind(state.next().0)
        .bind(starts)
        .bind(ends)
        .bind(detail)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn state_of(row: &SqliteRow) -> Result<CertificateState, sqlx::Error> {
    let point = |column| Ok::<_, sqlx::Error>(Timestamp(row.try_get(column)?));
    let (since, next, attempt) = (point("since")?, point("next")?, row.try_get("attempt")?);
    Ok(match row.try_get("state")? {
        "ordered" => CertificateState::Ordered { since, attempt, next, before: point("ends")? },
        "failed" => {
            let reason = row.try_get("detail")?;
            CertificateState::Failed { since, attempt, retry_at: next, reason }
        }
        "covered" => {
            let (from, until) = (point("starts")?, point("ends")?);
            let issuer = row.try_get("detail")?;
            CertificateState::Covered { since, from, until, issuer, next }
        }
        _ => CertificateState::Due { since, attempt, next },
    })
}

fn order_of(row: &SqliteRow) -> Result<CertificateOrder, sqlx::Error> {
    let domain: Option<String> = row.try_get("domain")?;
    Ok(CertificateOrder {
        id: row.try_get("id")?,
        domain: domain.map(|_| name_of(row)).transpose()?,
        tick: Tick(row.try_get("tick")?),
        at: Timestamp(row.try_get("at")?),
        names: row.try_get("names")?,
        before: row.try_get::<Option<i64>, _>("before")?.map(Timestamp),
        open: row.try_get("open")?,
    })
}

pub(super) fn verdict_of(row: &SqliteRow) -> Result<Verdict, sqlx::Error> {
    let detail: String = row.try_get("detail")?;
    let verdict = match row.try_get("verdict")? {
        "here" => DnsVerdict::Here,
        "elsewhere" => DnsVerdict::Elsewhere(addresses_of(&detail)),
        "not_found" => DnsVerdict::NotFound,
        _ => DnsVerdict::Unknown(detail.into()),
    };
    let point = |column| Ok::<_, sqlx::Error>(Timestamp(row.try_get(column)?));
    Ok(Verdict {
        verdict,
        since: point("since")?,
        seen: point("seen")?,
        looks: row.try_get("looks")?,
        next: point("next")?,
        cause: row.try_get("cause")?,
    })
}

fn detail_of(verdict: &DnsVerdict) -> String {
    match verdict {
        DnsVerdict::Here | DnsVerdict::NotFound => String::new(),
        DnsVerdict::Elsewhere(addresses) => {
            let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            addresses.join(" ")
        }
        DnsVerdict::Unknown(why) => why.to_string(),
    }
}

fn addresses_of(detail: &str) -> BTreeSet<IpAddr> {
    detail.split(' ').filter_map(|address| address.parse().ok()).collect()
}

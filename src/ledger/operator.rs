use std::fs::OpenOptions;
use std::path::Path;

use sqlx::SqliteConnection;

use super::certificate::CertificateState;
use super::certificates::{state_of, write_state};
use super::error::LedgerError;
use super::history::{Action, Line};
use super::known::{Failure, Repair};
use super::open::{FILE, can_open, open_beside};
use super::read::{failure_of, read_clock, repair_of};
use super::store::{Table, change, delete};
use super::ticks::TickClock;
use crate::clock::Timestamp;
use crate::domain::Domain;

/// The ledger, opened beside whoever holds the lease, for an operator's word to them. It is of whatever web
/// application it was begun for.
pub struct Operator {
    pub(super) connection: SqliteConnection,
    pub(super) clock: TickClock,
}

impl Operator {
    /// Opens the ledger of a state directory; none where there is no ledger, and nothing at work on it.
    ///
    /// # Errors
    /// [`LedgerError`], also where this user may not write it, or it is of an older version.
    pub async fn join(directory: &Path) -> Result<Option<Self>, LedgerError> {
        let path = directory.join(FILE);
        if !can_open(&path, OpenOptions::new().read(true).write(true))? {
            return Ok(None);
        }
        let mut connection = open_beside(&path).await?;
        let clock = read_clock(&mut connection).await?;
        Ok(Some(Self { connection, clock }))
    }

    /// The ledger's own clock.
    pub fn clock(&self) -> &TickClock {
        &self.clock
    }

    /// Forgets that the name, or the order of its certificate, failed, and how often it was repaired, so that
    /// the next pass tries it. Returns
    /// what it waited for, as far as it waited for anything.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing is forgotten then.
    pub async fn retry(&mut self, domain: &Domain, now: Timestamp) -> Result<PutOff, LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        let put_off = put_off(&mut transaction, domain).await?;
        if put_off != PutOff::default() {
            for table in [Table::Failure, Table::Repair] {
                delete(&mut transaction, table, domain).await?;
            }
            if put_off.order.is_some() {
                let due = CertificateState::due(now);
                write_state(&mut transaction, domain, &due).await?;
            }
            Line::done(Action::Retry, Some(domain), "", now).write(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(put_off)
    }
}

/// What a name waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutOff {
    /// A change of it failed.
    pub failure: Option<Failure>,
    /// It went missing in RunCloud and was added again, so often.
    pub repair: Option<Repair>,
    /// The last order of its certificate brought nothing: why, and when it may be ordered again.
    pub order: Option<(String, Timestamp)>,
}

async fn put_off(
    connection: &mut SqliteConnection,
    domain: &Domain,
) -> Result<PutOff, sqlx::Error> {
    let failure = sqlx::query("SELECT * FROM failure WHERE domain = ?").bind(domain.as_str());
    let failure = failure.fetch_optional(&mut *connection).await?;
    let repair = sqlx::query("SELECT * FROM repair WHERE domain = ?").bind(domain.as_str());
    let repair = repair.fetch_optional(&mut *connection).await?;
    let order = sqlx::query("SELECT * FROM certificate WHERE domain = ?").bind(domain.as_str());
    let order = order.fetch_optional(connection).await?;
    let order = match order.as_ref().map(state_of).transpose()? {
        Some(CertificateState::Failed { reason, retry_at, .. }) => Some((reason, retry_at)),
        _ => None,
    };
    Ok(PutOff {
        order,
        failure: failure.as_ref().map(failure_of).transpose()?,
        repair: repair.as_ref().map(repair_of).transpose()?,
    })
}

use std::path::Path;

use sqlx::{Connection, Row};

use super::error::LedgerError;
use super::record::Record;
use super::service::{read_calls, read_service};
use super::store::Ledger;
use super::survey::{LAST_GOOD, pass};
use crate::clock::Timestamp;

/// What the ledger says of the passes made so far, besides what the next one needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// The last pass; none where there was none.
    pub last: Option<LastPass>,
    /// Whether RunCloud took any write so far, as far as passes are remembered.
    pub has_written: bool,
    /// What stands for the removals that the last pass found blocked, and how many they are.
    pub blocked: Option<(String, usize)>,
    /// Calls that RunCloud got in this calendar month.
    pub calls: u64,
    /// What keeps the daemon from its work, and since when: none where a pass ended well since then.
    pub trouble: Option<(Timestamp, String)>,
}

/// The last pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastPass {
    /// When it began.
    pub started: Timestamp,
    /// When it ended and how; none while it runs, and where something ended it.
    pub ended: Option<(Timestamp, String)>,
}

impl Ledger {
    /// A glance into a state directory's ledger, whatever it is bound to; none where there is no ledger.
    ///
    /// # Errors
    /// [`LedgerError`] where it cannot be read now, or is of no use.
    pub async fn glance(directory: &Path, now: Timestamp) -> Result<Option<Glance>, LedgerError> {
        let Some(mut record) = Record::open(directory).await? else { return Ok(None) };
        Ok(Some(read_glance(&mut record.connection, now).await?))
    }
}

async fn read_glance(
    connection: &mut sqlx::SqliteConnection,
    now: Timestamp,
) -> Result<Glance, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let last = sqlx::query("SELECT started, ended, result FROM pass ORDER BY id DESC LIMIT 1");
    let last = last.fetch_optional(&mut *transaction).await?;
    let written = "SELECT EXISTS (SELECT 1 FROM pass WHERE added + updated + removed > 0)";
    let has_written = sqlx::query_scalar(written).fetch_one(&mut *transaction).await?;
    let blocked = sqlx::query("SELECT hash, COUNT(*) AS names FROM blocked GROUP BY hash LIMIT 1");
    let blocked = blocked.fetch_optional(&mut *transaction).await?;
    let calls = read_calls(&mut transaction, now).await?;
    let service = read_service(&mut transaction).await?;
    let last_good = pass(&mut transaction, LAST_GOOD).await?.and_then(|pass| pass.ended);
    let trouble = service.trouble_after(last_good).map(|(since, why)| (since, why.to_owned()));
    transaction.commit().await?;
    let last = last.map(|row| -> Result<_, sqlx::Error> {
        let ended: Option<i64> = row.try_get("ended")?;
        let result: Option<String> = row.try_get("result")?;
        let ended = ended.map(|at| (Timestamp(at), result.unwrap_or_default()));
        Ok(LastPass { started: Timestamp(row.try_get("started")?), ended })
    });
    let blocked = blocked.map(|row| -> Result<_, sqlx::Error> {
        let names: i64 = row.try_get("names")?;
        Ok((row.try_get("hash")?, usize::try_from(names).unwrap_or_default()))
    });
    Ok(Glance {
        last: last.transpose()?,
        has_written,
        blocked: blocked.transpose()?,
        calls,
        trouble,
    })
}

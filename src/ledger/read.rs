use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::known::{Binding, Cause, Due, Failure, Intent, IntentAction, Known, Origin, Owned};
use crate::clock::Timestamp;
use crate::domain::Domain;

/// What the ledger is bound to; none where it is new.
pub(super) async fn read_binding(
    connection: &mut SqliteConnection,
) -> Result<Option<Binding>, sqlx::Error> {
    let row = sqlx::query("SELECT server, app FROM binding").fetch_optional(connection).await?;
    let id = |row: &SqliteRow, name| -> Result<u64, sqlx::Error> {
        Ok(row.try_get::<i64, _>(name)?.cast_unsigned())
    };
    row.map(|row| Ok(Binding { server: id(&row, "server")?, app: id(&row, "app")? })).transpose()
}

/// The ledger's content, from one transaction.
pub(super) async fn read_known(connection: &mut SqliteConnection) -> Result<Known, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let owned = rows(&mut transaction, "SELECT * FROM owned", owned_of).await?;
    let intents = rows(&mut transaction, "SELECT * FROM intent", intent_of).await?;
    let failures = rows(&mut transaction, "SELECT * FROM failure", failure_of).await?;
    let due = read_due(&mut transaction).await?;
    transaction.commit().await?;
    Ok(Known { owned, intents, due, failures })
}

/// The certificates that are owed.
pub(super) async fn read_due(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<Domain, Due>, sqlx::Error> {
    rows(connection, "SELECT * FROM certificate_due", due_of).await
}

async fn rows<T>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    value_of: fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<BTreeMap<Domain, T>, sqlx::Error> {
    let rows = sqlx::query(statement).fetch_all(connection).await?;
    let pair = |row: &SqliteRow| {
        let name = Domain::parse(row.try_get("domain")?)
            .map_err(|rejection| sqlx::Error::Decode(rejection.into()))?;
        Ok((name, value_of(row)?))
    };
    rows.iter().map(pair).collect()
}

fn cause_of(row: &SqliteRow) -> Result<Cause, sqlx::Error> {
    Ok(Cause { mapping: row.try_get("mapping")?, site: row.try_get("site")? })
}

fn owned_of(row: &SqliteRow) -> Result<Owned, sqlx::Error> {
    let origin = Origin::from_word(row.try_get("origin")?);
    Ok(Owned { origin, www: row.try_get("www")?, cause: cause_of(row)? })
}

fn intent_of(row: &SqliteRow) -> Result<Intent, sqlx::Error> {
    let action = IntentAction::from_word(row.try_get("action")?);
    Ok(Intent { action, www: row.try_get("www")?, cause: cause_of(row)? })
}

fn due_of(row: &SqliteRow) -> Result<Due, sqlx::Error> {
    let retry_at = Timestamp(row.try_get("retry_at")?);
    Ok(Due { attempts: row.try_get("attempts")?, retry_at })
}

fn failure_of(row: &SqliteRow) -> Result<Failure, sqlx::Error> {
    Ok(Failure {
        attempts: row.try_get("attempts")?,
        retry_at: Timestamp(row.try_get("retry_at")?),
        detail: row.try_get("detail")?,
        cause: cause_of(row)?,
    })
}

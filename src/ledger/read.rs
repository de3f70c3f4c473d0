use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::approval::read_approval;
use super::certificates::{read_orders, read_spoilers, read_states, read_verdicts, state_of};
use super::history::Rule;
use super::known::{
    Binding, Bound, Cause, Failure, Intent, IntentAction, Known, Origin, Owned, Removal, Repair,
    Restore,
};
use super::pause::read_pause;
use super::settlement::Holding;
use super::ticks::{Tick, TickClock};
use crate::clock::{Moment, Timestamp, Uptime};
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
    let owned = by_name(&mut transaction, "SELECT * FROM owned", owned_of).await?;
    let intents = by_name(&mut transaction, "SELECT * FROM intent", intent_of).await?;
    let failures = by_name(&mut transaction, "SELECT * FROM failure", failure_of).await?;
    let repairs = by_name(&mut transaction, "SELECT * FROM repair", repair_of).await?;
    let certificates = read_states(&mut transaction).await?;
    let orders = read_orders(&mut transaction).await?;
    let verdicts = read_verdicts(&mut transaction).await?;
    let spoilers = read_spoilers(&mut transaction).await?;
    let bound = read_bound(&mut transaction).await?;
    let approval = read_approval(&mut transaction).await?;
    let rows = read_rows(&mut transaction).await?;
    let removals = sqlx::query("SELECT tick, managed FROM removal ORDER BY tick");
    let removals = removals.fetch_all(&mut *transaction).await?;
    let removals = removals.iter().map(removal_of).collect::<Result<_, _>>()?;
    let clock = read_clock(&mut transaction).await?;
    let pause = read_pause(&mut transaction).await?;
    let restores = by_name(&mut transaction, "SELECT * FROM restore", restore_of).await?;
    transaction.commit().await?;
    Ok(Known {
        owned,
        intents,
        certificates,
        orders,
        verdicts,
        spoilers,
        failures,
        repairs,
        rows,
        bound,
        approval,
        removals,
        clock,
        pause,
        restores,
    })
}

async fn read_rows(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<i64, Domain>, sqlx::Error> {
    let rows = sqlx::query("SELECT * FROM row").fetch(connection);
    let pair = |row: SqliteRow| async move { Ok((row.try_get("mapping")?, name_of(&row)?)) };
    rows.and_then(pair).try_collect().await
}

pub(super) async fn read_bound(
    connection: &mut SqliteConnection,
) -> Result<Option<Bound>, sqlx::Error> {
    let statement = "SELECT network AS domain, highest_mapping FROM binding";
    let Some(row) = sqlx::query(statement).fetch_optional(connection).await? else {
        return Ok(None);
    };
    let network: Option<String> = row.try_get("domain")?;
    let network = network.map(|_| name_of(&row)).transpose()?;
    Ok(Some(Bound { network, highest_mapping: row.try_get("highest_mapping")? }))
}

pub(super) async fn read_clock(
    connection: &mut SqliteConnection,
) -> Result<TickClock, sqlx::Error> {
    let Some(row) = sqlx::query("SELECT * FROM ticks").fetch_optional(connection).await? else {
        return Ok(TickClock::default());
    };
    let uptime = Uptime { boot: row.try_get("boot")?, seconds: row.try_get("uptime")? };
    let at = Some(Moment { wall: Timestamp(row.try_get("wall")?), uptime });
    Ok(TickClock { counted: Tick(row.try_get("counted")?), at })
}

/// What it holds of one name.
pub(super) async fn read_holding(
    connection: &mut SqliteConnection,
    domain: &Domain,
) -> Result<Holding, sqlx::Error> {
    let owned = of_name(connection, "SELECT * FROM owned WHERE domain = ?", domain, owned_of);
    let owned = owned.await?;
    let certificate = "SELECT * FROM certificate WHERE domain = ?";
    let certificate = of_name(connection, certificate, domain, state_of).await?;
    let repair = "SELECT * FROM repair WHERE domain = ?";
    let repair = of_name(connection, repair, domain, repair_of).await?;
    Ok(Holding { owned, certificate, repair })
}

async fn of_name<T>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    domain: &Domain,
    value_of: fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<Option<T>, sqlx::Error> {
    let row = sqlx::query(statement).bind(domain.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(value_of).transpose()
}

/// One value per name.
pub(super) async fn by_name<T>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    value_of: fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<BTreeMap<Domain, T>, sqlx::Error> {
    let rows = sqlx::query(statement).fetch(connection);
    let pair = |row: SqliteRow| async move { Ok((name_of(&row)?, value_of(&row)?)) };
    rows.and_then(pair).try_collect().await
}

/// The names in the column `domain`.
pub(super) fn names(rows: &[SqliteRow]) -> Result<BTreeSet<Domain>, sqlx::Error> {
    rows.iter().map(name_of).collect()
}

/// The columns `domain` and `absent`.
pub(super) fn counts(rows: &[SqliteRow]) -> Result<BTreeMap<Domain, i64>, sqlx::Error> {
    rows.iter().map(|row| Ok((name_of(row)?, row.try_get("absent")?))).collect()
}

/// The name in the column `domain`.
pub(super) fn name_of(row: &SqliteRow) -> Result<Domain, sqlx::Error> {
    Domain::parse(row.try_get("domain")?).map_err(|rejection| sqlx::Error::Decode(rejection.into()))
}

pub(super) fn cause_of(row: &SqliteRow) -> Result<Cause, sqlx::Error> {
    Ok(Cause { mapping: row.try_get("mapping")?, site: row.try_get("site")? })
}

pub(super) fn owned_of(row: &SqliteRow) -> Result<Owned, sqlx::Error> {
    let origin = Origin::from_word(row.try_get("origin")?);
    let id: Option<i64> = row.try_get("id")?;
    let id = id.map(i64::cast_unsigned);
    Ok(Owned { origin, www: row.try_get("www")?, cause: cause_of(row)?, id })
}

fn intent_of(row: &SqliteRow) -> Result<Intent, sqlx::Error> {
    let action = IntentAction::from_word(row.try_get("action")?);
    let rule = Rule::from_word(row.try_get("rule")?);
    Ok(Intent { action, www: row.try_get("www")?, cause: cause_of(row)?, rule })
}

pub(super) fn failure_of(row: &SqliteRow) -> Result<Failure, sqlx::Error> {
    Ok(Failure {
        attempts: row.try_get("attempts")?,
        retry_at: Timestamp(row.try_get("retry_at")?),
        detail: row.try_get("detail")?,
        cause: cause_of(row)?,
        stage: row.try_get("stage")?,
    })
}

fn removal_of(row: &SqliteRow) -> Result<Removal, sqlx::Error> {
    let managed: i64 = row.try_get("managed")?;
    let managed = usize::try_from(managed).unwrap_or_default();
    Ok(Removal { tick: Tick(row.try_get("tick")?), managed })
}

pub(super) fn repair_of(row: &SqliteRow) -> Result<Repair, sqlx::Error> {
    Ok(Repair { repairs: row.try_get("repairs")?, last: Timestamp(row.try_get("last")?) })
}

pub(super) fn restore_of(row: &SqliteRow) -> Result<Restore, sqlx::Error> {
    Ok(Restore { event: row.try_get("event")?, www: row.try_get("www")?, cause: cause_of(row)? })
}

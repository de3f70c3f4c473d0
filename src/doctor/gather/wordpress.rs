use std::time::Duration;

use crate::clock::Timestamp;
use crate::config::Examined;
use crate::doctor::RECENT;
use crate::doctor::facts::WordPress;
use crate::wordpress::{Database, DatabaseError, Desired};

/// A database that is away is found to be so; nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads the tables, and what is around them.
pub(super) async fn ask(settings: &Examined, now: Timestamp) -> WordPress {
    let (Some(source), Some(prefix)) = (&settings.source, &settings.prefix) else {
        return WordPress::default();
    };
    let database = Database::new(source.clone(), prefix.clone(), PATIENCE);
    let tables = database.read().await;
    if tables.as_ref().is_err_and(DatabaseError::is_transient) {
        return WordPress { tables: Some(tables), ..WordPress::default() };
    }
    let survey = database.survey(Timestamp(now.0 - RECENT.as_secs().cast_signed())).await;
    let (own, keep) = (&settings.own, &settings.keep);
    let desired = tables.as_ref().ok();
    let desired = desired.map(|tables| Desired::of(tables, own, keep, settings.subdomains));
    WordPress { tables: Some(tables), desired, survey: Some(survey) }
}

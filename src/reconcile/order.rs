//! Orders the certificates that are owed: once for the batch, and owed until RunCloud took the order.

use std::collections::{BTreeMap, BTreeSet};

use super::certificate::{Action, Certificate, step};
use super::network::{Network, PassError};
use super::report::{Failed, Order, some_of};
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::Ledger;
use crate::runcloud::{Actual, ApiError, Class, Ssl, Writer};

/// Orders what the ledger owes. `before` is the listing the pass began with.
pub(super) async fn order(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    before: &Actual,
    failed: &mut Vec<Failed>,
) -> Result<Order, PassError> {
    let known = ledger.known().await?;
    let now = Timestamp::now();
    let rests = |name: &Domain| known.failures.get(name).is_some_and(|f| f.retry_at > now);
    let due: BTreeSet<Domain> = known.due.iter().filter(|name| !rests(name)).cloned().collect();
    if due.is_empty() {
        return Ok(Order::NotNeeded);
    }
    let ssl = network.reader.ssl().await?;
    let certificate = step(Some(&ssl), &due);
    match (&ssl, certificate.action) {
        (Ssl::Basic(id), Action::Redeploy) => redeploy(writer, ledger, *id, certificate).await,
        (_, Action::Order) => order_each(network, writer, ledger, before, &due, failed).await,
        _ => Ok(nothing_to_order(ledger, &due, certificate).await?),
    }
}

async fn redeploy(
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    id: u64,
    Certificate { names, .. }: Certificate,
) -> Result<Order, PassError> {
    let mut outcome = writer.redeploy(id).await;
    if matches!(outcome, Err(ApiError::Interrupted(_) | ApiError::Unavailable { .. })) {
        // The order may have been taken; one more is the most that is risked for it.
        outcome = writer.redeploy(id).await;
    }
    match outcome {
        Ok(()) => {
            ledger.ordered(&names).await?;
            tracing::info!("certificate ordered again, for {}", some_of(&names));
            Ok(Order::Ordered { names })
        }
        Err(error) if error.class() == Class::Fatal => Err(error.into()),
        Err(error) => {
            tracing::warn!("the certificate could not be ordered and is still owed: {error}");
            Ok(Order::Failed { names, detail: error.to_string() })
        }
    }
}

async fn order_each(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    before: &Actual,
    due: &BTreeSet<Domain>,
    failed: &mut Vec<Failed>,
) -> Result<Order, PassError> {
    let ids = ids_of(network, before, due).await?;
    let mut names = Vec::new();
    for (domain, id) in ids {
        match order_one(network, writer, id).await {
            Ok(()) => {
                ledger.ordered([&domain]).await?;
                tracing::info!("{domain}: certificate ordered");
                names.push(domain);
            }
            Err(error) if error.class() == Class::Item => {
                tracing::warn!("{domain}: certificate refused: {error}");
                failed.push(Failed { domain, detail: error.to_string() });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(if names.is_empty() { Order::NotNeeded } else { Order::Ordered { names } })
}

/// One order; where the answer was lost, the certificate itself tells whether it was taken.
async fn order_one(network: &Network, writer: &Writer<'_>, id: u64) -> Result<(), ApiError> {
    match writer.order(id).await {
        Err(ApiError::Interrupted(_) | ApiError::Unavailable { .. })
            if !network.reader.has_certificate(id).await? =>
        {
            writer.order(id).await
        }
        Err(ApiError::Interrupted(_) | ApiError::Unavailable { .. }) => Ok(()),
        other => other,
    }
}

/// RunCloud's ids of the names; those added in this pass need a new listing.
async fn ids_of(
    network: &Network,
    before: &Actual,
    due: &BTreeSet<Domain>,
) -> Result<BTreeMap<Domain, u64>, ApiError> {
    let ids = |actual: &Actual| -> BTreeMap<Domain, u64> {
        due.iter().filter_map(|name| Some((name.clone(), actual.get(name)?.id))).collect()
    };
    let known = ids(before);
    if known.len() == due.len() { Ok(known) } else { Ok(ids(&network.reader.domains().await?)) }
}

/// `AutoSSL` needs no order; without a certificate to extend the names stay owed.
async fn nothing_to_order(
    ledger: &mut Ledger,
    due: &BTreeSet<Domain>,
    Certificate { waiting, .. }: Certificate,
) -> Result<Order, PassError> {
    let Some(first) = waiting.first() else {
        ledger.ordered(due).await?;
        return Ok(Order::NotNeeded);
    };
    let names = waiting.iter().map(|waiting| waiting.domain.clone()).collect();
    Ok(Order::Waiting { names, detail: first.detail.clone() })
}

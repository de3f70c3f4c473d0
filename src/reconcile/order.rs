//! Orders the certificates that are owed: once for the batch, and owed until RunCloud took the order.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::LOST_IN_A_ROW;
use super::certificate::{Action, Certificate, WaitingReason, step};
use super::network::{Network, PassError};
use super::report::{Failed, Order, some_of};
use super::retry;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{Due, Ledger, LedgerError};
use crate::runcloud::{Actual, ApiError, Class, Ssl, Writer};

/// A failed order counts as so many tries: the next one is 10 minutes later, not 5 seconds.
/// Let's Encrypt allows five orders a week for one set of names.
const ORDER_FROM: u32 = 3;

/// Orders what the ledger owes. `before` is the listing the pass began with.
pub(super) async fn order(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    before: &Actual,
    failed: &mut Vec<Failed>,
) -> Result<Order, PassError> {
    let due = ledger.due().await?;
    if due.is_empty() {
        return Ok(Order::NotNeeded);
    }
    let ssl = network.reader.ssl().await?;
    let certificate = step(&ssl, &due, Timestamp::now());
    match (&ssl, certificate.action) {
        (Ssl::Basic(id), Action::Redeploy) => {
            redeploy(writer, ledger, &due, *id, certificate.names).await
        }
        (_, Action::Order) => {
            let names = certificate.names.into_iter().collect();
            order_each(
                network,
                writer,
                ledger,
                &due,
                &ids_of(network, before, &names).await?,
                failed,
            )
            .await
        }
        _ => Ok(nothing_to_order(ledger, &due, certificate).await?),
    }
}

async fn redeploy(
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    due: &BTreeMap<Domain, Due>,
    id: u64,
    names: Vec<Domain>,
) -> Result<Order, PassError> {
    let mut outcome = writer.redeploy(id).await;
    if matches!(outcome, Err(ApiError::Unavailable { .. })) {
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
            let next = put_off(ledger, due, &names).await?;
            let detail = format!("{error}; {next}");
            tracing::warn!("the certificate could not be ordered and is still owed: {detail}");
            Ok(Order::Failed { names, detail })
        }
    }
}

async fn order_each(
    network: &Network,
    writer: &Writer<'_>,
    ledger: &mut Ledger,
    due: &BTreeMap<Domain, Due>,
    ids: &BTreeMap<Domain, u64>,
    failed: &mut Vec<Failed>,
) -> Result<Order, PassError> {
    let (mut names, mut lost) = (Vec::new(), 0);
    for (domain, id) in ids {
        match order_one(network, writer, *id).await {
            Ok(()) => {
                lost = 0;
                ledger.ordered([domain]).await?;
                tracing::info!("{domain}: certificate ordered");
                names.push(domain.clone());
            }
            Err(error) if !error.is_about_everything() && lost < LOST_IN_A_ROW => {
                lost += u32::from(error.class() == Class::Transient);
                let next = put_off(ledger, due, std::slice::from_ref(domain)).await?;
                let detail = format!("certificate: {error}; {next}");
                tracing::warn!("{domain}: {detail}");
                failed.push(Failed { domain: domain.clone(), detail });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(if names.is_empty() { Order::NotNeeded } else { Order::Ordered { names } })
}

/// One order. Where it is refused the domain may have a certificate, which is ordered again; where the
/// answer was lost, a certificate tells that the order was taken.
async fn order_one(network: &Network, writer: &Writer<'_>, id: u64) -> Result<(), ApiError> {
    let Err(error) = writer.order(id).await else { return Ok(()) };
    let is_lost = matches!(error, ApiError::Interrupted(_) | ApiError::Unavailable { .. });
    if !is_lost && error.class() != Class::Item {
        return Err(error);
    }
    match network.reader.certificate(id).await? {
        Some(_) if is_lost => Ok(()),
        Some(ssl_id) => writer.reorder(id, ssl_id).await,
        None if is_lost => writer.order(id).await,
        None => Err(error),
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

/// Writes down when the names may be ordered again, and says it.
async fn put_off(
    ledger: &mut Ledger,
    due: &BTreeMap<Domain, Due>,
    names: &[Domain],
) -> Result<String, LedgerError> {
    let now = Timestamp::now();
    let later = |name: &Domain| {
        let attempts = due.get(name).map_or(0, |due| due.attempts).saturating_add(1);
        let retry_at = now.plus(retry::wait(ORDER_FROM.saturating_add(attempts), name));
        (name.clone(), Due { attempts, retry_at })
    };
    let later: BTreeMap<Domain, Due> = names.iter().map(later).collect();
    ledger.order_failed(&later).await?;
    let next = later.values().map(|due| due.retry_at).min().unwrap_or(now);
    Ok(format!("next order {}", next.for_reader_at(now)))
}

/// `AutoSSL` needs no order; without a certificate to extend the names stay owed.
async fn nothing_to_order(
    ledger: &mut Ledger,
    due: &BTreeMap<Domain, Due>,
    Certificate { waiting, .. }: Certificate,
) -> Result<Order, LedgerError> {
    let Some(first) = waiting.first() else {
        ledger.ordered(due.keys()).await?;
        return Ok(Order::NotNeeded);
    };
    let names = waiting.iter().map(|waiting| waiting.domain.clone()).collect();
    let detail = first.detail.clone();
    Ok(match first.reason {
        WaitingReason::RetryLater => Order::Failed { names, detail },
        WaitingReason::NoCertificate | WaitingReason::CustomCertificate => {
            Order::Waiting { names, detail }
        }
    })
}

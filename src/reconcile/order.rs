//! Orders the certificates that are owed: once for the batch, and owed until RunCloud took the order.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use super::apply::LOST_IN_A_ROW;
use super::certificate::{Action, Certificate, WaitingReason, step};
use super::network::{Network, PassError};
use super::report::{Failed, Order, some_of};
use super::retry;
use crate::clock::{Stopwatch, Timestamp};
use crate::domain::Domain;
use crate::ledger::{Due, Ledger, LedgerError};
use crate::runcloud::{Actual, ApiError, Class, Ssl, Writer};

/// What is owed, by name.
type Owed = BTreeMap<Domain, Due>;
type Outcome = Result<Order, PassError>;

/// A failed order counts as so many tries: the next one is 10 minutes later, not 5 seconds.
/// Let's Encrypt allows five orders a week for one set of names.
const ORDER_FROM: u32 = 3;

/// Sends the orders that the ledger owes.
pub(super) struct Orderer<'a> {
    pub(super) network: &'a Network,
    pub(super) writer: &'a Writer<'a>,
    pub(super) ledger: &'a mut Ledger,
    pub(super) clock: &'a Stopwatch,
    pub(super) failed: &'a mut Vec<Failed>,
}

impl Orderer<'_> {
    /// Orders what is owed. `before` is the listing the pass began with.
    pub(super) async fn order(&mut self, before: &Actual) -> Result<Order, PassError> {
        let due = self.ledger.due().await?;
        if due.is_empty() {
            return Ok(Order::NotNeeded);
        }
        let ssl = self.network.reader.ssl().await?;
        let certificate = step(&ssl, &due, self.clock.wall());
        match (&ssl, certificate.action) {
            (Ssl::Basic(id), Action::Redeploy) => self.redeploy(*id, &due, certificate.names).await,
            (_, Action::Order) => {
                let names = certificate.names.into_iter().collect();
                let ids = self.ids_of(before, &names).await?;
                self.order_each(&ids, &due).await
            }
            _ => Ok(self.nothing_to_order(&due, certificate).await?),
        }
    }

    async fn redeploy(&mut self, id: u64, due: &Owed, names: Vec<Domain>) -> Outcome {
        self.sending(due, &names).await?;
        let mut outcome = self.writer.redeploy(id).await;
        if matches!(outcome, Err(ApiError::Unavailable { .. })) {
            // The order may have been taken; one more is the most that is risked for it.
            outcome = self.writer.redeploy(id).await;
        }
        match outcome {
            Ok(()) => {
                self.ledger.ordered(&names).await?;
                tracing::info!("certificate ordered again, for {}", some_of(&names));
                Ok(Order::Ordered { names })
            }
            Err(error) if error.is_about_everything() => {
                self.not_sent(due, &names).await?;
                Err(error.into())
            }
            Err(error) => {
                let next = self.put_off(due, &names).await?;
                let detail = format!("{error}; {next}");
                tracing::warn!("the certificate could not be ordered and is still owed: {detail}");
                Ok(Order::Failed { names, detail })
            }
        }
    }

    async fn order_each(&mut self, ids: &BTreeMap<Domain, u64>, due: &Owed) -> Outcome {
        let (mut names, mut lost) = (Vec::new(), 0);
        for (domain, id) in ids {
            self.sending(due, slice::from_ref(domain)).await?;
            match self.order_one(*id).await {
                Ok(()) => {
                    lost = 0;
                    self.ledger.ordered([domain]).await?;
                    tracing::info!("{domain}: certificate ordered");
                    names.push(domain.clone());
                }
                Err(error) if !error.is_about_everything() && lost < LOST_IN_A_ROW => {
                    lost += u32::from(error.class() == Class::Transient);
                    let next = self.put_off(due, slice::from_ref(domain)).await?;
                    let detail = format!("certificate: {error}; {next}");
                    tracing::warn!("{domain}: {detail}");
                    self.failed.push(Failed { domain: domain.clone(), detail });
                }
                Err(error) if error.is_about_everything() => {
                    self.not_sent(due, slice::from_ref(domain)).await?;
                    return Err(error.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(if names.is_empty() { Order::NotNeeded } else { Order::Ordered { names } })
    }

    /// One order. Where it is refused, or its answer was lost, the domain may have a certificate, which is
    /// ordered again: an older one does not have every name.
    async fn order_one(&self, id: u64) -> Result<(), ApiError> {
        let Err(error) = self.writer.order(id).await else { return Ok(()) };
        let is_lost = error.class() == Class::Transient && !error.is_about_everything();
        if !is_lost && error.class() != Class::Item {
            return Err(error);
        }
        match self.network.reader.certificate(id).await? {
            Some(ssl_id) => self.writer.reorder(id, ssl_id).await,
            None if is_lost => self.writer.order(id).await,
            None => Err(error),
        }
    }

    /// RunCloud's ids of the names; those added in this pass need a new listing.
    async fn ids_of(
        &self,
        before: &Actual,
        due: &BTreeSet<Domain>,
    ) -> Result<BTreeMap<Domain, u64>, ApiError> {
        let ids = |actual: &Actual| -> BTreeMap<Domain, u64> {
            due.iter().filter_map(|name| Some((name.clone(), actual.get(name)?.id))).collect()
        };
        let known = ids(before);
        if known.len() == due.len() {
            return Ok(known);
        }
        Ok(ids(&self.network.reader.domains().await?))
    }

    /// Writes down that an order is about to be sent. One that a crash cuts off goes out once more at once,
    /// and then as rarely as after a failure.
    async fn sending(&mut self, due: &Owed, names: &[Domain]) -> Result<(), LedgerError> {
        let now = self.clock.wall();
        let sent = names.iter().map(|name| match due.get(name) {
            Some(before) if before.attempts > 0 => later(name, *before, now),
            _ => (name.clone(), Due { attempts: 1, retry_at: Timestamp::default() }),
        });
        self.ledger.note_order(&sent.collect()).await
    }

    /// Takes back that an order is about to be sent: RunCloud did not act on it.
    async fn not_sent(&mut self, due: &Owed, names: &[Domain]) -> Result<(), LedgerError> {
        let before = |name: &Domain| Some((name.clone(), *due.get(name)?));
        self.ledger.note_order(&names.iter().filter_map(before).collect()).await
    }

    /// Writes down when the names may be ordered again, and says it.
    async fn put_off(&mut self, due: &Owed, names: &[Domain]) -> Result<String, LedgerError> {
        let now = self.clock.wall();
        let before = |name: &Domain| due.get(name).copied().unwrap_or_default();
        let put_off: Owed = names.iter().map(|name| later(name, before(name), now)).collect();
        self.ledger.note_order(&put_off).await?;
        let next = put_off.values().map(|due| due.retry_at).min().unwrap_or(now);
        Ok(format!("next order {}", next.for_reader_at(now)))
    }

    /// `AutoSSL` needs no order; without a certificate to extend the names stay owed.
    async fn nothing_to_order(
        &mut self,
        due: &Owed,
        Certificate { waiting, .. }: Certificate,
    ) -> Result<Order, LedgerError> {
        let Some(first) = waiting.first() else {
            self.ledger.ordered(due.keys()).await?;
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
}

/// One more try of an order, and the time of the next.
fn later(name: &Domain, before: Due, now: Timestamp) -> (Domain, Due) {
    let attempts = before.attempts.saturating_add(1);
    let retry_at = now.plus(retry::wait(ORDER_FROM.saturating_add(attempts), name));
    (name.clone(), Due { attempts, retry_at })
}

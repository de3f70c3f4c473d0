//! Sends the certificate orders that are due: one for all names in a batch, or one for each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::apply::LOST_IN_A_ROW;
use super::certificate::{Action, Certificate, Waiting, WaitingReason, ending, states};
use super::failures::say_forbidden;
use super::identity::Identities;
use super::judge::{Judged, Stand};
use super::network::{Network, PassError, Proposal};
use super::plan::Change;
use super::report::{Failed, Order, Report};
use super::retry;
use super::show;
use crate::clock::{Moment, Stopwatch, Timestamp};
use crate::domain::Domain;
use crate::ledger::{CertificateState, Known, Ledger, LedgerError, Reasons};
use crate::log::events;
use crate::progress::Work;
use crate::runcloud::{Actual, ApiError, Class, Ssl, Writer};

/// An order that RunCloud did not take counts as so many tries: the next one is 10 minutes later, not 5
/// seconds.
const ORDER_FROM: u32 = 3;

type States = BTreeMap<Domain, CertificateState>;

/// What the pass began with.
pub(super) struct Before<'a> {
    pub(super) proposal: &'a Proposal,
    pub(super) expected: &'a BTreeSet<IpAddr>,
}

/// Looks at certificates, and sends the orders that are due.
pub(super) struct Orderer<'a> {
    pub(super) network: &'a Network,
    pub(super) writer: &'a Writer<'a>,
    pub(super) ledger: &'a mut Ledger,
    pub(super) clock: &'a Stopwatch,
    pub(super) report: &'a mut Report,
}

impl Orderer<'_> {
    /// Brings the states up to what is seen, and orders what is due. RunCloud is asked for the mode only where
    /// some name has no certificate.
    pub(super) async fn order(
        &mut self,
        before: &Before<'_>,
        mut known: Known,
    ) -> Result<(), PassError> {
        known.certificates = self.ledger.certificates().await?;
        let now = Moment { wall: self.clock.wall(), ..self.clock.since().clone() };
        let changes = self.made(before.proposal);
        let stand = Stand::of(before.proposal, changes, &known, before.expected, &now);
        let seen = self.network.see(&stand).await?;
        let states = if stand.is_settled(&seen) {
            let settled = stand.note(&seen);
            self.ledger.note_certificates(&settled.states).await?;
            self.note_reasons(&[]).await?;
            settled.states
        } else {
            let ssl = self.network.reader.ssl().await?;
            let mut judged = self.network.judge(&stand, seen, &ssl).await?;
            self.ask_why(&mut judged.settled, &known).await?;
            self.tell(&judged, &known);
            self.ledger.note_certificates(&judged.settled.states).await?;
            if let Some(spoilers) = &judged.spoilers {
                self.ledger.note_spoilers(spoilers).await?;
            }
            self.report.notices.extend(judged.notices.clone());
            self.report.certificate = self.act(&ssl, &judged, &stand).await?;
            judged.settled.states
        };
        known.certificates.extend(states);
        self.report.notices.extend(ending(&known, now.wall));
        Ok(())
    }

    /// The changes that this pass made.
    fn made<'p>(&self, proposal: &'p Proposal) -> Vec<&'p Change> {
        let Report { added, updated, removed, .. } = &*self.report;
        let made: BTreeSet<&Domain> = added.iter().chain(updated).chain(removed).collect();
        let changes = proposal.approved.plan().changes.iter();
        changes.filter(|change| made.contains(change.domain())).collect()
    }

    async fn act(
        &mut self,
        ssl: &Ssl,
        judged: &Judged,
        stand: &Stand<'_>,
    ) -> Result<Order, PassError> {
        let Certificate { action, names, waiting, .. } = &judged.certificate;
        self.note_waits(judged, waiting).await?;
        self.note_reasons(waiting).await?;
        match (ssl, action) {
            (_, Action::None) => Ok(waiting_order(waiting)),
            (_, Action::Order) => {
                let ids = self.ids_of(stand, names).await?;
                self.order_each(&ids, judged).await
            }
            (_, Action::Redeploy | Action::Install) => self.order_for_all(ssl, judged).await,
        }
    }

    /// Writes down until when names wait, so that the next pass comes in time.
    async fn note_waits(
        &mut self,
        judged: &Judged,
        waiting: &[Waiting],
    ) -> Result<(), LedgerError> {
        let due = |Waiting { domain, until, .. }: &Waiting| match judged.open.get(domain)? {
            CertificateState::Due { since, attempt, next } => {
                let until = until.unwrap_or_default();
                let waits = CertificateState::Due { since: *since, attempt: *attempt, next: until };
                (*next != until).then(|| (domain.clone(), waits))
            }
            _ => None,
        };
        let waits: States = waiting.iter().filter_map(due).collect();
        self.ledger.note_certificates(&waits).await
    }

    /// Writes down why names wait, for whoever asks when the pass is over.
    async fn note_reasons(&mut self, waiting: &[Waiting]) -> Result<(), LedgerError> {
        let mut reasons = Reasons::new();
        for Waiting { domain, reason, detail, .. } in waiting {
            reasons.insert(domain.as_str().into(), (show::word(reason).into(), detail.into()));
        }
        self.ledger.note_waiting(&reasons).await
    }

    async fn order_for_all(&mut self, ssl: &Ssl, judged: &Judged) -> Result<Order, PassError> {
        let names = judged.certificate.names.clone();
        let before = match ssl {
            Ssl::Basic(issued) => issued.valid_until.unwrap_or_default(),
            _ => Timestamp::default(),
        };
        let (served, now) = (&judged.served.digest, self.clock.wall());
        self.ledger.begin_order(None, served, Some(before), now).await?;
        match self.send_for_all(ssl).await {
            Ok(()) => {
                let states = ordered(&names, &judged.open, self.clock.wall(), before);
                self.ledger.order_taken(None, &states).await?;
                names.iter().for_each(say_ordered);
                Ok(Order::Ordered { names })
            }
            Err(not_ordered) if not_ordered.error.is_about_everything() => {
                self.give_up(None, not_ordered).await
            }
            Err(NotOrdered { error, was_sent }) => {
                let states = self.refused(&names, &judged.open, &error);
                self.conclude_refusal(None, was_sent, &states).await?;
                let detail = next_order(&error.to_string(), &states, self.clock.wall());
                tracing::warn!(
                    message_id = events::CERTIFICATE_FAILED,
                    action = "order",
                    result = "failed",
                    "the certificate could not be ordered and is still due: {detail}"
                );
                Ok(Order::Failed { names, detail })
            }
        }
    }

    /// One order for all, and where that may have been taken another: one more is the most that is risked for it.
    async fn send_for_all(&self, ssl: &Ssl) -> Result<(), NotOrdered> {
        let send = || async {
            match ssl {
                Ssl::Basic(issued) => self.writer.redeploy(issued.id).await,
                _ => self.writer.install().await,
            }
        };
        match send().await {
            Err(ApiError::Unavailable { .. }) => send().await.map_err(NotOrdered::after_a_lost_one),
            outcome => outcome.map_err(NotOrdered::of),
        }
    }

    /// The pass ends. Where RunCloud certainly took no order, none is written down; otherwise it stays open.
    async fn give_up<T>(
        &mut self,
        domain: Option<&Domain>,
        not_ordered: NotOrdered,
    ) -> Result<T, PassError> {
        if !not_ordered.was_sent {
            self.ledger.order_not_sent(domain).await?;
        }
        if let Some(domain) = domain {
            say_forbidden(domain, &not_ordered.error);
        }
        Err(not_ordered.error.into())
    }

    async fn order_each(
        &mut self,
        ids: &BTreeMap<Domain, u64>,
        judged: &Judged,
    ) -> Result<Order, PassError> {
        let (mut names, mut lost) = (Vec::new(), 0);
        self.network.reader.progress().begin(Work::Ordering, Some(ids.len()));
        for (domain, id) in ids {
            self.network.reader.progress().advance(1);
            let now = self.clock.wall();
            self.ledger.begin_order(Some(domain), domain.as_str(), None, now).await?;
            match self.order_one(*id).await {
                Ok(before) => {
                    lost = 0;
                    let one = std::slice::from_ref(domain);
                    let states = ordered(one, &judged.open, self.clock.wall(), before);
                    self.ledger.order_taken(Some(domain), &states).await?;
                    say_ordered(domain);
                    names.push(domain.clone());
                }
                Err(not_ordered) if not_ordered.error.is_about_everything() => {
                    return self.give_up(Some(domain), not_ordered).await;
                }
                Err(NotOrdered { error, .. }) if lost >= LOST_IN_A_ROW => return Err(error.into()),
                Err(NotOrdered { error, was_sent }) => {
                    lost += u32::from(error.class() == Class::Transient);
                    let one = std::slice::from_ref(domain);
                    let states = self.refused(one, &judged.open, &error);
                    self.conclude_refusal(Some(domain), was_sent, &states).await?;
                    let what = format!("certificate: {error}");
                    let detail = next_order(&what, &states, self.clock.wall());
                    tracing::warn!(
                        message_id = events::CERTIFICATE_FAILED, domain = %domain, action = "order",
                        result = "failed", "{domain}: {detail}"
                    );
                    self.report.failed.push(Failed { domain: domain.clone(), detail });
                }
            }
        }
        Ok(if names.is_empty() { Order::NotNeeded } else { Order::Ordered { names } })
    }

    /// One order; returns the end of the certificate before it. Where it is refused, or its answer was lost, the
    /// domain may have a certificate, which is ordered again: an older one does not have every name.
    async fn order_one(&self, id: u64) -> Result<Timestamp, NotOrdered> {
        let Err(error) = self.writer.order(id).await else { return Ok(Timestamp::default()) };
        let first = NotOrdered::of(error);
        let (is_lost, is_refused) = (first.was_sent, first.error.class() == Class::Item);
        if !is_lost && !is_refused {
            return Err(first);
        }
        let failed = if is_lost { NotOrdered::after_a_lost_one } else { NotOrdered::of };
        let unread = |error| NotOrdered { error, was_sent: is_lost };
        match self.network.reader.certificate(id).await.map_err(unread)? {
            Some(issued) => {
                self.writer.reorder(id, issued.id).await.map_err(failed)?;
                Ok(issued.valid_until.unwrap_or_default())
            }
            None if is_lost => {
                let outcome = self.writer.order(id).await.map_err(failed);
                outcome.map(|()| Timestamp::default())
            }
            None => Err(first),
        }
    }

    /// RunCloud's ids of the names; those added in this pass whose id RunCloud did not tell need a new listing. A
    /// name whose entry looks like another one's has none: an order for it waits for a listing that says better.
    async fn ids_of(
        &mut self,
        stand: &Stand<'_>,
        names: &[Domain],
    ) -> Result<BTreeMap<Domain, u64>, PassError> {
        let ids = |actual: &Actual| -> BTreeMap<Domain, u64> {
            let identities = Identities::new(stand.known, actual);
            let of = |name: &Domain| {
                let entry = actual.get(name)?;
                identities.doubt(name, entry).is_none().then(|| (name.clone(), entry.id))
            };
            names.iter().filter_map(of).collect()
        };
        let mut known = ids(stand.actual);
        let is_new = |name: &&Domain| stand.actual.get(name).is_none();
        known.extend(self.ledger.entry_ids(names.iter().filter(is_new)).await?);
        if known.len() == names.len() {
            return Ok(known);
        }
        let mut all = ids(&self.network.reader.domains().await?);
        all.extend(known);
        Ok(all)
    }

    /// The states of names whose order RunCloud did not take, or perhaps did: they are ordered again in a while,
    /// unless a look shows that they are covered by then.
    fn refused(&self, names: &[Domain], open: &States, error: &ApiError) -> States {
        let now = self.clock.wall();
        let state = |name: &Domain| {
            let attempt = open.get(name).map_or(0, CertificateState::attempt).saturating_add(1);
            let retry_at = now.plus(retry::wait(ORDER_FROM.saturating_add(attempt), name));
            let reason = error.to_string();
            CertificateState::Failed { since: now, attempt, retry_at, reason }
        };
        names.iter().map(|name| (name.clone(), state(name))).collect()
    }

    /// What RunCloud refused it did not act on; what was lost may have been an order.
    async fn conclude_refusal(
        &mut self,
        domain: Option<&Domain>,
        was_sent: bool,
        states: &States,
    ) -> Result<(), LedgerError> {
        if !was_sent {
            self.ledger.order_not_sent(domain).await?;
        }
        self.ledger.order_taken(domain, states).await
    }
}

/// Why there is no order that RunCloud took for certain.
struct NotOrdered {
    error: ApiError,
    /// Whether RunCloud may have taken one all the same.
    was_sent: bool,
}

impl NotOrdered {
    fn of(error: ApiError) -> Self {
        let was_sent = error.class() == Class::Transient && !error.is_about_everything();
        Self { error, was_sent }
    }

    /// The same after an order whose answer was lost.
    fn after_a_lost_one(error: ApiError) -> Self {
        Self { error, was_sent: true }
    }
}

/// The states of names whose order was taken. What is new makes it a new order, and not one more try.
fn ordered(names: &[Domain], open: &States, now: Timestamp, before: Timestamp) -> States {
    let attempt = |name: &Domain| open.get(name).map_or(0, CertificateState::attempt);
    let has_news = names.iter().any(|name| attempt(name) == 0);
    let attempt = |name: &Domain| if has_news { 1 } else { attempt(name).saturating_add(1) };
    names.iter().map(|name| (name.clone(), states::ordered(attempt(name), now, before))).collect()
}

/// Why names wait, for the report: what is a failure comes before what only takes its time.
fn waiting_order(waiting: &[Waiting]) -> Order {
    let (failed, other): (Vec<&Waiting>, Vec<&Waiting>) =
        waiting.iter().partition(|waiting| waiting.reason.is_failure());
    let names = |all: &[&Waiting]| all.iter().map(|one| one.domain.clone()).collect();
    match (failed.first(), other.first()) {
        (Some(first), _) => Order::Failed { names: names(&failed), detail: first.detail.clone() },
        (None, Some(first)) if first.reason == WaitingReason::AutoSsl => Order::NotNeeded,
        (None, Some(first)) => {
            Order::Waiting { names: names(&other), detail: first.detail.clone() }
        }
        (None, None) => Order::NotNeeded,
    }
}

fn say_ordered(domain: &Domain) {
    tracing::info!(
        message_id = events::CERTIFICATE_ORDERED, domain = %domain, action = "order", result = "done",
        "{domain}: certificate ordered"
    );
}

fn next_order(what: &str, states: &States, now: Timestamp) -> String {
    let next = states.values().map(CertificateState::next).min().unwrap_or(now);
    format!("{what}; next order {}", next.for_reader_at(now))
}

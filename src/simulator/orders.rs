//! Certificate orders: placed at once, answered with 200, and settled later.
//!
//! Time is read only when somebody looks: an order whose delay has passed is settled by the next call, or by the next
//! look at the model.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::certificate::{Certificate, Ssl};
use super::model::Model;
use super::network::Domain;

/// Documented by Let's Encrypt for its default profile.
const NAMES_PER_CERTIFICATE: usize = 100;
const LIFETIME_DAYS: u64 = 90;
const WEEK: Duration = Duration::from_hours(7 * 24);

/// A certificate that was asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// Tells orders apart.
    pub id: u64,
    /// When it was placed.
    pub at: Instant,
    /// The names it was placed for.
    pub names: BTreeSet<String>,
    /// The domain it is for in advanced mode; nothing for the whole application.
    pub domain: Option<String>,
    /// Who asked for it.
    pub placed_by: PlacedBy,
    /// What became of it.
    pub result: Outcome,
}

/// Who asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacedBy {
    /// An API call.
    Client,
    /// RunCloud itself, for a domain that was added.
    AutoSsl,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Running,
    /// A certificate, silently without some of the names.
    Issued {
        /// The misdirected names.
        left_out: BTreeSet<String>,
    },
    /// A line in the activity log, and no certificate.
    Failed {
        /// The text of that line.
        reason: String,
    },
    /// Another order for the same certificate came before the end.
    Overtaken,
}

/// An order that is not settled.
#[derive(Debug, Clone)]
pub(super) struct Running {
    order: u64,
    due: Instant,
    domain: Option<u64>,
    names: BTreeSet<String>,
}

impl Model {
    /// Settles every running order now, whatever its delay.
    pub fn finish_orders(&mut self) {
        let now = Instant::now();
        for running in &mut self.running {
            running.due = now;
        }
        self.settle();
    }

    /// Lets time pass at once: orders settle, and the week of Let's Encrypt's limits moves on.
    pub fn skip(&mut self, time: Duration) {
        self.clock.skip(time);
        for order in &mut self.orders {
            order.at = order.at.checked_sub(time).unwrap_or(order.at);
        }
        for running in &mut self.running {
            running.due = running.due.checked_sub(time).unwrap_or(running.due);
        }
        self.settle();
    }

    /// Installs a basic certificate and orders it.
    pub(super) fn install_basic(&mut self) {
        self.app.ssl = Ssl::Basic(Certificate::awaited(self.fresh_id()));
        self.order_basic();
    }

    /// Orders the basic certificate anew, for the names that are here now.
    pub(super) fn order_basic(&mut self) {
        let names = self.served_names();
        self.place(None, names, PlacedBy::Client);
    }

    /// Installs a domain's own certificate and orders it.
    pub(super) fn install_for(&mut self, domain: u64, placed_by: PlacedBy) {
        let certificate = Certificate::awaited(self.fresh_id());
        if let Ssl::Advanced { certificates, .. } = &mut self.app.ssl {
            certificates.insert(domain, certificate);
        }
        self.order_for(domain, placed_by);
    }

    /// Orders a domain's own certificate anew.
    pub(super) fn order_for(&mut self, domain: u64, placed_by: PlacedBy) {
        let found = self.app.domains.iter().find(|candidate| candidate.id == domain);
        let names = found.into_iter().flat_map(Domain::served_names).collect();
        self.place(Some(domain), names, placed_by);
    }

    /// Settles the orders whose time has come.
    pub(super) fn settle(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let now = Instant::now();
        let (due, later): (Vec<Running>, Vec<Running>) =
            std::mem::take(&mut self.running).into_iter().partition(|running| running.due <= now);
        self.running = later;
        for running in due {
            self.conclude(&running);
        }
    }

    fn place(&mut self, domain: Option<u64>, names: BTreeSet<String>, placed_by: PlacedBy) {
        self.overtake(domain);
        let now = Instant::now();
        let id = self.fresh_id();
        let of = |id| self.app.domains.iter().find(|candidate| candidate.id == id);
        self.orders.push(Order {
            id,
            at: now,
            names: names.clone(),
            domain: domain.and_then(of).map(|domain| domain.name.clone()),
            placed_by,
            result: Outcome::Running,
        });
        let due = now + self.issue_delay;
        self.running.push(Running { order: id, due, domain, names });
    }

    /// What a second order does to one that still runs is not documented; here the second one wins.
    fn overtake(&mut self, domain: Option<u64>) {
        let (same, others): (Vec<Running>, Vec<Running>) =
            std::mem::take(&mut self.running).into_iter().partition(|one| one.domain == domain);
        self.running = others;
        for running in same {
            self.record(running.order, Outcome::Overtaken);
        }
    }

    fn conclude(&mut self, running: &Running) {
        let result = match self.validate(running) {
            Ok(left_out) => self.issue(running, left_out),
            Err(reason) => self.fail(running, reason),
        };
        self.record(running.order, result);
    }

    /// The names that are left out, or why there is no certificate at all.
    fn validate(&self, running: &Running) -> Result<BTreeSet<String>, String> {
        let names = &running.names;
        if names.len() > NAMES_PER_CERTIFICATE {
            return Err(format!(
                "{} names, and a certificate takes {NAMES_PER_CERTIFICATE}",
                names.len()
            ));
        }
        let left_out: BTreeSet<String> = names.intersection(&self.misdirected).cloned().collect();
        if let Some(name) = left_out.first()
            && (self.strict_orders || left_out.len() == names.len())
        {
            return Err(format!("the challenge for {name} was not answered by this server"));
        }
        if self.issued_this_week(&(names - &left_out)) >= self.same_names_limit {
            return Err(
                "too many certificates for this exact set of names in the last 168h".to_owned()
            );
        }
        Ok(left_out)
    }

    fn issued_this_week(&self, names: &BTreeSet<String>) -> usize {
        let same = |order: &&Order| match &order.result {
            Outcome::Issued { left_out } => {
                order.at.elapsed() < WEEK && &(&order.names - left_out) == names
            }
            _ => false,
        };
        self.orders.iter().filter(same).count()
    }

    fn issue(&mut self, running: &Running, left_out: BTreeSet<String>) -> Outcome {
        let in_full = self.clock.in_days(LIFETIME_DAYS);
        let Some(certificate) = self.app.ssl.renewable(running.domain) else {
            return Outcome::Failed { reason: "the certificate was removed".to_owned() };
        };
        certificate.names = &running.names - &left_out;
        // Two within a second are still told apart.
        let after_last = certificate.valid_until.map(|last| last + Duration::from_secs(1));
        certificate.valid_until = Some(after_last.map_or(in_full, |after| after.max(in_full)));
        certificate.issued_count += 1;
        Outcome::Issued { left_out }
    }

    /// A failure shows in the activity log only; a first order that fails leaves nothing installed.
    fn fail(&mut self, running: &Running, reason: String) -> Outcome {
        self.note("Warning", format!("Failed to deploy SSL certificate: {reason}"));
        let awaited = self.app.ssl.renewable(running.domain);
        if awaited.is_some_and(|certificate| certificate.issued_count == 0) {
            self.app.ssl.uninstall(running.domain);
        }
        Outcome::Failed { reason }
    }

    fn record(&mut self, id: u64, result: Outcome) {
        if let Some(order) = self.orders.iter_mut().rev().find(|order| order.id == id) {
            order.result = result;
        }
    }
}

//! Which certificate to order. Pure.

use std::collections::BTreeMap;

use super::retry;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::Due;
use crate::runcloud::Ssl;

/// What to order, and for which names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// How the web application gets certificates; none where nobody asked.
    pub mode: Option<Mode>,
    /// What to do about the names.
    pub action: Action,
    /// The names whose certificate is owed, in their order.
    pub names: Vec<Domain>,
    /// Names whose certificate is owed and not ordered, and why.
    pub waiting: Vec<Waiting>,
}

/// How the web application gets certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One certificate for all names.
    Basic,
    /// One certificate per name.
    Advanced,
    /// RunCloud orders by itself.
    AutoSsl,
    /// Somebody's own certificate.
    Custom,
    /// No certificate is installed.
    None,
}

/// What to do about the names that are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing.
    #[default]
    None,
    /// Order the application's certificate again.
    Redeploy,
    /// Order one certificate per name.
    Order,
}

/// A name whose certificate is not ordered.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Waiting {
    /// The name.
    pub domain: Domain,
    /// Why, as a word for machines.
    pub reason: WaitingReason,
    /// Why, for a person.
    pub detail: String,
}

/// Why a certificate is not ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingReason {
    /// The web application has no certificate to extend.
    NoCertificate,
    /// The web application has somebody's own certificate.
    CustomCertificate,
    /// An order failed and waits for its next try.
    RetryLater,
}

impl Certificate {
    /// Whether there is an order to send.
    pub fn orders_anything(&self) -> bool {
        self.action != Action::None
    }

    fn wait(&mut self, domain: &Domain, reason: WaitingReason, detail: String) {
        self.waiting.push(Waiting { domain: domain.clone(), reason, detail });
    }
}

/// What to order for the names that are due. An order of one certificate for all goes out for all
/// as soon as one of them may have it.
pub fn step(ssl: &Ssl, due: &BTreeMap<Domain, Due>, now: Timestamp) -> Certificate {
    let (mode, action, wait) = mode_of(ssl);
    let is_ready = |due: &Due| !now.is_before(due.retry_at, retry::LONGEST);
    let all_ready = mode == Mode::Basic && due.values().any(is_ready);
    let mut certificate = Certificate { mode: Some(mode), ..Certificate::default() };
    for (domain, due) in due {
        match wait {
            _ if mode == Mode::AutoSsl => {}
            Some((reason, detail)) => certificate.wait(domain, reason, detail.to_owned()),
            None if all_ready || is_ready(due) => certificate.names.push(domain.clone()),
            None => {
                let detail = format!("next order {}", due.retry_at.for_reader_at(now));
                certificate.wait(domain, WaitingReason::RetryLater, detail);
            }
        }
    }
    if !certificate.names.is_empty() {
        certificate.action = action;
    }
    certificate
}

type Wait = Option<(WaitingReason, &'static str)>;

fn mode_of(ssl: &Ssl) -> (Mode, Action, Wait) {
    match ssl {
        Ssl::Basic(_) => (Mode::Basic, Action::Redeploy, None),
        Ssl::Advanced => (Mode::Advanced, Action::Order, None),
        Ssl::AutoSsl => (Mode::AutoSsl, Action::None, None),
        Ssl::Custom => {
            let why =
                "the web application has a certificate of somebody's own, which is not touched";
            (Mode::Custom, Action::None, Some((WaitingReason::CustomCertificate, why)))
        }
        Ssl::None => {
            let why = "the web application has no certificate: install one in RunCloud";
            (Mode::None, Action::None, Some((WaitingReason::NoCertificate, why)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(retry_at: i64) -> BTreeMap<Domain, Due> {
        let due = Due { attempts: 1, retry_at: Timestamp(retry_at) };
        [(Domain::parse("a.test").unwrap(), due)].into()
    }

    fn action(ssl: &Ssl, due: &BTreeMap<Domain, Due>) -> Action {
        step(ssl, due, Timestamp(10)).action
    }

    #[test]
    fn each_mode_has_its_order() {
        assert_eq!(action(&Ssl::Basic(7), &due(0)), Action::Redeploy);
        assert_eq!(action(&Ssl::Advanced, &due(0)), Action::Order);
        for ssl in [Ssl::AutoSsl, Ssl::Custom, Ssl::None] {
            assert_eq!(action(&ssl, &due(0)), Action::None);
        }
    }

    #[test]
    fn nothing_due_orders_nothing_in_any_mode() {
        for ssl in [Ssl::Basic(7), Ssl::Advanced, Ssl::AutoSsl, Ssl::Custom, Ssl::None] {
            assert_eq!(action(&ssl, &BTreeMap::new()), Action::None, "{ssl:?}");
        }
    }

    #[test]
    fn a_failed_order_waits_for_its_time_unless_a_new_name_needs_the_same_certificate() {
        for ssl in [Ssl::Basic(7), Ssl::Advanced] {
            let waiting = step(&ssl, &due(11), Timestamp(10));
            assert_eq!((waiting.action, waiting.waiting.len()), (Action::None, 1));
        }
        let mut both = due(11);
        both.insert(Domain::parse("b.test").unwrap(), Due::default());
        assert_eq!(step(&Ssl::Basic(7), &both, Timestamp(10)).names.len(), 2);
        assert_eq!(step(&Ssl::Advanced, &both, Timestamp(10)).names.len(), 1);
    }
}

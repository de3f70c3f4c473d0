//! Which certificate to order. Pure.

use std::collections::BTreeSet;

use crate::domain::Domain;
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
}

impl Certificate {
    /// Whether there is an order to send.
    pub fn orders_anything(&self) -> bool {
        self.action != Action::None
    }
}

/// What to order for the names that are due.
pub fn step(ssl: Option<&Ssl>, due: &BTreeSet<Domain>) -> Certificate {
    let names: Vec<Domain> = due.iter().cloned().collect();
    let waiting = |reason, detail: &str| {
        let wait =
            |domain: &Domain| Waiting { domain: domain.clone(), reason, detail: detail.into() };
        due.iter().map(wait).collect()
    };
    let (mode, action, names, waiting) = match ssl {
        None => (None, Action::None, names, vec![]),
        Some(Ssl::Basic(_)) => (Some(Mode::Basic), Action::Redeploy, names, vec![]),
        Some(Ssl::Advanced) => (Some(Mode::Advanced), Action::Order, names, vec![]),
        Some(Ssl::AutoSsl) => (Some(Mode::AutoSsl), Action::None, vec![], vec![]),
        Some(Ssl::Custom) => {
            let why =
                "the web application has a certificate of somebody's own, which is not touched";
            let waiting = waiting(WaitingReason::CustomCertificate, why);
            (Some(Mode::Custom), Action::None, vec![], waiting)
        }
        Some(Ssl::None) => {
            let why = "the web application has no certificate: install one in RunCloud";
            (Some(Mode::None), Action::None, vec![], waiting(WaitingReason::NoCertificate, why))
        }
    };
    let action = if names.is_empty() { Action::None } else { action };
    Certificate { mode, action, names, waiting }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due() -> BTreeSet<Domain> {
        [Domain::parse("a.test").unwrap()].into()
    }

    #[test]
    fn each_mode_has_its_order() {
        let action = |ssl| step(Some(&ssl), &due()).action;
        assert_eq!(action(Ssl::Basic(7)), Action::Redeploy);
        assert_eq!(action(Ssl::Advanced), Action::Order);
        assert_eq!(action(Ssl::AutoSsl), Action::None);
        assert_eq!(action(Ssl::Custom), Action::None);
        assert_eq!(action(Ssl::None), Action::None);
    }

    #[test]
    fn nothing_due_orders_nothing_in_any_mode() {
        for ssl in [Ssl::Basic(7), Ssl::Advanced, Ssl::AutoSsl, Ssl::Custom, Ssl::None] {
            assert!(!step(Some(&ssl), &BTreeSet::new()).orders_anything(), "{ssl:?}");
        }
    }
}

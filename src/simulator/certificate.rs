//! What the web application's TLS looks like: the mode, and the certificates in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// The web application's SSL mode, with what is installed in it.
#[derive(Debug, Clone)]
pub enum Ssl {
    /// Basic mode, nothing installed.
    None,
    /// Basic mode: one Let's Encrypt certificate for all domains.
    Basic(Certificate),
    /// Basic mode with a certificate that was uploaded; it cannot be redeployed.
    Custom(Certificate),
    /// Advanced mode: one certificate for each domain.
    Advanced {
        /// AutoSSL: a domain that is added gets its certificate without being asked.
        auto: bool,
        /// The certificates by domain id.
        certificates: BTreeMap<u64, Certificate>,
    },
}

/// An installed certificate, or the place where the first one is about to be.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Its id in paths, which stays through redeploys.
    pub id: u64,
    /// `letsencrypt`, `custom` or `csr`.
    pub method: String,
    /// The names that a handshake would find in it.
    pub names: BTreeSet<String>,
    /// When it expires; nothing until the first one is issued.
    pub valid_until: Option<SystemTime>,
    /// How often it was issued.
    pub issued_count: u32,
    /// `http-01` or `dns-01`: how the authority was shown that the names are here.
    pub authorization: String,
    /// Whether it is of the authority's test environment.
    pub is_staging: bool,
}

/// How `GET …/ssl` shows a basic certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslShape {
    /// The certificate itself (seen in v2 client code).
    Flat,
    /// The domains, each with the certificate nested (seen live on v3, mode unknown).
    PerDomain,
}

impl Ssl {
    /// Every name that some installed certificate has.
    pub fn covered(&self) -> BTreeSet<&str> {
        let certificates: Vec<&Certificate> = match self {
            Ssl::None => Vec::new(),
            Ssl::Basic(one) | Ssl::Custom(one) => vec![one],
            Ssl::Advanced { certificates, .. } => certificates.values().collect(),
        };
        certificates.into_iter().flat_map(|one| &one.names).map(String::as_str).collect()
    }

    /// The certificate for the whole application, or for one domain by its id, if orders can renew it.
    pub(super) fn renewable(&mut self, domain: Option<u64>) -> Option<&mut Certificate> {
        match (self, domain) {
            (Ssl::Basic(certificate), None) => Some(certificate),
            (Ssl::Advanced { certificates, .. }, Some(id)) => certificates.get_mut(&id),
            _ => None,
        }
    }

    /// Takes the certificate for the whole application, or for one domain by its id, away.
    pub(super) fn uninstall(&mut self, domain: Option<u64>) {
        match (&mut *self, domain) {
            (Ssl::Advanced { certificates, .. }, Some(id)) => {
                certificates.remove(&id);
            }
            (Ssl::Basic(_) | Ssl::Custom(_), None) => *self = Ssl::None,
            _ => {}
        }
    }
}

impl Certificate {
    /// A Let's Encrypt certificate that has been issued once.
    pub fn issued(id: u64, names: BTreeSet<String>, valid_until: SystemTime) -> Certificate {
        Certificate {
            id,
            method: "letsencrypt".to_owned(),
            names,
            valid_until: Some(valid_until),
            issued_count: 1,
            authorization: "http-01".to_owned(),
            is_staging: false,
        }
    }

    /// A Let's Encrypt certificate whose first order is under way.
    pub(super) fn awaited(id: u64) -> Certificate {
        Certificate {
            id,
            method: "letsencrypt".to_owned(),
            names: BTreeSet::new(),
            valid_until: None,
            issued_count: 0,
            authorization: "http-01".to_owned(),
            is_staging: false,
        }
    }
}

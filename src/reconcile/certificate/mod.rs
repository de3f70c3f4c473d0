//! Certificates: what each name's state becomes by what was seen, and which order goes out. Pure.
//!
//! A name is unknown, covered, due, ordered or failed ([`CertificateState`]). [`states`] moves a name from one
//! to the next by what a handshake, RunCloud or DNS showed; [`step`] decides which of those that are due are
//! ordered now, and says of the others what they wait for.

mod basic;
mod schedule;
mod served;
pub mod states;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Moment;
use crate::domain::Domain;
use crate::ledger::{CertificateState, Known, Verdict};
use crate::probe::DnsVerdict;
use crate::runcloud::Ssl;

pub use served::{Served, ending};
use waiting::Wait;
pub use waiting::{Waiting, WaitingReason};

/// What to order, and for which names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// How the web application gets certificates; none where nobody asked.
    pub mode: Option<Mode>,
    /// What to do about the names.
    pub action: Action,
    /// The names an order goes out for, in their order.
    pub names: Vec<Domain>,
    /// Names without a certificate for which none is ordered now, and why.
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
    /// Install the application's first certificate.
    Install,
    /// Order one certificate per name.
    Order,
}

/// What the operator decided about orders (`[ssl]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SslRules {
    /// Whether the first certificate may be installed.
    pub install: bool,
    /// The least time between two orders for all names.
    pub min_interval: Duration,
    /// The most orders for all names in seven days.
    pub max_per_week: u32,
    /// Whether the pass is the batch, as with `--once`, or more names may follow in a moment.
    pub batch: Batch,
}

impl Default for SslRules {
    fn default() -> Self {
        Self {
            install: false,
            min_interval: Duration::from_mins(10),
            max_per_week: 40,
            batch: Batch::Pass,
        }
    }
}

/// When a batch is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// At the end of the pass.
    Pass,
    /// After a quiet moment.
    Quiet,
}

/// When a name's DNS holds something back (`dns.gate`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// Orders; and additions once an order for all was seen to fail as a whole.
    #[default]
    Auto,
    /// Orders and additions.
    Add,
    /// Nothing.
    Off,
}

/// Everything that decides about an order.
pub struct Situation<'a> {
    /// The certificate mode, as RunCloud says it now.
    pub ssl: &'a Ssl,
    /// The names without a certificate.
    pub states: &'a BTreeMap<Domain, CertificateState>,
    /// Where names point.
    pub verdicts: &'a BTreeMap<Domain, Verdict>,
    /// What the ledger remembers of orders.
    pub known: &'a Known,
    /// What the application serves.
    pub served: &'a Served,
    /// Where names should point.
    pub expected: &'a BTreeSet<IpAddr>,
    /// What the operator decided about orders.
    pub rules: SslRules,
    /// What the operator decided about DNS.
    pub gate: Gate,
    /// The time.
    pub now: &'a Moment,
}

/// Which order goes out now. One certificate for all is ordered as soon as one name may have it.
pub fn step(situation: &Situation<'_>) -> Certificate {
    let mode = Mode::of(situation.ssl);
    let mut certificate = Certificate { mode: Some(mode), ..Certificate::default() };
    let (mut ready, mut failed) = (Vec::new(), Vec::new());
    for (domain, state) in situation.states {
        match situation.wait(mode, domain, state) {
            None => ready.push(domain.clone()),
            Some(wait) if wait.reason == WaitingReason::RetryLater => failed.push((domain, wait)),
            Some(wait) => certificate.wait(domain, wait),
        }
    }
    let is_for_all = matches!(mode, Mode::Basic | Mode::None);
    match situation.wait_of_all(&ready).filter(|_| is_for_all && !ready.is_empty()) {
        Some(wait) => {
            for domain in &ready {
                certificate.wait(domain, wait.clone());
            }
        }
        None if ready.is_empty() => {}
        None => {
            certificate.action = mode.action();
            certificate.names = ready;
        }
    }
    for (domain, wait) in failed {
        // The order goes out for all anyway.
        if is_for_all && certificate.orders_anything() {
            certificate.names.push(domain.clone());
        } else {
            certificate.wait(domain, wait);
        }
    }
    certificate.names.sort();
    certificate.waiting.sort_by(|a, b| a.domain.cmp(&b.domain));
    certificate
}

impl Situation<'_> {
    /// What one name waits for, if it does.
    fn wait(&self, mode: Mode, domain: &Domain, state: &CertificateState) -> Option<Wait> {
        self.wait_in_mode(mode, state)
            .or_else(|| self.wait_for_dns(domain))
            .or_else(|| self.wait_after_failure(domain, state))
    }

    fn wait_in_mode(&self, mode: Mode, state: &CertificateState) -> Option<Wait> {
        let now = self.now.wall;
        let wait = |reason, detail: &str| Some(Wait::new(reason, detail.to_owned()));
        match (mode, state) {
            (Mode::Custom, _) => wait(
                WaitingReason::CustomCertificate,
                "the web application has a certificate of somebody's own, which is not touched",
            ),
            (Mode::None, _) if !self.rules.install => wait(
                WaitingReason::NoCertificate,
                "the web application has no certificate: install one in RunCloud, or set ssl.install = true",
            ),
            (Mode::AutoSsl, CertificateState::Failed { reason, .. }) => {
                wait(WaitingReason::RetryLater, reason)
            }
            (_, CertificateState::Ordered { since, next, .. }) => Some(
                Wait::new(
                    WaitingReason::Ordered,
                    format!("ordered {}, not seen yet", since.for_reader_at(now)),
                )
                .until(*next),
            ),
            (Mode::AutoSsl, _) => {
                wait(WaitingReason::AutoSsl, "RunCloud issues it by itself (AutoSSL)")
            }
            _ => None,
        }
    }

    fn wait_for_dns(&self, domain: &Domain) -> Option<Wait> {
        if self.gate == Gate::Off {
            return None;
        }
        let verdict = self.verdicts.get(domain)?;
        dns_wait(&verdict.verdict, self.expected).map(|(reason, detail)| Wait::new(reason, detail))
    }

    fn wait_after_failure(&self, domain: &Domain, state: &CertificateState) -> Option<Wait> {
        let CertificateState::Failed { since, retry_at, reason, .. } = state else { return None };
        let now = self.now.wall;
        let was_mended = self
            .verdicts
            .get(domain)
            .is_some_and(|verdict| verdict.verdict == DnsVerdict::Here && verdict.since > *since);
        if was_mended || !now.is_before(*retry_at, schedule::LONGEST) {
            return None;
        }
        let detail = format!("{reason}; next order {}", retry_at.for_reader_at(now));
        Some(Wait::new(WaitingReason::RetryLater, detail).until(*retry_at))
    }

    /// The names that are attached and point elsewhere, so that they may spoil an order for all.
    fn misdirected(&self) -> Vec<Domain> {
        let is_misdirected = |name: &&Domain| {
            self.verdicts.get(*name).is_some_and(|verdict| is_misdirected(&verdict.verdict))
        };
        self.states.keys().filter(is_misdirected).cloned().collect()
    }
}

/// Whether DNS says for certain that the name is not here.
pub fn is_misdirected(verdict: &DnsVerdict) -> bool {
    matches!(verdict, DnsVerdict::Elsewhere(_) | DnsVerdict::NotFound)
}

/// Why a name waits for its DNS, as a word and for a person, if it does.
pub(super) fn dns_wait(
    verdict: &DnsVerdict,
    expected: &BTreeSet<IpAddr>,
) -> Option<(WaitingReason, String)> {
    match verdict {
        DnsVerdict::Elsewhere(_) if expected.is_empty() => {
            Some((WaitingReason::DnsElsewhere, verdict.to_string()))
        }
        DnsVerdict::Elsewhere(_) => {
            let expected: Vec<String> = expected.iter().map(IpAddr::to_string).collect();
            let detail = format!("{verdict}, expected {}", expected.join(" or "));
            Some((WaitingReason::DnsElsewhere, detail))
        }
        DnsVerdict::NotFound => {
            Some((WaitingReason::DnsNotFound, "is not found in DNS".to_owned()))
        }
        DnsVerdict::Here | DnsVerdict::Unknown(_) => None,
    }
}

impl Certificate {
    /// Whether there is an order to send.
    pub fn orders_anything(&self) -> bool {
        self.action != Action::None
    }

    fn wait(&mut self, domain: &Domain, wait: Wait) {
        let Wait { reason, detail, until } = wait;
        self.waiting.push(Waiting { domain: domain.clone(), reason, detail, until });
    }
}

impl Mode {
    /// The mode that RunCloud's answer shows.
    pub fn of(ssl: &Ssl) -> Self {
        match ssl {
            Ssl::Basic { .. } => Self::Basic,
            Ssl::Advanced => Self::Advanced,
            Ssl::AutoSsl => Self::AutoSsl,
            Ssl::Custom => Self::Custom,
            Ssl::None => Self::None,
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Basic => Action::Redeploy,
            Self::Advanced => Action::Order,
            Self::None => Action::Install,
            Self::AutoSsl | Self::Custom => Action::None,
        }
    }
}

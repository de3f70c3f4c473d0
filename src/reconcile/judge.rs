//! Brings the certificate states up to what is seen, and lets the pure rules decide about orders.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::certificate::states::{self, Scene, Settled, Sight};
use super::certificate::{self, Certificate, Gate, Mode, Served, Situation, is_misdirected};
use super::look::Names;
use super::network::{Network, PassError, Proposal};
use super::plan::Change;
use crate::clock::{Moment, Timestamp};
use crate::domain::Domain;
use crate::ledger::{CertificateOrder, CertificateState, Known};
use crate::runcloud::{Actual, Ssl};
use crate::wordpress::Desired;

/// How many names RunCloud is asked about one by one in a pass, where the wire shows nothing.
const ASKED_AT_ONCE: usize = 20;

/// What certificates are judged by, besides what is seen.
pub(super) struct Stand<'a> {
    pub(super) known: &'a Known,
    pub(super) actual: &'a Actual,
    /// The names that a certificate may be ordered for.
    names: Names,
    served: Served,
    expected: &'a BTreeSet<IpAddr>,
    pub(super) now: &'a Moment,
    /// The states as the ledger and the changes have them.
    states: BTreeMap<Domain, CertificateState>,
}

/// What became of the states, and what to do.
pub(super) struct Judged {
    pub(super) settled: Settled,
    /// The names without a certificate now.
    pub(super) open: BTreeMap<Domain, CertificateState>,
    /// The names that are known to spoil an order for all, where that changed.
    pub(super) spoilers: Option<BTreeMap<Domain, Timestamp>>,
    pub(super) certificate: Certificate,
    pub(super) served: Served,
    pub(super) notices: Vec<String>,
}

impl<'a> Stand<'a> {
    /// `changes` are those that were made, or would be.
    pub(super) fn of<'c>(
        proposal: &'a Proposal,
        changes: impl IntoIterator<Item = &'c Change> + Clone,
        known: &'a Known,
        expected: &'a BTreeSet<IpAddr>,
        now: &'a Moment,
    ) -> Self {
        let (desired, actual) = (proposal.desired.side(), proposal.actual.side());
        let mut states = known.certificates.clone();
        for change in changes.clone() {
            match change {
                Change::Add { domain, .. } | Change::Update { domain, www: true, .. } => {
                    states
                        .entry(domain.clone())
                        .and_modify(|state| {
                            if state.is_covered() {
                                *state = CertificateState::due(now.wall);
                            }
                        })
                        .or_insert_with(|| CertificateState::due(now.wall));
                }
                Change::Update { .. } => {}
                Change::Remove { domain, .. } => drop(states.remove(domain)),
            }
        }
        let names = names(desired, actual, changes.clone(), known);
        states.retain(|name, state| names.contains_key(name) || state.is_covered());
        let served = Served::after(actual, changes);
        Self { known, actual, names, served, expected, now, states }
    }

    /// Whether nothing is left to decide: every name is covered, or nothing is seen of it.
    pub(super) fn is_settled(&self, seen: &BTreeMap<Domain, Sight>) -> bool {
        let covers = |sight: &Sight| matches!(sight, Sight::Covered { .. } | Sight::Unseen(_));
        self.states.values().all(CertificateState::is_covered) && seen.values().all(covers)
    }

    /// What the sights say where no order is to be thought of.
    pub(super) fn note(&self, seen: &BTreeMap<Domain, Sight>) -> Settled {
        let scene = Scene {
            mode: Mode::Custom,
            sights: seen,
            vouched: &BTreeMap::new(),
            verdicts: &self.known.verdicts,
            now: self.now.wall,
        };
        states::settle(&self.states, &BTreeSet::new(), &scene)
    }

    /// Names that were looked at and that the wire does not show covered, although somebody ordered for them:
    /// this program, or `AutoSSL`.
    fn unseen_orders(&self, seen: &BTreeMap<Domain, Sight>, mode: Mode) -> Vec<&Domain> {
        let is_open = |(name, state): &(&Domain, &CertificateState)| {
            let is_ordered = matches!(state, CertificateState::Ordered { .. });
            let is_covered = matches!(seen.get(*name), Some(Sight::Covered { .. }));
            (is_ordered || mode == Mode::AutoSsl) && !is_covered && seen.contains_key(*name)
        };
        self.states.iter().filter(is_open).map(|(name, _)| name).collect()
    }
}

impl Network {
    /// What the web server shows of the names that are to be looked at now.
    pub(super) async fn see(
        &self,
        stand: &Stand<'_>,
    ) -> Result<BTreeMap<Domain, Sight>, PassError> {
        self.sights(&stand.names, &stand.states, stand.now.wall).await
    }

    /// Judges the names' certificates. Nothing is written anywhere.
    pub(super) async fn judge(
        &self,
        stand: &Stand<'_>,
        sights: BTreeMap<Domain, Sight>,
        ssl: &Ssl,
    ) -> Result<Judged, PassError> {
        let mode = Mode::of(ssl);
        let vouched = self.vouched(stand, &sights, ssl).await?;
        let (known, now) = (stand.known, stand.now.wall);
        // Where DNS is not to decide, it is no evidence either.
        let none = BTreeMap::new();
        let verdicts = if self.policy.gate == Gate::Off { &none } else { &known.verdicts };
        let scene = Scene { mode, sights: &sights, vouched: &vouched, verdicts, now };
        let names: BTreeSet<Domain> = stand.names.keys().cloned().collect();
        let mut settled = states::settle(&stand.states, &names, &scene);
        let mut open = stand.states.clone();
        open.extend(settled.states.clone());
        let cut_off = states::cut_off(&open, &known.orders, now);
        open.extend(cut_off.clone());
        settled.states.extend(cut_off);
        open.retain(|_, state| !state.is_covered());
        let spoilers = spoilers(&settled, &open, mode, known, now);
        let situation = Situation {
            ssl,
            states: &open,
            verdicts,
            known,
            served: &stand.served,
            expected: stand.expected,
            rules: self.rules,
            gate: self.policy.gate,
            now: stand.now,
        };
        let certificate = certificate::step(&situation);
        let warning = (!open.is_empty()).then(|| stand.served.warning(mode)).flatten();
        let notices = warning.into_iter().collect();
        let served = stand.served.clone();
        Ok(Judged { settled, open, spoilers, certificate, served, notices })
    }

    /// Until when RunCloud says that certificates are valid, for the orders that the wire does not show.
    async fn vouched(
        &self,
        stand: &Stand<'_>,
        sights: &BTreeMap<Domain, Sight>,
        ssl: &Ssl,
    ) -> Result<BTreeMap<Domain, Timestamp>, PassError> {
        let unseen = stand.unseen_orders(sights, Mode::of(ssl));
        let mut vouched = BTreeMap::new();
        match ssl {
            Ssl::Basic(issued) => {
                let until = issued.valid_until;
                vouched.extend(unseen.into_iter().filter_map(|name| Some((name.clone(), until?))));
            }
            Ssl::Advanced | Ssl::AutoSsl => {
                for name in unseen.into_iter().take(ASKED_AT_ONCE) {
                    let Some(entry) = stand.actual.get(name) else { continue };
                    match self.reader.certificate(entry.id).await {
                        Ok(found) => {
                            let until = found.and_then(|issued| issued.valid_until);
                            vouched.extend(until.map(|until| (name.clone(), until)));
                        }
                        Err(error) if error.is_about_everything() => return Err(error.into()),
                        Err(error) => tracing::debug!("{name}: RunCloud's certificate: {error}"),
                    }
                }
            }
            Ssl::Custom | Ssl::None => {}
        }
        Ok(vouched)
    }
}

/// The names in RunCloud, once the changes are made, that a certificate may be ordered for.
fn names<'c>(
    desired: &Desired,
    actual: &Actual,
    changes: impl IntoIterator<Item = &'c Change>,
    known: &Known,
) -> Names {
    let is_ours = |name: &&Domain| {
        let has_state = known.certificates.contains_key(*name);
        !desired.protected.contains(*name) && (desired.is_wanted(name) || has_state)
    };
    let www = |name: &Domain, www: bool| if www { name.with_www() } else { None };
    let present = actual.entries().iter().filter(|(name, _)| is_ours(name));
    let mut names: Names =
        present.map(|(name, entry)| (name.clone(), www(name, entry.www == Some(true)))).collect();
    for change in changes {
        match change {
            Change::Add { domain, www: flag, .. } | Change::Update { domain, www: flag, .. } => {
                names.insert(domain.clone(), www(domain, *flag));
            }
            Change::Remove { domain, .. } => drop(names.remove(domain)),
        }
    }
    names
}

/// Names that point elsewhere and were attached when an order for all failed as a whole are remembered; an
/// order that came about in spite of such names shows that they do not spoil it. One that was cut off, and perhaps never
/// went out, teaches nothing.
fn spoilers(
    settled: &Settled,
    open: &BTreeMap<Domain, CertificateState>,
    mode: Mode,
    known: &Known,
    now: Timestamp,
) -> Option<BTreeMap<Domain, Timestamp>> {
    let misdirected = open.keys().filter(|name| {
        known.verdicts.get(*name).is_some_and(|verdict| is_misdirected(&verdict.verdict))
    });
    let misdirected: BTreeMap<Domain, Timestamp> =
        misdirected.map(|name| (name.clone(), now)).collect();
    if misdirected.is_empty() {
        return None;
    }
    if settled.issued && mode == Mode::Basic {
        return (!known.spoilers.is_empty()).then(BTreeMap::new);
    }
    let is_known_to_be_sent = !known.orders.iter().any(CertificateOrder::is_open_for_all);
    let has_failed = settled.failed_as_a_whole && is_known_to_be_sent;
    (has_failed && known.spoilers.is_empty()).then_some(misdirected)
}

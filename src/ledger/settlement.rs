//! What the ledger holds of a name once a call for it took effect: on disk, and in memory for whoever only looks.
//! Pure.

use std::collections::BTreeMap;

use super::certificate::CertificateState;
use super::history::Rule;
use super::known::{DAY, Intent, IntentAction, Known, Origin, Owned, Removal, Repair};
use crate::clock::{Moment, Timestamp};
use crate::domain::Domain;

/// What the ledger holds of one name, as far as calls change it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) owned: Option<Owned>,
    pub(super) certificate: Option<CertificateState>,
    pub(super) repair: Option<Repair>,
}

impl Holding {
    /// Once the intended call took effect.
    pub(super) fn settle(&mut self, intent: Intent, now: Timestamp) {
        let Intent { action, www, cause, rule } = intent;
        match action {
            // What an operator wanted back is nobody's: no row says when it is to go.
            IntentAction::Add if rule == Rule::Operator => {
                self.certificate = Some(CertificateState::due(now));
            }
            IntentAction::Add => {
                self.repair = self.repaired(intent, now).or(self.repair);
                let owned = Owned { origin: Origin::Added, www: Some(www), cause, id: None };
                self.owned = Some(owned);
                self.certificate = Some(CertificateState::due(now));
            }
            IntentAction::Update => {
                if let Some(owned) = &mut self.owned {
                    owned.www = Some(www);
                }
                if www {
                    self.certificate = Some(CertificateState::due(now));
                }
            }
            IntentAction::Remove => *self = Self::default(),
        }
    }

    /// An addition of a name that is owned already, for the same row, repairs it; a day without one ends the
    /// count.
    fn repaired(&self, intent: Intent, now: Timestamp) -> Option<Repair> {
        self.owned.filter(|owned| owned.cause == intent.cause)?;
        let recent = self.repair.filter(|repair| now < repair.last.plus(DAY));
        Some(Repair { repairs: recent.map_or(0, |repair| repair.repairs) + 1, last: now })
    }
}

/// The name that is served no more once the call took effect, and that nobody asked to be taken away.
pub(super) fn loss(domain: &Domain, intent: Intent) -> Option<Domain> {
    match intent.action {
        IntentAction::Remove => Some(domain.clone()),
        IntentAction::Update if !intent.www && intent.rule != Rule::Operator => domain.with_www(),
        IntentAction::Add | IntentAction::Update => None,
    }
}

impl Known {
    /// Takes over that the intended call took effect, as [`super::Ledger::settle`] does on disk.
    pub fn settle(&mut self, domain: &Domain, intent: Intent, now: &Moment) {
        if let Some(lost) = loss(domain, intent) {
            self.count_removal(&lost, now);
        }
        let mut holding = Holding {
            owned: self.owned.remove(domain),
            certificate: self.certificates.remove(domain),
            repair: self.repairs.remove(domain),
        };
        holding.settle(intent, now.wall);
        let Holding { owned, certificate, repair } = holding;
        self.owned.extend(owned.map(|owned| (domain.clone(), owned)));
        self.certificates.extend(certificate.map(|state| (domain.clone(), state)));
        self.repairs.extend(repair.map(|repair| (domain.clone(), repair)));
        self.intents.remove(domain);
        self.failures.remove(domain);
        self.restores.remove(domain);
    }

    /// Takes over that an entry that was to be removed is not listed any more, as
    /// [`super::Ledger::settle_absent`] does on disk.
    pub fn settle_absent(&mut self, domain: &Domain, now: &Moment) {
        self.count_removal(domain, now);
        self.intents.remove(domain);
        self.failures.remove(domain);
    }

    /// Takes over that the entries of owned names are others than they were: what was known of their certificates
    /// was known of the entries before.
    pub fn take_moves(&mut self, moves: &BTreeMap<Domain, Option<u64>>, now: Timestamp) {
        for (domain, id) in moves {
            if let Some(owned) = self.owned.get_mut(domain) {
                owned.id = *id;
            }
            if let Some(state) = self.certificates.get_mut(domain) {
                *state = CertificateState::due(now);
            }
        }
    }

    /// A removal counts against the budget unless an operator let it through.
    fn count_removal(&mut self, lost: &Domain, now: &Moment) {
        let approval = self.approval.as_mut();
        let was_let_through = approval.is_some_and(|all| all.names.remove(lost) && all.begun);
        if !was_let_through {
            let tick = self.clock.tick(now);
            self.removals.push(Removal { tick, managed: self.owned.len() });
        }
        // An approval is its names, and ends with the last of them.
        self.approval.take_if(|all| all.names.is_empty());
    }
}

//! What the application serves, and what an operator should hear about its certificates. Pure.

use std::collections::BTreeMap;

use super::{Mode, basic};
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{CertificateState, Known};
use crate::reconcile::plan::Change;
use crate::reconcile::report::some_of;
use crate::reconcile::show::digest;
use crate::runcloud::Actual;

/// The names that the application serves, and so what an order for all is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// How many they are; one with its `www.` counts twice.
    pub count: usize,
    /// Stands for exactly them.
    pub digest: String,
}

impl Served {
    /// What is served once the changes are made.
    pub fn after<'a>(actual: &Actual, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut flags: BTreeMap<&Domain, bool> =
            actual.entries().iter().map(|(name, entry)| (name, entry.www == Some(true))).collect();
        for change in changes {
            match change {
                Change::Add { domain, www, .. } | Change::Update { domain, www, .. } => {
                    flags.insert(domain, *www);
                }
                Change::Remove { domain, .. } => drop(flags.remove(domain)),
            }
        }
        let count = flags.values().map(|www| if *www { 2 } else { 1 }).sum();
        let lines = flags.iter().map(|(name, www)| format!("{name} {www}"));
        Self { count, digest: digest(lines) }
    }

    /// What an operator should hear about the number of names, in the mode where it matters.
    pub fn warning(&self, mode: Mode) -> Option<String> {
        let is_near = mode == Mode::Basic && self.count >= basic::NEARLY_FULL;
        is_near.then(|| {
            format!(
                "the web application serves {} names, and its one certificate holds {}: switch to \
                 advanced SSL in RunCloud, which has one for each",
                self.count,
                basic::NAMES_PER_CERTIFICATE
            )
        })
    }
}

/// What an operator should hear about certificates that end soon: Let's Encrypt writes no e-mails any more.
pub fn ending(known: &Known, now: Timestamp) -> Option<String> {
    let ends = |state: &CertificateState| match state {
        CertificateState::Covered { from, until, .. } => {
            let life = until.since(*from);
            (until.since(now) < life / 3).then_some(*until)
        }
        _ => None,
    };
    let soon = known.certificates.iter().filter(|(name, _)| known.owned.contains_key(*name));
    let soon: Vec<(Timestamp, Domain)> =
        soon.filter_map(|(name, state)| Some((ends(state)?, name.clone()))).collect();
    let first = soon.iter().map(|(until, _)| *until).min()?;
    let names: Vec<Domain> = soon.into_iter().map(|(_, name)| name).collect();
    let first = first.to_string();
    let day = first.split('T').next().unwrap_or_default();
    Some(format!(
        "the certificate of {} ends on {day} and was not renewed when a third of its life was left: look at \
         SSL in RunCloud",
        some_of(&names)
    ))
}

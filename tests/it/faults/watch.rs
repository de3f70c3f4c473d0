//! The watch over RunCloud: what was removed that should not have been, and what is not as it should be.

use std::collections::{BTreeMap, BTreeSet};

use runcloud_domain_sync::simulator::{Call, Domain, Kind, Model, Ssl};

use super::truth::{NETWORK, Standing, Truth};

/// What the watch remembers of one run.
pub struct Watch {
    /// Names that are nobody's business, because only hands put them into RunCloud.
    pub by_hand: BTreeSet<String>,
    /// Names that hands put there before a row mapped them: no order was ever owed for them.
    pub adopted: BTreeSet<String>,
    pub removals: usize,
    pub unwanted: Vec<String>,
    /// The domains by their ids, as they were before the pass.
    before: BTreeMap<String, Domain>,
}

impl Watch {
    pub fn new(by_hand: &[&str], adopted: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Self {
            by_hand: owned(by_hand),
            adopted: owned(adopted),
            removals: 0,
            unwanted: vec![],
            before: BTreeMap::new(),
        }
    }

    pub fn before_pass(&mut self, model: &Model) {
        let domains = model.app.domains.iter();
        self.before = domains.map(|domain| (domain.id.to_string(), domain.clone())).collect();
    }

    /// Judges every call of the pass that took something away.
    pub fn after_pass(&mut self, calls: &[Call], model: &Model, truth: &Truth) {
        for call in calls.iter().filter(|call| call.effect) {
            let (_, below) = call.path.split_once("/domains/").unwrap_or_default();
            let domain = self.before.get(below.trim_end_matches("/meta"));
            match (call.method.as_str(), domain) {
                ("DELETE", Some(domain)) => {
                    self.removals += 1;
                    if truth.is_claimed(&domain.name) || self.by_hand.contains(&domain.name) {
                        self.unwanted.push(domain.name.clone());
                    }
                    if domain.www && is_lost(model, truth, domain) {
                        self.unwanted.push(format!("www.{} with {0}", domain.name));
                    }
                }
                ("PATCH", Some(domain))
                    if call.body["www"] == false && domain.www && is_lost(model, truth, domain) =>
                {
                    self.unwanted.push(format!("www.{} by its flag", domain.name));
                }
                ("DELETE", None) => self.unwanted.push(format!("unknown: {}", call.path)),
                _ => {}
            }
        }
    }

    /// What is not as the tables want it, if anything.
    pub fn shortcoming(&self, model: &Model, truth: &Truth) -> Option<String> {
        let domains = &model.app.domains;
        let mut seen = BTreeSet::new();
        if let Some(twice) = domains.iter().find(|domain| !seen.insert(&domain.name)) {
            return Some(format!("{} is there twice", twice.name));
        }
        let claimed = truth.claimed();
        let wanted: Vec<&String> =
            claimed.iter().filter(|name| truth.standing(name) == Standing::Wanted).collect();
        if let Some(missing) = wanted.iter().find(|name| !is_served(model, name)) {
            return Some(format!("{missing} is missing"));
        }
        if let Some(left) = domains.iter().find(|domain| !self.may_stay(model, truth, domain)) {
            return Some(format!("{} is left over", left.name));
        }
        let uncovered =
            |name: &&&String| !self.adopted.contains(**name) && !is_covered(model, name);
        wanted.iter().find(uncovered).map(|name| format!("{name} has no certificate"))
    }

    fn may_stay(&self, model: &Model, truth: &Truth, domain: &Domain) -> bool {
        let www = format!("www.{}", domain.name);
        let carries = domain.www && model.domain(&www).is_none() && truth.is_claimed(&www);
        // Of a name that is only kept, the flag is kept too.
        let has_its_flag =
            !domain.www || truth.is_claimed(&www) || truth.standing(&domain.name) == Standing::Kept;
        self.by_hand.contains(&domain.name)
            || domain.name == NETWORK
            || carries
            || (truth.is_claimed(&domain.name) && has_its_flag)
    }
}

/// Whether a certificate has the name, as far as it is this program's to see to: AutoSSL's are RunCloud's, and whether
/// those follow a `www` flag that is set later is not known.
fn is_covered(model: &Model, name: &str) -> bool {
    let is_autossl = matches!(model.app.ssl, Ssl::Advanced { auto: true, .. });
    name == NETWORK || is_autossl || model.app.ssl.covered().contains(name)
}

/// Whether the `www.` that a domain carried is claimed, and served by nothing now.
fn is_lost(model: &Model, truth: &Truth, domain: &Domain) -> bool {
    let www = format!("www.{}", domain.name);
    truth.is_claimed(&www) && !is_served(model, &www)
}

fn is_served(model: &Model, name: &str) -> bool {
    let bare = name.strip_prefix("www.");
    let serves = |domain: &Domain| {
        domain.kind != Kind::Redirect
            && (domain.name == name || (domain.www && bare == Some(&domain.name)))
    };
    model.app.domains.iter().any(serves)
}

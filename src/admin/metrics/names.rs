use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Measured, count, enter, measure, measured};
use crate::ledger::{Coverage, Survey};

/// What the last pass did nothing about, besides what is no news and what waits for a person or for time.
const APART: [&str; 5] = ["conflict", "unmanaged", "rejected", "primary", "wildcard"];

/// What the ledger knows of names, counted.
pub(in crate::admin) struct Names {
    domains: Family<ByState, Gauge>,
    certificates: Family<ByState, Gauge>,
    next_expiry: Measured,
    blocked_removals: Gauge,
    removal_budget_left: Measured,
    certificate_orders_left: Measured,
    paused: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

impl Names {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let help =
            "Names, by state; what only RunCloud has is unmanaged, a row without a name rejected";
        let domains = enter(registry, "domains", help);
        let certificates =
            enter(registry, "certificates", "Names, by the state of their certificate");
        let help = "When the first of the certificates ends; not a number where none is known";
        let next_expiry = measured(registry, "next_certificate_expiry_timestamp_seconds", help);
        let help = "Removals that a guard stops until an operator approves them";
        let blocked_removals = enter(registry, "blocked_removals", help);
        let help = "How many more names may be removed within 24 hours";
        let removal_budget_left = measured(registry, "removal_budget_left", help);
        let help = "How many more certificate orders for all names seven days allow";
        let certificate_orders_left = measured(registry, "certificate_orders_left", help);
        let paused = enter(registry, "paused", "Whether an operator paused it: 1 for yes");
        let names = Self {
            domains,
            certificates,
            next_expiry,
            blocked_removals,
            removal_budget_left,
            certificate_orders_left,
            paused,
        };
        names.show_domains(DOMAINS.map(|state| (state, 0)));
        names.show_certificates(&Coverage::default());
        names
    }

    pub(in crate::admin) fn show(&self, survey: &Survey) {
        self.show_domains(domains(survey));
        let coverage = &survey.coverage;
        self.show_certificates(coverage);
        measure(&self.next_expiry, coverage.next_end.as_ref().map(|(_, ends)| ends.0));
        let blocked = survey.blocked.as_ref().map_or(0, |blocked| blocked.names.count);
        self.blocked_removals.set(count(blocked));
        let saw = survey.last.as_ref().and_then(|last| last.saw);
        let left = |limit: usize, spent| Some(count(limit.saturating_sub(spent)));
        let removals = saw.and_then(|saw| left(saw.removal_limit, survey.removals));
        measure(&self.removal_budget_left, removals);
        let orders = saw.and_then(|saw| left(saw.order_limit, coverage.orders));
        measure(&self.certificate_orders_left, orders);
        self.paused.set(i64::from(survey.pause.is_some()));
    }

    fn show_domains(&self, states: [(&'static str, usize); 6]) {
        for (state, number) in states {
            self.domains.get_or_create(&ByState { state }).set(count(number));
        }
    }

    fn show_certificates(&self, coverage: &Coverage) {
        for (state, number) in [
            ("covered", coverage.covered),
            ("due", coverage.due),
            ("ordered", coverage.ordered),
            ("failed", coverage.failed.count),
        ] {
            self.certificates.get_or_create(&ByState { state }).set(count(number));
        }
    }
}

const DOMAINS: [&str; 6] = ["managed", "failing", "conflict", "held", "unmanaged", "rejected"];

fn domains(survey: &Survey) -> [(&'static str, usize); 6] {
    let is_held = |reason: &&String| !APART.contains(&reason.as_str());
    let held = survey.noted.keys().filter(is_held).map(|reason| survey.count_noted(reason)).sum();
    let [managed, failing, conflict, held_, unmanaged, rejected] = DOMAINS;
    [
        (managed, survey.added + survey.adopted),
        (failing, survey.failing.count),
        (conflict, survey.count_noted("conflict")),
        (held_, held),
        (unmanaged, survey.count_noted("unmanaged")),
        (rejected, survey.count_noted("rejected")),
    ]
}

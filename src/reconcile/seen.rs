//! What a pass saw, as the ledger keeps it for whoever asks when the pass is over. Pure.

use super::plan::{Held, HeldReason, Plan};
use super::show;
use crate::ledger::{Reasons, Seen};
use crate::runcloud::{Actual, Kind};

/// The word for a name that only RunCloud has.
pub(super) const UNMANAGED: &str = "unmanaged";
/// The word for a row that holds no host name.
pub(super) const REJECTED: &str = "rejected";

/// The word for the web application's own name.
pub(super) const PRIMARY: &str = "primary";
/// The word for a wildcard.
pub(super) const WILDCARD: &str = "wildcard";

/// What the plan says of names that it does nothing about, and what the pass saw in RunCloud besides them.
/// What waits for its next try is in the ledger already.
pub(super) fn seen<'a>(
    plan: &'a Plan,
    actual: &'a Actual,
    removal_limit: usize,
    order_limit: u32,
) -> Seen<'a> {
    let mut noted = Reasons::new();
    for line in &plan.rejected {
        let (row, why) = line.split_once(": ").unwrap_or((line, ""));
        noted.insert(row.into(), (REJECTED.into(), why.into()));
    }
    for name in &plan.unmanaged {
        noted.insert(name.into(), (UNMANAGED.into(), "".into()));
    }
    for Held { domain, reason, detail } in &plan.held {
        if *reason != HeldReason::RetryLater {
            noted.insert(domain.as_str().into(), (show::word(reason).into(), detail.into()));
        }
    }
    for (domain, entry) in actual.entries() {
        if entry.kind == Kind::Primary {
            noted.insert(domain.as_str().into(), (PRIMARY.into(), "".into()));
        }
    }
    for base in actual.wildcards() {
        noted.insert(format!("*.{base}").into(), (WILDCARD.into(), "".into()));
    }
    Seen {
        wanted: plan.wanted,
        present: plan.present,
        adopted: plan.adoptions.len(),
        removal_limit,
        order_limit,
        blocked: plan.blocked.as_ref().map(ToString::to_string),
        noted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Domain;
    use crate::runcloud::Entry;

    #[test]
    fn a_name_is_noted_once_with_what_holds_it() {
        let held = |name: &str, reason| Held {
            domain: Domain::parse(name).unwrap(),
            reason,
            detail: "why".to_owned(),
        };
        let plan = Plan {
            held: vec![
                held("a.test", HeldReason::RetryLater),
                held("b.test", HeldReason::StageFailed),
            ],
            unmanaged: ["c.test".to_owned()].into(),
            rejected: vec!["mapping 3 of site 2: \"x\" is not a host name".to_owned()],
            ..Plan::default()
        };
        let entry = |id, kind| Entry { id, kind, www: None, redirection: "none".into() };
        let actual = Actual::new([
            ("p.test".to_owned(), false, entry(1, Kind::Primary)),
            ("*.w.test".to_owned(), false, entry(2, Kind::Alias)),
        ]);
        let seen = seen(&plan, &actual, 10, 40);
        let noted = seen.noted.iter();
        let noted: Vec<_> = noted.map(|(s, (r, d))| format!("{s} {r} {d}")).collect();
        assert_eq!(
            noted,
            [
                "*.w.test wildcard ",
                "b.test stage_failed why",
                "c.test unmanaged ",
                "mapping 3 of site 2 rejected \"x\" is not a host name",
                "p.test primary ",
            ]
        );
    }
}

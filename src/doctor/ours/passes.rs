//! Whether passes are made, and end well. Pure.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::{Facts, Lease};
use crate::doctor::words::ago;
use crate::ledger::LastPass;
use crate::text::counted;

pub(super) const CHECKS: &[Look] = &[lease, last_pass, last_pass_result];

/// Longer than any timer that somebody means.
const LONG_AGO: Duration = Duration::from_hours(24);
/// The longest pass: thousands of names at RunCloud's pace.
const LONG_PASS: Duration = Duration::from_hours(6);
const LOOK_AT_SERVICE: &str = "Look at the service:\nsystemctl status runcloud-domain-sync\n\
                               journalctl -u runcloud-domain-sync -e";

fn lease(facts: &Facts) -> Option<Finding> {
    facts.state.glance.as_ref()?;
    match &facts.state.lease {
        Lease::Held(holder) => Check::Lease.ok(format!("{holder} is at work")),
        Lease::Free => Check::Lease.note(
            "no process is at work: the service does not run, or a timer makes the passes",
            LOOK_AT_SERVICE,
        ),
        Lease::Unknown => None,
    }
}

fn last_pass(facts: &Facts) -> Option<Finding> {
    let check = Check::LastPass;
    let glance = facts.state.glance.as_ref();
    let Some(LastPass { started, ended }) = glance.and_then(|glance| glance.last.as_ref()) else {
        facts.state.directory.as_ref()?;
        return check.note(format!("none was made yet{}", waiting(facts)), "Run one: --once");
    };
    let (now, is_held) = (facts.now, matches!(facts.state.lease, Lease::Held(_)));
    let is_over = |point: Timestamp, span: Duration| point.plus(span) < now;
    match ended {
        Some((at, _)) if is_over(*at, patience(facts, is_held)) => check.warn(
            format!("the last one ended {}{}", ago(*at, now), waiting(facts)),
            LOOK_AT_SERVICE,
        ),
        Some((at, _)) => check.ok(format!("ended {}", ago(*at, now))),
        None if is_held && is_over(*started, LONG_PASS) => check
            .warn(format!("one began {} and has not ended", ago(*started, now)), LOOK_AT_SERVICE),
        None if is_held => check.ok(format!("one began {} and is at work", ago(*started, now))),
        None => check.note("the last one was cut off; the next one goes on where it stopped", ""),
    }
}

/// After how long without a pass somebody should look.
fn patience(facts: &Facts, is_held: bool) -> Duration {
    if is_held { LONG_PASS.max(facts.settings.interval * 4) } else { LONG_AGO }
}

/// How many wanted names RunCloud has not.
fn waiting(facts: &Facts) -> String {
    let desired = facts.wordpress.desired.as_ref();
    let actual = facts.api.domains.as_ref().and_then(|answer| answer.as_ref().ok());
    let (Some(desired), Some(actual)) = (desired, actual) else { return String::new() };
    let is_missing = |name: &&crate::domain::Domain| {
        desired.is_wanted(name) && actual.get(name).is_none() && !actual.has_wildcard_for(name)
    };
    match desired.claims.keys().filter(is_missing).count() {
        0 => String::new(),
        missing => format!("; {} not in RunCloud yet", counted(missing, "wanted name")),
    }
}

fn last_pass_result(facts: &Facts) -> Option<Finding> {
    let (at, result) = facts.state.glance.as_ref()?.last.as_ref()?.ended.as_ref()?;
    match result.as_str() {
        "converged" | "partial" | "blocked" | "paused" => Check::LastPassResult.ok(result.as_str()),
        // A check of its own.
        error if error.starts_with("403 ") => None,
        error => {
            let evidence = format!("{}: {error}", ago(*at, facts.now));
            Check::LastPassResult
                .warn(evidence, "Mend what it says; the next pass goes on by itself")
        }
    }
}

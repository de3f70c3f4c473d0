//! Whether passes are made, and end well. Pure.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::{Facts, Lease};
use crate::doctor::words::ago;
use crate::ledger::LastPass;
use crate::text::{counted, span};

pub(super) const CHECKS: &[Look] =
    &[lease, daemon_trouble, last_pass, last_pass_result, monthly_calls];

/// Longer than any timer that somebody means.
const LONG_AGO: Duration = Duration::from_hours(24);
/// The longest pass: thousands of names at RunCloud's pace.
const LONG_PASS: Duration = Duration::from_hours(6);
/// What passes by itself is over by then.
const PASSING: Duration = Duration::from_mins(5);
/// The daemon spreads its looks so that nine tenths of the calls last for the month; this part is for changes.
const FOR_CHANGES: u64 = 10;
/// So close to the month's end nearly all of them are meant to be used.
const LAST_DAYS: Duration = Duration::from_hours(3 * 24);
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

fn daemon_trouble(facts: &Facts) -> Option<Finding> {
    let check = Check::DaemonTrouble;
    let is_held = matches!(facts.state.lease, Lease::Held(_));
    let Some((since, trouble)) = &facts.state.glance.as_ref()?.trouble else {
        return if is_held { check.ok("nothing keeps it from its work") } else { None };
    };
    let waited = facts.now.since(*since);
    let evidence = format!("it has been waiting for {}: {trouble}", span(waited));
    match facts.state.lease {
        Lease::Free => {
            let since = since.for_reader_at(facts.now);
            check.warn(
                format!("it ended while it waited, since {since}: {trouble}"),
                LOOK_AT_SERVICE,
            )
        }
        Lease::Held(_) | Lease::Unknown if waited < PASSING => check.note(evidence, ""),
        Lease::Held(_) | Lease::Unknown => {
            check.warn(evidence, "Mend what it says; it goes on by itself within seconds")
        }
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
    // A check of its own.
    facts.state.glance.as_ref()?.trouble.is_none().then_some(())?;
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

fn monthly_calls(facts: &Facts) -> Option<Finding> {
    let check = Check::MonthlyCalls;
    let limit = facts.settings.monthly_calls?;
    let (calls, left) = (facts.state.glance.as_ref()?.calls, facts.now.left_of_month());
    let spent = format!("{calls} of the {limit} calls of api.monthly_calls were made this month");
    let mend = "Raise api.monthly_calls where RunCloud's plan allows it, or look what makes the calls: \
                `history` has every change, RUST_LOG=debug every call";
    if calls >= limit {
        let until = "until it ends, RunCloud is looked at once a day where nothing changes";
        return check.warn(format!("{spent}: {until}"), mend);
    }
    if calls >= limit - limit / FOR_CHANGES && left > LAST_DAYS {
        let left = span(left);
        return check
            .warn(format!("{spent}, with {left} of it left: the rest is for changes"), mend);
    }
    check.ok(spent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Examined;
    use crate::doctor::{Api, State, Verdict, Wire, WordPress};
    use crate::ledger::Glance;

    const LIMIT: u64 = 20_000;

    fn verdict(calls: u64, now: &str) -> Verdict {
        let facts = Facts {
            now: Timestamp::parse(now).unwrap(),
            settings: Examined { monthly_calls: Some(LIMIT), ..Examined::default() },
            api: Api::default(),
            wordpress: WordPress::default(),
            state: State {
                glance: Some(Glance { calls, ..Glance::default() }),
                ..State::default()
            },
            wire: Wire::default(),
            secret_files: vec![],
            units: vec![],
        };
        monthly_calls(&facts).unwrap().verdict
    }

    #[test]
    fn calls_that_will_not_last_are_a_finding() {
        assert_eq!(verdict(17_999, "2026-11-10T00:00:00Z"), Verdict::Ok);
        assert_eq!(verdict(18_000, "2026-11-10T00:00:00Z"), Verdict::Warn);
        assert_eq!(verdict(19_999, "2026-11-29T00:00:00Z"), Verdict::Ok, "they last");
        assert_eq!(verdict(20_000, "2026-11-29T00:00:00Z"), Verdict::Warn);
    }
}

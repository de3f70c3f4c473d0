//! What RunCloud says of names. Pure.

use std::collections::BTreeSet;

use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::{Api, Facts, State};
use crate::doctor::words::{ago, names_of};
use crate::doctor::{Look, RECENT};
use crate::domain::Domain;
use crate::ledger::{Failure, Look as Ledger};
use crate::runcloud::{Actual, ApiError, Kind, LogLine};
use crate::wordpress::Desired;

pub(super) const CHECKS: &[Look] = &[
    listing_adds_up,
    activity_log,
    name_refused,
    name_in_other_app,
    name_not_alias,
    plan_limit,
    names_failing,
    name_taken_away,
    removals_blocked,
];

/// Words of lines that speak of something that went wrong; the log is free text for people.
const TROUBLE: [&str; 14] = [
    "fail",
    "error",
    "unable",
    "cannot",
    "can't",
    "could not",
    "not found",
    "invalid",
    "refused",
    "denied",
    "expired",
    "timed out",
    "limit",
    "rejected",
];
/// Words in which a plan's limits speak (inferred; RunCloud's are not public).
const LIMITS: [&str; 5] = ["limit", "maximum", "upgrade", "quota", "exceed"];
/// How many lines of the log are shown.
const LINES: usize = 5;
/// How often a name is added again before somebody is taken to be removing it.
const REPAIRS: u32 = 3;

/// Why a name fails, told by RunCloud's answer and by where the name is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Limit,
    OtherApp,
    Refused,
    Other,
}

/// Names that RunCloud refuses although they are not in the web application.
pub(in crate::doctor) fn refused_names(api: &Api, state: &State) -> BTreeSet<Domain> {
    let failures = failures(state).into_iter().flatten();
    let refused = failures.filter(|(name, failure)| {
        failure.detail.starts_with("422 ") && listed(api).is_none_or(|all| all.get(name).is_none())
    });
    refused.map(|(name, _)| name.clone()).collect()
}

fn listing_adds_up(facts: &Facts) -> Option<Finding> {
    let check = Check::ListingAddsUp;
    match facts.api.domains.as_ref()? {
        Ok(actual) => check.ok(format!("{} domains", actual.len())),
        Err(ApiError::Listing(why)) => check.fail(
            format!("{why}, three times over; nothing is changed by such a list"),
            "Somebody may be changing domains just now: try again. If it stays, ask RunCloud's support",
        ),
        Err(_) => None,
    }
}

fn activity_log(facts: &Facts) -> Option<Finding> {
    let check = Check::ActivityLog;
    let is_recent = |line: &&LogLine| line.at.is_none_or(|at| at.plus(RECENT) >= facts.now);
    let log = facts.api.log.as_ref()?.as_ref().ok()?;
    let is_trouble = |line: &&LogLine| speaks_of(&line.content, &TROUBLE);
    let lines: Vec<_> = log.iter().filter(is_recent).filter(is_trouble).collect();
    if lines.is_empty() {
        return check.ok("nothing went wrong in the last 7 days");
    }
    let shown = lines.iter().take(LINES).map(|line| {
        let when = line.at.map(|at| format!("{}, ", ago(at, facts.now))).unwrap_or_default();
        format!("{when}\"{}\"", line.content)
    });
    let evidence = format!("RunCloud's own words: {}", shown.collect::<Vec<_>>().join("; "));
    check.warn(evidence, "Mend what it says; `history` tells what this program did at that time")
}

fn name_refused(facts: &Facts) -> Option<Finding> {
    let failing = failing(facts, Why::Refused);
    let (_, first) = failing.first()?;
    let evidence = format!("{}: {}", names_of(names(&failing)), first.detail);
    let mend = "Look for the name in the account's other servers; it may also be in somebody else's account: \
                its owner has to remove it there";
    Check::NameRefused.warn(evidence, mend)
}

fn name_in_other_app(facts: &Facts) -> Option<Finding> {
    let (name, app) = facts.api.elsewhere.first_key_value()?;
    let evidence = format!(
        "{}: {name} is in web application {} ({})",
        names_of(facts.api.elsewhere.keys()),
        app.id,
        app.name
    );
    let mend = format!("Remove it from {} in RunCloud, then `retry {name}`", app.name);
    Check::NameInOtherApp.warn(evidence, mend)
}

fn name_not_alias(facts: &Facts) -> Option<Finding> {
    let (desired, actual) = (facts.wordpress.desired.as_ref()?, listed(&facts.api)?);
    let is_redirect = |name: &&Domain| {
        actual.get(name).is_some_and(|entry| entry.kind == Kind::Redirect)
            && desired.is_wanted(name)
    };
    let redirects: Vec<_> = desired.claims.keys().filter(is_redirect).collect();
    (!redirects.is_empty()).then_some(())?;
    let evidence = format!(
        "{} in the web application as a redirect, which is never touched: its visitors are sent elsewhere",
        names_of(redirects)
    );
    Check::NameNotAlias
        .warn(evidence, "Remove the redirect in RunCloud; the next pass adds the name")
}

fn plan_limit(facts: &Facts) -> Option<Finding> {
    let failing = failing(facts, Why::Limit);
    let (_, first) = failing.first()?;
    let evidence = format!("{}: {}", names_of(names(&failing)), first.detail);
    let mend =
        "Compare RunCloud, Settings, Limits & Usage; then `retry NAME`, or wait for the next try";
    Check::PlanLimit.fail(evidence, mend)
}

fn names_failing(facts: &Facts) -> Option<Finding> {
    let failing = failing(facts, Why::Other);
    let Some((_, first)) = failing.first() else {
        return failures(&facts.state).and_then(|_| Check::NamesFailing.ok("none"));
    };
    let evidence = format!("{}: {}", names_of(names(&failing)), first.detail);
    Check::NamesFailing
        .warn(evidence, "Each is tried again by itself; `explain NAME` says when and why")
}

fn name_taken_away(facts: &Facts) -> Option<Finding> {
    let Some(Ok(Ledger::Known(known))) = &facts.state.ledger else { return None };
    let taken = known.repairs.iter().filter(|(_, repair)| repair.repairs >= REPAIRS);
    let taken: Vec<_> = taken.map(|(name, _)| name).collect();
    (!taken.is_empty()).then_some(())?;
    let evidence = format!("somebody keeps removing {} from RunCloud", names_of(taken));
    let mend = "Find who does (RunCloud's activity log, the plugin's own integration), or put the names on \
                sync.keep";
    Check::NameTakenAway.warn(evidence, mend)
}

fn removals_blocked(facts: &Facts) -> Option<Finding> {
    let (hash, names) = facts.state.glance.as_ref()?.blocked.as_ref()?;
    let evidence = format!("{names} removals wait for your word");
    let mend = format!("Look at them with `plan`, then `approve {hash}`, or restore the rows");
    Check::RemovalsBlocked.warn(evidence, mend)
}

/// The names that fail for such a reason.
fn failing(facts: &Facts, why: Why) -> Vec<(&Domain, &Failure)> {
    let all = failures(&facts.state).into_iter().flatten();
    let is_wanted = |name: &Domain| {
        facts.wordpress.desired.as_ref().is_none_or(|desired: &Desired| desired.is_claimed(name))
    };
    let such = all.filter(|(name, failure)| is_wanted(name) && why_of(facts, name, failure) == why);
    such.collect()
}

fn why_of(facts: &Facts, name: &Domain, failure: &Failure) -> Why {
    match failure.detail.as_str() {
        _ if facts.api.elsewhere.contains_key(name) => Why::OtherApp,
        said if speaks_of(said, &LIMITS) && !said.starts_with("429 ") => Why::Limit,
        said if said.starts_with("422 ") => Why::Refused,
        _ => Why::Other,
    }
}

fn names<'a>(failing: &[(&'a Domain, &Failure)]) -> Vec<&'a Domain> {
    failing.iter().map(|(name, _)| *name).collect()
}

fn failures(state: &State) -> Option<impl Iterator<Item = (&Domain, &Failure)>> {
    match &state.ledger {
        Some(Ok(Ledger::Known(known))) => Some(known.failures.iter()),
        _ => None,
    }
}

fn listed(api: &Api) -> Option<&Actual> {
    api.domains.as_ref()?.as_ref().ok()
}

fn speaks_of(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

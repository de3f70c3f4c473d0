//! Whether RunCloud answers, and lets this program in. Pure.

use std::time::Duration;

use super::settings::{NEW_TOKEN, credentials_in_words, key_and_secret_for_v3, kind_of};
use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::{Api, Facts};
use crate::ledger::Look as Ledger;
use crate::runcloud::{ApiError, Credentials};
use crate::text::span;

pub(super) const CHECKS: &[Look] = &[
    api_reachable,
    api_answers,
    api_filter,
    rate_limit,
    credentials_accepted,
    api_allowed,
    write_permission,
    clock,
    ledger_clock,
];

/// Answers are a second old at most, and a minute is what certificates and budgets forgive.
const CLOCKS_APART: i64 = 60;

fn api_reachable(facts: &Facts) -> Option<Finding> {
    let check = Check::ApiReachable;
    let is_away =
        |error: &ApiError| matches!(error, ApiError::Connect(_) | ApiError::Interrupted(_));
    let base = facts.settings.base.as_ref()?;
    match first_error(&facts.api, is_away) {
        Some(error) => check.fail(
            format!("{base}: {error}"),
            "Look whether this machine reaches it (curl -I), and whether a firewall or proxy is in the way",
        ),
        None if facts.api.ran_out_of_time => check.warn(
            format!("{base} answers so slowly that not everything could be asked"),
            "Try again when the account's rate limit has recovered, or look at the network",
        ),
        None => facts.api.ping.as_ref().and_then(|_| check.ok("it answers")),
    }
}

fn api_answers(facts: &Facts) -> Option<Finding> {
    let is_odd = |error: &ApiError| {
        matches!(
            error,
            ApiError::Unavailable { .. } | ApiError::Redirected { .. } | ApiError::Body(_)
        )
    };
    let error = first_error(&facts.api, is_odd)?;
    let mend = "If it lasts, look whether the API base is right and RunCloud has an outage; nothing is \
                lost meanwhile";
    Check::ApiAnswers.fail(error.to_string(), mend)
}

fn api_filter(facts: &Facts) -> Option<Finding> {
    let error = first_error(&facts.api, |error| matches!(error, ApiError::Filtered(_)))?;
    let mend = "The edge in front of RunCloud turns this machine away: wait an hour, then ask RunCloud's \
                support with the machine's address";
    Check::ApiFilter.fail(error.to_string(), mend)
}

fn rate_limit(facts: &Facts) -> Option<Finding> {
    let error = first_error(&facts.api, |error| matches!(error, ApiError::Throttled { .. }))?;
    let mend = "Wait as long as it says. If it never ends the month's quota is used up: RunCloud, Settings, \
                Limits & Usage, Developer API";
    Check::RateLimit.warn(error.to_string(), mend)
}

fn credentials_accepted(facts: &Facts) -> Option<Finding> {
    let check = Check::CredentialsAccepted;
    let credentials = credentials_in_words(&facts.settings)?;
    if key_and_secret_for_v3(facts).is_some() {
        return None;
    }
    match facts.api.ping.as_ref()? {
        Ok(()) => check.ok(kind_of(facts.settings.credentials.as_ref()?)),
        Err(ApiError::Unauthorized(message)) => {
            let evidence = format!("401 {message}: RunCloud refuses {credentials}");
            check.fail(evidence, after_refusal(facts.settings.credentials.as_ref()?))
        }
        Err(_) => None,
    }
}

/// A 401 has two causes that RunCloud does not tell apart, and a third that shows.
fn after_refusal(credentials: &Credentials) -> String {
    let either = "Either it is wrong, or IP Address Restriction (RunCloud, Settings, API Management) does not \
                  list this machine's address";
    match credentials {
        Credentials::Token(_) if credentials.is_too_short() => format!(
            "{either}. A token is longer than 50 characters and this one is not: is it the API key of v2? \
             {NEW_TOKEN}"
        ),
        Credentials::Token(_) => either.to_owned(),
        Credentials::KeyAndSecret { .. } => {
            format!(
                "{either}. Key and secret are of the legacy API v2, which workspaces no longer have: \
                     {NEW_TOKEN}"
            )
        }
    }
}

fn api_allowed(facts: &Facts) -> Option<Finding> {
    let api = &facts.api;
    let answers = [
        error_of(api.ping.as_ref()),
        error_of(api.ssl.as_ref()),
        error_of(api.domains.as_ref()),
        error_of(api.log.as_ref()),
    ];
    let is_forbidden = |error: &&ApiError| matches!(error, ApiError::Forbidden(_));
    let error = answers.into_iter().flatten().find(is_forbidden)?;
    let mend = "Look whether the plan includes the API (RunCloud, Settings, Subscription) and the token is of \
                the workspace that owns the server";
    Check::ApiAllowed.fail(error.to_string(), mend)
}

fn write_permission(facts: &Facts) -> Option<Finding> {
    let check = Check::WritePermission;
    let (ping, glance) = (facts.api.ping.as_ref()?, facts.state.glance.as_ref());
    let last = glance.and_then(|glance| glance.last.as_ref()?.ended.as_ref());
    let said = last.map(|(_, result)| result.as_str()).into_iter();
    let failures = match &facts.state.ledger {
        Some(Ok(Ledger::Known(known))) => Some(&known.failures),
        _ => None,
    };
    let failed = failures.into_iter().flatten().map(|(_, failure)| failure.detail.as_str());
    if let Some(refusal) = said.chain(failed).find(|text| text.starts_with("403 ")) {
        let mend = "Use a token that may change this web application; then `retry` or wait";
        return check
            .fail(format!("RunCloud let this program read and not write: {refusal}"), mend);
    }
    ping.as_ref().ok()?;
    if glance.is_some_and(|glance| glance.has_written) {
        return check.ok("RunCloud took writes of an earlier pass");
    }
    check.note("cannot be told before the first write: RunCloud has no call for it", "")
}

fn clock(facts: &Facts) -> Option<Finding> {
    let ahead = facts.api.clocks?.ahead();
    if ahead.abs() <= CLOCKS_APART {
        return Check::Clock.ok("within a minute of RunCloud's");
    }
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    let apart = span(Duration::from_secs(ahead.unsigned_abs()));
    let evidence = format!("this machine's clock is {apart} {direction} RunCloud's");
    Check::Clock.warn(evidence, "Switch time synchronisation on: timedatectl set-ntp true")
}

fn ledger_clock(facts: &Facts) -> Option<Finding> {
    let Some(Ok(Ledger::Known(known))) = &facts.state.ledger else { return None };
    let written = known.clock.wall()?;
    let ahead = written.since(facts.now);
    (ahead > Duration::from_secs(CLOCKS_APART.unsigned_abs())).then_some(())?;
    let evidence = format!("the ledger was written at {written}, {} from now", span(ahead));
    let mend = "Look which clock is wrong, this one or the one of then; removals wait meanwhile";
    Check::LedgerClock.warn(evidence, mend)
}

/// The first answer that is such an error.
fn first_error(api: &Api, is_such: impl Fn(&ApiError) -> bool) -> Option<&ApiError> {
    let errors = [
        error_of(api.ping.as_ref()),
        error_of(api.server.as_ref()),
        error_of(api.app.as_ref()),
        error_of(api.ssl.as_ref()),
        error_of(api.certificates.as_ref()),
        error_of(api.log.as_ref()),
        error_of(api.domains.as_ref()),
    ];
    errors.into_iter().flatten().find(|error| is_such(error))
}

fn error_of<T>(answer: Option<&Result<T, ApiError>>) -> Option<&ApiError> {
    answer?.as_ref().err()
}

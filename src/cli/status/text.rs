use std::fmt::Display;

use anstyle::Style;

use super::super::text::{Page, ago};
use super::Status;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{AtWork, Coverage, FailedOrder, Failure, Listed, Noted, Pass, Pause, Survey};
use crate::text::{BAD, GOOD, ODD, PLAIN, counted, span};

const UNMANAGED: &str = "unmanaged";
/// What is noted of names and is no reason to look at them.
const NO_NEWS: [&str; 3] = [UNMANAGED, "primary", "wildcard"];

/// The status for a person: a table of 80 columns.
pub(super) fn page(status: &Status) -> Page {
    let mut page = Page::default();
    let place = status.directory.display();
    let Some(survey) = &status.survey else {
        page.row(PLAIN, "state", &format!("{place} has no ledger: no pass was made yet"));
        return page;
    };
    let now = status.now.wall;
    page.row(PLAIN, "network", &network(survey));
    let (style, who) = at_work(status.at_work);
    page.row(style, "state", &format!("{place}{who}"));
    if let Some(trouble) = survey.trouble() {
        page.row(BAD, "service", &waiting(status, trouble));
    }
    add_passes(&mut page, status, survey);
    if let Some(pause) = &survey.pause {
        add_pause(&mut page, status, survey, pause);
    }
    page.row(PLAIN, "names", &names(survey));
    page.row(PLAIN, "certificates", &certificates(&survey.coverage, now));
    add_budgets(&mut page, status, survey);
    add_blocked(&mut page, status, survey);
    add_failing(&mut page, &survey.failing, now);
    add_failed_orders(&mut page, &survey.coverage.failed, now);
    for (reason, listed) in &survey.coverage.waiting {
        add_noted(&mut page, "waiting", reason, listed);
    }
    let is_news = |(reason, _): &(&String, _)| !NO_NEWS.contains(&reason.as_str());
    for (reason, listed) in survey.noted.iter().filter(is_news) {
        add_noted(&mut page, "held", reason, listed);
    }
    page
}

fn network(survey: &Survey) -> String {
    let network = survey.bound.as_ref().and_then(|bound| bound.network.as_ref());
    match (network, survey.binding) {
        (Some(network), Some(binding)) => format!("{network}: {binding}"),
        (None, Some(binding)) => format!("not known by name: {binding}"),
        (_, None) => "not known: no pass has read RunCloud yet".to_owned(),
    }
}

fn at_work(at_work: AtWork) -> (Style, String) {
    match at_work {
        AtWork::Process(id) => (PLAIN, format!("; process {id} is at work")),
        AtWork::Nobody => (ODD, "; no process is at work".to_owned()),
        AtWork::Unknown => (PLAIN, String::new()),
    }
}

/// What keeps the daemon from its work, or did until it ended.
fn waiting(status: &Status, (since, trouble): (Timestamp, &str)) -> String {
    let since = ago(since, status.now.wall);
    match status.at_work {
        AtWork::Nobody => format!("ended while it waited, since {since}: {trouble}"),
        AtWork::Process(_) | AtWork::Unknown => format!("waiting since {since}: {trouble}"),
    }
}

fn add_passes(page: &mut Page, status: &Status, survey: &Survey) {
    let now = status.now.wall;
    if let Some(Pass { id, started, .. }) = &survey.begun {
        let what = match status.at_work {
            AtWork::Nobody => "was cut off; the next one settles what it left open",
            AtWork::Process(_) | AtWork::Unknown => "is at work",
        };
        page.row(ODD, "pass", &format!("{id} began {} and {what}", ago(*started, now)));
    }
    let Some(last) = &survey.last else {
        return page.row(ODD, "last pass", "none has ended yet");
    };
    page.row(style_of(&last.result), "last pass", &last_pass(last, now));
    if style_of(&last.result) == BAD {
        let good = survey.last_good.map_or_else(
            || "none ended well yet".to_owned(),
            |good| format!("the last one that ended well: {}", ago(good, now)),
        );
        page.row(PLAIN, "", &good);
    }
    if survey.trouble().is_none() || status.at_work == AtWork::Nobody {
        page.row(PLAIN, "next pass", &next_pass(status.at_work, last, now));
    } else {
        page.row(PLAIN, "next pass", "by itself, as soon as what it waits for is there");
    }
}

fn style_of(result: &str) -> Style {
    match result {
        "converged" => GOOD,
        "partial" | "blocked" | "paused" => ODD,
        _ => BAD,
    }
}

fn last_pass(last: &Pass, now: Timestamp) -> String {
    let Pass { id, started, ended, result, counts, .. } = last;
    let took =
        ended.map_or_else(String::new, |ended| format!(", took {}", span(ended.since(*started))));
    let changed = [
        (counts.added, "added"),
        (counts.updated, "updated"),
        (counts.removed, "removed"),
        (counts.failed, "failed"),
    ];
    let changed = changed.iter().filter(|(count, _)| *count > 0);
    let changed = changed.map(|(count, what)| format!("{count} {what}"));
    let result = match result.as_str() {
        "partial" => "done, but some names failed or wait, or RunCloud's list was not believed",
        "blocked" => "done, but removals are blocked",
        "paused" => "paused, so nothing was written",
        other => other,
    };
    let parts = [format!("{}{took}", ago(*started, now)), format!("pass {id}: {result}")];
    parts.into_iter().chain(changed).collect::<Vec<_>>().join("; ")
}

fn next_pass(at_work: AtWork, last: &Pass, now: Timestamp) -> String {
    match (at_work, last.next) {
        (AtWork::Nobody, _) => {
            "none is due: no process is at work; start the service or run --once".to_owned()
        }
        (_, Some(next)) if now < next => {
            let at = next.for_reader_at(now);
            format!("{at} at the latest, in {}; sooner when a row changes", span(next.since(now)))
        }
        (_, Some(next)) => format!("was due {}", ago(next, now)),
        (_, None) => "what failed is tried again by itself".to_owned(),
    }
}

fn add_pause(page: &mut Page, status: &Status, survey: &Survey, pause: &Pause) {
    let now = status.now.wall;
    let until = pause.until(&survey.clock, &status.now).map_or_else(
        || "until somebody resumes".to_owned(),
        |until| format!("until about {}", until.for_reader_at(now)),
    );
    let Pause { since, reason, .. } = pause;
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    page.row(ODD, "paused", &format!("since {}, {until}{reason}", since.for_reader_at(now)));
    if let Some(last) = survey.last.as_ref().filter(|last| last.result == "paused") {
        let left = last.left;
        let (add, update, remove) = (left.add, left.update, left.remove);
        page.row(
            PLAIN,
            "",
            &format!("left undone: {add} to add, {update} to update, {remove} to remove"),
        );
    }
    page.line(&format!("end it: {} resume", status.command));
}

fn names(survey: &Survey) -> String {
    let (added, adopted) = (survey.added, survey.adopted);
    let unmanaged = survey.count_noted(UNMANAGED);
    let saw = survey.last.as_ref().and_then(|last| last.saw);
    let saw = saw.map(|saw| format!("{} wanted, {} in RunCloud, ", saw.wanted, saw.present));
    format!(
        "{}{} managed ({added} added, {adopted} adopted), {unmanaged} unmanaged",
        saw.unwrap_or_default(),
        added + adopted
    )
}

fn certificates(coverage: &Coverage, now: Timestamp) -> String {
    let Coverage { covered, due, ordered, failed, next_end, .. } = coverage;
    let counts =
        format!("{covered} covered, {due} due, {ordered} ordered, {} failed", failed.count);
    next_end.as_ref().map_or(counts.clone(), |(domain, end)| {
        let left = span(end.since(now));
        format!("{counts}; the first to end: {domain}, {} (in {left})", end.for_reader_at(now))
    })
}

/// What was spent of what is allowed.
fn add_budgets(page: &mut Page, status: &Status, survey: &Survey) {
    let saw = survey.last.as_ref().and_then(|last| last.saw);
    let removals = of(saw.map(|saw| saw.removal_limit));
    let orders = of(saw.map(|saw| saw.order_limit));
    let calls = of(status.monthly_calls);
    page.row(PLAIN, "budgets", &format!("{}{removals} removals in 24 hours", survey.removals));
    let spent = survey.coverage.orders;
    page.row(PLAIN, "", &format!("{spent}{orders} certificate orders in 7 days"));
    let spent = survey.calls;
    page.row(PLAIN, "", &format!("{spent}{calls} API calls this month"));
}

fn of(limit: Option<impl Display>) -> String {
    limit.map_or_else(String::new, |limit| format!(" of {limit}"))
}

fn add_blocked(page: &mut Page, status: &Status, survey: &Survey) {
    let command = &status.command;
    if let Some(approval) = &survey.approval {
        let until = approval.until.for_reader_at(status.now.wall);
        let names = counted(approval.names.len(), "removal");
        page.row(ODD, "approved", &format!("{names}, until {until} ({})", approval.hash));
    }
    if let Some(blocked) = &survey.blocked {
        page.row(BAD, "blocked", &blocked.why);
        for domain in &blocked.names.first {
            page.item(domain.as_str(), "");
        }
        add_more(page, &blocked.names);
        page.line(&format!("look: {command} plan"));
        page.line(&format!("let it through once: {command} approve {}", blocked.hash));
    }
}

fn add_failing(page: &mut Page, failing: &Listed<(Domain, Failure)>, now: Timestamp) {
    if failing.count == 0 {
        return;
    }
    page.row(BAD, "failing", &counted(failing.count, "name"));
    for (domain, Failure { retry_at, detail, .. }) in &failing.first {
        let next = retry_at.for_reader_at(now);
        page.item(domain.as_str(), &format!("{detail}; next try {next}"));
    }
    add_more(page, failing);
}

fn add_failed_orders(page: &mut Page, failed: &Listed<FailedOrder>, now: Timestamp) {
    if failed.count == 0 {
        return;
    }
    page.row(BAD, "no certificate", &counted(failed.count, "name"));
    for FailedOrder { domain, reason, retry_at } in &failed.first {
        let next = retry_at.for_reader_at(now);
        page.item(domain.as_str(), &format!("{reason}; next order {next}"));
    }
    add_more(page, failed);
}

fn add_noted(page: &mut Page, label: &str, reason: &str, listed: &Listed<Noted>) {
    let what = if reason == "rejected" { "row" } else { "name" };
    let reason = reason.replace('_', " ");
    page.row(ODD, label, &format!("{}: {reason}", counted(listed.count, what)));
    for Noted { subject, detail } in &listed.first {
        page.item(&subject.escape_debug().to_string(), detail);
    }
    add_more(page, listed);
}

fn add_more<T>(page: &mut Page, listed: &Listed<T>) {
    if listed.count > listed.first.len() {
        let more = listed.count - listed.first.len();
        page.item("…", &format!("and {more} more (--json has them all)"));
    }
}

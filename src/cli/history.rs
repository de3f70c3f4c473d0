use std::fmt::{self, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::Settings;
use super::exit::{Exit, Failure};
use super::place;
use super::plan::{print_json, print_styled, print_text};
use super::text::coloured;
use super::undo::{UndoFlags, undo};
use super::values::number;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{ACCEPTED, Action, Event, Filter, Outcome, Record, Rule};
use crate::text::{BAD, ODD, PLAIN};

/// How many events are shown where nothing says which.
const NEWEST: u32 = 50;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct HistoryFlags {
    /// Only what happened to this name, in any spelling, with www and without
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Only what happened since then: 2h, 7d, 2026-10-01 or "2026-10-01 14:20:00" (UTC)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only so many of the newest [default: 50, or all where --domain or --since is given]
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = number::<u32>)]
    newest: Option<u32>,
    /// Print the events as JSON on stdout
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<HistoryCommand>,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// Take a removal back: the next pass adds the name to RunCloud again.
    ///
    /// Shows first what that comes to: the rows decide what RunCloud has, and the row of a removed name is
    /// gone. The name comes back as one that only RunCloud has, and this program leaves it alone. Asks
    /// before it does anything.
    #[command(after_help = "Example:\n  runcloud-domain-sync history undo 12")]
    Undo(UndoFlags),
}

/// Shows what was changed, tried and said.
pub(super) async fn history(settings: &Settings, flags: &HistoryFlags) -> Result<Exit, Failure> {
    if let Some(HistoryCommand::Undo(flags)) = &flags.command {
        return undo(settings, flags).await;
    }
    let now = Timestamp::now();
    let filter = filter(flags, now)?;
    let events = events(&place::state_dir(settings)?, &filter).await?;
    if flags.json {
        print_json(&HistoryJson::of(&events))?;
    } else if events.is_empty() {
        print_text(&"nothing of that kind happened")?;
    } else {
        print_styled(&HistoryText(&events).in_colours())?;
        if is_cut(flags, &filter, &events) {
            eprintln!("note: these are the newest {NEWEST}; -n, --since or --domain show others");
        }
    }
    Ok(Exit::Converged)
}

/// Whether there may be more that nobody said to leave out.
fn is_cut(flags: &HistoryFlags, filter: &Filter, events: &[Event]) -> bool {
    let most = filter.newest.and_then(|newest| usize::try_from(newest).ok());
    flags.newest.is_none() && most == Some(events.len())
}

/// The events of a state directory.
pub(super) async fn events(directory: &Path, filter: &Filter) -> Result<Vec<Event>, Failure> {
    if let Some(mut record) = Record::open(directory).await? {
        return Ok(record.events(filter).await?);
    }
    eprintln!("note: there is no ledger in {} yet", directory.display());
    Ok(vec![])
}

fn filter(flags: &HistoryFlags, now: Timestamp) -> Result<Filter, Failure> {
    let domain = flags.domain.as_deref().map(place::name).transpose()?;
    let since = flags.since.as_deref().map(|text| since(text, now)).transpose()?;
    let asks_for_all = domain.is_some() || since.is_some();
    let newest = flags.newest.or((!asks_for_all).then_some(NEWEST));
    Ok(Filter { domain, since: since.unwrap_or_default(), newest })
}

/// A span before `now`, or a date with or without its time.
fn since(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    if let Ok(span) = humantime::parse_duration(text) {
        let span = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        return Ok(Timestamp(now.0.saturating_sub(span)));
    }
    let point = humantime::parse_rfc3339_weak(text)
        .or_else(|_| humantime::parse_rfc3339_weak(&format!("{text}T00:00:00Z")));
    let point = point.ok().and_then(|point| point.duration_since(UNIX_EPOCH).ok());
    let seconds = point.and_then(|since| i64::try_from(since.as_secs()).ok());
    seconds.map(Timestamp).ok_or_else(|| {
        Failure::usage(format!(
            "--since {text:?} is neither a span such as 2h nor a date such as 2026-10-01"
        ))
    })
}

/// The events for a person: one line each, so that grep finds it whole.
pub(super) struct HistoryText<'a>(pub(super) &'a [Event]);

impl HistoryText<'_> {
    fn lines(&self) -> impl Iterator<Item = String> {
        let number = self.0.iter().map(|event| event.id).max().unwrap_or_default();
        let number = number.to_string().len();
        let names = self.0.iter().filter_map(|event| event.domain.as_ref());
        let name = names.map(|name| name.as_str().len()).max().unwrap_or_default().min(40);
        self.0.iter().map(move |event| {
            let domain = event.domain.as_ref().map_or("", Domain::as_str);
            let at = event.at.for_reader();
            format!("{:number$}  {at}  {domain:name$}  {}", event.id, told(event))
        })
    }

    fn in_colours(&self) -> String {
        let styles = self.0.iter().map(|event| match event.outcome {
            Outcome::Done => PLAIN,
            Outcome::NoEffect => ODD,
            Outcome::Failed => BAD,
        });
        let lines: Vec<String> = self.lines().collect();
        coloured(styles.zip(lines.iter().map(String::as_str)))
    }
}

impl fmt::Display for HistoryText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().collect::<Vec<_>>().join("\n"))
    }
}

/// What happened, in words.
pub(super) fn told(event: &Event) -> String {
    let mut text = match event.outcome {
        Outcome::Done => done(event),
        Outcome::Failed => failed(event),
        Outcome::NoEffect => format!("{} had no effect: {}", attempt(event), event.detail),
    };
    let by = event.pass.map_or_else(|| "operator".to_owned(), |pass| format!("pass {pass}"));
    // Writing to a String does not fail.
    let _ = write!(text, " ({by})");
    text
}

fn done(event: &Event) -> String {
    let what = match (event.action, event.www) {
        (Action::Add, Some(true)) => "added with www",
        (Action::Add, _) => "added",
        (Action::Update, Some(false)) => "www off",
        (Action::Update, _) => "www on",
        (Action::Remove, _) => "removed",
        (Action::Adopt, _) => "adopted",
        (Action::Forget, _) => "forgotten",
        (Action::Order, _) => "certificate ordered",
        (Action::Cover, _) => "covered by a certificate",
        (Action::Approve, _) => "approved",
        (Action::Pause, _) => "paused",
        (Action::Resume, _) => "resumed",
        (Action::Retry, _) => "to be tried again at once",
        (Action::Undo, _) => "to be added again",
    };
    // An operator's own word needs no rule.
    let why = event.why.filter(|_| event.pass.is_some()).map(|why| why.to_string());
    let detail =
        Some(event.detail.clone()).filter(|detail| !detail.is_empty() && detail != ACCEPTED);
    let parts: Vec<String> = why.into_iter().chain(detail).collect();
    if parts.is_empty() { what.to_owned() } else { format!("{what}: {}", parts.join("; ")) }
}

fn failed(event: &Event) -> String {
    let times = match event.times {
        0 | 1 => String::new(),
        times => format!(" {times} times since {}", event.first.for_reader()),
    };
    let why = event.why.map(|why| format!("; {why}")).unwrap_or_default();
    let what = if event.action == Action::Cover { "lost" } else { "failed" };
    format!("{} {what}{times}: {}{why}", attempt(event), event.detail)
}

fn attempt(event: &Event) -> &'static str {
    match (event.action, event.www) {
        (Action::Update, Some(false)) => "www off",
        (Action::Update, _) => "www on",
        (Action::Order, _) => "certificate order",
        (Action::Cover, _) => "certificate",
        (action, _) => action.word(),
    }
}

/// The events for a machine.
#[derive(Serialize)]
struct HistoryJson<'a> {
    schema: u32,
    events: Vec<EventJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct EventJson<'a> {
    id: i64,
    at: Timestamp,
    /// When it happened first, and how often, word for word.
    first: Timestamp,
    times: u32,
    /// None where an operator said it.
    pass: Option<i64>,
    action: Action,
    outcome: Outcome,
    domain: Option<&'a str>,
    www: Option<bool>,
    rule: Option<Rule>,
    mapping: Option<i64>,
    site: Option<i64>,
    reason: Option<String>,
    detail: &'a str,
}

impl<'a> HistoryJson<'a> {
    fn of(events: &'a [Event]) -> Self {
        Self { schema: 1, events: events.iter().map(EventJson::of).collect() }
    }
}

impl<'a> EventJson<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        let why = event.why;
        Self {
            id: event.id,
            at: event.at,
            first: event.first,
            times: event.times,
            pass: event.pass,
            action: event.action,
            outcome: event.outcome,
            domain: event.domain.as_ref().map(Domain::as_str),
            www: event.www,
            rule: why.map(|why| why.rule),
            mapping: why.and_then(|why| why.cause.mapping),
            site: why.map(|why| why.cause.site),
            reason: why.map(|why| why.to_string()),
            detail: &event.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_span_or_a_date() {
        let now = Timestamp(1_795_262_400);
        let at = |text| since(text, now).ok().map(|point| point.to_string());
        assert_eq!(at("2h").as_deref(), Some("2026-11-21T10:00:00Z"));
        assert_eq!(at("2026-10-01").as_deref(), Some("2026-10-01T00:00:00Z"));
        assert_eq!(at("2026-10-01 14:20:00").as_deref(), Some("2026-10-01T14:20:00Z"));
        assert_eq!(at("2026-10-01T14:20:00Z").as_deref(), Some("2026-10-01T14:20:00Z"));
        assert_eq!(at("yesterday"), None);
    }
}

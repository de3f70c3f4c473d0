use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::args::Settings;
use super::exit::{Exit, Failure};
use super::history::{EventJson, told};
use super::place;
use super::plan::{print_json, print_styled};
use super::text::Page;
use crate::clock::Moment;
use crate::config::{self, Local};
use crate::domain::{Domain, Rejection};
use crate::ledger::{AtWork, Event, NameRecord, Record, Survey};
use crate::reconcile::explain::{
    Explanation, Facts, FromLedger, FromTables, Link, Reason, State, Verdict, explain,
};
use crate::text::{BAD, GOOD, ODD, PLAIN};
use crate::wordpress::{Database, Desired, Serving, Tables, candidates};

/// How long the database is given: the ledger answers where it does not.
const DATABASE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct ExplainFlags {
    /// The name, in any spelling, or a URL
    name: String,
    /// Print it as JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Explains why a name is, or is not, in RunCloud, covered and served. RunCloud is not asked: the ledger knows what the
/// last pass saw there.
pub(super) async fn explain_name(
    settings: &Settings,
    flags: &ExplainFlags,
) -> Result<Exit, Failure> {
    let local = config::load_local(&settings.flags(), &place::environment());
    let local = local.map_err(|error| error.to_string());
    let place = Place { directory: place::state_dir(settings)?, command: settings.command() };
    show(local, &place, &flags.name, flags.json).await?;
    Ok(Exit::Converged)
}

/// Where the ledger is, and how this program is called with its settings.
pub(super) struct Place {
    pub(super) directory: PathBuf,
    pub(super) command: String,
}

/// Explains what is asked for, as text or as JSON; `local` says where the tables are, or why that is not known.
pub(super) async fn show(
    local: Result<Local, String>,
    Place { directory, command }: &Place,
    asked: &str,
    json: bool,
) -> Result<(), Failure> {
    let read = read_tables(local).await;
    let name = match place::name_in(asked) {
        Ok(name) => name,
        Err(rejection) => return tell_no_name(&rejection, &read, json),
    };
    let known = Known::read(directory, &name).await?;
    let tables = match &read {
        Ok(read) => Ok(read.of(&name).await),
        Err(why) => Err(why.clone()),
    };
    let now = Moment::now();
    let ledger = known.as_ref().map(|known| known.of(&name, AtWork::on(directory)));
    let facts = Facts { name: &name, tables, ledger, now: &now, command };
    let explanation = explain(&facts);
    let events = known.as_ref().map(|known| known.record.events.as_slice()).unwrap_or_default();
    if json {
        print_json(&ExplainJson::of(asked, &name, &explanation, events))
    } else {
        print_styled(&page(&name, &explanation, events))
    }
}

/// What the ledger knows of a name, and of what may serve it.
struct Known {
    record: NameRecord,
    /// The name without `www.`, whose entry may serve this one.
    bare: Option<(Domain, NameRecord)>,
    by_wildcard: bool,
    survey: Survey,
}

impl Known {
    async fn read(directory: &Path, name: &Domain) -> Result<Option<Self>, Failure> {
        let Some(mut ledger) = Record::open(directory).await? else { return Ok(None) };
        let bare = match name.without_www() {
            Some(bare) => Some((bare.clone(), ledger.of_name(&bare).await?)),
            None => None,
        };
        Ok(Some(Self {
            record: ledger.of_name(name).await?,
            bare,
            by_wildcard: ledger.has_wildcard_for(name).await?,
            survey: ledger.survey(Some(0), &Moment::now()).await?,
        }))
    }

    fn of(&self, name: &Domain, at_work: AtWork) -> FromLedger<'_> {
        let serves_www = |record: &NameRecord| {
            record.owned.as_ref().is_some_and(|(owned, _)| owned.www == Some(true))
        };
        let carrier =
            self.bare.as_ref().filter(|(bare, record)| bare != name && serves_www(record));
        FromLedger {
            record: &self.record,
            carrier: carrier.map(|(bare, record)| (bare, record)),
            by_wildcard: self.by_wildcard,
            survey: &self.survey,
            at_work,
        }
    }
}

/// What the database says.
struct Read {
    database: Database,
    tables: Tables,
    desired: Desired,
    keep: Vec<Domain>,
}

async fn read_tables(local: Result<Local, String>) -> Result<Read, String> {
    let Local { source, prefix, own, keep, subdomains } = local?;
    let database = Database::new(source, prefix, Duration::ZERO);
    let tables = tokio::time::timeout(DATABASE, database.read()).await;
    let tables = tables.map_err(|_| "the database did not answer in time".to_owned())?;
    let tables = tables.map_err(|error| error.to_string())?;
    let desired = Desired::of(&tables, &own, &keep, subdomains);
    Ok(Read { database, tables, desired, keep })
}

impl Read {
    async fn of(&self, name: &Domain) -> FromTables<'_> {
        let rows = candidates(name, &self.tables);
        // Without them the rows are of equal rank, which matters only where there are several.
        let ranks = tokio::time::timeout(DATABASE, self.database.ranks(&rows)).await;
        let ranks = ranks.ok().and_then(Result::ok).unwrap_or_default();
        let serving = Serving::of(name, &self.tables, &ranks);
        FromTables::of(name, &self.desired, &self.tables.mappings, &self.keep, serving)
    }
}

/// What is asked for is no host name; a row may hold it all the same.
fn tell_no_name(
    rejection: &Rejection,
    read: &Result<Read, String>,
    json: bool,
) -> Result<(), Failure> {
    let rejected = read.as_ref().map(|read| read.desired.rejected.as_slice()).unwrap_or_default();
    let row = rejected.iter().find(|row| row.rejection == *rejection);
    let sentence = match row {
        Some(row) => format!("{} holds it, and {rejection}", row.cause),
        None => rejection.to_string(),
    };
    let mend = row.map(|row| match row.cause.mapping {
        Some(mapping) => format!("store the host name in mapping {mapping}, or delete it"),
        None => format!("correct the domain of site {} in WordPress", row.cause.site),
    });
    if json {
        let verdict = serde_json::json!({ "reason": "no_name", "because": null, "sentence": sentence, "mend": mend });
        return print_json(&serde_json::json!({ "schema": 1, "domain": null, "verdict": verdict }));
    }
    let mut page = Page::default();
    page.row(BAD, "verdict", &sentence);
    if let Some(mend) = &mend {
        page.row(PLAIN, "mend", mend);
    }
    print_styled(&page)
}

fn page(name: &Domain, explanation: &Explanation, events: &[Event]) -> Page {
    let mut page = Page::default();
    page.row(PLAIN, "name", name.as_str());
    for Link { link, state, text } in &explanation.chain {
        let style = match state {
            State::Good => GOOD,
            State::Open => PLAIN,
            State::Bad => BAD,
        };
        page.row(style, link, text);
    }
    for (index, event) in events.iter().rev().take(3).rev().enumerate() {
        let label = if index == 0 { "last" } else { "" };
        page.row(PLAIN, label, &format!("{}  {}", event.at.for_reader(), told(event)));
    }
    let Verdict { reason, sentence, mend, .. } = &explanation.verdict;
    let style = match (reason, mend) {
        (Reason::Live | Reason::Protected, _) => GOOD,
        (_, Some(_)) => BAD,
        (_, None) => ODD,
    };
    page.row(style, "verdict", sentence);
    let mut lines = mend.iter().flat_map(|mend| mend.lines());
    if let Some(sentence) = lines.next() {
        page.row(PLAIN, "mend", sentence);
    }
    lines.for_each(|command| page.line(command));
    page
}

/// The explanation for a machine.
#[derive(Serialize)]
struct ExplainJson<'a> {
    schema: u32,
    asked: &'a str,
    domain: &'a Domain,
    #[serde(flatten)]
    explanation: &'a Explanation,
    events: Vec<EventJson<'a>>,
}

impl<'a> ExplainJson<'a> {
    fn of(
        asked: &'a str,
        domain: &'a Domain,
        explanation: &'a Explanation,
        events: &'a [Event],
    ) -> Self {
        let events = events.iter().map(EventJson::of).collect();
        Self { schema: 1, asked, domain, explanation, events }
    }
}

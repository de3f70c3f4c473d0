//! The operator's questions, asked of the demo's own network.

use std::path::Path;

use super::super::exit::Failure;
use super::super::history::{self, HistoryText};
use super::super::{explain, status};
use super::narrator::{say, show, title};
use super::network;
use crate::config::Local;
use crate::ledger::Filter;
use crate::wordpress::{Source, Subdomains, TablePrefix};

const COMMAND: &str = "runcloud-domain-sync";
/// How many names of each list, and how many events, are shown.
const SHOWN: u32 = 3;

/// Runs `status`, `explain` and `history` as an operator would, on the network of a demo's directory.
pub(super) async fn ask(directory: &Path, prefix: &TablePrefix) -> Result<(), Failure> {
    title("8. What an operator asks")?;
    let state = directory.join("state");
    say("`status` says what is known, from the ledger alone:")?;
    say("")?;
    status::show(&state, None, Some(SHOWN), COMMAND.to_owned()).await?;
    say("\n`explain` says why a name is where it is, in any spelling:")?;
    say("")?;
    let place = explain::Place { directory: state.clone(), command: COMMAND.to_owned() };
    for asked in ["https://garden.example/", "legacy.example"] {
        let local = Local {
            source: Source::Sqlite(network::file(directory)),
            prefix: prefix.clone(),
            own: vec![],
            keep: vec![],
            subdomains: Subdomains::Auto,
        };
        explain::show(Ok(local), &place, asked, false).await?;
        say("")?;
    }
    say("`history` says what was done, when and why:")?;
    let newest = Filter { newest: Some(SHOWN), ..Filter::default() };
    show(&HistoryText(&history::events(&state, &newest).await?))
}

//! What an operator asks and says at the prompt.

mod adopt;
mod colours;
mod explain;
mod history;
mod pause;
mod retry;
mod status;

use runcloud_domain_sync::clock::Timestamp;
use runcloud_domain_sync::ledger::Operator;

use crate::support::binary::{Ran, for_world, run_for};
use crate::support::terminal::run_at_terminal;
use crate::support::world::World;

/// A point that reads well: 2026-11-21 12:00 UTC.
const NOON: Timestamp = Timestamp(1_795_262_400);

async fn ran(world: &World, arguments: &[&str]) -> Ran {
    let mut command = for_world(world);
    command.args(arguments);
    run_for(command).await
}

/// What a command prints that has to end well.
async fn told(world: &World, arguments: &[&str]) -> String {
    let Ran { code, stdout, stderr } = ran(world, arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {stdout}{stderr}");
    without_place(world, &stdout)
}

async fn at_terminal(world: &World, arguments: &[&str], typed: &'static str) -> Ran {
    let mut command = for_world(world);
    command.args(arguments);
    run_at_terminal(command, typed).await
}

async fn operator(world: &World) -> Operator {
    Operator::join(world.state.path()).await.unwrap().unwrap()
}

/// The world's own addresses as `DIR` and `API`.
fn without_place(world: &World, text: &str) -> String {
    let directory = world.state.path().display().to_string();
    let config = world.state.path().join("config.toml").display().to_string();
    let text = text.replace(&config, "CONFIG");
    text.replace(&directory, "DIR").replace(&world.runcloud.url(), "API")
}

/// Times as `TIME` and without their date, and spans of time as `SPAN`.
fn without_time(text: &str) -> String {
    let is_digits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let is_date = |word: &str| word.len() == 10 && word.split('-').all(is_digits);
    let is_time = |word: &str| {
        word.len() == 5 && word.split(':').count() == 2 && word.split(':').all(is_digits)
    };
    let is_unit = |word: &str| ["s", "min", "h", "s;", "s,", "min,"].contains(&word);
    let mut lines = Vec::new();
    for line in text.lines() {
        let words = line.split(' ').filter(|word| !is_date(word.trim_start_matches('(')));
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        for at in 0..words.len() {
            let next = words.get(at + 1).cloned().unwrap_or_default();
            if is_time(words[at].trim_start_matches('(')) {
                "TIME".clone_into(&mut words[at]);
            } else if is_digits(&words[at]) && is_unit(&next) {
                "SPAN".clone_into(&mut words[at]);
            }
        }
        lines.push(words.join(" "));
    }
    // A date makes a line longer, so that the time may come to stand on the next.
    lines.join("\n").replace("\n    TIME UTC", " TIME UTC")
}

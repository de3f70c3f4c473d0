//! The command line: one file per command. Machine output goes to stdout, messages to stderr.

mod adopt;
mod approve;
mod args;
mod ask;
mod demo;
mod doctor;
mod exit;
mod explain;
mod history;
mod pages;
mod pause;
mod place;
mod plan;
mod progress;
mod rebind;
mod retry;
mod run;
mod signals;
mod status;
mod text;
mod undo;
mod values;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use args::{Cli, Command};
use exit::{Exit, Failure};

use crate::log::{self, Audience, Sink, events};

/// Begins every line but the first of an error, such as one of several settings that are wrong.
const BELOW_ERROR: &str = "\n       ";

/// Runs the command the process was started with.
pub fn main() -> ExitCode {
    keep_memory_private();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let arguments: Vec<String> =
                std::env::args_os().filter_map(|word| word.into_string().ok()).collect();
            let error = args::with_example(error, &arguments);
            // A closed stdout or stderr leaves nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Converged.into() };
        }
    };
    let is_daemon = match &cli.command {
        None => cli.run.is_daemon(),
        Some(Command::Run(flags)) => flags.or(&cli.run).is_daemon(),
        Some(_) => false,
    };
    let audience = if is_daemon { Audience::Daemon } else { Audience::Command };
    let sink = log::start(cli.log_format, audience, progress::Stderr);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run_command(cli)),
        Err(error) => Err(Failure::new(Exit::Internal, error.to_string())),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(Failure { exit, message }) => {
            match sink {
                // A closed stderr leaves nobody to tell.
                Sink::Text => {
                    let message = message.replace('\n', BELOW_ERROR);
                    drop(writeln!(std::io::stderr(), "error: {message}"));
                }
                Sink::Structured => tracing::error!(message_id = events::FAILED, "{message}"),
            }
            exit.into()
        }
    }
}

/// Neither a core dump nor another process of the same user shows what is in memory, which secrets are.
fn keep_memory_private() {
    // A kernel that knows no such thing leaves it as it was.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

async fn run_command(cli: Cli) -> Result<Exit, Failure> {
    let Cli { settings, run, command, .. } = cli;
    match command {
        None => run::run(&settings, &run).await,
        Some(_) if run.once || run.dry_run => Err(Failure::usage(
            "--once and --dry-run are for `run`, which is the default: leave them out",
        )),
        Some(Command::Run(flags)) => run::run(&settings, &flags.or(&run)).await,
        Some(Command::Plan(flags)) => plan::plan(&settings, flags.json || run.json).await,
        Some(Command::Status(flags)) => status::status(&settings, &flags).await,
        Some(Command::Explain(flags)) => explain::explain_name(&settings, &flags).await,
        Some(Command::History(flags)) => history::history(&settings, &flags).await,
        Some(Command::Pause(flags)) => pause::pause(&settings, &flags).await,
        Some(Command::Resume) => pause::resume(&settings).await,
        Some(Command::Retry(flags)) => retry::retry(&settings, &flags).await,
        Some(Command::Adopt(flags)) => adopt::adopt(&settings, &flags).await,
        Some(Command::Approve(flags)) => approve::approve(&settings, &flags).await,
        Some(Command::Doctor(flags)) => doctor::doctor(&settings, flags.json || run.json).await,
        Some(Command::Demo(flags)) => demo::demo(&flags).await,
        Some(Command::Completions { shell }) => pages::completions(shell),
        Some(Command::Man { directory }) => pages::man(&directory),
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn memory_is_in_no_core_dump() {
        keep_memory_private();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}

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

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::{Exit, Failure};

/// Runs the command the process was started with.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed stdout or stderr leaves nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Converged.into() };
        }
    };
    log_to_stderr();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run_command(cli)),
        Err(error) => Err(Failure::new(Exit::Internal, error.to_string())),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(Failure { exit, message }) => {
            eprintln!("error: {message}");
            exit.into()
        }
    }
}

async fn run_command(cli: Cli) -> Result<Exit, Failure> {
    let Cli { settings, run, command } = cli;
    match command {
        None => run::run(&settings, &run).await,
        Some(_) if run.once || run.dry_run => {
            Err(Failure::usage("--once and --dry-run belong to `run`"))
        }
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

/// What this program does is told, and only warnings of what it stands on; those of the DNS client are about single
/// packets, and an answer that it drops shows in a verdict.
const TOLD: &str = "warn,hickory=error,runcloud_domain_sync=info";

/// `RUST_LOG` decides, or else [`TOLD`].
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(TOLD));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| progress::Stderr)
        .with_target(false)
        .with_ansi(false)
        .without_time()
        .init();
}

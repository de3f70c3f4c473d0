#![allow(clippy::doc_markdown, reason = "the comments here are the help text, printed as they are")]

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Error, Parser, Subcommand};

use super::adopt::AdoptFlags;
use super::explain::ExplainFlags;
use super::history::HistoryFlags;
use super::pause::PauseFlags;
use super::place::environment;
use super::retry::RetryFlags;
use super::status::StatusFlags;
use super::values::{duration, number};
use crate::config::{self, Flags};
use crate::log::Format;

/// Keeps the domains of a RunCloud web application equal to the mapped domains of a WordPress
/// multisite network.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, args_override_self = true, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) run: RunFlags,
    /// How messages on stderr are written [default: the journal's own fields where systemd listens, else text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(super) log_format: Option<Format>,
    // Its heading would be that of whatever follows.
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const AFTER_HELP: &str = "\
Credentials are never a flag: WU_RUNCLOUD_API_TOKEN (API v3), or
WU_RUNCLOUD_API_KEY and WU_RUNCLOUD_API_SECRET (API v2), from the environment,
from a file that config.toml names (runcloud.api_token_file), or from
wp-config.php.

Exit codes:
   0  converged, or nothing to do      5  temporary: nothing is lost
   1  unexpected internal error        6  RunCloud refused the credentials
   2  plan: there are changes          7  another instance is at work
   3  some names failed, or findings  64  usage
   4  removals are blocked            78  configuration

Examples, in the order of a first day:
  runcloud-domain-sync demo
  runcloud-domain-sync --wp-config /home/runcloud/webapps/APP doctor
  runcloud-domain-sync --wp-config /home/runcloud/webapps/APP plan
  runcloud-domain-sync --wp-config /home/runcloud/webapps/APP --once
  runcloud-domain-sync --wp-config /home/runcloud/webapps/APP";

/// An example below a command's help; a setting that is in every one is left out.
macro_rules! example {
    ($($example:literal)+) => {
        concat!("Examples, without the settings that say where:", $("\n  runcloud-domain-sync ", $example),+)
    };
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reconcile for ever, or once; the default.
    ///
    /// Reads the table every few seconds, and RunCloud when something changed or is due. The first SIGTERM
    /// or Ctrl-C lets the call in flight end, the second one stops at once; what was begun is finished by the
    /// next pass.
    #[command(after_help = example!("--once" "run --once --json" "--dry-run"))]
    Run(RunFlags),
    /// Show what a pass would do now, and write nothing.
    ///
    /// Lines begin with + add, - remove, ~ update, * adopt, ! blocked, = held, ? unmanaged or x
    /// rejected. Exits 2 where there is something to do, 4 where removals are blocked. Needs no ledger and
    /// no right to write.
    #[command(after_help = example!("plan" "plan --json"))]
    Plan(PlanFlags),
    /// Show what is known, from the ledger alone.
    ///
    /// Whether a daemon is at work, when passes were and are due, how many names there are, what failed, is
    /// held or blocked, and until when. Needs nothing but the state directory and the right to read it.
    #[command(after_help = example!("status" "status --json"))]
    Status(StatusFlags),
    /// Explain why a name is, or is not, in RunCloud, covered by a certificate and served.
    ///
    /// Takes any spelling, also a URL. Reads the ledger and, where it can, the WordPress database; RunCloud is
    /// not asked. Ends in one sentence, and the mend where there is one.
    #[command(after_help = example!("explain shop.example.com" "explain https://shop.example.com/cart --json"))]
    Explain(ExplainFlags),
    /// Show what was changed, tried and said, when, why and in which pass.
    ///
    /// Needs nothing but the state directory and the right to read it.
    #[command(after_help = example!("history" "history --domain shop.example.com --since 7d" "history undo 12"))]
    History(HistoryFlags),
    /// Write nothing to RunCloud until `resume`, or for a time.
    ///
    /// In effect from the next call on, also for a pass at work. The tables and RunCloud are still read, and
    /// what would be done is counted.
    #[command(after_help = example!("pause moving the server --for 2h"))]
    Pause(PauseFlags),
    /// End a pause.
    #[command(after_help = example!("resume"))]
    Resume,
    /// Try names again with the next pass, whatever they were put off for.
    #[command(after_help = example!("retry shop.example.com"))]
    Retry(RetryFlags),
    /// Put names that only RunCloud has under management: as no row wants them, they are removed.
    ///
    /// Shows first what becomes of each name, and asks. What rows want is adopted by every pass without a
    /// word. The web application's own name, redirects, the network's own names and the keep list are never
    /// adopted.
    #[command(after_help = example!("adopt old.example.com" "adopt --all"))]
    Adopt(AdoptFlags),
    /// Let removals that a guard blocks through, once.
    ///
    /// HASH is printed with the block and by `plan`, and stands for exactly those names: where the plan has
    /// changed since, nothing is approved and the difference is shown. Works beside a running daemon.
    #[command(after_help = example!("approve 6a168e869a57c56b --ttl 2h"))]
    Approve(ApproveFlags),
    /// Check everything that can be wrong, and say what mends it.
    ///
    /// Settings, RunCloud, the database, certificates, DNS, the plugin, this program's own rights and state.
    /// Writes nothing, needs no ledger, and goes on where one side is down. Exits 0 where nothing is wrong, 3
    /// where there are findings.
    #[command(after_help = example!("doctor" "doctor --json"))]
    Doctor(DoctorFlags),
    /// Show the whole thing at work on this machine, with a simulated RunCloud.
    ///
    /// The database is embedded, nothing leaves the machine, and nothing is left behind.
    #[command(after_help = "Examples:\n  \
        runcloud-domain-sync demo\n  \
        runcloud-domain-sync demo --keep\n  \
        runcloud-domain-sync demo --in /tmp/DIR --map shop.example.com")]
    Demo(DemoFlags),
    /// Print a shell's completions; the Debian package has them installed.
    #[command(after_help = "Example:\n  runcloud-domain-sync completions bash\n\n\
        bash looks for them in\n\
        ~/.local/share/bash-completion/completions/runcloud-domain-sync")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory, for a package.
    #[command(hide = true)]
    Man {
        /// The directory.
        directory: PathBuf,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct RunFlags {
    /// Make one pass and exit: for a timer, or a first try.
    #[arg(long)]
    pub(super) once: bool,
    /// Wait so long after --once for certificates that were ordered to be seen, such as 10m.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) wait: Option<humantime::Duration>,
    /// Print the plan, write nothing and exit.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print the plan or the report as JSON on stdout.
    #[arg(long)]
    pub(super) json: bool,
    /// Bind the ledger to another network or web application.
    ///
    /// The old one is set aside, and nothing is removed until names are adopted again. NAME is what it is to be
    /// bound to, such as network.example/1903/646 or a part of that; --once needs none.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "",
          require_equals = true)]
    pub(super) rebind: Option<String>,
}

impl RunFlags {
    /// Whether it runs until it is told to stop.
    pub(super) fn is_daemon(&self) -> bool {
        !self.once && !self.dry_run
    }

    /// Flags before the command's name count as well.
    pub(super) fn or(&self, other: &Self) -> Self {
        Self {
            once: self.once || other.once,
            wait: self.wait.or(other.wait),
            dry_run: self.dry_run || other.dry_run,
            json: self.json || other.json,
            rebind: self.rebind.clone().or_else(|| other.rebind.clone()),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct PlanFlags {
    /// Print the plan as JSON on stdout.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DoctorFlags {
    /// Print what was found as JSON on stdout.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ApproveFlags {
    /// What stands for the blocked removals, as `plan` prints it.
    pub(super) hash: String,
    /// How long the approval lasts if no pass uses it, such as 30m or 2h.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(super) ttl: humantime::Duration,
    /// Do it without a question.
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct DemoFlags {
    /// Stay up after the story, and reconcile what you map by hand.
    #[arg(long)]
    pub(super) keep: bool,
    /// The seed of the simulated RunCloud's hostility.
    #[arg(long, default_value_t = 7, value_parser = number::<u64>)]
    pub(super) seed: u64,
    /// Map NAME in the network of a demo that stays up, and exit.
    #[arg(long, value_name = "NAME", requires = "directory", conflicts_with = "keep")]
    pub(super) map: Option<String>,
    /// Take NAME's mapping away there, and exit.
    #[arg(long, value_name = "NAME", requires = "directory", conflicts_with_all = ["keep", "map"])]
    pub(super) unmap: Option<String>,
    /// The directory of the demo that stays up, as it prints it.
    #[arg(long = "in", value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
}

/// Where to read and what to change.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings (flag, then environment, config.toml, wp-config.php)")]
pub(super) struct Settings {
    /// config.toml [default: /etc/runcloud-domain-sync/config.toml, if there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// wp-config.php, or its directory [env: WP_CONFIG]
    #[arg(long, global = true, value_name = "PATH")]
    wp_config: Option<String>,
    /// mysql://USER:PASSWORD@HOST/NAME, sqlite:///FILE [env: DATABASE_URL] [wp-config.php: DB_*]
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Table prefix [env: WP_TABLE_PREFIX] [wp-config.php: $table_prefix] [default: wp_]
    #[arg(long, global = true, value_name = "PREFIX")]
    table_prefix: Option<String>,
    /// RunCloud's API, with its version [env: RUNCLOUD_API_URL]
    #[arg(long, global = true, value_name = "URL")]
    api_url: Option<String>,
    /// RunCloud server id [env and wp-config.php: WU_RUNCLOUD_SERVER_ID]
    #[arg(long, global = true, value_name = "ID")]
    server_id: Option<String>,
    /// RunCloud web application id [env and wp-config.php: WU_RUNCLOUD_APP_ID]
    #[arg(long, global = true, value_name = "ID")]
    app_id: Option<String>,
    /// State directory [env: STATE_DIRECTORY] [default: /var/lib/runcloud-domain-sync]
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<String>,
}

/// What is said of a command that was not given what it needs, with the example of its help that is closest to what was
/// given.
pub(super) fn with_example(mut error: Error, arguments: &[String]) -> Error {
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return error;
    }
    let mut command = Cli::command();
    for argument in arguments {
        if let Some(named) = command.find_subcommand(argument) {
            command = named.clone();
        }
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let examples = help.lines().filter_map(|line| line.strip_prefix("  "));
    let given = |example: &&str| arguments.iter().filter(|one| example.contains(*one)).count();
    if let Some(example) = examples.rev().max_by_key(given) {
        let example = format!("for example: {example}").into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![example]));
    }
    error
}

impl Settings {
    /// This program with the settings it was given, for a message that names a command. A URL that may
    /// hold a password is left out.
    pub(super) fn command(&self) -> String {
        let config = self.config.as_ref().map(|path| path.display().to_string());
        let database = self.database_url.as_ref().map(|_| "…".to_owned());
        let given = [
            ("--config", config),
            ("--wp-config", self.wp_config.clone()),
            ("--database-url", database),
            ("--table-prefix", self.table_prefix.clone()),
            ("--api-url", self.api_url.clone()),
            ("--server-id", self.server_id.clone()),
            ("--app-id", self.app_id.clone()),
            ("--state-dir", config::state_dir_flag(&self.flags(), &environment())),
        ];
        let given = given.into_iter().filter_map(|(flag, value)| Some((flag, value?)));
        given.fold("runcloud-domain-sync".to_owned(), |command, (flag, value)| {
            format!("{command} {flag} {value}")
        })
    }

    pub(super) fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            wp_config: self.wp_config.clone(),
            database_url: self.database_url.clone(),
            table_prefix: self.table_prefix.clone(),
            api_url: self.api_url.clone(),
            server_id: self.server_id.clone(),
            app_id: self.app_id.clone(),
            state_dir: self.state_dir.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_implied() {
        let cli = Cli::parse_from(["runcloud-domain-sync", "--once", "--json"]);
        assert!(cli.command.is_none() && cli.run.once && cli.run.json);
    }
}

//! What the program says while it works: native fields in the journal where systemd started it, text for a
//! terminal, or JSON for a collector. The fields are the same everywhere: `domain`, `action`, `result`, `pass_id`
//! and `message_id`, in the journal in capitals.

pub mod events;
mod lines;
mod scrub;

pub use lines::{Format, Lines};
pub(crate) use scrub::Scrub;

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const IDENTIFIER: &str = "runcloud-domain-sync";

/// Who reads it, where `RUST_LOG` says nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person who waits for a command: every try is told.
    Command,
    /// The journal of a daemon, which says by itself what is away.
    Daemon,
}

/// Where the lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Stderr, for a person.
    Text,
    /// The journal, or stderr for a machine: whatever is to be read goes through it.
    Structured,
}

/// Starts the log of the process; `format` is what was asked for, `stderr` where lines are written.
pub fn start(
    format: Option<Format>,
    audience: Audience,
    stderr: impl Write + Send + 'static,
) -> Sink {
    let filter = audience.filter();
    let registry = tracing_subscriber::registry();
    if format.is_none()
        && stderr_is_the_journal()
        && let Ok(journal) = tracing_journald::layer()
    {
        let journal = journal
            .with_field_prefix(None)
            .with_syslog_identifier(IDENTIFIER.to_owned())
            .with_priority_mappings(PriorityMappings {
                info: Priority::Informational,
                debug: Priority::Debug,
                ..PriorityMappings::new()
            });
        registry.with(journal.with_filter(filter)).init();
        return Sink::Structured;
    }
    let format = format.unwrap_or(Format::Text);
    let lines = Lines::new(format, stderr).with_filter(filter);
    registry.with(lines).init();
    if format == Format::Text { Sink::Text } else { Sink::Structured }
}

impl Audience {
    /// What is told: what this program does, and only warnings of what it stands on; those of the DNS client are
    /// about single packets, and an answer that it drops shows in a verdict.
    pub fn filter(self) -> Targets {
        let asked = std::env::var("RUST_LOG").ok().and_then(|asked| asked.parse().ok());
        let default = match self {
            Self::Command => "warn,hickory=error,runcloud_domain_sync=info",
            Self::Daemon => {
                "warn,hickory=error,runcloud_domain_sync=info,runcloud_domain_sync::patience=warn,\
                 runcloud_domain_sync::runcloud=warn"
            }
        };
        asked.or_else(|| default.parse().ok()).unwrap_or_default()
    }
}

/// Whether stderr is the stream that systemd connected to the journal (systemd.exec(5), `JOURNAL_STREAM`).
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stderr) = std::io::stderr().as_fd().try_clone_to_owned() else { return false };
    let found = std::fs::File::from(stderr).metadata();
    found.is_ok_and(|found| stream == format!("{}:{}", found.dev(), found.ino()))
}

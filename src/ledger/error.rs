use std::io::ErrorKind;
use std::path::Path;

use sqlx::migrate::MigrateError;

use super::known::Binding;
use super::lease::LeaseError;
use super::pause::Pause;
use crate::domain::Domain;

/// Why the ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite's error.
    #[error("the ledger {path} cannot be used: {error}")]
    Sqlite {
        /// The file.
        path: String,
        /// SQLite's reason.
        error: sqlx::Error,
    },
    /// This user may not open it, or something else is in its place.
    #[error("the ledger {path} cannot be opened: {error}. {}", mend(.error))]
    Closed {
        /// The file.
        path: String,
        /// The operating system's reason.
        error: std::io::Error,
    },
    /// Its content makes no sense.
    #[error("the ledger {path} is damaged ({why})")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A newer version of the program wrote it.
    #[error("the ledger {0} is of a newer version of this program")]
    Newer(String),
    /// An older version of the program wrote it, and may be at work on it.
    #[error(
        "the ledger {0} is of an older version of this program, which may be at work on it. Restart the \
         service, or make a pass with `--once`: that upgrades it"
    )]
    Older(String),
    /// It speaks of another web application.
    #[error(
        "the ledger {path} belongs to {bound}, not to {asked}. Give each web application a state \
         directory of its own (--state-dir). If this one is to change over: --rebind={}/{} sets the \
         ledger aside and begins a new one",
        .asked.server, .asked.app
    )]
    Bound {
        /// The file.
        path: String,
        /// What it speaks of.
        bound: Binding,
        /// What it was opened for.
        asked: Binding,
    },
    /// It speaks of another network.
    #[error(
        "the ledger belongs to the network {bound}, and the database is of {found}: is it the right \
         one? Give each network a state directory of its own (--state-dir). If this one is to change \
         over: --rebind={found} sets the ledger aside and begins a new one"
    )]
    OtherNetwork {
        /// The network it speaks of.
        bound: Domain,
        /// The network of the database.
        found: Domain,
    },
    /// An operator paused the program.
    #[error("paused by an operator: nothing is written to RunCloud")]
    Paused(Pause),
    /// The right to write it is lost.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// A read or write failed after it was opened.
    #[error("the ledger cannot be written or read: {0}")]
    Statement(#[from] sqlx::Error),
}

impl LedgerError {
    /// Whether the file can be of no use to this version of the program: it is set aside then.
    pub fn is_unusable_file(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Newer(_) => true,
            Self::Statement(error) => damage(error).is_some(),
            Self::Sqlite { .. }
            | Self::Closed { .. }
            | Self::Older(_)
            | Self::Bound { .. }
            | Self::OtherNetwork { .. }
            | Self::Lease(_)
            | Self::Paused(_) => false,
        }
    }
}

fn mend(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => "Run this as root (sudo), or as the user of the service",
        _ => "Set --state-dir",
    }
}

pub(super) fn file_error(path: &Path, error: sqlx::Error) -> LedgerError {
    let path = path.display().to_string();
    match damage(&error) {
        Some(why) => LedgerError::Damaged { path, why },
        None => LedgerError::Sqlite { path, error },
    }
}

pub(super) fn migration_error(path: &Path, error: MigrateError) -> LedgerError {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            LedgerError::Newer(path.display().to_string())
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            file_error(path, error)
        }
        other => LedgerError::Damaged { path: path.display().to_string(), why: other.to_string() },
    }
}

/// What shows that the content itself is bad: SQLite's CORRUPT and NOTADB, or cells that cannot be.
fn damage(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Database(answer) => {
            let code: i64 = answer.code()?.parse().ok()?;
            matches!(code & 0xff, 11 | 26).then(|| answer.message().to_owned())
        }
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => Some(error.to_string()),
        _ => None,
    }
}

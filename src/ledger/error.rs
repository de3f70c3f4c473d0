use std::path::Path;

use sqlx::migrate::MigrateError;

use super::known::Binding;

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
    /// A newer version of the program wrote it.
    #[error("the ledger {0} is of a newer version of this program; install that version again")]
    Newer(String),
    /// It speaks of another web application.
    #[error(
        "the ledger {path} belongs to {bound}, not to {asked}: give each web application a state \
         directory of its own (--state-dir)"
    )]
    Bound {
        /// The file.
        path: String,
        /// What it speaks of.
        bound: Binding,
        /// What it was opened for.
        asked: Binding,
    },
    /// A read or write failed after it was opened.
    #[error("the ledger cannot be written or read: {0}")]
    Statement(#[from] sqlx::Error),
}

pub(super) fn unusable(path: &Path, error: sqlx::Error) -> LedgerError {
    LedgerError::Sqlite { path: path.display().to_string(), error }
}

pub(super) fn migration_error(path: &Path, error: MigrateError) -> LedgerError {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            LedgerError::Newer(path.display().to_string())
        }
        other => unusable(path, sqlx::Error::Migrate(Box::new(other))),
    }
}

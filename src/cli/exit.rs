use std::process::ExitCode;

use crate::config::ConfigError;
use crate::ledger::{LeaseError, LedgerError};
use crate::reconcile::PassError;
use crate::runcloud::{ApiError, Class};
use crate::wordpress::DatabaseError;

/// What the exit code says; the numbers are the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Converged, or nothing to do.
    Converged = 0,
    /// An error nobody expected.
    Internal = 1,
    /// `plan`, `--dry-run`: there are changes.
    Changes = 2,
    /// Done, but some names failed.
    Partial = 3,
    /// Removals are blocked by a guard.
    Blocked = 4,
    /// The database or the API is unavailable or throttled; nothing is lost.
    Temporary = 5,
    /// RunCloud refused the credentials.
    Credentials = 6,
    /// Another instance holds the lease.
    Busy = 7,
    /// Usage.
    Usage = 64,
    /// Configuration.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended without doing what it was for.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    /// Without a trailing full stop or newline.
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: String) -> Self {
        Self { exit, message }
    }

    /// A command that was not given what it needs.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message.into())
    }

    /// A failure nobody expected.
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        Self::new(Exit::Internal, error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Config, error.to_string())
    }
}

impl From<LeaseError> for Failure {
    fn from(error: LeaseError) -> Self {
        let exit = match error {
            LeaseError::Held { .. } | LeaseError::Gone { .. } => Exit::Busy,
            LeaseError::NoRoom { .. } => Exit::Temporary,
            LeaseError::Directory { .. } => Exit::Config,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let exit = match error {
            // Such as a full disk.
            LedgerError::Statement(_) | LedgerError::Sqlite { .. } => Exit::Temporary,
            LedgerError::Lease(error) => return error.into(),
            _ => Exit::Config,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let exit = match (&error, error.class()) {
            (ApiError::UnknownApp { .. }, _) => Exit::Config,
            (_, Class::Fatal) => Exit::Credentials,
            (_, Class::Transient | Class::Item) => Exit::Temporary,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        let exit = if error.is_transient() { Exit::Temporary } else { Exit::Config };
        Self::new(exit, error.to_string())
    }
}

impl From<PassError> for Failure {
    fn from(error: PassError) -> Self {
        match error {
            PassError::Database(error) => error.into(),
            PassError::Api(error) => error.into(),
            PassError::Ledger(error) => error.into(),
            PassError::Stopped => Self::new(Exit::Temporary, error.to_string()),
        }
    }
}

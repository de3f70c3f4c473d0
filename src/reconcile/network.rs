use super::guard::{self, ApprovedPlan};
use super::inputs::{Inputs, Policy};
use super::plan::plan;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{Known, LedgerError};
use crate::runcloud::{Actual, ApiError, Class, Reader};
use crate::wordpress::{Database, DatabaseError, Desired};

/// Everything a pass reads from, and what the operator decided.
pub struct Network {
    /// WordPress's tables.
    pub database: Database,
    /// RunCloud.
    pub reader: Reader,
    /// The network's own names known from elsewhere (`DOMAIN_CURRENT_SITE`).
    pub own: Vec<Domain>,
    /// The keep list.
    pub keep: Vec<Domain>,
    /// What the operator decided.
    pub policy: Policy,
}

/// Why a pass ended early. What was done until then is in the ledger.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// The WordPress tables could not be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// RunCloud could not be read, or accepts no more writes.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The ledger could not be read or written; without it nothing is written to RunCloud.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl PassError {
    /// Whether RunCloud accepts nothing more until a person changed something.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Api(error) if error.class() == Class::Fatal)
    }

    /// Whether every further call to RunCloud would meet the same.
    pub(super) fn is_about_everything(&self) -> bool {
        matches!(self, Self::Api(error) if error.is_about_everything())
    }
}

impl Network {
    /// What the tables want now.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn desired(&self) -> Result<Desired, DatabaseError> {
        let tables = self.database.read().await?;
        Ok(Desired::of(&tables, &self.own, &self.keep, self.policy.subdomains))
    }

    pub(super) fn plan(&self, desired: &Desired, actual: &Actual, known: &Known) -> ApprovedPlan {
        let now = Timestamp::now();
        let inputs = Inputs { desired, actual, known, policy: &self.policy, now };
        guard::review(plan(&inputs), desired)
    }
}

use super::certificate::SslRules;
use super::guard::{self, ApprovedPlan, Evidence};
use super::inputs::{Inputs, Policy};
use super::look::Probes;
use super::plan::{HeldReason, Plan, plan};
use super::proof::{Snapshot, Suspicion};
use super::report::some_of;
use crate::clock::Moment;
use crate::domain::Domain;
use crate::ledger::{Known, LedgerError};
use crate::probe::DnsVerdict;
use crate::runcloud::{Actual, ApiError, Class, Reader};
use crate::stop::Stop;
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
    /// What the operator decided about certificate orders.
    pub rules: SslRules,
    /// What the outside world is looked at with.
    pub probes: Probes,
    /// Asked, the reads end and no further call is made.
    pub stop: Stop,
}

/// Why a pass ended early. What was done until then is in the ledger.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// The WordPress tables could not be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// RunCloud could not be read, or accepts no more writes.
    #[error(transparent)]
    Api(ApiError),
    /// The ledger could not be read or written; without it nothing is written to RunCloud.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Somebody asked the program to stop.
    #[error("stopped as asked; nothing is lost, the next pass goes on")]
    Stopped,
}

impl From<ApiError> for PassError {
    fn from(error: ApiError) -> Self {
        if error == ApiError::Stopped { Self::Stopped } else { Self::Api(error) }
    }
}

impl PassError {
    /// Whether RunCloud accepts nothing more until a person changed something.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Api(error) if error.class() == Class::Fatal)
    }

    /// Whether every further call to RunCloud would meet the same.
    pub(super) fn is_about_everything(&self) -> bool {
        match self {
            Self::Api(error) => error.is_about_everything(),
            Self::Stopped | Self::Ledger(LedgerError::Paused(_)) => true,
            Self::Database(_) | Self::Ledger(_) => false,
        }
    }
}

impl Network {
    /// What the tables want now.
    ///
    /// # Errors
    /// [`PassError::Database`] and [`PassError::Stopped`].
    pub async fn desired(&self) -> Result<Desired, PassError> {
        let tables = tokio::select! {
            tables = self.database.read() => tables?,
            () = self.stop.wait() => return Err(PassError::Stopped),
        };
        Ok(Desired::of(&tables, &self.own, &self.keep, self.policy.subdomains))
    }

    pub(super) fn plan(
        &self,
        mut desired: Desired,
        actual: Actual,
        known: &Known,
        now: &Moment,
    ) -> Proposal {
        let is_here = |name: &Domain| {
            known.verdicts.get(name).is_some_and(|verdict| verdict.verdict == DnsVerdict::Here)
        };
        desired.take_arrived(is_here);
        let desired = Snapshot::of_tables(desired, known);
        let actual = Snapshot::of_listing(actual, known);
        let policy = &self.policy;
        let (side, listed) = (desired.side(), actual.side());
        let inputs = Inputs { desired: side, actual: listed, known, policy, now: now.wall };
        let plan = plan(&inputs);
        let evidence = Evidence { desired: &desired, actual: &actual, known, policy, now };
        let approved = guard::review(plan, &evidence);
        Proposal { desired, actual, approved }
    }
}

/// Which entry it is may differ from list to list, and what is said should be the same until it is over.
const CONTRADICTED: &str = "names are added, and nothing else is done: RunCloud's list says otherwise than its entries \
     say of themselves, and is not believed";

/// A plan with the reads it rests on.
pub(super) struct Proposal {
    pub(super) desired: Snapshot<Desired>,
    pub(super) actual: Snapshot<Actual>,
    pub(super) approved: ApprovedPlan,
}

impl Proposal {
    /// What an operator should hear about the reads, once.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = self.desired.side().notices.clone();
        let suspicions = [self.desired.suspicion(), self.actual.suspicion()];
        for why in suspicions.into_iter().flatten() {
            notices.push(if let Suspicion::Contradicted(why) = why {
                tracing::debug!("{why}");
                CONTRADICTED.to_owned()
            } else {
                format!("nothing is removed: {why}, which is not believed")
            });
        }
        notices.extend(astray_notice(self.approved.plan()));
        let held = self.approved.plan().held.iter();
        for conflict in held.filter(|held| held.reason == HeldReason::Conflict) {
            notices.push(format!("{}: {}", conflict.domain, conflict.detail));
        }
        for (domain, cause) in &self.desired.side().hijacks {
            notices.push(format!(
                "{domain}: {cause} maps the network's own name to another site: delete it in Ultimate \
                 Multisite → Domains"
            ));
        }
        let rejected = &self.desired.side().rejected;
        if let Some(first) = rejected.first() {
            let more = match rejected.len() - 1 {
                0 => String::new(),
                more => format!(" ({more} more rows like it)"),
            };
            notices.push(format!("{}: {}{more}", first.cause, first.rejection));
        }
        notices
    }
}

/// Entries that have another id than they had, in one line.
fn astray_notice(plan: &Plan) -> Option<String> {
    let moved = plan.astray.iter().filter(|(_, id)| id.is_some());
    let names: Vec<Domain> = moved.map(|(name, _)| name.clone()).collect();
    (!names.is_empty()).then(|| {
        let names = some_of(&names);
        format!("nothing is changed of {names}: RunCloud lists other entries under these names than before")
    })
}

//! The ledger: what this daemon owns in RunCloud, what it is about to do, and what it still owes.
//!
//! An SQLite file in the state directory, the only thing the program writes on disk. The intent is
//! in it before each write call and the outcome after, both durable; whatever a crash leaves open is
//! settled against the next listing. [`Known`] is its content as plain data, for the planner.

mod approval;
mod certificate;
mod certificates;
mod changes;
mod coverage;
mod error;
mod glance;
mod history;
mod known;
mod lease;
mod names;
mod of_name;
mod open;
mod operator;
mod passes;
mod pause;
mod read;
mod record;
mod service;
mod settlement;
mod store;
mod survey;
mod ticks;

pub use approval::Approval;
pub use certificate::{CertificateOrder, CertificateState, Verdict};
pub use certificates::WEEK;
pub use coverage::{Coverage, FailedOrder};
pub use error::LedgerError;
pub use glance::{Glance, LastPass};
pub use history::{ACCEPTED, Action, Event, Outcome, Rule, Why};
pub use known::{
    Binding, Bound, Cause, DAY, Failure, Intent, IntentAction, Known, Origin, Owned, Removal,
    Repair, Restore,
};
pub use lease::{AtWork, Lease, LeaseError};
pub use of_name::{NameRecord, Reason};
pub use open::Look;
pub use operator::{Operator, PutOff};
pub use passes::{Drift, PassCounts, Reasons, Seen};
pub use pause::Pause;
pub use record::{Filter, Record};
pub use service::Service;
pub use store::Ledger;
pub use survey::{BlockedNames, Listed, Noted, Pass, Saw, Survey};
pub use ticks::{Tick, TickClock};

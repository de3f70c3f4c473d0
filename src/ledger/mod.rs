//! The ledger: what this daemon owns in RunCloud, what it is about to do, and what it still owes.
//!
//! An SQLite file in the state directory, the only thing the program writes on disk. The intent is
//! in it before each write call and the outcome after, both durable; whatever a crash leaves open is
//! settled against the next listing. [`Known`] is its content as plain data, for the planner.

mod approval;
mod certificate;
mod certificates;
mod changes;
mod error;
mod known;
mod lease;
mod names;
mod open;
mod passes;
mod read;
mod settlement;
mod store;
mod ticks;

pub use approval::Approval;
pub use certificate::{CertificateOrder, CertificateState, Verdict};
pub use certificates::WEEK;
pub use error::LedgerError;
pub use known::{
    Binding, Bound, Cause, DAY, Failure, Intent, IntentAction, Known, Origin, Owned, Removal,
    Repair,
};
pub use lease::{Lease, LeaseError};
pub use open::Look;
pub use passes::PassCounts;
pub use store::Ledger;
pub use ticks::{Tick, TickClock};

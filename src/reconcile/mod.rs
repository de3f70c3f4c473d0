//! Deciding and doing. [`plan`], [`guard`] and [`certificate`] are pure: they take everything that was
//! read, and `now`, and return values. [`pass`] reads, lets them decide, and applies.

pub mod adoption;
mod aftermath;
mod apply;
mod approved;
mod blocked;
pub mod certificate;
mod change;
pub mod explain;
mod failures;
mod glance;
mod grace;
pub mod guard;
mod identity;
mod inputs;
mod inquiry;
mod judge;
mod look;
mod network;
mod order;
pub mod pass;
pub mod plan;
mod pointing;
pub mod proof;
mod removal;
mod report;
mod retry;
mod seen;
mod settle;
mod show;
mod systemic;
mod www;

pub use blocked::{Blocked, Guard};
pub use glance::glance;
pub use grace::Grace;
pub use look::Probes;
pub use network::{Network, PassError};
pub(crate) use report::some_of;
pub use report::{Failed, Order, Paused, Report};
pub use systemic::Systemic;

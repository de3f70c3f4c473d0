//! Deciding and doing. [`plan`], [`guard`] and [`certificate`] are pure: they take everything that was
//! read, and `now`, and return values. [`pass`] reads, lets them decide, and applies.

mod apply;
pub mod certificate;
mod change;
pub mod guard;
mod inputs;
mod network;
mod order;
pub mod pass;
pub mod plan;
mod report;
mod retry;
mod settle;
mod show;
mod www;

pub use network::{Network, PassError};
pub use report::{Failed, Order, Report};

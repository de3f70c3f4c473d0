//! WordPress's tables: what is wanted.
//!
//! [`Database::read`] takes plain tables in one consistent, read-only snapshot; [`Desired::of`] joins
//! them in memory, by id and by normalised name, because a join in SQL can fail on mixed collations
//! (error 1267) and equality in SQL is not equality of names. Nothing here writes.

mod database;
mod desired;
mod error;
mod fingerprint;
mod grant;
mod ranks;
mod serving;
mod source;
mod survey;
mod tables;

pub use database::{Database, TablePrefix};
pub use desired::{Canaries, Claim, Desired, Kept, Rejected, Standing, Subdomains};
pub use error::DatabaseError;
pub use fingerprint::{Fingerprint, Lookout};
pub use grant::Grant;
pub use serving::{Rank, Refusal, Serving, candidates};
pub use source::{Login, Source};
pub use survey::{Jobs, LoginName, OtherTable, PlainTable, Plugin, Survey};
pub use tables::{Mapping, Network, Site, SiteState, Stage, Tables};

//! What a plan is made of. Pure.

use super::certificate::Gate;
use crate::clock::Timestamp;
use crate::ledger::Known;
use crate::runcloud::{Actual, ApiVersion};
use crate::wordpress::{Desired, Subdomains};

/// Everything a plan is made of.
pub struct Inputs<'a> {
    /// What the tables want.
    pub desired: &'a Desired,
    /// What RunCloud has.
    pub actual: &'a Actual,
    /// What the ledger knows.
    pub known: &'a Known,
    /// What the operator decided.
    pub policy: &'a Policy,
    /// The time of the pass.
    pub now: Timestamp,
}

/// What the operator decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which names may be removed.
    pub removal: Removal,
    /// When an entry also serves its `www.` name.
    pub www: WwwPolicy,
    /// What to do about sites' own names.
    pub subdomains: Subdomains,
    /// How many names may be removed in 24 hours; none for the larger of 10 and 20 % of the managed ones.
    pub max_removals: Option<usize>,
    /// When a name's DNS holds something back.
    pub gate: Gate,
    /// What the API can do.
    pub api: ApiVersion,
}

/// Which names may be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Removal {
    /// Those this daemon added or adopted.
    #[default]
    Owned,
    /// Every alias that no row wants or keeps.
    Mirror,
    /// None.
    Never,
}

/// When an entry also serves its `www.` name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WwwPolicy {
    /// Where both names are mapped to one site.
    #[default]
    Auto,
    /// Always, besides names that begin with `www.`.
    Always,
    /// Never.
    Never,
}

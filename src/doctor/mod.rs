//! Looks for everything that can be wrong, and says what would mend it.
//!
//! [`gather`] asks both sides and this machine, and writes nothing; a side that is down is a finding like
//! any other. The checks are pure functions over the gathered [`Facts`], by the groups in which people ask:
//! is there a connection, why is there no certificate, why was the domain not added, is this program set
//! up well.

mod check;
mod connection;
mod domains;
mod facts;
mod gather;
mod ours;
mod show;
mod ssl;
mod words;

pub use check::{Check, Finding, Verdict};
pub use facts::{
    Api, Asked, Directory, Facts, FileMode, Lease, Place, State, Unit, Wire, WordPress,
};
pub use gather::gather;
pub use show::{Json, Text};

use std::time::Duration;

/// How long ago something may have gone wrong to be of interest.
const RECENT: Duration = Duration::from_hours(7 * 24);

/// A check: none where it does not apply, or where the facts for it are not to be had.
type Look = fn(&Facts) -> Option<Finding>;

/// What all checks came to, by group.
pub struct Examination {
    /// The groups in order, each with what its checks came to.
    pub groups: [(Group, Vec<Finding>); 4],
}

/// What the checks are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Settings, RunCloud, database.
    Connection,
    /// Certificates.
    Ssl,
    /// Why a domain is not added.
    Domains,
    /// This program itself.
    Ours,
}

/// Makes every check.
pub fn examine(facts: &Facts) -> Examination {
    let look = |group, looks: &[&[Look]]| {
        let looks = looks.iter().copied().flatten();
        (group, looks.filter_map(|look| look(facts)).collect())
    };
    Examination {
        groups: [
            look(Group::Connection, connection::CHECKS),
            look(Group::Ssl, ssl::CHECKS),
            look(Group::Domains, domains::CHECKS),
            look(Group::Ours, ours::CHECKS),
        ],
    }
}

impl Examination {
    /// Everything that was found, in the order of the groups.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        self.groups.iter().flat_map(|(_, findings)| findings)
    }

    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.all().all(|finding| finding.verdict < Verdict::Warn)
    }
}

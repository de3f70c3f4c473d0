//! What is remembered of certificates, as plain data.

use super::ticks::Tick;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::probe::DnsVerdict;

/// What is known of a managed name's certificate; a name without a state is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateState {
    /// It needs an order.
    Due {
        /// Since when.
        since: Timestamp,
        /// How many orders in a row brought nothing.
        attempt: u32,
        /// When the order may go out; zero where something else decides, such as DNS.
        next: Timestamp,
    },
    /// RunCloud took an order; what came of it is not seen yet.
    Ordered {
        /// When it went out.
        since: Timestamp,
        /// The how-manyth order in a row it is, from 1.
        attempt: u32,
        /// When it is looked at next.
        next: Timestamp,
        /// The end of RunCloud's certificate before the order; zero where there was none, and
        /// [`Timestamp::NEVER`] where it is not known, so that no date of RunCloud's is a new one.
        before: Timestamp,
    },
    /// The last order brought nothing.
    Failed {
        /// Since when.
        since: Timestamp,
        /// How many orders in a row brought nothing.
        attempt: u32,
        /// When it may be ordered again.
        retry_at: Timestamp,
        /// Why, for a person.
        reason: String,
    },
    /// The name is covered.
    Covered {
        /// Since when this is known.
        since: Timestamp,
        /// When the certificate begins.
        from: Timestamp,
        /// When it ends.
        until: Timestamp,
        /// Who issued it.
        issuer: String,
        /// When it is looked at next.
        next: Timestamp,
    },
}

/// An order of the last seven days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateOrder {
    /// The ledger's number of it.
    pub id: i64,
    /// The name it is for; none for the application's one certificate.
    pub domain: Option<Domain>,
    /// When it was sent, by the ledger's own clock.
    pub tick: Tick,
    /// The same by the wall clock.
    pub at: Timestamp,
    /// Stands for exactly the names that the application served then.
    pub names: String,
    /// The end of RunCloud's certificate before it, if that was known; zero where there was none.
    pub before: Option<Timestamp>,
    /// Whether it is unknown if it was sent, because the program ended meanwhile.
    pub open: bool,
}

/// Where a name pointed when it was looked up last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Where.
    pub verdict: DnsVerdict,
    /// Since when it is this one.
    pub since: Timestamp,
    /// When it was looked up last.
    pub seen: Timestamp,
    /// How often in a row it was this one.
    pub looks: u32,
    /// When it is looked up next.
    pub next: Timestamp,
    /// The row it was looked up for, as words; another one is looked up at once.
    pub cause: String,
}

impl CertificateOrder {
    /// Whether it is for all names, and unknown if it was sent.
    pub fn is_open_for_all(&self) -> bool {
        self.open && self.domain.is_none()
    }
}

impl CertificateState {
    /// One that became due at `since`.
    pub fn due(since: Timestamp) -> Self {
        Self::Due { since, attempt: 0, next: Timestamp::default() }
    }

    /// Its word in the ledger, in JSON and for people.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Due { .. } => "due",
            Self::Ordered { .. } => "ordered",
            Self::Failed { .. } => "failed",
            Self::Covered { .. } => "covered",
        }
    }

    /// How many orders in a row brought nothing, the one under way included.
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Due { attempt, .. }
            | Self::Ordered { attempt, .. }
            | Self::Failed { attempt, .. } => *attempt,
            Self::Covered { .. } => 0,
        }
    }

    /// When it is looked at, or ordered, again by itself; zero where something else decides.
    pub fn next(&self) -> Timestamp {
        match self {
            Self::Due { next, .. } | Self::Ordered { next, .. } | Self::Covered { next, .. } => {
                *next
            }
            Self::Failed { retry_at, .. } => *retry_at,
        }
    }

    /// Whether a certificate covers the name.
    pub fn is_covered(&self) -> bool {
        matches!(self, Self::Covered { .. })
    }
}

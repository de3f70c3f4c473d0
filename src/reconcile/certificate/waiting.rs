//! What names wait for. Pure.

use crate::clock::Timestamp;
use crate::domain::Domain;

/// A name for which no certificate is ordered now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Waiting {
    /// The name.
    pub domain: Domain,
    /// Why, as a word for machines.
    pub reason: WaitingReason,
    /// Why, for a person.
    pub detail: String,
    /// When it is over by itself, where that is known.
    #[serde(skip)]
    pub until: Option<Timestamp>,
}

/// Why no certificate is ordered for a name now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingReason {
    /// The web application has no certificate to extend.
    NoCertificate,
    /// The web application has somebody's own certificate.
    CustomCertificate,
    /// RunCloud issues by itself.
    AutoSsl,
    /// It is ordered, and not seen yet.
    Ordered,
    /// The last order brought nothing, and the next one is not due.
    RetryLater,
    /// The name points to another server.
    DnsElsewhere,
    /// The name is not in DNS.
    DnsNotFound,
    /// The one order under way has to end first.
    OrderInFlight,
    /// More names may follow in a moment.
    Batching,
    /// The last order is too recent (`ssl.min_interval`).
    MinInterval,
    /// The orders of this week are used up (`ssl.max_per_week`).
    WeeklyLimit,
    /// Let's Encrypt issues few certificates a week for exactly the same names.
    SameNamesLimit,
    /// The application serves more names than a certificate holds.
    TooManyNames,
    /// Names that point elsewhere make the order for all fail as a whole.
    Spoiled,
}

/// A wait of one name, or of all.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) reason: WaitingReason,
    pub(super) detail: String,
    pub(super) until: Option<Timestamp>,
}

impl Wait {
    pub(super) fn new(reason: WaitingReason, detail: String) -> Self {
        Self { reason, detail, until: None }
    }

    pub(super) fn until(self, point: Timestamp) -> Self {
        Self { until: Some(point), ..self }
    }
}

impl WaitingReason {
    /// Whether it means that an order brought nothing or cannot go out, and not just that something takes its
    /// time.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::RetryLater
                | Self::WeeklyLimit
                | Self::SameNamesLimit
                | Self::TooManyNames
                | Self::Spoiled
        )
    }
}

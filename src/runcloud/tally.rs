//! What calls were made, for whoever counts them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Method;
use tokio::time::Instant;

use super::error::ApiError;

/// What a call is about: a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Lists the domains.
    ListDomains,
    /// Adds a domain.
    AddDomain,
    /// Changes a domain.
    ChangeDomain,
    /// Removes a domain.
    RemoveDomain,
    /// Reads the SSL mode or a certificate.
    ReadSsl,
    /// Orders a certificate, or changes how SSL is set up.
    OrderSsl,
    /// Anything else.
    Other,
}

/// How a call ended: a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// 2xx.
    Success,
    /// 3xx.
    Redirect,
    /// 4xx, besides 429.
    Refusal,
    /// 429.
    Throttle,
    /// 5xx.
    Failure,
    /// It was sent, and no whole answer came back.
    Lost,
    /// There was no connection, so RunCloud did not see it.
    Unsent,
}

/// How many calls were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(pub BTreeMap<(Topic, Answer), u64>);

/// The rate limit as an answer told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls in a window.
    pub limit: u32,
    /// How many are left in it.
    pub remaining: u32,
}

/// Counts the calls of one transport.
#[derive(Debug, Default)]
pub struct Tally(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    calls: Calls,
    rate_limit: Option<RateLimit>,
    in_flight: u32,
    moved: Option<Instant>,
}

/// A call that is under way. One that is given up counts as lost.
pub(super) struct Flight<'a> {
    tally: &'a Tally,
    topic: Topic,
    answer: Answer,
}

impl Topic {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::ListDomains,
        Self::AddDomain,
        Self::ChangeDomain,
        Self::RemoveDomain,
        Self::ReadSsl,
        Self::OrderSsl,
        Self::Other,
    ];

    /// Its word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::ListDomains => "list_domains",
            Self::AddDomain => "add_domain",
            Self::ChangeDomain => "change_domain",
            Self::RemoveDomain => "remove_domain",
            Self::ReadSsl => "read_ssl",
            Self::OrderSsl => "order_ssl",
            Self::Other => "other",
        }
    }

    /// What a call with this method and path, from the base on, is about.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or(path);
        let is_read = method == Method::GET;
        let below = path.split("/webapps/").nth(1).unwrap_or_default();
        let mut parts = below.split('/').skip(1);
        let (what, id, part) = (parts.next(), parts.next(), parts.next());
        match (what, id, part) {
            (Some("ssl"), ..) | (Some("domains"), Some(_), Some("ssl")) if is_read => Self::ReadSsl,
            (Some("ssl"), ..) | (Some("domains"), Some(_), Some("ssl")) => Self::OrderSsl,
            (Some("domains"), None, _) if is_read => Self::ListDomains,
            (Some("domains"), None, _) if method == Method::POST => Self::AddDomain,
            (Some("domains"), Some(_), None) if method == Method::DELETE => Self::RemoveDomain,
            (Some("domains"), Some(_), _) if !is_read => Self::ChangeDomain,
            _ => Self::Other,
        }
    }
}

impl Answer {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::Redirect,
        Self::Refusal,
        Self::Throttle,
        Self::Failure,
        Self::Lost,
        Self::Unsent,
    ];

    /// Its word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::Redirect => "3xx",
            Self::Refusal => "4xx",
            Self::Throttle => "429",
            Self::Failure => "5xx",
            Self::Lost => "lost",
            Self::Unsent => "unsent",
        }
    }

    fn of<T>(outcome: &Result<T, ApiError>) -> Self {
        let Err(error) = outcome else { return Self::Success };
        match error {
            ApiError::Connect(_) => Self::Unsent,
            ApiError::Stopped | ApiError::Interrupted(_) => Self::Lost,
            ApiError::Throttled { .. } => Self::Throttle,
            ApiError::Unavailable { status: 500.., .. } => Self::Failure,
            ApiError::Redirected { .. } => Self::Redirect,
            ApiError::Unavailable { .. }
            | ApiError::Filtered(_)
            | ApiError::Unauthorized(_)
            | ApiError::Forbidden(_)
            | ApiError::UnknownApp { .. }
            | ApiError::NotFound(_)
            | ApiError::Refused { .. } => Self::Refusal,
            ApiError::Body(_) | ApiError::Listing(_) => Self::Success,
        }
    }
}

impl Calls {
    /// How many RunCloud saw, and so may meter.
    pub fn metered(&self) -> u64 {
        let seen = self.0.iter().filter(|((_, answer), _)| *answer != Answer::Unsent);
        seen.map(|(_, count)| count).sum()
    }

    /// Whether RunCloud answered any of them.
    pub fn were_answered(&self) -> bool {
        self.0.keys().any(|(_, answer)| !matches!(answer, Answer::Unsent | Answer::Lost))
    }
}

impl Tally {
    /// The calls that ended since this was last asked.
    pub fn take(&self) -> Calls {
        std::mem::take(&mut self.state().calls)
    }

    /// Whether a call is under way.
    pub fn is_in_flight(&self) -> bool {
        self.state().in_flight > 0
    }

    /// When a call last began or ended.
    pub fn moved(&self) -> Option<Instant> {
        self.state().moved
    }

    /// The rate limit as the last answer told it; none where it did not.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.state().rate_limit
    }

    pub(super) fn note_rate_limit(&self, rate_limit: Option<RateLimit>) {
        self.state().rate_limit = rate_limit;
    }

    /// A call goes out.
    pub(super) fn depart(&self, topic: Topic) -> Flight<'_> {
        let mut state = self.state();
        state.in_flight += 1;
        state.moved = Some(Instant::now());
        Flight { tally: self, topic, answer: Answer::Lost }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight<'_> {
    /// The call ended like this.
    pub(super) fn land<T>(mut self, outcome: &Result<T, ApiError>) {
        self.answer = Answer::of(outcome);
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut state = self.tally.state();
        state.in_flight -= 1;
        state.moved = Some(Instant::now());
        *state.calls.0.entry((self.topic, self.answer)).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_shows_what_a_call_is_about() {
        let topic = |method: &str, path: &str| {
            let path = format!("/servers/1/webapps/2{path}");
            Topic::of(&method.parse().unwrap(), &path).word()
        };
        for (method, path, word) in [
            ("GET", "/domains?page=1&perPage=40", "list_domains"),
            ("POST", "/domains", "add_domain"),
            ("DELETE", "/domains/7", "remove_domain"),
            ("PATCH", "/domains/7/meta", "change_domain"),
            ("GET", "/ssl/advanced", "read_ssl"),
            ("GET", "/domains/7/ssl", "read_ssl"),
            ("PUT", "/ssl/9", "order_ssl"),
            ("POST", "/domains/7/ssl", "order_ssl"),
            ("GET", "/domains/7", "other"),
            ("GET", "/log", "other"),
        ] {
            assert_eq!(topic(method, path), word, "{method} {path}");
        }
        assert_eq!(Topic::of(&Method::GET, "/servers/1").word(), "other");
    }

    #[test]
    fn a_call_that_is_given_up_is_counted_as_lost_and_one_without_a_connection_is_not_metered() {
        let tally = Tally::default();
        drop(tally.depart(Topic::ListDomains));
        let flight = tally.depart(Topic::ListDomains);
        assert!(tally.is_in_flight());
        flight.land::<()>(&Err(ApiError::Connect("refused".into())));
        assert!(!tally.is_in_flight());
        let calls = tally.take();
        assert_eq!((calls.metered(), calls.were_answered()), (1, false));
        tally.depart(Topic::AddDomain).land(&Ok(()));
        assert_eq!(tally.take().0, BTreeMap::from([((Topic::AddDomain, Answer::Success), 1)]));
    }
}

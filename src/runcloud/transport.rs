use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use tokio::time::Instant;

use super::answer::{NOTE, WHOLE, body_of, lost, root_cause};
use super::clocks::Clocks;
use super::credentials::Credentials;
use super::error::ApiError;
use super::pace::{Pace, rate_limit_of};
use super::retry::{Repeat, with_patience};
use super::tally::{Tally, Topic};
use crate::log::Scrub;
use crate::patience::Patience;
use crate::progress::Progress;
use crate::stop::Stop;

/// RunCloud's edge was seen to refuse libraries' default agents with 403.
const USER_AGENT: &str = concat!("runcloud-domain-sync/", env!("CARGO_PKG_VERSION"));
/// The client's own default, made a promise. RunCloud sends some twenty.
const MAX_HEADERS: usize = 100;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Clients were seen to give certificate orders that long.
const ORDER_TIMEOUT: Duration = Duration::from_mins(2);

/// One call, as text and data.
pub(super) struct Call {
    pub(super) method: Method,
    /// Below the base, with query.
    pub(super) path: String,
    pub(super) body: Option<serde_json::Value>,
    pub(super) repeat: Repeat,
}

/// Sends calls, one at a time, to the one configured origin.
pub(super) struct Transport {
    http: reqwest::Client,
    base: String,
    patience: Patience,
    pace: Mutex<Pace>,
    tally: Tally,
    scrub: Scrub,
    clocks: Mutex<Option<Clocks>>,
    stop: Stop,
    pub(super) progress: Progress,
}

impl Transport {
    pub(super) fn new(
        base: &Url,
        credentials: &Credentials,
        patience: Patience,
        stop: Stop,
        progress: Progress,
    ) -> Result<Self, ApiError> {
        Ok(Self {
            http: http_client(base, credentials)?,
            base: base.as_str().trim_end_matches('/').to_owned(),
            patience,
            pace: Mutex::default(),
            tally: Tally::default(),
            scrub: credentials.scrub(),
            clocks: Mutex::default(),
            stop,
            progress,
        })
    }

    /// Both clocks as they stood at the last answer that told RunCloud's.
    pub(super) fn clocks(&self) -> Option<Clocks> {
        *self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as before the first repetition of a call, and twice as long with each round.
    pub(super) async fn wait(&self, round: u32) {
        self.stop.sleep(self.patience.first_wait * 2_u32.saturating_pow(round)).await;
    }

    /// Makes the call with the patience it deserves, and makes sense of the body of a 2xx; a body
    /// without sense is a failed try like any other.
    pub(super) async fn send<T>(
        &self,
        call: &Call,
        read: fn(&[u8]) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let try_once = || async move {
            let answer = self.try_once(call).await.and_then(|body| read(&body));
            let said = answer.as_ref().err().map_or_else(|| "ok".to_owned(), ToString::to_string);
            tracing::debug!(method = %call.method, path = %call.path, "API call: {said}");
            answer
        };
        with_patience(self.patience, call.repeat, &self.stop, &self.progress, try_once).await
    }

    /// Makes the call once.
    pub(super) async fn send_once(&self, call: &Call) -> Result<(), ApiError> {
        self.try_once(call).await.map(drop)
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    async fn try_once(&self, call: &Call) -> Result<Vec<u8>, ApiError> {
        let not_before = self.pace().not_before();
        if let Some(point) = not_before {
            let wait = point.saturating_duration_since(Instant::now());
            self.progress.wait(wait);
            self.stop.sleep(wait).await;
            self.progress.wait(Duration::ZERO);
        }
        if self.stop.is_requested() {
            return Err(ApiError::Stopped);
        }
        let exchange = async {
            let flight = self.tally.depart(Topic::of(&call.method, &call.path));
            let outcome = self.exchange(call).await;
            flight.land(&outcome);
            outcome
        };
        if call.repeat != Repeat::Read {
            // Whether a write took effect is worth waiting for.
            return exchange.await;
        }
        tokio::select! {
            biased;
            answer = exchange => answer,
            () = self.stop.wait() => Err(ApiError::Stopped),
        }
    }

    async fn exchange(&self, call: &Call) -> Result<Vec<u8>, ApiError> {
        let mut request =
            self.http.request(call.method.clone(), format!("{}{}", self.base, call.path));
        if call.path.contains("/ssl") && call.method != Method::GET {
            request = request.timeout(ORDER_TIMEOUT);
        }
        if let Some(body) = &call.body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.map_err(|error| lost(&error))?;
        let rate_limit = rate_limit_of(response.headers());
        self.pace().learn(rate_limit, Instant::now());
        self.tally.note_rate_limit(rate_limit);
        if let Some(clocks) = Clocks::of(response.headers(), SystemTime::now()) {
            *self.clocks.lock().unwrap_or_else(PoisonError::into_inner) = Some(clocks);
        }
        let most = if call.repeat == Repeat::Read { WHOLE } else { NOTE };
        body_of(response, most, &self.scrub).await
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn http_client(base: &Url, credentials: &Credentials) -> Result<reqwest::Client, ApiError> {
    let json = HeaderValue::from_static("application/json");
    let authorization = credentials.header().map_err(|_| {
        ApiError::Unauthorized("the credentials contain characters no header can carry".into())
    })?;
    let headers = HeaderMap::from_iter([
        (ACCEPT, json.clone()),
        (CONTENT_TYPE, json),
        (AUTHORIZATION, authorization),
    ]);
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .http1_max_headers(MAX_HEADERS);
    if is_loopback(base) {
        // A proxy of the environment would read the credentials of a plain-http call.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| ApiError::Connect(root_cause(&error)))
}

/// Whether `url` stays on this machine, the only place where plain http is allowed.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, Url};
use tokio::time::Instant;

use super::Endpoint;
use super::error::ApiError;
use super::pace::Pace;
use super::retry::{Patience, Repeat, parse_retry_after, with_patience};

/// RunCloud's edge was seen to refuse libraries' default agents with 403.
const USER_AGENT: &str = concat!("runcloud-domain-sync/", env!("CARGO_PKG_VERSION"));
/// The whole of a page of forty domains is some 10 KB; an unpaged list of certificates is longer.
const MAX_BODY: usize = 8 * 1024 * 1024;
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
}

impl Transport {
    pub(super) fn new(endpoint: &Endpoint, patience: Patience) -> Result<Self, ApiError> {
        Ok(Self {
            http: http_client(endpoint)?,
            base: endpoint.base.as_str().trim_end_matches('/').to_owned(),
            patience,
            pace: Mutex::default(),
        })
    }

    pub(super) fn first_wait(&self) -> Duration {
        self.patience.first_wait
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
        with_patience(self.patience, call.repeat, try_once).await
    }

    async fn try_once(&self, call: &Call) -> Result<Vec<u8>, ApiError> {
        let not_before = self.pace().not_before();
        if let Some(point) = not_before {
            tokio::time::sleep_until(point).await;
        }
        let mut request =
            self.http.request(call.method.clone(), format!("{}{}", self.base, call.path));
        if call.path.contains("/ssl") && call.method != Method::GET {
            request = request.timeout(ORDER_TIMEOUT);
        }
        if let Some(body) = &call.body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.map_err(|error| transport_error(&error))?;
        self.pace().learn(response.headers(), Instant::now());
        answer_of(response).await
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer_of(response: Response) -> Result<Vec<u8>, ApiError> {
    let status = response.status();
    let retry_after = retry_after_of(response.headers());
    let body = read_body(response).await;
    if status.is_success() {
        return body;
    }
    Err(ApiError::from_status(status.as_u16(), retry_after, &body.unwrap_or_default()))
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport_error(&error))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(ApiError::Body(format!("it is larger than {MAX_BODY} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn retry_after_of(headers: &HeaderMap) -> Option<Duration> {
    parse_retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

fn http_client(endpoint: &Endpoint) -> Result<reqwest::Client, ApiError> {
    let json = HeaderValue::from_static("application/json");
    let authorization = endpoint.credentials.header().map_err(|_| {
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
        .timeout(TOTAL_TIMEOUT);
    if is_loopback(&endpoint.base) {
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

fn transport_error(error: &reqwest::Error) -> ApiError {
    if error.is_connect() {
        return ApiError::Connect(root_cause(error));
    }
    let what = if error.is_timeout() { "timed out".to_owned() } else { root_cause(error) };
    ApiError::Interrupted(what)
}

/// The innermost cause: "Connection refused (os error 111)" and not the layers around it.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

//! What comes back for a call, within limits: whatever it is, it ends soon and takes little memory.
//! What is in front of the body is limited by the HTTP client, to some 400 KiB.

use std::time::{Duration, SystemTime};

use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::{Instant, timeout_at};

use super::error::{ApiError, one_line};
use super::retry::parse_retry_after;
use crate::log::Scrub;

/// The most that is read of what was asked for. A page of forty domains is some 10 KB; the longest
/// answer is a list of certificates without pages, with some 400 bytes for each domain.
pub(super) const WHOLE: usize = 4 * 1024 * 1024;
/// The most that is read of errors and of what writes answer, which are some hundred bytes.
pub(super) const NOTE: usize = 64 * 1024;
/// How long a body may come to nothing.
const GRACE: Duration = Duration::from_secs(5);
/// How much of it has to come after that, in bytes a second.
const SLOWEST: u64 = 1024;

/// The body of a 2xx with `most` octets, or the error that any other status stands for, whatever
/// becomes of its body. Neither repeats a credential.
pub(super) async fn body_of(
    response: Response,
    most: usize,
    scrub: &Scrub,
) -> Result<Vec<u8>, ApiError> {
    let status = response.status();
    if status.is_success() {
        return read_body(response, most).await.map(|body| scrub.body(body));
    }
    let retry_after = retry_after_of(response.headers());
    let body = scrub.note(read_body(response, NOTE).await.unwrap_or_default());
    Err(ApiError::from_status(status.as_u16(), retry_after, &body))
}

fn retry_after_of(headers: &HeaderMap) -> Option<Duration> {
    parse_retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

async fn read_body(mut response: Response, most: usize) -> Result<Vec<u8>, ApiError> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(too_long(most));
    }
    collect(most, async || response.chunk().await.map_err(|error| lost(&error))).await
}

/// Puts chunks together, until they end, are too many or too slow.
async fn collect<C: AsRef<[u8]>>(
    most: usize,
    mut next_chunk: impl AsyncFnMut() -> Result<Option<C>, ApiError>,
) -> Result<Vec<u8>, ApiError> {
    let began = Instant::now();
    let mut body = Vec::new();
    loop {
        let Ok(chunk) = timeout_at(deadline(began, body.len()), next_chunk()).await else {
            let text = format!("after {} bytes it came slower than 1 KiB/s", body.len());
            return Err(ApiError::Interrupted(text));
        };
        let Some(chunk) = chunk? else { return Ok(body) };
        if body.len() + chunk.as_ref().len() > most {
            return Err(too_long(most));
        }
        body.extend_from_slice(chunk.as_ref());
    }
}

/// When the next chunk has to be there after so many bytes.
fn deadline(began: Instant, received: usize) -> Instant {
    began + GRACE + Duration::from_secs(received as u64 / SLOWEST)
}

fn too_long(most: usize) -> ApiError {
    ApiError::Body(format!("it is longer than {} KiB", most / 1024))
}

/// The error of a call that went out, or could not, and brought no whole answer.
pub(super) fn lost(error: &reqwest::Error) -> ApiError {
    if error.is_connect() {
        return ApiError::Connect(root_cause(error));
    }
    let what = if error.is_timeout() { "timed out".to_owned() } else { root_cause(error) };
    ApiError::Interrupted(what)
}

/// The innermost cause: "Connection refused (os error 111)" and not the layers around it.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    one_line(&innermost.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body of so many chunks, one every `pause`, and then its end: what came of it, and the
    /// seconds it took.
    async fn drip(chunk: usize, count: usize, pause: Duration) -> (Result<usize, ApiError>, u64) {
        let (began, mut left, chunk) = (Instant::now(), count, vec![b' '; chunk]);
        let next_chunk = async || {
            tokio::time::sleep(pause).await;
            let more = left > 0;
            left = left.saturating_sub(1);
            Ok(more.then_some(&chunk))
        };
        let body = collect(WHOLE, next_chunk).await;
        (body.map(|body| body.len()), began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up_soon() {
        let (body, took) = drip(1, usize::MAX, Duration::from_secs(1)).await;
        assert!(matches!(body, Err(ApiError::Interrupted(_))), "{body:?}");
        assert_eq!(took, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_is_given_up_after_what_it_had_earned() {
        let (body, took) = drip(8 * 1024, 3, Duration::from_secs(14)).await;
        assert!(matches!(body, Err(ApiError::Interrupted(_))), "{body:?}");
        assert_eq!(took, 5);
        let (body, took) = drip(8 * 1024, 8, Duration::from_secs(4)).await;
        assert_eq!(body, Ok(8 * 8 * 1024));
        assert_eq!(took, 36);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_of_a_slow_line_is_waited_for() {
        let (body, took) = drip(1024, 25, Duration::from_secs(1)).await;
        assert_eq!((body, took), (Ok(25 * 1024), 26));
    }

    #[tokio::test]
    async fn a_body_is_never_longer_than_allowed() {
        let (body, _) = drip(64 * 1024, 1_000, Duration::ZERO).await;
        assert_eq!(body, Err(ApiError::Body("it is longer than 4096 KiB".into())));
        let (body, _) = drip(64 * 1024, 64, Duration::ZERO).await;
        assert_eq!(body, Ok(WHOLE));
    }

    #[test]
    fn each_kibibyte_buys_a_second() {
        let began = Instant::now();
        let after = |received| (deadline(began, received) - began).as_secs();
        assert_eq!([after(0), after(1023), after(1024), after(10 * 1024)], [5, 5, 6, 15]);
    }
}

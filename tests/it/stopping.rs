//! The word to stop: what reads or waits ends at once, a write on its way is waited for, and nothing
//! more is sent.

use std::time::Duration;

use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::Lease;
use runcloud_domain_sync::runcloud::{
    ApiError, Class, Credentials, Endpoint, Patience, Reader, Writer,
};
use runcloud_domain_sync::stop::Stop;
use tempfile::TempDir;

use crate::support::raw::{Bytes, Raw, Then};

/// Whoever waits out of turn here waits for an hour.
const PATIENCE: Patience = Patience {
    first_wait: Duration::from_hours(1),
    total: Duration::from_hours(24),
    throttled: Duration::from_hours(24),
};
const PAGE: &str = r#"{"data":[{"id":1,"name":"a.test"}],"meta":{"pagination":{"total":2,"current_page":1,"total_pages":2}}}"#;

/// A RunCloud that has the program asked to stop as soon as the first call is there, and answers it
/// after that.
struct Scene {
    raw: Raw,
    reader: Reader,
    state: TempDir,
}

impl Scene {
    async fn new(bytes: Vec<u8>, then: Then) -> Self {
        let stop = Stop::new();
        let asked = stop.clone();
        let raw = Raw::start(move |_| {
            asked.request();
            Bytes { bytes: bytes.clone(), then: then.clone() }
        })
        .await;
        let state = tempfile::tempdir().unwrap();
        Self { reader: reader(&raw, stop), raw, state }
    }

    /// What one write comes to; a second one must not be sent.
    async fn write(
        &self,
        write: impl AsyncFn(&Writer) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let lease = Lease::acquire(self.state.path()).unwrap();
        let writer = self.reader.writer(&lease);
        let outcome = write(&writer).await;
        assert_eq!(write(&writer).await, Err(ApiError::Stopped));
        assert_eq!(self.reader.domains().await, Err(ApiError::Stopped));
        assert_eq!(self.raw.requests().len(), 1);
        outcome
    }
}

fn reader(raw: &Raw, stop: Stop) -> Reader {
    let base = format!("http://{}/api/v3", raw.address).parse().unwrap();
    let credentials = Credentials::Token("token".to_owned().into());
    let endpoint = Endpoint { base, server_id: 1, app_id: 2, credentials };
    Reader::new(&endpoint, PATIENCE, stop).unwrap()
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

async fn add(writer: &Writer<'_>) -> Result<(), ApiError> {
    writer.add(&Domain::parse("a.test").unwrap(), false).await.map(drop)
}

async fn remove(writer: &Writer<'_>) -> Result<(), ApiError> {
    writer.remove(7).await
}

#[tokio::test]
async fn a_read_ends_at_once_whatever_it_waits_for() {
    for (what, bytes, then) in [
        ("the answer", vec![], Then::Hang),
        ("the body", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec(), Then::Hang),
        ("the next try", answer("503 Busy", "", ""), Then::Stay),
        ("the rate limit", answer("429 Slow", "Retry-After: 3600\r\n", "{}"), Then::Stay),
        ("the next page", answer("200 OK", "", PAGE), Then::Stay),
    ] {
        let scene = Scene::new(bytes, then).await;
        assert_eq!(scene.reader.domains().await, Err(ApiError::Stopped), "{what}");
        assert_eq!(scene.reader.ssl().await, Err(ApiError::Stopped), "{what}");
        assert_eq!(scene.raw.requests().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn a_call_that_is_spaced_out_is_not_made_any_more() {
    let low = "X-RateLimit-Limit: 60\r\nX-RateLimit-Remaining: 1\r\n";
    let whole =
        r#"{"data":[{"id":1,"name":"a.test"}],"meta":{"pagination":{"total":1,"total_pages":1}}}"#;
    let raw = Raw::always(answer("200 OK", low, whole), Then::Stay).await;
    let stop = Stop::new();
    let reader = reader(&raw, stop.clone());
    reader.domains().await.unwrap();
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let (answer, ()) = tokio::join!(reader.domains(), async { stop.request() });
    assert_eq!(answer, Err(ApiError::Stopped));
    assert_eq!((began.elapsed(), raw.requests().len()), (Duration::ZERO, 1));
}

#[tokio::test]
async fn the_answer_to_a_write_on_its_way_is_waited_for() {
    let scene = Scene::new(answer("200 OK", "", "{}"), Then::Stay).await;
    assert_eq!(scene.write(add).await, Ok(()));
    let scene = Scene::new(answer("200 OK", "", "{}"), Then::Stay).await;
    assert_eq!(scene.write(remove).await, Ok(()));
    let scene = Scene::new(answer("422 Odd", "", r#"{"message":"taken"}"#), Then::Stay).await;
    let refused = scene.write(add).await.unwrap_err();
    assert_eq!((refused.class(), refused.to_string().as_str()), (Class::Item, "422 taken"));
}

#[tokio::test]
async fn a_write_that_may_have_taken_effect_does_not_say_that_it_was_not_made() {
    let is_lost = |outcome| matches!(outcome, Err(ApiError::Interrupted(_)));
    assert!(is_lost(Scene::new(vec![], Then::Close).await.write(add).await));
    assert!(is_lost(Scene::new(vec![], Then::Close).await.write(remove).await));
}

#[tokio::test]
async fn a_write_that_runcloud_did_not_act_on_is_not_made_again() {
    let throttled = answer("429 Slow", "Retry-After: 3600\r\n", r#"{"message":"slow"}"#);
    let scene = Scene::new(throttled, Then::Stay).await;
    let stopped = scene.write(add).await.unwrap_err();
    assert_eq!(stopped, ApiError::Stopped);
    assert_eq!((stopped.class(), stopped.is_about_everything()), (Class::Transient, true));
}

//! Answers that are no answers, byte by byte over real sockets: an error of the right class, soon and
//! in little memory; never an empty list, and never a short one.

use std::fmt::Write;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::Lease;
use runcloud_domain_sync::runcloud::{
    Actual, ApiError, Class, Credentials, Endpoint, Patience, Reader,
};
use runcloud_domain_sync::stop::Stop;

use crate::support::raw::{Bytes, Raw, Then};

/// One try: what is shown is what one answer does.
const ONE_TRY: Patience = Patience {
    first_wait: Duration::from_millis(1),
    total: Duration::ZERO,
    throttled: Duration::ZERO,
};
/// As often as a listing that does not add up is read.
const READS: usize = 3;

fn reader(raw: &Raw) -> Reader {
    patient_reader(raw, ONE_TRY)
}

fn patient_reader(raw: &Raw, patience: Patience) -> Reader {
    let base = format!("http://{}/api/v3", raw.address).parse().unwrap();
    let credentials = Credentials::Token("token".to_owned().into());
    Reader::new(&Endpoint { base, server_id: 1, app_id: 2, credentials }, patience, Stop::new())
        .unwrap()
}

async fn domains(bytes: Vec<u8>, then: Then) -> Result<Actual, ApiError> {
    reader(&Raw::always(bytes, then).await).domains().await
}

/// A page as RunCloud sends it.
fn page(ids: std::ops::Range<usize>, total: usize, number: usize, pages: usize) -> String {
    let rows: Vec<_> = ids
        .map(|id| {
            format!(
                r#"{{"id":{id},"name":"customer-{id}.test","type":"alias","www":0,"redirection":"none","wildcard":0,"dns_integration":"none","status":null,"created_at":"2026-07-18 01:31:10"}}"#
            )
        })
        .collect();
    let meta = format!(
        r#"{{"total":{total},"per_page":20,"current_page":{number},"total_pages":{pages},"links":{{}}}}"#
    );
    format!(r#"{{"data":[{}],"meta":{{"pagination":{meta}}}}}"#, rows.join(","))
}

fn listing() -> String {
    page(0..4, 4, 1, 1)
}

fn with_length(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nServer: nginx\r\nContent-Type: application/json\r\n\
         X-RateLimit-Limit: 60\r\nX-RateLimit-Remaining: 59\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn until_closed(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

fn in_chunks(body: &str) -> Vec<u8> {
    let mut text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for chunk in body.as_bytes().chunks(100) {
        let chunk = str::from_utf8(chunk).unwrap();
        write!(text, "{:x}\r\n{chunk}\r\n", chunk.len()).unwrap();
    }
    (text + "0\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn a_listing_cut_off_at_any_byte_is_an_error() {
    for (framing, whole) in [
        ("length", with_length("200 OK", listing())),
        ("close", until_closed(&listing())),
        ("chunks", in_chunks(&listing())),
    ] {
        assert_eq!(domains(whole.clone(), Then::Close).await.unwrap().len(), 4, "{framing}");
        for then in [Then::Close, Then::Reset] {
            let length = Arc::new(AtomicUsize::new(0));
            let (sent, bytes, last) = (Arc::clone(&length), whole.clone(), then.clone());
            let raw = Raw::start(move |_| {
                let bytes = bytes[..sent.load(Ordering::SeqCst)].to_vec();
                Bytes { bytes, then: last.clone() }
            })
            .await;
            let reader = reader(&raw);
            for at in 0..whole.len() {
                length.store(at, Ordering::SeqCst);
                match reader.domains().await {
                    Err(error) => assert_eq!(error.class(), Class::Transient, "{error}"),
                    Ok(_) => panic!("{framing}, {then:?} at {at}: a list"),
                }
            }
            assert_eq!(raw.requests().len(), whole.len(), "each cut was tried");
        }
    }
}

/// Answers to a listing that come to an end by themselves.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let ok = |body: &str| with_length("200 OK", body);
    let rows = |row: &str, count: usize| format!(r#"{{"data":[{}]}}"#, vec![row; count].join(","));
    let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
    let headers = |count: usize| {
        (0..count).fold(String::new(), |text, n| format!("{text}X-Secret-{n}: SECRET\r\n"))
    };
    let mut cases = vec![
        ("HTML", ok("<html><body>SECRET</body></html>")),
        ("nothing", ok("")),
        ("JSON that breaks off", ok(r#"{"data":[{"id":1,"name":"SECRET.test"}"#)),
        ("JSON and more", ok(&format!("{}SECRET", listing()))),
        ("two answers in one", ok(&listing().repeat(2))),
        ("data that is null", ok(r#"{"data":null}"#)),
        ("data that is missing", ok(r#"{"message":"SECRET"}"#)),
        ("data that is an object", ok(r#"{"data":{"0":{"id":1,"name":"a.test"}}}"#)),
        ("a bare list", ok(r#"[{"id":1,"name":"a.test"}]"#)),
        ("numbers for domains", ok(&rows("0", 1_000_000))),
        ("lists for domains", ok(&rows(r#"[1,"a.test"]"#, 1_000))),
        ("a list a million deep", ok(&format!(r#"{{"data":[{}"#, "[".repeat(1_000_000)))),
        ("an object a million deep", ok(&"{\"data\":".repeat(400_000))),
        ("a name without end", ok(&rows(&format!(r#"{{"id":1,"name":"{}"}}"#, "SECRET".repeat(500_000)), 1))),
        ("an id that is none", ok(&rows(r#"{"id":"SECRET","name":"a.test"}"#, 1))),
        ("an id beyond 64 bits", ok(&rows(r#"{"id":18446744073709551616,"name":"a.test"}"#, 1))),
        ("a promise of pages without number", ok(&page(0..4, 4, 1, usize::MAX))),
        ("a promise of domains without number", ok(&page(0..4, usize::MAX, 1, usize::MAX / 4))),
        ("totals below nothing", ok(r#"{"data":[],"meta":{"pagination":{"total":-1,"total_pages":1}}}"#)),
        ("bytes that are no text", with_length("200 OK", [b"{\"data\":[\"".as_slice(), &[0xff; 99]].concat())),
        ("a body longer than its length", head("Content-Length: 40\r\n").into_iter().chain(listing().into_bytes()).collect()),
        ("a length beyond reason", head("Content-Length: 18446744073709551615\r\n")),
        ("two lengths", head("Content-Length: 4\r\nContent-Length: 5\r\n")),
        ("a length that is none", head("Content-Length: SECRET\r\n")),
        ("a body of five megabytes", ok(&" ".repeat(5 << 20))),
        ("the same in chunks", in_chunks(&" ".repeat(5 << 20))),
        ("a chunk of a size without end", [head("Transfer-Encoding: chunked\r\n"), vec![b'1'; 100_000]].concat()),
        ("a chunk of no size", [head("Transfer-Encoding: chunked\r\n"), b"SECRET\r\n".to_vec()].concat()),
        ("ten thousand headers", head(&headers(10_000))),
        ("a header of a megabyte", head(&format!("X-Secret: {}\r\n", "SECRET".repeat(200_000)))),
        ("a reason of a megabyte", format!("HTTP/1.1 200 {}\r\n\r\n", "SECRET".repeat(200_000)).into_bytes()),
        ("no HTTP", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
        ("HTTP of the first days", listing().into_bytes()),
        ("HTTP/2", b"\0\0\x12\x04\0\0\0\0\0".to_vec()),
        ("an upgrade", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SECRET\r\nConnection: upgrade\r\n\r\n".to_vec()),
        ("a redirect to itself", b"HTTP/1.1 302 Found\r\nLocation: /api/v3/servers/1/webapps/2/domains\r\nContent-Length: 0\r\n\r\n".to_vec()),
        ("no content", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        ("a part", with_length("206 Partial Content", &listing()[..200])),
        ("zeros that were compressed", {
            let bomb = bomb();
            let length = bomb.len();
            [head(&format!("Content-Encoding: gzip\r\nContent-Length: {length}\r\n")), bomb].concat()
        }),
    ];
    let page = format!("<html>{}", "SECRET".repeat(2_000_000));
    for status in
        ["403 Forbidden", "404 Not Found", "429 Too Many Requests", "500 Error", "502 Bad"]
    {
        cases.push((status, with_length(status, &page)));
    }
    cases
}

fn bomb() -> Vec<u8> {
    let output = Command::new("sh").args(["-c", "head -c 67108864 /dev/zero | gzip"]).output();
    let bomb = output.expect("sh runs").stdout;
    assert!(bomb.starts_with(&[0x1f, 0x8b]), "gzip is missing: apt-get install gzip");
    bomb
}

#[tokio::test]
async fn a_hostile_answer_is_a_passing_error_that_quotes_nothing() {
    for (what, bytes) in hostile() {
        let raw = Raw::always(bytes, Then::Close).await;
        let error = match reader(&raw).domains().await {
            Ok(list) => panic!("{what}: a list of {}", list.len()),
            Err(error) => error,
        };
        assert_eq!(error.class(), Class::Transient, "{what}: {error}");
        assert!(raw.requests().len() <= READS, "{what}: {} calls", raw.requests().len());
        let text = format!("{error} {error:?}");
        assert!(!text.contains("SECRET") && text.len() < 400, "{what}: {text}");
    }
}

#[tokio::test]
async fn a_status_counts_whatever_its_body_is() {
    let html = "<html>".repeat(2_000_000);
    let json = format!(r#"{{"message":"{}"}}"#, "no ".repeat(1_000));
    for (status, body, class) in [
        ("401 Unauthorized", &html, Class::Fatal),
        ("403 Forbidden", &json, Class::Fatal),
        ("404 Not Found", &json, Class::Fatal),
        ("422 Unprocessable", &html, Class::Item),
        ("503 Unavailable", &json, Class::Transient),
    ] {
        let error = domains(with_length(status, body), Then::Close).await.unwrap_err();
        assert_eq!(error.class(), class, "{status}: {error}");
        assert!(error.to_string().len() < 600, "{error}");
    }
}

#[tokio::test]
async fn an_error_cut_off_in_its_body_is_not_taken_for_a_lasting_one() {
    for (status, class) in [
        ("401 Unauthorized", Class::Fatal),
        ("403 Forbidden", Class::Transient),
        ("404 Not Found", Class::Transient),
        ("500 Error", Class::Transient),
    ] {
        let mut bytes = with_length(status, r#"{"message":"Resource not found."}"#);
        bytes.pop();
        let error = domains(bytes, Then::Close).await.unwrap_err();
        assert_eq!(error.class(), class, "{status}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_to_nothing_is_given_up() {
    let ok = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}").into_bytes();
    let again = |text: &str| Then::Repeat(text.as_bytes().to_vec());
    for (what, bytes, then) in [
        ("no answer", vec![], Then::Hang),
        ("half a head", ok("Content-Le"), Then::Hang),
        ("no body", ok("Content-Length: 100\r\n\r\n"), Then::Hang),
        ("half a body", ok("Content-Length: 100\r\n\r\n{"), Then::Hang),
        ("half a body until the close", ok("\r\n{"), Then::Hang),
        ("an error without its body", b"HTTP/1.1 503 Busy\r\n\r\n".to_vec(), Then::Hang),
        ("100 without end", vec![], again("HTTP/1.1 100 Continue\r\n\r\n")),
        ("103 without end", vec![], again("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
    ] {
        let raw = Raw::always(bytes, then).await;
        let reader = reader(&raw);
        // Once the answer is under way, all of the time that a call has is over.
        let time_passes = async {
            raw.answered(1).await;
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(31)).await;
        };
        let (answer, ()) = tokio::join!(reader.domains(), time_passes);
        tokio::time::resume();
        let error = answer.map(|list| list.len()).expect_err(what);
        assert_eq!(error.class(), Class::Transient, "{what}: {error}");
        assert_eq!(raw.requests().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_given_up_before_the_time_is_over() {
    let chunk = format!("100\r\n{}\r\n", " ".repeat(0x100));
    for (what, headers, again) in [
        ("headers", "", "X-Header: value\r\n"),
        ("one header", "X-Header: ", "valuevalue"),
        ("blanks", "\r\n", "          "),
        ("chunks", "Transfer-Encoding: chunked\r\n\r\n", &chunk),
        ("extensions of a chunk", "Transfer-Encoding: chunked\r\n\r\n1", ";a=b"),
        ("trailers", "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n"),
        ("rows", "\r\n{\"data\":[", r#"{"id":1,"name":"a.test"},"#),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{headers}").into_bytes();
        let raw = Raw::always(bytes, Then::Repeat(again.repeat(1_000).into_bytes())).await;
        let error = reader(&raw).domains().await.map(|list| list.len()).expect_err(what);
        assert_eq!(error.class(), Class::Transient, "{what}: {error}");
        assert!(!error.to_string().contains("timed out"), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_listing_that_never_ends_is_given_up() {
    let raw = Raw::start(|request| {
        let number: usize = request.split(['=', '&']).nth(1).unwrap().parse().unwrap();
        let rows: Vec<_> = (number * 40..(number + 1) * 40)
            .map(|id| format!(r#"{{"id":{id},"name":"{id}.test"}}"#))
            .collect();
        let body = format!(r#"{{"data":[{}]}}"#, rows.join(","));
        Bytes { bytes: with_length("200 OK", body), then: Then::Stay }
    })
    .await;
    let error = reader(&raw).domains().await.unwrap_err();
    assert!(matches!(error, ApiError::Listing(_)), "{error}");
    assert_eq!(raw.requests().len(), READS * 501);
}

#[tokio::test]
async fn what_follows_an_answer_is_no_answer_to_the_next_call() {
    let smuggled = with_length("200 OK", page(90..92, 8, 2, 2));
    let raw = Raw::start(move |request| {
        let bytes = if request.contains("page=1&") {
            [with_length("200 OK", page(0..4, 8, 1, 2)), smuggled.clone()].concat()
        } else {
            with_length("200 OK", page(4..8, 8, 2, 2))
        };
        Bytes { bytes, then: Then::Stay }
    })
    .await;
    let patience = Patience { total: Duration::from_mins(1), ..ONE_TRY };
    let listed = patient_reader(&raw, patience).domains().await.unwrap();
    assert_eq!(listed.len(), 8);
    let names: Vec<_> = listed.entries().keys().map(Domain::to_string).collect();
    assert!(!names.contains(&"customer-90.test".to_owned()), "{names:?}");
}

#[tokio::test]
async fn nothing_compressed_is_asked_for() {
    let raw = Raw::always(with_length("200 OK", listing()), Then::Close).await;
    reader(&raw).domains().await.unwrap();
    let request = raw.requests().remove(0).to_ascii_lowercase();
    assert!(request.contains("accept: application/json"), "{request}");
    assert!(!request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn a_write_with_a_hostile_answer_is_made_once() {
    let state = tempfile::tempdir().unwrap();
    let lease = Lease::acquire(state.path()).unwrap();
    let domain = Domain::parse("a.test").unwrap();
    for (what, bytes) in hostile() {
        let raw = Raw::always(bytes, Then::Close).await;
        let answer = reader(&raw).writer(&lease).add(&domain, false).await;
        if let Err(error) = answer {
            assert_eq!(error.class(), Class::Transient, "{what}: {error}");
        }
        assert_eq!(raw.requests().len(), 1, "{what}");
    }
}

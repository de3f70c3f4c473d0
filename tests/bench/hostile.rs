//! Answers made to fill the memory of whoever reads them, and what the real binary takes for them.

#[path = "../it/support/raw.rs"]
#[allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "it belongs to the tests")]
mod raw;

use std::process::Command;

use runcloud_domain_sync::simulator::{Kind, Model};

use super::network::{Network, command, model, name_server, tables, watch};
use raw::{Bytes, Raw, Then};

/// As much as is read of a body.
const BODY: usize = 4 << 20;
/// As many domains as are believed.
const DOMAINS: usize = 20_000;
/// The fourth call shows that the answers to three are digested.
const CALLS: usize = 4;
const IDS: (u64, u64) = (1, 2);

/// The peak memory of a pass over so many mapped names against each answer, in KiB.
pub(super) async fn peaks(mapped: usize) -> Vec<(&'static str, Option<u32>)> {
    let mut peaks = Vec::new();
    for (what, answer) in answers() {
        peaks.push((what, peak(Raw::start(move |_| answer.clone()).await, mapped).await));
    }
    peaks.push(("as many certificates as fit", peak(certificates().await, mapped).await));
    for (what, letter) in [("20000 long host names", "a"), ("20000 long names of no host", "_")] {
        let network = Network::around(mapped, crowd(mapped, letter)).await;
        peaks.push((what, network.pass().await.peak_memory));
    }
    peaks
}

async fn peak(raw: Raw, mapped: usize) -> Option<u32> {
    let directory = tables(mapped).await;
    let url = format!("http://{}/api/v3", raw.address);
    let dns = name_server().await;
    let mut command = command(directory.path(), &url, &dns, IDS);
    let child = command.arg("--once").spawn().expect("the binary starts");
    let watching = move || watch(child, || raw.requests().len() >= CALLS).1;
    tokio::task::spawn_blocking(watching).await.expect("a watcher")
}

/// The same for every call.
fn answers() -> Vec<(&'static str, Bytes)> {
    let ok = |body: &str| with_length("200 OK", body.as_bytes());
    let fill = |start: &str, piece: &str| {
        let count = (BODY - start.len()) / piece.len();
        ok(&format!("{start}{}", piece.repeat(count)))
    };
    let numbered = |row: fn(usize) -> String, count: usize| {
        let rows: Vec<_> = (0..count).map(row).collect();
        ok(&format!(r#"{{"data":[{}]}}"#, rows.join(",")))
    };
    let short = |id| format!(r#"{{"id":{id},"name":""}}"#);
    let long = |id| format!(r#"{{"id":{id},"name":"{id:0>52}"}}"#);
    let longest = |id| format!(r#"{{"id":{id},"name":"{id:0>250}"}}"#);
    let flood = |start: &str, piece: &str| Bytes {
        bytes: format!("HTTP/1.1 200 OK\r\n{start}").into_bytes(),
        then: Then::Repeat(piece.repeat(1_000).into_bytes()),
    };
    vec![
        ("numbers for domains", fill(r#"{"data":["#, "0,")),
        ("a name of 4 MiB", fill(r#"{"data":[{"id":1,"name":""#, "a")),
        ("the same escaped", fill(r#"{"data":[{"id":1,"name":""#, r"\u0061")),
        ("a name for a field", fill(r#"{""#, "a")),
        ("fields nobody knows", fill("{", r#""a":0,"#)),
        ("objects in objects", fill("", r#"{"a":"#)),
        ("lists in lists", fill(r#"{"data":"#, "[")),
        ("more domains than are believed", numbered(short, 170_000)),
        ("as many domains as are believed", numbered(short, DOMAINS)),
        ("the same with names as long as fit", numbered(long, DOMAINS)),
        ("names that fill the body", numbered(longest, 15_000)),
        ("an error of 64 MiB", with_length("500 Error", &vec![b' '; 64 << 20])),
        ("an error of many fields", with_length("422 Odd", wide_error().as_bytes())),
        ("zeros that were compressed", bomb()),
        ("headers without end", flood("", "X-Header: value\r\n")),
        ("one header without end", flood("X-Header: ", "value")),
        ("rows without end", flood("\r\n{\"data\":[", r#"{"id":1,"name":"a.test"},"#)),
    ]
}

fn with_length(status: &str, body: &[u8]) -> Bytes {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    Bytes { bytes: [head.as_bytes(), body].concat(), then: Then::Stay }
}

/// As long as an error may be that is read.
fn wide_error() -> String {
    let fields: Vec<_> = (0..5_000).map(|n| format!(r#""{n:04}":[0]"#)).collect();
    format!(r#"{{"errors":{{{}}}}}"#, fields.join(","))
}

fn bomb() -> Bytes {
    let output = Command::new("sh").args(["-c", "head -c 1073741824 /dev/zero | gzip"]).output();
    let body = output.expect("sh runs").stdout;
    assert!(body.starts_with(&[0x1f, 0x8b]), "gzip is missing: apt-get install gzip");
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Bytes { bytes: [head.as_bytes(), &body].concat(), then: Then::Stay }
}

/// The mapped name is added, and the order of its certificate begins with a list of them.
async fn certificates() -> Raw {
    let row = r#"{"type":"alias","ssl":{"id":1,"method":"letsencrypt"}}"#;
    let list = vec![row; BODY / row.len() - 1].join(",");
    Raw::start(move |request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let body = if path.ends_with("/ssl") {
            format!(r#"{{"data":[{list}]}}"#)
        } else if request.starts_with("GET") && path.contains("/domains") {
            r#"{"data":[{"id":1,"name":"network.example","type":"primary"}],"meta":{"pagination":{"total":1,"total_pages":1}}}"#.to_owned()
        } else {
            "{}".to_owned()
        };
        with_length("200 OK", body.as_bytes())
    })
    .await
}

/// A RunCloud with the mapped names, and full of names as long as a name may be.
fn crowd(mapped: usize, letter: &str) -> Model {
    let mut runcloud = model(mapped);
    let label = letter.repeat(60);
    for number in mapped + 1..DOMAINS {
        runcloud.attach(&format!("{label}.{label}.{label}.{number:060}.test"), Kind::Alias);
    }
    runcloud
}

//! No secret is in any output, at any level, nor in the ledger: RunCloud and the database repeat what they were
//! given, and nobody hears it.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::binary::{binary, run_for};
use crate::support::raw::{Bytes, Raw, Then};
use crate::support::running::Running;
use crate::support::world::World;

const TOKEN: &str = "token-0123456789-abcdefghijklmnopqrstuvwxyz";
const KEY: &str = "key-9876543210-zyxwvu";
const SECRET: &str = "secret-5647382910-qwertz";
const PASSWORD: &str = "pass word+1234%5678";
const SALT: &str = "salt-#~|{}-0000000000-pepper";

fn secrets() -> Vec<String> {
    let pair = STANDARD.encode(format!("{KEY}:{SECRET}"));
    let written = "pass%20word%2B1234%255678".to_owned();
    [TOKEN, KEY, SECRET, PASSWORD, SALT]
        .map(str::to_owned)
        .into_iter()
        .chain([pair, written])
        .collect()
}

/// Answers that repeat what was sent in every way that may end in an error.
fn answers(sent: &str) -> Vec<(&'static str, String)> {
    let all = sent.to_owned();
    let text = serde_json::to_string(&all).unwrap();
    let escape = |c: char| format!("\\u{:04x}", u32::from(c));
    let escaped = sent.chars().map(escape).collect::<Vec<_>>().concat();
    vec![
        ("401 No", format!(r#"{{"message":{text}}}"#)),
        ("403 No", format!(r#"{{"error":{{"message":{text}}}}}"#)),
        ("404 No", format!(r#"{{"message":"{escaped}"}}"#)),
        ("422 No", format!(r#"{{"message":"no","errors":{{"name":[{text}]}}}}"#)),
        ("429 No", format!(r#"{{"message":{text}}}"#)),
        ("503 No", all.clone()),
        ("302 No", all.clone()),
        ("200 OK", format!(r#"{{"data":{text}}}"#)),
        ("200 OK", format!(r#"{{"data":[{{"id":{text}}}]}}"#)),
        (
            "200 OK",
            format!(
                r#"{{"data":[{{"id":1,"name":{text}}}],"meta":{{"pagination":{{"total":1,"total_pages":1}}}}}}"#
            ),
        ),
        ("200 OK", all),
    ]
}

fn answer((status, body): &(&str, String)) -> Vec<u8> {
    let headers =
        format!("X-Echo: {TOKEN}\r\nLocation: /{TOKEN}\r\nContent-Length: {}", body.len());
    format!("HTTP/1.1 {status}\r\n{headers}\r\n\r\n{body}").into_bytes()
}

/// The binary with wp-config.php's secrets, talking as much as it can.
fn talkative(world: &World, api: &str, credentials: &str) -> Command {
    let text = format!(
        "<?php define('DB_NAME', '{}'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
         define('DB_HOST', '{}'); define('AUTH_KEY', '{SALT}'); define('AUTH_SALT', '{SALT}');
         {credentials}
         define('WU_RUNCLOUD_SERVER_ID', 1903); define('WU_RUNCLOUD_APP_ID', 646);",
        world.tables.name,
        world.tables.socket_host(),
    );
    std::fs::write(world.state.path().join("wp-config.php"), text).unwrap();
    let mut command = binary();
    command.env("RUST_LOG", "trace").env("WP_CONFIG", world.state.path());
    command.args(["--api-url", api, "--state-dir"]).arg(world.state.path());
    command
}

const TOKEN_ONLY: &str = "define('WU_RUNCLOUD_API_TOKEN', '{TOKEN}');";
const PAIR: &str =
    "define('WU_RUNCLOUD_API_KEY', '{KEY}'); define('WU_RUNCLOUD_API_SECRET', '{SECRET}');";

fn credentials(template: &str) -> String {
    template.replace("{TOKEN}", TOKEN).replace("{KEY}", KEY).replace("{SECRET}", SECRET)
}

#[track_caller]
fn assert_silent(what: &str, output: &[u8]) {
    let output = String::from_utf8_lossy(output);
    for secret in secrets() {
        assert!(!output.contains(&secret), "{what} has {secret}: {output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runcloud_that_repeats_the_credentials_is_not_quoted() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let pair = format!("{KEY} {SECRET} {}", STANDARD.encode(format!("{KEY}:{SECRET}")));
    for (version, template, sent) in [("v3", TOKEN_ONLY, TOKEN), ("v2", PAIR, &pair)] {
        for said in answers(sent) {
            let bytes = answer(&said);
            let raw = Raw::start(move |_| Bytes { bytes: bytes.clone(), then: Then::Close }).await;
            let api = format!("http://{}/api/{version}", raw.address);
            let mut command = talkative(&world, &api, &credentials(template));
            command.args(["--log-format", "json"]);
            let mut running = Running::start(command);
            // The answer was heard, and made something of.
            running.until(raw.answered(1)).await;
            running.until_said("API call: ").await;
            running.signal("TERM");
            let ran = running.end().await;
            assert!(ran.stderr.contains("API call: "), "it was to talk: {}", ran.stderr);
            assert_silent(&format!("{said:?}"), ran.stderr.as_bytes());
            let ledger = std::fs::read(world.state.path().join("ledger.sqlite")).unwrap();
            assert_silent("the ledger", &ledger);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_is_kept_in_the_ledger_and_told_by_plan_does_not_repeat_them() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let page = r#"{"data":[{"id":1,"name":"network.test","type":"primary"}],"meta":{"pagination":{"total":1,"total_pages":1}}}"#;
    let refusal = ("422 No", format!(r#"{{"message":"{TOKEN} is not allowed"}}"#));
    let raw = Raw::start(move |request| {
        let is_write = request.starts_with("POST ");
        let bytes = if is_write { answer(&refusal) } else { answer(&("200 OK", page.to_owned())) };
        Bytes { bytes, then: Then::Close }
    })
    .await;
    let api = format!("http://{}/api/v3", raw.address);
    for arguments in [&["--once"][..], &["plan"], &["plan", "--json"]] {
        let mut command = talkative(&world, &api, &credentials(TOKEN_ONLY));
        command.args(arguments);
        let ran = run_for(command).await;
        assert!(ran.stdout.contains("(secret) is not allowed"), "{}{}", ran.stdout, ran.stderr);
        assert_silent("stdout", ran.stdout.as_bytes());
        assert_silent("stderr", ran.stderr.as_bytes());
    }
    let ledger = std::fs::read(world.state.path().join("ledger.sqlite")).unwrap();
    assert_silent("the ledger", &ledger);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_repeats_the_password_is_not_quoted() {
    let world = World::new().await;
    let raw = Raw::always(vec![], Then::Close).await;
    // A server's first packet may be an error, with any text (1040, too many connections).
    let text = format!("Too many connections by {PASSWORD}");
    let mut packet = vec![0xff, 0x10, 0x04];
    packet.extend(text.as_bytes());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut bytes = u32::try_from(packet.len()).unwrap().to_le_bytes()[..3].to_vec();
            bytes.push(0);
            bytes.extend(&packet);
            stream.writable().await.unwrap();
            stream.try_write(&bytes).unwrap();
        }
    });
    let api = format!("http://{}/api/v3", raw.address);
    let mut command = talkative(&world, &api, &credentials(TOKEN_ONLY));
    command.env("DATABASE_URL", format!("mysql://u:pass%20word%2B1234%255678@{address}/db"));
    let mut running = Running::start(command);
    running.until_said("Too many connections by (secret)").await;
    running.signal("TERM");
    let ran = running.end().await;
    assert_silent("stderr", ran.stderr.as_bytes());
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_settings_do_not_show_them() {
    let world = World::new().await;
    for (name, value) in [
        ("WU_RUNCLOUD_API_TOKEN", format!("{TOKEN} {SECRET}")),
        ("DATABASE_URL", format!("mysql:/{PASSWORD}")),
        ("DATABASE_URL", format!("mysql://u:{PASSWORD}@[::/{TOKEN}")),
        ("RUNCLOUD_API_URL", format!("https://u:{TOKEN}@api.example/api/v3")),
    ] {
        let mut command = binary();
        command.env("RUST_LOG", "trace").env("WU_RUNCLOUD_API_TOKEN", TOKEN).env(name, value);
        command.env("WU_RUNCLOUD_SERVER_ID", "1").env("WU_RUNCLOUD_APP_ID", "2");
        command.args(["plan", "--state-dir"]).arg(world.state.path());
        let ran = run_for(command).await;
        assert_ne!(ran.code, 0);
        assert_silent(name, ran.stderr.as_bytes());
        assert_silent(name, ran.stdout.as_bytes());
    }
}

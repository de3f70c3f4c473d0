use std::time::Duration;

use serde_json::Value;

use super::{APP, TOKEN, calm, get, raw};
use crate::simulator::{ApiVersion, Credential, Model, RateLimit, Simulator};

const ACCEPT: (&str, &str) = ("Accept", "application/json");
const AGENT: (&str, &str) = ("User-Agent", "test");

async fn status(simulator: &Simulator, path: &str, headers: &[(&str, &str)]) -> u16 {
    raw(simulator.address(), "GET", path, headers, Value::Null).await.unwrap().status
}

#[tokio::test]
async fn the_credential_is_checked_before_the_ids() {
    let simulator = calm().await;
    let foreign = "/api/v3/servers/1/webapps/2/domains";
    let token = ("Authorization", TOKEN);
    assert_eq!(status(&simulator, foreign, &[ACCEPT, AGENT]).await, 401);
    let wrong = ("Authorization", "Bearer wrong");
    assert_eq!(status(&simulator, foreign, &[ACCEPT, AGENT, wrong]).await, 401);
    assert_eq!(status(&simulator, foreign, &[ACCEPT, AGENT, token]).await, 404);
    assert_eq!(status(&simulator, APP, &[ACCEPT, AGENT, token]).await, 200);
    assert_eq!(status(&simulator, &APP.replace("v3", "v2"), &[ACCEPT, AGENT, token]).await, 200);
}

#[tokio::test]
async fn ping_needs_a_token_and_says_which_part_is_missing() {
    let simulator = calm().await;
    let ping = |headers: Vec<(&'static str, &'static str)>| {
        let address = simulator.address();
        async move { raw(address, "GET", "/api/v3/ping", &headers, Value::Null).await.unwrap().json() }
    };
    assert_eq!(ping(vec![ACCEPT, AGENT]).await["message"], "Missing API Token.");
    let wrong = ("Authorization", "Bearer wrong");
    assert_eq!(ping(vec![ACCEPT, AGENT, wrong]).await["message"], "Unauthenticated.");
    assert_eq!(ping(vec![ACCEPT, AGENT, ("Authorization", TOKEN)]).await["message"], "pong");
}

#[tokio::test]
async fn basic_credentials_work_on_v2_only() {
    let mut model = Model::new(1).calm();
    model.version = ApiVersion::V2;
    model.credential = Credential::Basic { key: "user".into(), secret: "pass".into() };
    let simulator = Simulator::start(model).await.unwrap();
    assert!(simulator.url().ends_with("/api/v2"));
    let basic = ("Authorization", "Basic dXNlcjpwYXNz");
    assert_eq!(status(&simulator, "/api/v2/ping", &[ACCEPT, AGENT, basic]).await, 200);
    assert_eq!(status(&simulator, "/api/v3/ping", &[ACCEPT, AGENT, basic]).await, 401);
}

#[tokio::test]
async fn browsers_are_redirected_and_nameless_clients_are_filtered() {
    let simulator = calm().await;
    let token = ("Authorization", TOKEN);
    assert_eq!(status(&simulator, "/api/v3/ping", &[AGENT, token]).await, 302);
    assert_eq!(status(&simulator, "/api/v3/ping", &[ACCEPT, token]).await, 403);
    for agent in ["", "python-requests/2.31", "reqwest/0.13"] {
        let headers = [ACCEPT, token, ("User-Agent", agent)];
        let got = raw(simulator.address(), "GET", "/api/v3/ping", &headers, Value::Null).await;
        let got = got.unwrap();
        assert_eq!((got.status, got.body.starts_with("<html>")), (403, true), "{agent:?}");
    }
}

#[tokio::test]
async fn the_throttle_counts_down_and_then_refuses() {
    let mut model = Model::new(1).calm();
    model.rate_limit = Some(RateLimit { calls: 2, window: Duration::from_mins(1) });
    let simulator = Simulator::start(model).await.unwrap();
    for left in ["1", "0"] {
        let got = get(&simulator, "/domains").await;
        assert_eq!((got.status, got.header("X-RateLimit-Remaining")), (200, Some(left)));
        assert_eq!(got.header("X-RateLimit-Limit"), Some("2"));
    }
    let refused = get(&simulator, "/domains").await;
    assert_eq!((refused.status, refused.header("X-RateLimit-Remaining")), (429, Some("0")));
    let wait: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    simulator.model().rate_limit = None;
    assert_eq!(get(&simulator, "/domains").await.status, 200);
}

#[tokio::test]
async fn a_throttle_window_ends() {
    let mut model = Model::new(1).calm();
    model.rate_limit = Some(RateLimit { calls: 1, window: Duration::ZERO });
    let simulator = Simulator::start(model).await.unwrap();
    for _ in 0..3 {
        assert_eq!(get(&simulator, "/domains").await.status, 200);
    }
}

#[tokio::test]
async fn the_server_and_the_application_are_shown_with_secrets_in_them() {
    let simulator = calm().await;
    let app = get(&simulator, "").await.json();
    assert_eq!((&app["id"], &app["pullKey1"]), (&646.into(), &"SECRET-IN-ANSWER".into()));
    let headers = [ACCEPT, AGENT, ("Authorization", TOKEN)];
    let server =
        raw(simulator.address(), "GET", "/api/v3/servers/1903", &headers, Value::Null).await;
    let server = server.unwrap().json();
    assert_eq!((&server["ipAddress"], &server["online"]), (&"127.0.0.2".into(), &true.into()));
    for list in ["/api/v3/servers", "/api/v3/servers/1903/webapps"] {
        let rows =
            raw(simulator.address(), "GET", list, &headers, Value::Null).await.unwrap().json();
        assert_eq!(rows["meta"]["pagination"]["total"], 1);
    }
}

#[tokio::test]
async fn a_stopped_simulator_answers_nobody() {
    let simulator = calm().await;
    let address = simulator.address();
    drop(simulator);
    let headers = [ACCEPT, AGENT, ("Authorization", TOKEN)];
    assert!(raw(address, "GET", "/api/v3/ping", &headers, Value::Null).await.is_err());
}

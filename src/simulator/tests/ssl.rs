use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::{APP, Got, TOKEN, add, call, calm, get, raw};
use crate::simulator::{Kind, Model, Outcome, PlacedBy, Simulator, Ssl, SslShape};

fn request() -> Value {
    json!({ "provider": "letsencrypt", "enableHttp": false, "enableHsts": false,
            "authorizationMethod": "http-01", "environment": "live" })
}

fn names(simulator: &Simulator) -> BTreeSet<String> {
    simulator.model().app.ssl.covered().into_iter().map(str::to_owned).collect()
}

async fn redeploy(simulator: &Simulator) -> Got {
    let id = get(simulator, "/ssl").await.json()["id"].clone();
    call(simulator, "PUT", &format!("/ssl/{id}"), Value::Null).await
}

async fn slow() -> Simulator {
    let mut model = Model::new(1).calm();
    model.issue_delay = Duration::from_hours(1);
    Simulator::start(model).await.unwrap()
}

async fn advanced(auto: bool) -> Simulator {
    let mut model = Model::new(1).calm();
    model.app.ssl = Ssl::Advanced { auto, certificates: BTreeMap::new() };
    Simulator::start(model).await.unwrap()
}

#[tokio::test]
async fn a_redeploy_answers_before_the_certificate_changes() {
    let simulator = slow().await;
    add(&simulator, "a.example").await;
    let before = get(&simulator, "/ssl").await.json();
    assert_eq!(redeploy(&simulator).await.status, 200);
    assert_eq!(get(&simulator, "/ssl").await.json(), before);
    assert!(!names(&simulator).contains("a.example"));
    add(&simulator, "too-late.example").await;
    simulator.model().finish_orders();
    let expected = ["a.example", "network.example", "www.network.example"].map(str::to_owned);
    assert_eq!(names(&simulator), BTreeSet::from(expected));
    let after = get(&simulator, "/ssl").await.json();
    assert_eq!(after["id"], before["id"]);
    assert_ne!(after["validUntil"], before["validUntil"]);
}

#[tokio::test]
async fn misdirected_names_are_left_out_silently_or_fail_the_order_with_a_log_line() {
    let simulator = calm().await;
    add(&simulator, "good.example").await;
    add(&simulator, "lost.example").await;
    simulator.model().misdirected.insert("lost.example".into());
    redeploy(&simulator).await;
    assert!(names(&simulator).contains("good.example"));
    assert!(!names(&simulator).contains("lost.example"));
    let left_out = BTreeSet::from(["lost.example".to_owned()]);
    assert_eq!(simulator.model().orders[0].result, Outcome::Issued { left_out });

    simulator.model().strict_orders = true;
    add(&simulator, "more.example").await;
    assert_eq!(redeploy(&simulator).await.status, 200);
    assert!(matches!(simulator.model().orders[1].result, Outcome::Failed { .. }));
    assert!(!names(&simulator).contains("more.example"));
    let log = get(&simulator, "/log").await.json();
    assert!(log["data"][0]["content"].as_str().unwrap().contains("lost.example"));
}

#[tokio::test]
async fn a_second_order_overtakes_the_first() {
    let simulator = slow().await;
    redeploy(&simulator).await;
    redeploy(&simulator).await;
    simulator.model().finish_orders();
    let model = simulator.model();
    assert_eq!(model.orders[0].result, Outcome::Overtaken);
    assert_eq!(model.orders[1].result, Outcome::Issued { left_out: BTreeSet::new() });
}

#[tokio::test]
async fn the_same_names_are_certified_only_so_often_and_never_more_than_a_hundred() {
    let simulator = calm().await;
    simulator.model().same_names_limit = 2;
    for _ in 0..3 {
        redeploy(&simulator).await;
    }
    assert!(matches!(simulator.model().orders[2].result, Outcome::Failed { .. }));
    for number in 0..99 {
        simulator.model().attach(&format!("site{number}.example"), Kind::Alias);
    }
    redeploy(&simulator).await;
    assert!(matches!(simulator.model().orders[3].result, Outcome::Failed { .. }));
}

#[tokio::test]
async fn ssl_is_shown_in_each_of_its_shapes() {
    let simulator = calm().await;
    let flat = get(&simulator, "/ssl").await.json();
    assert_eq!((&flat["method"], flat.get("privateKey")), (&"letsencrypt".into(), None));
    let headers =
        [("Accept", "application/json"), ("User-Agent", "test"), ("Authorization", TOKEN)];
    let path = format!("{}/ssl", APP.replace("v3", "v2"));
    let old = raw(simulator.address(), "GET", &path, &headers, Value::Null).await.unwrap().json();
    assert_eq!(old["privateKey"], "SECRET-IN-ANSWER");
    simulator.model().ssl_shape = SslShape::PerDomain;
    let nested = get(&simulator, "/ssl").await.json();
    assert_eq!(nested["data"][0]["ssl"], flat);
    assert_eq!(nested.get("meta"), None);
    simulator.model().app.ssl = Ssl::None;
    let none = get(&simulator, "/ssl").await;
    assert_eq!((none.status, none.json()), (404, json!({ "message": "SSL not installed!" })));
}

#[tokio::test]
async fn a_basic_certificate_is_installed_once_and_removed() {
    let simulator = calm().await;
    simulator.model().app.ssl = Ssl::None;
    simulator.model().demanded_ssl_field = Some("sslProtocolId".into());
    assert_eq!(
        call(&simulator, "POST", "/ssl", json!({ "provider": "letsencrypt" })).await.status,
        422
    );
    let refused = call(&simulator, "POST", "/ssl", request()).await;
    assert_eq!((refused.status, refused.json()["errors"]["sslProtocolId"].is_array()), (422, true));
    let mut whole = request();
    whole["sslProtocolId"] = 2.into();
    let installed = call(&simulator, "POST", "/ssl", whole.clone()).await;
    assert_eq!((installed.status, installed.body.as_str()), (200, "{}"));
    assert!(names(&simulator).contains("network.example"));
    assert_eq!(call(&simulator, "POST", "/ssl", whole).await.status, 422);
    assert_eq!(call(&simulator, "PUT", "/ssl/1", Value::Null).await.status, 404);
    let id = get(&simulator, "/ssl").await.json()["id"].clone();
    assert_eq!(call(&simulator, "DELETE", &format!("/ssl/{id}"), Value::Null).await.status, 200);
    assert_eq!(get(&simulator, "/ssl").await.status, 404);
}

#[tokio::test]
async fn in_advanced_mode_a_basic_installation_is_stray_and_each_domain_has_its_own() {
    let simulator = advanced(false).await;
    let mode = get(&simulator, "/ssl/advanced").await.json();
    assert_eq!(mode, json!({ "advancedSSL": true, "autoSSL": false }));
    assert_eq!(call(&simulator, "POST", "/ssl", request()).await.status, 200);
    assert_eq!(simulator.model().stray_ssl, 1);
    assert!(simulator.model().orders.is_empty());

    let id = add(&simulator, "a.example").await.json()["id"].clone();
    let path = format!("/domains/{id}/ssl");
    assert_eq!(get(&simulator, &path).await.status, 404);
    assert_eq!(call(&simulator, "POST", &path, request()).await.body, "{}");
    let shown = get(&simulator, &path).await.json();
    assert!(shown["validUntil"].is_string());
    assert_eq!(names(&simulator), BTreeSet::from(["a.example".to_owned()]));
    assert_eq!(call(&simulator, "POST", &path, request()).await.status, 422);
    let own = format!("{path}/{}", shown["id"]);
    assert_eq!(call(&simulator, "PUT", &own, Value::Null).await.status, 200);
    assert_eq!(simulator.model().orders.len(), 2);
    assert_eq!(call(&simulator, "DELETE", &own, Value::Null).await.status, 200);
    assert_eq!(get(&simulator, &path).await.status, 404);
}

#[tokio::test]
async fn a_failed_first_order_leaves_nothing_installed() {
    let simulator = advanced(false).await;
    simulator.model().misdirected.insert("a.example".into());
    let id = add(&simulator, "a.example").await.json()["id"].clone();
    let path = format!("/domains/{id}/ssl");
    assert_eq!(call(&simulator, "POST", &path, request()).await.status, 200);
    assert_eq!(get(&simulator, &path).await.status, 404);
    simulator.model().misdirected.clear();
    assert_eq!(call(&simulator, "POST", &path, request()).await.status, 200);
    assert!(names(&simulator).contains("a.example"));
}

#[tokio::test]
async fn with_autossl_an_added_domain_is_certified_unasked() {
    let simulator = advanced(true).await;
    call(&simulator, "POST", "/domains", json!({ "name": "a.example", "www": true })).await;
    assert!(names(&simulator).contains("www.a.example"));
    assert_eq!(simulator.model().orders[0].placed_by, PlacedBy::AutoSsl);
    let off = json!({ "advancedSSL": false, "autoSSL": false });
    assert_eq!(call(&simulator, "POST", "/ssl/advanced", off.clone()).await.json(), off);
    assert!(names(&simulator).is_empty());
}

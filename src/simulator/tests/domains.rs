use serde_json::{Value, json};

use super::{APP, TOKEN, add, call, calm, get, raw};
use crate::simulator::{Kind, Model, Simulator};

#[tokio::test]
async fn a_domain_is_added_shown_changed_and_removed() {
    let simulator = calm().await;
    let added = add(&simulator, "Shop.example").await;
    assert_eq!(added.status, 200);
    let path = format!("/domains/{}", added.json()["id"]);
    let shown = get(&simulator, &path).await.json();
    assert_eq!(shown, added.json());
    assert_eq!(
        (&shown["name"], &shown["type"], &shown["www"]),
        (&"Shop.example".into(), &"alias".into(), &0.into())
    );

    let meta = json!({ "type": "alias", "redirection": "non-www", "www": true });
    let changed = call(&simulator, "PATCH", &format!("{path}/meta"), meta).await;
    assert_eq!((changed.status, changed.json()["id"].is_null()), (200, true));
    let shown = get(&simulator, &path).await.json();
    assert_eq!((&shown["www"], &shown["redirection"]), (&1.into(), &"non-www".into()));

    let removed = call(&simulator, "DELETE", &path, Value::Null).await;
    assert_eq!((removed.status, &removed.json()["name"]), (200, &"Shop.example".into()));
    assert_eq!(get(&simulator, &path).await.status, 404);
}

#[tokio::test]
async fn duplicates_and_names_of_other_applications_are_refused_in_the_same_words() {
    let simulator = calm().await;
    simulator.model().taken.insert("elsewhere.example".into());
    assert_eq!(add(&simulator, "shop.example").await.status, 200);
    let duplicate = add(&simulator, "SHOP.example").await;
    let taken = add(&simulator, "elsewhere.example").await;
    assert_eq!((duplicate.status, taken.status), (422, 422));
    assert_eq!(duplicate.body, taken.body);
    assert!(duplicate.json()["errors"]["name"][0].is_string());
    assert!(simulator.model().domain("elsewhere.example").is_none());
}

#[tokio::test]
async fn names_that_are_no_host_names_are_refused() {
    let simulator = calm().await;
    let long = format!("{}example", "abcdefghi.".repeat(26));
    for name in [
        "",
        "single",
        "under_score.example",
        "*.example",
        "127.0.0.1",
        "a..example",
        "-a.example",
        "ü.example",
        &long,
    ] {
        assert_eq!(add(&simulator, name).await.status, 422, "{name}");
    }
    assert_eq!(call(&simulator, "POST", "/domains", json!({})).await.status, 422);
    assert_eq!(simulator.model().app.domains.len(), 1);
}

#[tokio::test]
async fn what_a_client_leaves_out_becomes_the_models_default() {
    let simulator = calm().await;
    let added = call(&simulator, "POST", "/domains", json!({ "name": "a.example" })).await.json();
    assert_eq!((&added["www"], &added["redirection"]), (&1.into(), &"none".into()));
    for wrong in
        [json!({ "type": "primary" }), json!({ "www": "yes" }), json!({ "redirection": "up" })]
    {
        let mut body = wrong.clone();
        body["name"] = "b.example".into();
        assert_eq!(call(&simulator, "POST", "/domains", body).await.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn the_primary_is_neither_removed_nor_demoted() {
    let simulator = calm().await;
    let id = simulator.model().domain("network.example").unwrap().id;
    let path = format!("/domains/{id}");
    assert_eq!(call(&simulator, "DELETE", &path, Value::Null).await.status, 422);
    let meta = json!({ "type": "alias", "redirection": "none", "www": false });
    assert_eq!(call(&simulator, "PATCH", &format!("{path}/meta"), meta).await.status, 422);
    assert!(!simulator.calls().iter().any(|call| call.effect));
}

#[tokio::test]
async fn www_entries_conflict_only_where_the_model_says_so() {
    for conflict in [false, true] {
        let mut model = Model::new(1).calm();
        model.www_entries_conflict = conflict;
        model.attach("www.b.example", Kind::Alias);
        let simulator = Simulator::start(model).await.unwrap();
        let expected = if conflict { 422 } else { 200 };
        assert_eq!(add(&simulator, "www.network.example").await.status, expected);
        let both = json!({ "name": "b.example", "www": true });
        assert_eq!(call(&simulator, "POST", "/domains", both).await.status, expected);
        assert_eq!(add(&simulator, "b.example").await.status, if conflict { 200 } else { 422 });
    }
}

#[tokio::test]
async fn meta_is_unknown_to_v2_and_dns_lists_www_always() {
    let simulator = calm().await;
    let id = add(&simulator, "a.example").await.json()["id"].clone();
    let headers =
        [("Accept", "application/json"), ("User-Agent", "test"), ("Authorization", TOKEN)];
    let path = format!("{}/domains/{id}/meta", APP.replace("v3", "v2"));
    let got = raw(simulator.address(), "PATCH", &path, &headers, json!({ "www": true })).await;
    assert_eq!(got.unwrap().status, 404);
    let records = get(&simulator, &format!("/domains/{id}/dns")).await.json();
    assert_eq!(
        (&records[0]["content"], &records[1]["hostname"]),
        (&"127.0.0.2".into(), &"www.a.example".into())
    );
}

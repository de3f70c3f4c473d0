use std::collections::BTreeSet;

use serde_json::Value;

use super::{call, calm, get};
use crate::simulator::{Effect, Fault, Kind, Model, Simulator};

fn ids(page: &Value) -> Vec<u64> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

async fn pages(simulator: &Simulator) -> Vec<Value> {
    let mut pages = Vec::new();
    loop {
        let path = format!("/domains?perPage=40&page={}", pages.len() + 1);
        pages.push(get(simulator, &path).await.json());
        let last = pages[0]["meta"]["pagination"]["total_pages"].as_u64().unwrap();
        if pages.len() as u64 >= last {
            return pages;
        }
    }
}

async fn with_domains(mut model: Model, count: usize) -> Simulator {
    for number in 1..count {
        model.attach(&format!("site{number}.example"), Kind::Alias);
    }
    Simulator::start(model).await.unwrap()
}

#[tokio::test]
async fn pages_cover_every_id_once_in_no_order_and_are_smaller_than_asked() {
    let mut model = Model::new(3).calm();
    model.page_size = 7;
    let simulator = with_domains(model, 23).await;
    let pages = pages(&simulator).await;
    let listed: Vec<u64> = pages.iter().flat_map(ids).collect();
    let model = simulator.model();
    let known: BTreeSet<u64> = model.app.domains.iter().map(|domain| domain.id).collect();
    assert_eq!((pages.len(), listed.len()), (4, 23));
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), known);
    assert!(!listed.is_sorted());
    assert_eq!(pages[3]["meta"]["pagination"]["per_page"], 7);
    assert_eq!(pages[3]["meta"]["pagination"]["count"], 2);
}

#[tokio::test]
async fn the_default_page_has_twenty_rows_and_a_large_one_forty() {
    let simulator = with_domains(Model::new(1).calm(), 50).await;
    assert_eq!(ids(&get(&simulator, "/domains").await.json()).len(), 20);
    assert_eq!(ids(&get(&simulator, "/domains?perPage=500").await.json()).len(), 40);
    assert_eq!(ids(&get(&simulator, "/domains?perPage=40&page=9").await.json()).len(), 0);
}

#[tokio::test]
async fn links_are_an_empty_object_on_a_single_page() {
    let simulator = calm().await;
    let page = get(&simulator, "/domains").await.json();
    assert_eq!(page["meta"]["pagination"]["links"], serde_json::json!({}));
    assert_eq!(page["data"][0]["www"], 1);
}

#[tokio::test]
async fn a_hand_edit_shows_in_the_next_listing_and_keeps_the_order_of_the_rest() {
    let simulator = with_domains(Model::new(1).calm(), 10).await;
    let before = ids(&get(&simulator, "/domains").await.json());
    let added = simulator.model().attach("hand.example", Kind::Alias);
    let mut after = ids(&get(&simulator, "/domains").await.json());
    after.retain(|id| *id != added);
    assert_eq!(after, before);
    simulator.model().detach("hand.example");
    assert_eq!(ids(&get(&simulator, "/domains").await.json()), before);
}

#[tokio::test]
async fn spoiled_listings_repeat_lose_and_shuffle() {
    let mut model = Model::new(1).calm();
    model.page_size = 5;
    let simulator = with_domains(model, 15).await;
    let sound: Vec<Vec<u64>> = pages(&simulator).await.iter().map(ids).collect();
    let order = |effect| {
        let fault = Fault::at("GET", "/domains").with(effect).times(3);
        simulator.model().faults.push(fault);
    };

    order(Effect::RepeatIds);
    let repeated: Vec<Vec<u64>> = pages(&simulator).await.iter().map(ids).collect();
    assert_eq!((repeated[1][0], &repeated[1][1..]), (sound[0][4], &sound[1][1..]));

    order(Effect::DropPage(2));
    let dropped: Vec<Vec<u64>> = pages(&simulator).await.iter().map(ids).collect();
    assert_eq!(dropped, [sound[0].clone(), vec![], sound[2].clone()]);

    order(Effect::UnstableTotals);
    let moving = pages(&simulator).await;
    let total = |page: &Value| page["meta"]["pagination"]["total"].as_u64();
    assert_ne!(total(&moving[0]), total(&moving[1]));

    simulator.model().faults = vec![Fault::any().with(Effect::ShuffleEveryCall).always()];
    let shuffled: Vec<Vec<u64>> = pages(&simulator).await.iter().map(ids).collect();
    assert_ne!(shuffled, sound);
}

#[tokio::test]
async fn the_log_is_newest_first_and_has_fifteen_rows() {
    let simulator = calm().await;
    for number in 0..16 {
        super::add(&simulator, &format!("site{number}.example")).await;
    }
    call(&simulator, "POST", "/rebuild", Value::Null).await;
    let log = get(&simulator, "/log").await.json();
    assert_eq!(log["data"].as_array().unwrap().len(), 15);
    assert_eq!(log["data"][0]["content"], "Web Application configuration was rebuilt");
    assert_eq!(log["data"][1]["content"], "Added domain site15.example");
}

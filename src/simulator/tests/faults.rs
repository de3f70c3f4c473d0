use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Got, add, call, calm, get, send};
use crate::simulator::{Effect, Fault, Model, Simulator, Stage};

const HOUR: Duration = Duration::from_hours(1);

fn order(simulator: &Simulator, fault: Fault) {
    simulator.model().faults.push(fault);
}

fn has(simulator: &Simulator, name: &str) -> bool {
    simulator.model().domain(name).is_some()
}

async fn try_add(simulator: &Simulator, name: &str) -> std::io::Result<Got> {
    send(simulator, "POST", "/domains", json!({ "name": name, "www": false })).await
}

#[tokio::test]
async fn a_fault_skips_hits_and_goes() {
    let simulator = calm().await;
    order(&simulator, Fault::at("GET", "/domains").status(502).skip(1).times(2));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(get(&simulator, "/domains").await.status);
    }
    assert_eq!(statuses, [200, 502, 502, 200, 200]);
    assert!(simulator.model().faults.is_empty());
}

#[tokio::test]
async fn a_fault_hits_only_what_it_matches() {
    let simulator = calm().await;
    order(&simulator, Fault::at("POST", "/domains").naming("bad.example").status(500).always());
    assert_eq!(add(&simulator, "good.example").await.status, 200);
    assert_eq!(add(&simulator, "bad.example").await.status, 500);
    assert_eq!(get(&simulator, "/domains").await.status, 200);
    let body = json!({ "message": "no" });
    order(&simulator, Fault::on("GET", "/domains?page=2").answer(418, &body));
    assert_eq!(get(&simulator, "/domains?page=1").await.status, 200);
    let got = get(&simulator, "/domains?page=2").await;
    assert_eq!((got.status, got.json()), (418, body));
}

#[tokio::test]
async fn a_call_can_fail_before_or_after_it_took_effect() {
    let simulator = calm().await;
    order(&simulator, Fault::any().status(502));
    assert_eq!(add(&simulator, "before.example").await.status, 502);
    order(&simulator, Fault::any().after_status(502));
    assert_eq!(add(&simulator, "after.example").await.status, 502);
    assert!(!has(&simulator, "before.example") && has(&simulator, "after.example"));
    let noted: Vec<_> =
        simulator.calls().iter().map(|call| (call.number, call.status, call.effect)).collect();
    assert_eq!(noted, [(1, 502, false), (2, 502, true)]);
}

#[tokio::test]
async fn a_reset_sends_nothing() {
    let simulator = calm().await;
    order(&simulator, Fault::any().with(Effect::Reset));
    assert!(try_add(&simulator, "before.example").await.is_err());
    order(&simulator, Fault::any().with(Effect::ResetAfter));
    assert!(try_add(&simulator, "after.example").await.is_err());
    assert!(!has(&simulator, "before.example") && has(&simulator, "after.example"));
    let noted: Vec<_> = simulator.calls().iter().map(|call| (call.status, call.effect)).collect();
    assert_eq!(noted, [(0, false), (0, true)]);
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_it_was_announced() {
    let simulator = calm().await;
    for length in [0, 10] {
        order(&simulator, Fault::any().with(Effect::TruncateBody(length)));
        let got = get(&simulator, "/domains").await;
        let announced: usize = got.header("Content-Length").unwrap().parse().unwrap();
        assert_eq!((got.status, got.body.len()), (200, length));
        assert!(announced > length);
    }
    order(&simulator, Fault::any().with(Effect::TruncateBody(usize::MAX)));
    assert!(serde_json::from_str::<Value>(&get(&simulator, "/domains").await.body).is_err());
}

#[tokio::test]
async fn bodies_and_throttling_are_made_up_on_order() {
    let simulator = calm().await;
    order(&simulator, Fault::any().with(Effect::Body("{}".into())));
    assert_eq!(get(&simulator, "/domains").await.body, "{}");
    let retry_after = Some("Wed, 21 Oct 2026 07:28:00 GMT".to_owned());
    order(&simulator, Fault::any().with(Effect::RateLimited { retry_after: retry_after.clone() }));
    let got = get(&simulator, "/domains").await;
    assert_eq!((got.status, got.header("Retry-After")), (429, retry_after.as_deref()));
    order(&simulator, Fault::any().with(Effect::RateLimited { retry_after: None }));
    assert_eq!(get(&simulator, "/domains").await.header("Retry-After"), None);
}

#[tokio::test]
async fn a_hanging_call_is_slow_and_the_end_of_the_simulator_ends_it() {
    let simulator = calm().await;
    order(&simulator, Fault::any().with(Effect::Hang(Duration::ZERO)));
    assert_eq!(get(&simulator, "/domains").await.status, 200);

    order(&simulator, Fault::any().with(Effect::HangAfter(HOUR)));
    let waiting = add_elsewhere(&simulator, "a.example");
    simulator.until(2, Stage::Done).await;
    assert!(has(&simulator, "a.example"));
    assert_eq!(simulator.calls()[1].status, 0);
    drop(simulator);
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn hanging_calls_go_on_when_they_are_told_to() {
    let simulator = calm().await;
    order(&simulator, Fault::any().with(Effect::Hang(HOUR)));
    let waiting = add_elsewhere(&simulator, "a.example");
    simulator.until(1, Stage::Arrived).await;
    assert!(!has(&simulator, "a.example"));
    simulator.resume();
    assert_eq!(waiting.await.unwrap().unwrap().status, 200);
    assert!(has(&simulator, "a.example"));
    assert_eq!(simulator.calls()[0].stage, Stage::Sent);
}

#[tokio::test]
async fn a_stalled_answer_ends_with_the_client_or_the_simulator() {
    let simulator = calm().await;
    order(&simulator, Fault::any().with(Effect::StallBody(10)));
    let client = std::net::TcpStream::connect(simulator.address()).unwrap();
    let path = format!("{}/domains", super::APP);
    let token = super::TOKEN;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: test\r\nAccept: application/json\r\nUser-Agent: test\r\n\
         Authorization: {token}\r\n\r\n"
    );
    (&client).write_all(request.as_bytes()).unwrap();
    simulator.until(1, Stage::Sent).await;
    drop(client);
    assert_eq!(add(&simulator, "a.example").await.status, 200);

    order(&simulator, Fault::any().with(Effect::StallBody(10)));
    let waiting = add_elsewhere(&simulator, "b.example");
    simulator.until(3, Stage::Sent).await;
    assert!(has(&simulator, "b.example"));
    drop(simulator);
    assert_eq!(waiting.await.unwrap().unwrap().body.len(), 10);
}

/// A call whose answer is not waited for.
fn add_elsewhere(simulator: &Simulator, name: &'static str) -> JoinHandle<std::io::Result<Got>> {
    let address = simulator.address();
    let path = format!("{}/domains", super::APP);
    tokio::spawn(async move {
        let headers = [
            ("Accept", "application/json"),
            ("User-Agent", "test"),
            ("Authorization", super::TOKEN),
        ];
        super::raw(address, "POST", &path, &headers, json!({ "name": name })).await
    })
}

async fn statuses(seed: u64) -> Vec<u16> {
    let mut model = Model::new(seed);
    model.rate_limit = None;
    model.error_rate = 0.3;
    let simulator = Simulator::start(model).await.unwrap();
    for number in 0..20 {
        add(&simulator, &format!("site{}.example", number / 2)).await;
        get(&simulator, "/domains").await;
    }
    simulator.calls().iter().map(|call| call.status).collect()
}

#[tokio::test]
async fn the_same_seed_and_calls_give_the_same_answers() {
    let first = statuses(5).await;
    assert!(first.contains(&502) && first.contains(&200));
    assert_eq!(first, statuses(5).await);
    assert_ne!(first, statuses(6).await);
}

#[tokio::test]
async fn the_journal_keeps_what_was_sent_and_can_be_emptied() {
    let simulator = calm().await;
    let body = json!({ "name": "a.example", "www": false });
    call(&simulator, "POST", "/domains?x=1", body.clone()).await;
    let calls = simulator.calls();
    assert_eq!(
        (calls[0].query.as_str(), &calls[0].body, calls[0].is_write()),
        ("x=1", &body, true)
    );
    simulator.forget_calls();
    get(&simulator, "/domains").await;
    let calls = simulator.calls();
    assert_eq!((calls.len(), calls[0].number, calls[0].is_write()), (1, 2, false));
}

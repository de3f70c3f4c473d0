//! Odd answers of RunCloud, over real HTTP: an error of the right class, or got over; never a short
//! list, and never a write that rests on one.

use std::time::Duration;

use runcloud_domain_sync::reconcile::PassError;
use runcloud_domain_sync::runcloud::{ApiError, Class};
use runcloud_domain_sync::simulator::{Effect, Fault, Kind, Match, Reply, SslShape};

use crate::support::world::World;

/// A network of twenty mapped names that are all there, in pages of seven, one of them to be removed.
async fn world() -> World {
    let names: Vec<String> = (0..20).map(|n| format!("n{n:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new().await.mapped(&names).await.with(|runcloud| runcloud.page_size = 7);
    world.converge().await;
    world.unmap("n05.test").await;
    world.runcloud.forget_calls();
    world
}

fn list() -> Match {
    Fault::on("GET", "/domains?page=")
}

fn reply(code: u16, body: &str, content_type: &str) -> Reply {
    Reply { code, body: body.into(), content_type: content_type.into(), headers: vec![] }
}

/// Every way a listing can be wrong for as long as a pass is ready to wait.
fn lasting() -> Vec<(&'static str, Effect)> {
    let html = "<html><body>We'll be right back</body></html>";
    vec![
        ("totals that move", Effect::UnstableTotals),
        ("ids that repeat", Effect::RepeatIds),
        ("a page that is missing", Effect::DropPage(2)),
        ("a last page that is missing", Effect::DropPage(4)),
        ("another order in each call", Effect::ShuffleEveryCall),
        ("JSON that breaks off", Effect::TruncateBody(90)),
        ("no answer", Effect::Reset),
        ("HTML with 200", Effect::Status(reply(200, html, "text/html"))),
        ("an empty body", Effect::Body(String::new())),
        ("data that is null", Effect::Body(r#"{"data":null,"meta":{}}"#.into())),
        ("data that is missing", Effect::Body(r#"{"message":"ok"}"#.into())),
        ("data of the wrong type", Effect::Body(r#"{"data":{"id":1,"name":"a.test"}}"#.into())),
        ("rows of the wrong type", Effect::Body(r#"{"data":[7,8,9]}"#.into())),
        ("rows without ids", Effect::Body(r#"{"data":[{"name":"a.test"}]}"#.into())),
        ("totals of the wrong type", Effect::Body(
            r#"{"data":[],"meta":{"pagination":{"total":"none","current_page":1,"total_pages":1}}}"#.into(),
        )),
        ("a promise that is not kept", Effect::Body(
            r#"{"data":[],"meta":{"pagination":{"total":20,"current_page":1,"total_pages":1}}}"#.into(),
        )),
        ("a body without end", Effect::Body(format!("{{\"data\":[\"{}\"]}}", "x".repeat(9_000_000)))),
        ("a redirect", Effect::Status(reply(302, html, "text/html"))),
        ("500", Effect::Status(Reply::status(500))),
        ("503 as HTML", Effect::Status(Reply::html(503))),
        ("429 for an hour", Effect::RateLimited { retry_after: Some("3600".into()) }),
        ("403 of a filter", Effect::Status(Reply::html(403))),
        ("404 of a proxy", Effect::Status(Reply::html(404))),
    ]
}

#[tokio::test]
async fn a_listing_that_stays_wrong_is_a_passing_error_and_nothing_is_written() {
    for (what, effect) in lasting() {
        let world =
            world().await.with(|runcloud| runcloud.faults.push(list().with(effect).always()));
        match world.pass().await {
            Err(PassError::Api(error)) => {
                assert_eq!(error.class(), Class::Transient, "{what}: {error}");
            }
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(world.writes(), Vec::<String>::new(), "{what}");
        world.runcloud.model().faults.clear();
        assert_eq!(world.converge().await.removed.len(), 1, "{what}");
    }
}

#[tokio::test]
async fn a_listing_that_was_wrong_once_is_read_again() {
    for (what, effect) in lasting().into_iter().filter(|(what, _)| *what != "429 for an hour") {
        let world =
            world().await.with(|runcloud| runcloud.faults.push(list().with(effect).skip(1)));
        let report = world.pass().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(report.removed.len(), 1, "{what}");
        world.rest().await;
    }
}

#[tokio::test]
async fn credentials_and_ids_that_are_wrong_are_fatal_at_once() {
    for (code, body) in [
        (401, r#"{"message":"Unauthenticated."}"#),
        (403, r#"{"message":"Forbidden"}"#),
        (404, r#"{"message":"Resource not found."}"#),
    ] {
        let refusal = Effect::Status(reply(code, body, "application/json"));
        let world =
            world().await.with(|runcloud| runcloud.faults.push(list().with(refusal).always()));
        match world.pass().await {
            Err(PassError::Api(error)) => assert_eq!(error.class(), Class::Fatal, "{error}"),
            other => panic!("{code}: {other:?}"),
        }
        assert_eq!(world.runcloud.calls().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_throttled_pass_waits_as_it_is_told_in_seconds_or_by_date() {
    let soon = httpdate::fmt_http_date(std::time::SystemTime::now());
    for retry_after in ["1", "0", soon.as_str()] {
        let throttle = Effect::RateLimited { retry_after: Some(retry_after.into()) };
        let world = world().await.with(|runcloud| {
            runcloud.faults.push(Fault::any().with(throttle).skip(2).times(1));
        });
        assert_eq!(world.converge().await.removed.len(), 1, "{retry_after}");
    }
}

#[tokio::test]
async fn writing_stops_when_the_credentials_are_refused_midway() {
    let world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await;
    let refusal = reply(401, r#"{"message":"Unauthenticated."}"#, "application/json");
    let fault = Fault::at("POST", "/domains").with(Effect::Status(refusal)).skip(1);
    world.runcloud.model().faults.push(fault);
    match world.pass().await {
        Err(PassError::Api(ApiError::Unauthorized(_))) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(world.writes().len(), 2);
    world.converge().await;
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn a_removal_is_believed_to_runcloud_alone() {
    let world = world().await;
    let proxy = Fault::on("DELETE", "/domains/").with(Effect::Status(Reply::html(404)));
    world.runcloud.model().faults.push(proxy);
    assert_eq!(world.converge().await.removed.len(), 1);
    assert!(!world.names().contains(&"n05.test".to_owned()));
}

#[tokio::test]
async fn an_answer_that_hangs_or_breaks_off_after_the_effect_adds_nothing_twice() {
    for effect in [Effect::ResetAfter, Effect::TruncateBody(5)] {
        let world = World::new().await.mapped(&["a.test", "b.test"]).await;
        world.runcloud.model().faults.push(Fault::at("POST", "/domains").with(effect).times(2));
        world.converge().await;
        assert_eq!(world.runcloud.model().app.domains.len(), 4);
        assert_eq!(world.orders(), 1);
    }
}

#[tokio::test]
async fn each_shape_of_the_certificate_is_understood() {
    let world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.ssl_shape = SslShape::PerDomain;
    });
    world.converge().await;
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn an_api_that_asks_for_the_protocol_is_told_it_once() {
    for field in ["sslProtocolId", "ssl_protocol_id"] {
        let world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
            runcloud.demanded_ssl_field = Some(field.into());
            runcloud.app.ssl = runcloud_domain_sync::simulator::Ssl::Advanced {
                auto: false,
                certificates: <_>::default(),
            };
        });
        world.converge().await;
        assert_eq!(world.orders(), 1, "{field}");
    }
}

#[tokio::test]
async fn pages_smaller_than_asked_for_are_all_read() {
    let world = World::new().await.with(|runcloud| {
        runcloud.page_size = 3;
        for n in 0..50 {
            runcloud.attach(&format!("hand{n}.test"), Kind::Alias);
        }
        runcloud.issue_delay = Duration::ZERO;
    });
    world.converge().await;
    assert_eq!(world.plan().await.unmanaged.len(), 50);
}

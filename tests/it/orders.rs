//! Certificate orders that were cut off, or whose answers were lost: at most one more goes out for each, and nothing is
//! learned that nobody knows.

use std::time::Duration;

use runcloud_domain_sync::ledger::CertificateState;
use runcloud_domain_sync::reconcile::PassError;
use runcloud_domain_sync::reconcile::certificate::SslRules;
use runcloud_domain_sync::runcloud::ApiError;
use runcloud_domain_sync::simulator::{Effect, Fault, Reply, Showing};

use crate::certificates::{advanced, live};
use crate::support::world::World;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A name is added, and the order for it is refused because of the credentials, so that it is due.
async fn with_an_order_due(names: &[&str]) -> World {
    let mut world = World::new().await.mapped(names).await.with_web_server().await;
    world.rules = SslRules::default();
    refuse_one_order(&world).await;
    world
}

/// One pass whose order RunCloud certainly does not take.
async fn refuse_one_order(world: &World) {
    let forbidden = Effect::Status(Reply::status(401));
    let orders = [Fault::on("PUT", "/ssl"), Fault::on("POST", "/ssl")];
    let faults = orders.map(|order| order.with(forbidden.clone()));
    world.runcloud.model().faults.extend(faults);
    world.pass().await.unwrap_err();
    world.runcloud.model().faults.clear();
}

#[tokio::test]
async fn an_order_that_was_cut_off_goes_out_once_more_and_not_twice() {
    for (cuts, orders) in [(1, 1), (2, 0), (3, 0)] {
        let mut world = with_an_order_due(&["a.test"]).await;
        for _ in 0..cuts {
            world.begin_order(None, None).await;
        }
        world.pass().await.unwrap();
        world.pass().await.unwrap();
        assert_eq!(world.orders(), orders, "after {cuts} cuts");
        live(&mut world, HOUR * 3).await;
        assert_eq!(world.orders(), 1, "after {cuts} cuts and a look that showed nothing");
        assert_eq!(world.uncovered().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn orders_that_are_cut_off_again_and_again_stay_few() {
    let mut world = with_an_order_due(&["a.test"]).await;
    for _ in 0..3 {
        let cuts = [world.begin_order(None, None).await, world.begin_order(None, None).await];
        world.pass().await.unwrap();
        assert_eq!(world.orders(), 0, "after {} cuts", cuts.len());
        while !matches!(state(&world, "a.test").await, CertificateState::Failed { .. }) {
            world.later(MINUTE);
            world.pass().await.unwrap();
        }
        world.later(DAY + HOUR * 8);
    }
}

#[tokio::test]
async fn one_cut_in_a_week_and_one_today_are_not_two() {
    let mut world = with_an_order_due(&["a.test"]).await;
    let past = world.now.wall;
    world.begin_order(None, Some(past)).await;
    live(&mut world, HOUR).await;
    // It was sent after all, and the answer to another one closed it; the row of the crash comes back from a copy.
    world.begin_order(None, Some(past)).await;
    world.later(DAY);
    world.web().shows_for_all(Showing::Cut);
    world.map(&["b.test"]).await;
    refuse_one_order(&world).await;
    let orders = world.orders();
    world.begin_order(None, None).await;
    live(&mut world, MINUTE * 2).await;
    assert_eq!(world.orders(), orders + 1);
}

#[tokio::test]
async fn an_order_that_perhaps_never_went_out_teaches_nothing() {
    let mut world = World::new().await.mapped(&["a.test", "dead.test"]).await;
    world = world.with_web_server().await;
    world.dns.points("dead.test", [[127, 0, 0, 3]]);
    refuse_one_order(&world).await;
    for _ in 0..2 {
        world.begin_order(None, None).await;
    }
    for _ in 0..40 {
        world.later(MINUTE);
        world.pass().await.unwrap();
    }
    assert!(matches!(state(&world, "a.test").await, CertificateState::Failed { .. }));
    assert_eq!(world.known().await.spoilers.len(), 0);
    live(&mut world, HOUR * 2).await;
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn an_order_of_a_clock_that_was_ahead_is_given_up_as_soon_as_others() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    advanced(&mut world.runcloud.model(), false);
    world.runcloud.model().issue_delay = DAY * 400;
    world.jump(300 * 86_400);
    world.pass().await.unwrap();
    assert_ne!(world.orders(), 0);
    world.jump(-300 * 86_400);
    live(&mut world, HOUR).await;
    let (CertificateState::Ordered { since, .. } | CertificateState::Failed { since, .. }) =
        state(&world, "a.test").await
    else {
        panic!("nothing issued a certificate");
    };
    assert!(since <= world.now.wall);
}

#[tokio::test]
async fn orders_whose_answers_are_lost_count_although_another_answer_follows() {
    let busy = || Effect::RateLimited { retry_after: Some("3600".to_owned()) };
    for is_advanced in [false, true] {
        let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
        if is_advanced {
            advanced(&mut world.runcloud.model(), false);
        }
        world.runcloud.model().issue_delay = DAY;
        for _ in 0..5 {
            let lost = [Fault::on("PUT", "/ssl"), Fault::on("POST", "/ssl")];
            let lost = lost.map(|on| on.with(Effect::AfterStatus(Reply::status(502))).times(1));
            let then =
                if is_advanced { Fault::at("GET", "/ssl") } else { Fault::on("PUT", "/ssl") };
            world.runcloud.model().faults.extend(lost.into_iter().chain([then.with(busy())]));
            let outcome = world.pass().await;
            let is_busy = |error| matches!(error, PassError::Api(ApiError::Throttled { .. }));
            assert!(outcome.is_ok() || outcome.is_err_and(is_busy));
            world.runcloud.model().faults.clear();
            world.later(MINUTE);
        }
        assert!((1..=2).contains(&world.orders()), "{} orders", world.orders());
    }
}

#[tokio::test]
async fn the_date_of_the_certificate_before_is_no_sign_of_an_order_that_was_cut_off() {
    for is_advanced in [false, true] {
        let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
        if is_advanced {
            advanced(&mut world.runcloud.model(), false);
        }
        world.converge().await;
        live(&mut world, HOUR).await;
        world.web().shows_for_all(Showing::Cut);
        world.map(&["www.a.test"]).await;
        refuse_one_order(&world).await;
        let before = world.runcloud.model().app.ssl.clone();
        let name = is_advanced.then_some("a.test");
        for _ in 0..2 {
            world.begin_order(name, None).await;
        }
        live(&mut world, DAY).await;
        let model = world.runcloud.model();
        assert!(!before.covered().contains("www.a.test"));
        assert!(model.app.ssl.covered().contains("www.a.test"), "{:?}", model.app.ssl);
    }
}

async fn state(world: &World, name: &str) -> CertificateState {
    world.state(name).await.expect("a state")
}

//! One bad name, or one bad answer for all, and what the others see of it.

use std::time::Duration;

use runcloud_domain_sync::reconcile::plan::HeldReason;
use runcloud_domain_sync::simulator::{DnsAnswer, Fault, Kind};

use crate::support::binary::{for_world, run_for};
use crate::support::world::World;

const HOUR: Duration = Duration::from_hours(1);

/// A world in which another web application has the name.
async fn with_a_taken_name() -> World {
    let world = World::new().await.mapped(&["taken.test"]).await;
    world.runcloud.model().taken.insert("taken.test".into());
    world
}

#[tokio::test]
async fn names_that_failed_before_are_tried_after_the_others() {
    let mut world = with_a_taken_name().await;
    world.pass().await.unwrap();
    world.map(&["z.test"]).await;
    world.later(HOUR * 8);
    world.runcloud.forget_calls();
    world.pass().await.unwrap();
    let calls = world.runcloud.calls();
    let added: Vec<_> = calls.iter().filter_map(|call| call.body["name"].as_str()).collect();
    assert_eq!(added, ["z.test", "taken.test"]);
}

#[tokio::test]
async fn a_row_that_changes_is_tried_at_once() {
    for change in [
        "UPDATE wp_wu_domain_mappings SET stage = 'checking-dns'",
        "UPDATE wp_wu_domain_mappings SET blog_id = 1",
        "UPDATE wp_wu_domain_mappings SET id = id + 1",
    ] {
        let world = with_a_taken_name().await;
        assert_eq!(world.pass().await.unwrap().failed.len(), 1);
        assert_eq!(world.pass().await.unwrap().retry_later.len(), 1);
        world.runcloud.model().taken.clear();
        world.sql(change).await;
        assert_eq!(world.converge().await.added.len(), 1, "{change}");
    }
}

#[tokio::test]
async fn a_try_that_a_clock_put_years_ahead_is_made_now() {
    let mut world = with_a_taken_name().await;
    world.jump(10_000 * 3_600);
    world.pass().await.unwrap();
    world.jump(-10_000 * 3_600);
    world.runcloud.model().taken.clear();
    assert_eq!(world.converge().await.added.len(), 1);
}

#[tokio::test]
async fn what_most_names_meet_is_one_finding_and_tried_again_soon() {
    let mut world = World::new().await.mapped(&["a.test", "b.test", "c.test", "d.test"]).await;
    let limit = serde_json::json!({ "message": "You have reached the domain limit of your plan." });
    let refuse = Fault::at("POST", "/domains").answer(422, &limit).always();
    world.runcloud.model().faults.push(refuse);
    let report = world.pass().await.unwrap();
    insta::assert_snapshot!(report.to_string(), @"
    ! 4 of 4 names failed alike (a.test, b.test, c.test, d.test): 422 You have reached the domain limit of your plan; it is not in this web application, so perhaps in another
    0 added, 0 updated, 0 removed, 1 adopted, 4 failed, 0 to retry later
    ");
    world.runcloud.model().faults.clear();
    world.later(HOUR / 4);
    assert_eq!(world.converge().await.added.len(), 4);
}

#[tokio::test]
async fn a_name_somebody_keeps_removing_is_added_three_times_and_then_a_conflict() {
    let mut world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    for _ in 0..3 {
        world.runcloud.model().detach("a.test");
        world.later(HOUR);
        assert_eq!(world.converge().await.added.len(), 1);
    }
    world.runcloud.model().detach("a.test");
    let report = world.converge().await;
    assert_eq!((report.added.len(), report.retry_later.len()), (0, 1));
    assert!(!report.is_clean());
    let held = world.plan().await.held;
    assert_eq!(held[0].reason, HeldReason::Conflict);
    assert!(held[0].detail.starts_with("added again 3 times and gone from RunCloud each time"));
    // Another row is another matter, and so is another day.
    world.later(HOUR * 24);
    assert_eq!(world.converge().await.added.len(), 1);
}

#[tokio::test]
async fn a_name_removed_by_hand_once_in_a_while_is_no_conflict() {
    let mut world = World::new().await.mapped(&["a.test"]).await;
    world.converge().await;
    for _ in 0..6 {
        world.runcloud.model().detach("a.test");
        world.later(HOUR * 25);
        assert_eq!(world.converge().await.added.len(), 1);
    }
}

#[tokio::test]
async fn refused_credentials_stop_the_pass_at_the_first_write() {
    for status in [401, 403] {
        let world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await;
        let refuse = Fault::at("POST", "/domains").status(status).always();
        world.runcloud.model().faults.push(refuse);
        assert!(world.pass().await.unwrap_err().is_fatal());
        assert_eq!(world.writes(), ["POST /domains"], "{status}");
        world.runcloud.model().faults.clear();
        world.runcloud.model().attach("c.test", Kind::Alias);
        assert_eq!(world.converge().await.added.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_whose_call_is_forbidden_is_told() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    let forbidden = Fault::at("POST", "/domains").status(403).always();
    world.runcloud.model().faults.push(forbidden);
    let mut command = for_world(&world);
    command.arg("--once");
    let ran = run_for(command).await;
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("a.test: its call was forbidden"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("b.test"), "{}", ran.stderr);
}

#[tokio::test]
async fn credentials_that_are_refused_for_an_entry_stop_the_pass_before_any_write() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world.runcloud.model().detach("a.test");
    world.runcloud.model().attach("a.test", Kind::Alias);
    world.map(&["c.test"]).await;
    world.runcloud.model().faults.push(Fault::on("GET", "/domains/").status(401).always());
    world.runcloud.forget_calls();
    assert!(world.pass().await.unwrap_err().is_fatal());
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failure_that_nobody_acts_on_any_more_is_forgotten() {
    let mut world = with_a_taken_name().await;
    world.pass().await.unwrap();
    assert_eq!(world.known().await.failures.len(), 1);
    world.sql("UPDATE wp_wu_domain_mappings SET stage = 'failed'").await;
    world.dns.says("taken.test", DnsAnswer::NxDomain);
    world.later(HOUR * 8);
    world.pass().await.unwrap();
    assert_eq!(world.known().await.failures.len(), 0);
}

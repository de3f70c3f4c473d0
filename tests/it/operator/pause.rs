use std::time::Duration;

use runcloud_domain_sync::clock::Timestamp;
use runcloud_domain_sync::ledger::{Drift, Lease, Ledger};
use runcloud_domain_sync::simulator::{Effect, Fault, Stage};

use super::{NOON, operator, ran, told};
use crate::support::binary::{for_world, for_world_with, run_for};
use crate::support::running::Running;
use crate::support::world::{BINDING, World};

const HOUR: Duration = Duration::from_hours(1);

async fn pause(world: &World, length: Option<Duration>) {
    operator(world).await.pause("moving", length, &world.now).await.unwrap();
}

/// A converged world whose rows changed: one name is to be added, one to be removed.
async fn with_drift() -> World {
    let mut world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.now.wall = NOON;
    world.converge().await;
    world.map(&["new.test"]).await;
    world.unmap("a.test").await;
    world.runcloud.forget_calls();
    world
}

#[tokio::test]
async fn nothing_is_written_while_it_is_paused_and_what_would_be_is_counted() {
    let world = with_drift().await;
    pause(&world, None).await;
    let reports = [world.pass().await.unwrap(), world.pass().await.unwrap()];
    assert_eq!(reports[0].to_string(), reports[1].to_string());
    let [report, _] = reports;
    insta::assert_snapshot!(report.to_string(), @"
        paused since 2026-11-21 12:00 UTC until somebody resumes (moving): nothing is written; 1 to add, 0 to update, 1 to remove
        0 added, 0 updated, 0 removed, 0 adopted, 0 failed, 0 to retry later
        ");
    assert_eq!(report.paused.unwrap().left, Drift { add: 1, update: 0, remove: 1 });
    assert_eq!(world.writes(), Vec::<String>::new());
    operator(&world).await.resume(NOON).await.unwrap();
    let report = world.converge().await;
    assert_eq!((report.added.len(), report.removed.len()), (1, 1));
}

#[tokio::test]
async fn certificates_are_not_ordered_either() {
    let world = with_drift().await;
    world.runcloud.model().faults.push(Fault::at("PUT", "/ssl/694").status(500).always());
    world.pass().await.unwrap();
    world.runcloud.model().faults.clear();
    world.runcloud.forget_calls();
    pause(&world, None).await;
    assert!(world.pass().await.unwrap().paused.is_some());
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn once_ends_while_an_order_that_was_under_way_cannot_be_concluded() {
    let mut world = World::new().await.mapped(&["a.test"]).await;
    world.jump(-7_200);
    world.pass().await.unwrap();
    assert_eq!(world.orders(), 1);
    pause(&world, None).await;
    let mut command = for_world(&world);
    command.args(["--once", "--wait=1m"]);
    assert_eq!(run_for(command).await.code, 0);
    assert_eq!(world.known().await.certificates.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_at_work_makes_no_other_call_once_it_is_paused() {
    let world = World::new().await.mapped(&["a.test", "b.test", "c.test", "d.test"]).await;
    let hang = Fault::at("POST", "/domains").with(Effect::HangAfter(HOUR)).skip(1);
    world.runcloud.model().faults.push(hang);
    let second_addition = async {
        let mut number = 1;
        while world.writes().len() < 2 {
            world.runcloud.until(number, Stage::Arrived).await;
            number += 1;
        }
        world.runcloud.until(number - 1, Stage::Done).await;
        pause(&world, None).await;
        world.runcloud.resume();
    };
    let (report, ()) = tokio::join!(world.pass(), second_addition);
    let report = report.unwrap();
    assert_eq!(report.added.len(), 2, "{report}");
    assert_eq!(report.paused.unwrap().left, Drift { add: 2, update: 0, remove: 0 });
    assert_eq!(world.writes(), ["POST /domains", "POST /domains"]);
    operator(&world).await.resume(NOON).await.unwrap();
    assert_eq!(world.converge().await.added.len(), 2);
}

#[tokio::test]
async fn a_pause_ends_by_itself_and_no_jump_of_the_wall_clock_moves_its_end() {
    let mut world = with_drift().await;
    pause(&world, Some(HOUR * 2)).await;
    world.jump(1_000 * 3_600);
    assert!(world.pass().await.unwrap().paused.is_some(), "a wall clock ahead ends nothing");
    world.jump(-2_000 * 3_600);
    world.later(HOUR);
    let report = world.pass().await.unwrap();
    let until = report.paused.unwrap().until.unwrap();
    assert_eq!(until, world.now.wall.plus(HOUR), "an hour is left, whatever the wall clock shows");
    world.later(HOUR);
    let report = world.converge().await;
    assert!(report.paused.is_none(), "two hours of the running machine are over");
    assert_eq!(report.added.len(), 1);
}

#[tokio::test]
async fn a_pause_outlasts_a_reboot() {
    let mut world = with_drift().await;
    pause(&world, Some(HOUR * 2)).await;
    world.later(HOUR);
    world.pass().await.unwrap();
    world.reboot(HOUR / 2);
    assert!(world.pass().await.unwrap().paused.is_some());
    world.later(HOUR);
    assert!(world.converge().await.paused.is_none(), "another hour of the new boot was left");
}

#[tokio::test(flavor = "multi_thread")]
async fn pausing_resuming_and_what_is_said_in_between() {
    let world = World::new().await.mapped(&["a.test"]).await;
    told(&world, &["--once"]).await;
    world.map(&["new.test"]).await;
    let paused = told(&world, &["pause", "moving", "the", "server"]).await;
    insta::assert_snapshot!(paused, @"paused until you resume: from the next call on nothing is written to RunCloud; what would be is still counted. End it: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR resume");
    let once = told(&world, &["--once"]).await;
    assert!(
        once.contains("until somebody resumes (moving the server): nothing is written; 1 to add")
    );
    let plan = ran(&world, &["plan"]).await;
    assert_eq!(plan.code, 2);
    assert!(plan.stderr.contains("note: paused since"), "{}", plan.stderr);
    let status = told(&world, &["status"]).await;
    assert!(status.contains("until somebody resumes: moving the server"), "{status}");
    assert!(status.contains("left undone: 1 to add, 0 to update, 0 to remove"), "{status}");
    assert!(told(&world, &["resume"]).await.starts_with("resumed: it was paused since "));
    assert_eq!(told(&world, &["resume"]).await, "it was not paused\n");
    assert!(told(&world, &["--once"]).await.starts_with("+ new.test\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_at_work_nothing_can_be_paused() {
    let world = World::new().await;
    for command in [&["pause"][..], &["resume"], &["retry", "a.test"]] {
        let refused = ran(&world, command).await;
        assert_eq!(refused.code, 78, "{command:?}");
        assert!(refused.stderr.contains("there is no ledger in"), "{}", refused.stderr);
        assert!(refused.stderr.contains("--state-dir"), "{}", refused.stderr);
    }
    assert!(!world.state.path().join("ledger.sqlite").exists(), "and no ledger is made");
    assert_eq!(ran(&world, &["pause", "--for", "0s"]).await.code, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_and_an_operator_that_write_at_once_wait_for_each_other() {
    const ROUNDS: usize = 50;
    let world = World::new().await.mapped(&["a.test"]).await;
    world.pass().await.unwrap();
    let certificates = world.known().await.certificates;
    let passes = async {
        let lease = Lease::acquire(world.state.path()).unwrap();
        let mut ledger = Ledger::open(world.state.path(), BINDING, &lease).await.unwrap();
        for _ in 0..ROUNDS {
            ledger.note_certificates(&certificates).await.unwrap();
        }
    };
    let words = async {
        let mut operator = operator(&world).await;
        for _ in 0..ROUNDS {
            operator.pause("moving", None, &world.now).await.unwrap();
            operator.resume(world.now.wall).await.unwrap();
        }
    };
    tokio::join!(passes, words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_hears_a_pause_and_its_end_within_a_poll() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let pace = "[sync]\npoll = \"1s\"\ninterval = \"1h\"\n";
    let mut running = Running::start(for_world_with(&world, pace));
    running.until_said("a.test: added").await;
    pause(&world, None).await;
    running.until_said("paused since").await;
    let before = world.runcloud.calls().last().unwrap().number;
    world.runcloud.forget_calls();
    world.map(&["new.test"]).await;
    running.until(world.runcloud.until(before + 1, Stage::Sent)).await;
    assert_eq!(world.writes(), Vec::<String>::new());
    operator(&world).await.resume(Timestamp::now()).await.unwrap();
    running.until_said("new.test: added").await;
    running.until_said("the pause is over").await;
    running.signal("TERM");
    let ran = running.end().await;
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stderr.matches("paused since").count(), 1, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("the pause is over").count(), 1, "{}", ran.stderr);
}

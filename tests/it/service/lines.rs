//! What the daemon says, counted over virtual days, and how a line looks.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use runcloud_domain_sync::daemon::Pace;
use runcloud_domain_sync::ledger::Lease;
use runcloud_domain_sync::log::{Audience, Format, Lines, events};
use runcloud_domain_sync::simulator::{Fault, Kind};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

use super::outages::{added, daemon, end};
use super::ticking::{ONE_TRY, PACE, Ticking};
use crate::support::binary::for_world;
use crate::support::running::Running;
use crate::support::world::{World, state_directory};

const DAY: Duration = Duration::from_hours(24);
const MINUTELY: Pace = Pace { poll: Duration::from_mins(1), ..PACE };

/// What a daemon would have written to stderr.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    /// What is said from now on by this thread, as long as the guard lives.
    fn begin(&self) -> DefaultGuard {
        let lines = Lines::new(Format::Text, self.clone()).with_filter(Audience::Daemon.filter());
        tracing::subscriber::set_default(tracing_subscriber::registry().with(lines))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

async fn world() -> World {
    let mut world = World::new().await.mapped(&["a.test", "taken.test"]).await;
    world.runcloud.model().taken.insert("taken.test".into());
    world.state = state_directory();
    world.patience = ONE_TRY;
    world
}

#[tokio::test]
async fn an_idle_day_has_thirty_lines_at_most() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let paper = Paper::default();
    let guard = paper.begin();
    let mut daemon = Ticking::start(&world, &lease, MINUTELY).await;
    daemon.run(DAY).await;
    drop(guard);
    let said = paper.text();
    assert!((23..=30).contains(&said.lines().count()), "{said}");
    assert_eq!(said.matches("taken.test").count(), 1, "a repeated failure is no news: {said}");
}

#[tokio::test]
async fn what_stands_still_is_said_when_it_begins_and_when_it_ends_and_not_as_it_grows() {
    const HOUR: Duration = Duration::from_hours(1);
    let names: Vec<String> = (0..98).map(|number| format!("n{number:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::new().await.mapped(&names).await;
    world.state = state_directory();
    world.runcloud.model().attach("n00.test", Kind::Alias);
    let lease = Lease::acquire(world.state.path()).unwrap();
    let paper = Paper::default();
    let guard = paper.begin();
    let mut daemon = Ticking::start(&world, &lease, MINUTELY).await;
    daemon.run(HOUR).await;
    for name in ["o1.test", "o2.test", "o3.test"] {
        world.map(&[name]).await;
        daemon.run(HOUR).await;
    }
    for name in &names[..30] {
        world.unmap(name).await;
    }
    daemon.run(HOUR).await;
    for name in &names[..30] {
        world.map(&[name]).await;
    }
    daemon.run(HOUR).await;
    drop(guard);
    let said = paper.text();
    for (line, times) in [
        ("pass 1: 97 added, 0 updated, 0 removed, 0 failed, 2 adopted", 1),
        ("one certificate holds 100", 1),
        ("managed names would be removed", 1),
        ("removals are no longer blocked", 1),
    ] {
        assert_eq!(said.matches(line).count(), times, "{line}: {said}");
    }
}

#[tokio::test]
async fn a_day_of_outage_has_two_hundred_lines_at_most() {
    let mut world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let paper = Paper::default();
    let guard = paper.begin();
    let mut daemon = Ticking::start(&world, &lease, MINUTELY).await;
    // It comes and goes, with another face each time.
    for status in [503, 500, 429, 502, 403, 504].into_iter().cycle().take(6 * 20) {
        world.runcloud.model().faults.push(Fault::any().status(status).always());
        daemon.run(Duration::from_mins(8)).await;
        world.runcloud.model().faults.clear();
        world.map(&[&*format!("n{}.test", daemon.now.moment.wall)]).await;
        daemon.run(Duration::from_mins(4)).await;
    }
    drop(guard);
    world.patience = ONE_TRY;
    let said = paper.text();
    // The names that are added meanwhile are news.
    let about_it = said.lines().filter(|line| !line.contains(" added")).count();
    assert!((30..=200).contains(&about_it), "{about_it}: {said}");
}

#[tokio::test]
async fn a_day_without_a_database_has_two_lines_and_the_heartbeat() {
    let mut world = world().await;
    world.database_url = Some("mysql://root@127.0.0.1:1/none".to_owned());
    let lease = Lease::acquire(world.state.path()).unwrap();
    let paper = Paper::default();
    let guard = paper.begin();
    let mut daemon = Ticking::start(&world, &lease, MINUTELY).await;
    daemon.run(DAY).await;
    drop(guard);
    let said = paper.text();
    let urgent: Vec<_> = said.lines().filter(|line| line.starts_with("ERROR")).collect();
    assert!(matches!(*urgent, [one] if one.contains("has not been usable for 5m")), "{said}");
    assert!(said.lines().count() <= 27, "{said}");
    let heartbeats = said.matches("waiting for the database since").count();
    assert!((23..=24).contains(&heartbeats), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_has_one_object_per_line_with_the_journal_s_fields() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let mut command = daemon(&world);
    command.args(["--log-format", "json"]);
    let mut running = Running::start(command);
    added(&world, &mut running, "a.test").await;
    running.until_said("pass 1").await;
    let said = end(running).await;
    let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let line = lines.iter().find(|line| line["message_id"] == events::NAME_ADDED).unwrap();
    let fields = ["domain", "action", "result", "level", "message"].map(|name| line[name].as_str());
    let message = "a.test: added (mapping 8 of site 2)";
    assert_eq!(fields, ["a.test", "add", "done", "info", message].map(Some));
    assert_eq!(line["pass_id"], 1);
    assert!(line["time"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_daemon_that_cannot_start_is_an_event_too() {
    let world = World::new().await;
    let mut command = for_world(&world);
    command.args(["--log-format", "json", "--server-id", "x"]);
    let ran = Running::start(command).end().await;
    let line: Value = serde_json::from_str(ran.stderr.lines().last().unwrap()).unwrap();
    assert_eq!((ran.code, &line["level"]), (78, &"error".into()));
    assert_eq!(line["message_id"], events::FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stderr_that_nobody_reads_ends_nothing() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let mut command = daemon(&world);
    command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    let mut number = 1;
    while !world.names().contains(&"a.test".to_owned()) {
        world.runcloud.until(number, runcloud_domain_sync::simulator::Stage::Sent).await;
        number += 1;
    }
    let kill = std::process::Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(ended.code(), Some(0));
}

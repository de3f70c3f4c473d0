//! What the daemon is told while it runs: signals, and words that other commands leave in the ledger.

use std::process::Command;
use std::time::Duration;

use runcloud_domain_sync::simulator::{Effect, Fault, Stage};

use super::outages::{added, daemon, end};
use crate::support::binary::{for_world, run_for};
use crate::support::running::Running;
use crate::support::world::World;

/// The daemon with this config.toml.
fn configured(world: &World, text: &str) -> Command {
    let command = daemon(world);
    configure(world, text);
    command
}

fn configure(world: &World, text: &str) {
    std::fs::write(world.state.path().join("config.toml"), text).unwrap();
}

const A_WHILE: Duration = Duration::from_secs(30);
const SLOW: &str = "[sync]\npoll = \"1h\"\ninterval = \"1d\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn sigusr1_reconciles_now() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let mut running = Running::start(configured(&world, SLOW));
    added(&world, &mut running, "a.test").await;
    running.until_said("pass 1: ").await;
    world.map(&["b.test"]).await;
    running.signal("USR1");
    added(&world, &mut running, "b.test").await;
    end(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_takes_new_settings_and_credentials_and_refuses_bad_ones() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    let keep = |name: &str| format!("{SLOW}keep = [\"{name}\"]\n");
    let mut running = Running::start(configured(&world, &keep("b.test")));
    added(&world, &mut running, "a.test").await;
    running.until_said("pass 1: ").await;

    configure(&world, "[sync]\npoll = \"often\"\n");
    running.signal("HUP");
    running.until_said("the settings stay as they were: ").await;
    running.until_said("config.toml line 2: poll: \"often\" is not a duration").await;
    running.signal("USR1");
    assert!(!world.names().contains(&"b.test".to_owned()), "the old settings keep it");

    configure(&world, SLOW);
    running.signal("HUP");
    running.until_said("the settings are read again").await;
    added(&world, &mut running, "b.test").await;

    configure(&world, &format!("{SLOW}[runcloud]\nserver_id = 7\n"));
    let wp_config = world.state.path().join("wp-config.php");
    let text = std::fs::read_to_string(&wp_config).unwrap();
    std::fs::write(&wp_config, text.replace("WU_RUNCLOUD_SERVER_ID", "OTHER")).unwrap();
    running.signal("HUP");
    running.until_said("another server, web application or state directory needs a restart").await;
    end(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_credentials_are_used_at_once() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let mut command = configured(&world, SLOW);
    let wp_config = world.state.path().join("wp-config.php");
    let text = std::fs::read_to_string(&wp_config).unwrap();
    std::fs::write(&wp_config, text.replace("simulated-token", "mistyped-token")).unwrap();
    command.env("RUST_LOG", "info");
    let mut running = Running::start(command);
    running.until_said("RunCloud refused the credentials").await;
    std::fs::write(&wp_config, text).unwrap();
    running.signal("HUP");
    added(&world, &mut running, "a.test").await;
    end(running).await;
}

/// Waits for a call of that method.
pub async fn arrives(world: &World, method: &str) {
    let mut number = 1;
    loop {
        world.runcloud.until(number, Stage::Arrived).await;
        if world.runcloud.calls().iter().any(|call| call.method == method) {
            return;
        }
        number += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_the_call_in_flight_end_and_makes_no_other() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    let hang = Fault::at("POST", "/domains").with(Effect::Hang(A_WHILE));
    world.runcloud.model().faults.push(hang);
    let mut running = Running::start(daemon(&world));
    running.until(arrives(&world, "POST")).await;
    running.signal("TERM");
    running.until_said("stopping after the call in flight").await;
    world.runcloud.resume();
    let ran = running.end().await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(world.writes(), ["POST /domains"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_heard_within_a_poll() {
    let names: Vec<String> = (0..13).map(|number| format!("n{number:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new().await.mapped(&names).await;
    let config = "[sync]\npoll = \"1s\"\ninterval = \"1d\"\nremoval_grace = \"1s\"\n";
    let mut running = Running::start(configured(&world, config));
    running.until_said("pass 1: ").await;
    for name in &names[..12] {
        world.unmap(name).await;
    }
    running.until_said("would be removed").await;
    let hash = world.plan().await.blocked.unwrap().hash();
    let mut approve = for_world(&world);
    approve.args(["approve", &hash]);
    assert_eq!(run_for(approve).await.code, 0);
    running.until_said("n11.test: removed").await;
    end(running).await;
    assert_eq!(world.names(), ["n12.test", "network.test", "shop.network.test"]);
}

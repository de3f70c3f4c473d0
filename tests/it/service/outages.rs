//! What is away when the daemon starts, or goes away while it works: the real binary waits, says so once, and
//! catches up.

use std::process::Command;

use runcloud_domain_sync::simulator::Stage;

use crate::support::binary::{for_world, run_for};
use crate::support::link::Link;
use crate::support::preload::Preload;
use crate::support::running::Running;
use crate::support::world::World;

/// The daemon of a world, looking every second.
pub fn daemon(world: &World) -> Command {
    let config = world.state.path().join("config.toml");
    std::fs::write(&config, "[sync]\npoll = \"1s\"\ninterval = \"10s\"\nremoval_grace = \"1s\"\n")
        .unwrap();
    let mut command = for_world(world);
    command.arg("--config").arg(config);
    command
}

/// Waits until RunCloud has a name.
pub async fn added(world: &World, running: &mut Running, name: &str) {
    let arrive = async {
        let mut number = world.runcloud.calls().first().map_or(1, |call| call.number);
        while !world.names().contains(&name.to_owned()) {
            world.runcloud.until(number, Stage::Sent).await;
            number += 1;
        }
    };
    running.until(arrive).await;
}

/// Ends it, and tells what it said.
pub async fn end(running: Running) -> String {
    running.signal("TERM");
    let ran = running.end().await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stderr
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_at_the_start_and_later_is_waited_for() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let link = Link::to(world.tables.port()).await;
    link.cut();
    let mut command = daemon(&world);
    command.env("DATABASE_URL", world.tables.url_at(link.address));
    let mut running = Running::start(command);
    running.until(link.refuses(3)).await;
    assert_eq!(world.runcloud.calls().len(), 0, "RunCloud is not asked meanwhile");
    link.mend();
    added(&world, &mut running, "a.test").await;
    running.until_said("the database is back after").await;
    link.cut();
    world.map(&["b.test"]).await;
    running.until(link.refuses(3)).await;
    link.mend();
    added(&world, &mut running, "b.test").await;
    let said = end(running).await;
    assert_eq!(said.matches("cannot be reached").count(), 1, "once in half an hour: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_database_closed_is_made_anew_and_not_spoken_of() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let link = Link::to(world.tables.port()).await;
    let mut command = daemon(&world);
    command.env("DATABASE_URL", world.tables.url_at(link.address));
    let mut running = Running::start(command);
    added(&world, &mut running, "a.test").await;
    link.cut();
    link.mend();
    world.map(&["b.test"]).await;
    added(&world, &mut running, "b.test").await;
    let said = end(running).await;
    assert!(!said.contains("database"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runcloud_that_is_away_at_the_start_and_later_is_waited_for() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let link = Link::to(world.runcloud.address().port()).await;
    link.cut();
    let mut command = daemon(&world);
    command.arg("--api-url").arg(format!("http://{}/api/v3", link.address));
    let mut running = Running::start(command);
    // Ten seconds of patience, and some questions after them.
    running.until(link.refuses(9)).await;
    running.until_said("no whole answer from RunCloud").await;
    link.mend();
    added(&world, &mut running, "a.test").await;
    running.until_said("RunCloud is back after").await;
    let said = end(running).await;
    assert_eq!(said.matches("RunCloud is back").count(), 1, "{said}");
    assert_eq!(said.matches("ERROR").count(), 0, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_table_that_is_not_there_yet_is_waited_for() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.sql("RENAME TABLE wp_wu_domain_mappings TO away").await;
    let mut running = Running::start(daemon(&world));
    running.until_said("there is no readable table wp_wu_domain_mappings").await;
    world.sql("RENAME TABLE away TO wp_wu_domain_mappings").await;
    added(&world, &mut running, "a.test").await;
    let said = end(running).await;
    assert_eq!(said.matches("no readable table").count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_every_write_and_is_waited_out() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let running = Running::start(with_a_disk_that_fills(&daemon(&world)));
    let fill = |running: &Running| space(running, "0");
    waits_out_a_disk(&world, running, fill, |running| space(running, "unlimited")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_at_the_start_is_waited_out_too() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.converge().await;
    let mut shell = with_a_disk_that_fills(&daemon(&world));
    let full = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let arguments: Vec<_> = shell.get_args().skip(2).map(ToOwned::to_owned).collect();
    let mut command = Command::new("sh");
    command.args(["-c", full]).args(arguments).env_clear();
    command.envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = run_for(command).await;
    assert_eq!(ran.code, 5, "a restart may mend it: {}", ran.stderr);
    assert!(ran.stderr.contains("cannot be written for now"), "{}", ran.stderr);
    shell.arg("--once");
    assert_eq!(run_for(shell).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_becomes_read_only_stops_every_write_and_is_waited_out() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let (preload, scratch) = (Preload::build(), tempfile::tempdir().unwrap());
    let mount = scratch.path().join("read-only");
    let mut command = daemon(&world);
    preload.read_only_while(&mut command, &mount);
    let running = Running::start(command);
    let shut = |_: &Running| std::fs::write(&mount, "").unwrap();
    waits_out_a_disk(&world, running, shut, |_| std::fs::remove_file(&mount).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_read_only_at_the_start_is_waited_out_too() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world.unmap("a.test").await;
    let (preload, scratch) = (Preload::build(), tempfile::tempdir().unwrap());
    let mount = scratch.path().join("read-only");
    std::fs::write(&mount, "").unwrap();
    let once = || {
        let mut command = daemon(&world);
        preload.read_only_while(command.arg("--once"), &mount);
        run_for(command)
    };
    let ran = once().await;
    assert_eq!(ran.code, 5, "a restart may mend it: {}", ran.stderr);
    assert!(ran.stderr.contains("cannot be written for now"), "{}", ran.stderr);
    assert!(world.names().contains(&"a.test".to_owned()));
    std::fs::remove_file(&mount).unwrap();
    assert_eq!(once().await.code, 0);
    assert!(!world.names().contains(&"a.test".to_owned()), "the ledger knows what is its own");
}

/// A daemon makes no write call while its disk takes nothing, and goes on once that is over.
async fn waits_out_a_disk(
    world: &World,
    mut running: Running,
    spoil: impl Fn(&Running),
    mend: impl Fn(&Running),
) {
    added(world, &mut running, "a.test").await;
    running.until_said("pass 1: ").await;
    spoil(&running);
    let writes = world.writes();
    world.map(&["b.test"]).await;
    running.until_said("the ledger cannot be written or read").await;
    assert_eq!(world.writes(), writes, "no write call without its intent on disk");
    mend(&running);
    added(world, &mut running, "b.test").await;
    running.until_said("the ledger is back after").await;
    end(running).await;
}

/// The same command, to which a limit on the size of files is what a full disk is.
fn with_a_disk_that_fills(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(command.get_program());
    shell.args(command.get_args()).env_clear().current_dir("/");
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// How much more there is room for on the disk of a running command.
fn space(running: &Running, size: &str) {
    let limit = Command::new("prlimit")
        .args(["--pid", &running.id().to_string(), &format!("--fsize={size}:unlimited")])
        .status()
        .expect("prlimit is missing: apt-get install util-linux");
    assert!(limit.success());
}

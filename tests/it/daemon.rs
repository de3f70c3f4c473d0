//! The real binary as a daemon: what it notices by itself, and how it ends.

use runcloud_domain_sync::simulator::{Effect, Fault, Stage};

use crate::identity::{rename_a, swap_a_and_b};
use crate::support::binary::{for_world, for_world_with, run_for};
use crate::support::running::Running;
use crate::support::world::World;

const CONFIG: &str = "[sync]\npoll = \"1s\"\ninterval = \"10s\"\nremoval_grace = \"1s\"\n";

fn daemon(world: &World) -> Running {
    Running::start(for_world_with(world, CONFIG))
}

/// Waits until RunCloud has answered so many calls of that method since the last look at them.
async fn answered(world: &World, running: &mut Running, method: &str, count: usize) {
    let mut number = world.runcloud.calls().first().map_or(1, |call| call.number);
    let arrive = async {
        let mut seen = 0;
        while seen < count {
            world.runcloud.until(number, Stage::Sent).await;
            let calls = world.runcloud.calls();
            let call = calls.iter().find(|call| call.number == number).unwrap();
            seen += usize::from(call.method == method && call.status == 200);
            number += 1;
        }
    };
    running.until(arrive).await;
}

async fn end(running: Running) -> String {
    running.signal("TERM");
    let ran = running.end().await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stderr
}

#[tokio::test(flavor = "multi_thread")]
async fn it_adds_what_is_mapped_and_removes_what_stays_missing() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    let mut running = daemon(&world);
    answered(&world, &mut running, "POST", 2).await;
    assert_eq!(world.names(), ["a.test", "b.test", "network.test", "shop.network.test"]);
    world.unmap("a.test").await;
    answered(&world, &mut running, "DELETE", 1).await;
    assert_eq!(world.names(), ["b.test", "network.test", "shop.network.test"]);
    let said = end(running).await;
    assert!(said.contains("a.test: removed (mapping 8 is gone)"), "{said}");
    assert!(said.trim_end().ends_with("stopped"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_the_tables_before_it_binds_to_another_network() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.converge().await;
    world
        .sql(
            "UPDATE wp_site SET domain = 'moved.test' WHERE id = 1; \
             RENAME TABLE wp_wu_domain_mappings TO wp_away",
        )
        .await;
    let mut command = for_world(&world);
    command.arg("--rebind=moved.test");
    let mut running = Running::start(command);
    running.until_said("there is no readable table wp_wu_domain_mappings").await;
    world.sql("RENAME TABLE wp_away TO wp_wu_domain_mappings").await;
    running.until_said("The old ledger is now").await;
    end(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_well_while_it_waits_for_the_tables() {
    let world = World::new().await;
    world.sql("RENAME TABLE wp_wu_domain_mappings TO wp_away").await;
    let mut command = for_world(&world);
    command.arg("--rebind=moved.test");
    let mut running = Running::start(command);
    running.until_said("there is no readable table wp_wu_domain_mappings").await;
    running.signal("TERM");
    assert_eq!(running.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_once_what_is_blocked_and_goes_on_when_it_is_approved() {
    let names: Vec<String> = (0..13).map(|number| format!("n{number:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new().await.mapped(&names).await;
    let mut running = daemon(&world);
    answered(&world, &mut running, "POST", 13).await;
    for name in &names[..12] {
        world.unmap(name).await;
    }
    world.map(&["new.test"]).await;
    answered(&world, &mut running, "POST", 14).await;
    assert!(world.names().contains(&"n00.test".to_owned()));
    let hash = world.plan().await.blocked.unwrap().hash();
    let mut approve = for_world(&world);
    approve.args(["approve", &hash]);
    assert_eq!(run_for(approve).await.code, 0);
    answered(&world, &mut running, "DELETE", 12).await;
    let said = end(running).await;
    assert_eq!(world.names(), ["n12.test", "network.test", "new.test", "shop.network.test"]);
    assert_eq!(said.matches("approve").count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_a_suspect_read_once_and_goes_on_adding() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    let mut running = daemon(&world);
    answered(&world, &mut running, "POST", 2).await;
    world.sql("TRUNCATE wp_wu_domain_mappings").await;
    world.map(&["new.test"]).await;
    answered(&world, &mut running, "POST", 3).await;
    world.map(&["newer.test"]).await;
    answered(&world, &mut running, "POST", 4).await;
    let said = end(running).await;
    assert_eq!(world.names().len(), 6, "nothing is removed: {:?}", world.names());
    assert_eq!(
        said.matches("nothing is removed: the mapping table's AUTO_INCREMENT").count(),
        1,
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_once_that_a_list_is_not_believed_too_whichever_entries_contradict_it() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    let mut running = daemon(&world);
    answered(&world, &mut running, "POST", 2).await;
    let swapped = Fault::at("GET", "/domains").with(Effect::Edit(swap_a_and_b));
    world.runcloud.model().faults.push(swapped.always());
    world.map(&["new.test"]).await;
    answered(&world, &mut running, "POST", 3).await;
    let renamed = Fault::at("GET", "/domains").with(Effect::Edit(rename_a));
    world.runcloud.model().faults = vec![renamed.always()];
    world.map(&["newer.test"]).await;
    answered(&world, &mut running, "POST", 4).await;
    let said = end(running).await;
    assert_eq!(
        said.matches("nothing else is done: RunCloud's list says otherwise").count(),
        1,
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_said_once_and_stop_it_from_writing() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.runcloud.model().faults.push(Fault::at("POST", "/domains").status(401).always());
    let mut running = daemon(&world);
    running
        .until(async {
            let mut number = 1;
            while world.writes().is_empty() {
                world.runcloud.until(number, Stage::Sent).await;
                number += 1;
            }
        })
        .await;
    let said = end(running).await;
    assert_eq!(world.writes(), ["POST /domains"]);
    assert_eq!(said.matches("RunCloud refused the credentials").count(), 1, "{said}");
}

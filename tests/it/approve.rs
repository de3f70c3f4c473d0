//! Blocked removals and their approval, with the real binary.

use runcloud_domain_sync::ledger::Lease;
use serde_json::Value;

use crate::support::binary::{Ran, for_world, for_world_with, run_for};
use crate::support::world::World;

/// A world whose next pass would remove 12 of its 14 managed names.
async fn blocked() -> World {
    let names: Vec<String> = (0..13).map(|number| format!("n{number:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new().await.mapped(&names).await;
    assert_eq!(ran(&world, &["--once"]).await.code, 0);
    for name in &names[1..] {
        world.unmap(name).await;
    }
    world.runcloud.forget_calls();
    world
}

async fn ran(world: &World, arguments: &[&str]) -> Ran {
    let mut command = for_world(world);
    command.args(arguments);
    run_for(command).await
}

async fn hash(world: &World) -> String {
    let plan = ran(world, &["plan", "--json"]).await;
    assert_eq!(plan.code, 4, "{}", plan.stderr);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["summary"]["remove"], 0);
    let blocked = &plan["blocked"];
    assert_eq!((&blocked["guard"], &blocked["planned"]), (&"budget".into(), &12.into()));
    assert_eq!(blocked["limit"], 10);
    assert_eq!(blocked["names"].as_array().unwrap().len(), 12);
    blocked["hash"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_blocked_exits_4_with_the_numbers_and_the_command_that_lets_it_through() {
    let world = blocked().await;
    let once = ran(&world, &["--once"]).await;
    assert_eq!(once.code, 4, "{}", once.stderr);
    let state = world.state.path().display();
    let api = world.runcloud.url();
    let command = format!(
        "runcloud-domain-sync --config {state}/config.toml --wp-config {state} --api-url {api} --state-dir {state}"
    );
    let hash = hash(&world).await;
    let expected = format!(
        "error: 12 of 14 managed names would be removed; the limit is 10 in 24 h. Look: {command} plan. \
         Let it through once: {command} approve {hash}\n"
    );
    assert!(once.stderr.ends_with(&expected), "{}", once.stderr);
    assert_eq!(world.writes(), Vec::<String>::new());

    let approved = ran(&world, &["approve", &hash]).await;
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    assert!(approved.stdout.starts_with("approved: 12 names may be removed once, until "));
    let twice = ran(&world, &["approve", &hash]).await;
    assert_eq!(twice.code, 0, "{}", twice.stderr);
    assert!(twice.stdout.starts_with("already approved, until "), "{}", twice.stdout);
    let once = ran(&world, &["--once"]).await;
    assert_eq!(once.code, 0, "{}", once.stderr);
    assert_eq!(world.names(), ["n00.test", "network.test", "shop.network.test"]);

    let again = ran(&world, &["approve", &hash]).await;
    assert_eq!(again.code, 64);
    assert!(again.stderr.contains("no removals are blocked now"), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_refused_with_the_difference_when_the_plan_has_changed() {
    let world = blocked().await;
    ran(&world, &["--once"]).await;
    let old = hash(&world).await;
    world.map(&["n05.test"]).await;
    world.unmap("n00.test").await;
    for passes_since in 0..3 {
        let refused = ran(&world, &["approve", &old]).await;
        assert_eq!(refused.code, 4, "{}", refused.stdout);
        let said = "nothing is approved: the plan has changed: more names to remove: n00.test; no longer to \
                    remove: n05.test. 12 of 14 managed names would be removed";
        assert!(refused.stderr.contains(said), "{passes_since}: {}", refused.stderr);
        assert_eq!(ran(&world, &["--once"]).await.code, 4);
    }
    let unknown = ran(&world, &["approve", "0123456789abcdef"]).await;
    assert_eq!(unknown.code, 4);
    assert!(
        unknown.stderr.contains("did not block removals under this hash"),
        "{}",
        unknown.stderr
    );
    assert_eq!(ran(&world, &["--once"]).await.code, 4);
    assert!(world.writes().iter().all(|write| !write.starts_with("DELETE")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_may_approve_while_a_daemon_holds_the_lease() {
    let world = blocked().await;
    let hash = hash(&world).await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    assert_eq!(ran(&world, &["approve", &hash, "--ttl", "10m"]).await.code, 0);
    let second = ran(&world, &["--once"]).await;
    assert_eq!(second.code, 7);
    let holder = format!("process {}", std::process::id());
    assert!(second.stderr.contains(&holder), "{}", second.stderr);
    drop(lease);
    assert_eq!(ran(&world, &["--once"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn max_removals_per_day_replaces_the_default() {
    let world = blocked().await;
    for (limit, code) in [(11, 4), (12, 0)] {
        let limited = format!("[sync]\nmax_removals_per_day = {limit}\n");
        let mut command = for_world_with(&world, &limited);
        command.arg("--once");
        assert_eq!(run_for(command).await.code, code, "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_network_is_78_until_rebind_names_it() {
    let world = World::new().await.mapped(&["a.test"]).await;
    assert_eq!(ran(&world, &["--once"]).await.code, 0);
    world.sql("UPDATE wp_site SET domain = 'moved.test' WHERE id = 1").await;
    for arguments in [&["--once"][..], &["plan"]] {
        let refused = ran(&world, arguments).await;
        assert_eq!(refused.code, 78, "{arguments:?}");
        assert!(refused.stderr.contains("--rebind=moved.test"), "{}", refused.stderr);
    }
    let wrong = ran(&world, &["--once", "--rebind=elsewhere.test"]).await;
    assert_eq!(wrong.code, 64);
    assert!(wrong.stderr.contains("lead to moved.test/1903/646"), "{}", wrong.stderr);
    assert_eq!(ran(&world, &["--rebind"]).await.code, 64, "a daemon is told what to bind to");
    let less = ran(&world, &["--once", "--rebind=1903/646"]).await;
    assert_eq!(less.code, 78, "the network is another, and the flag does not name it");
    let rebound = ran(&world, &["--once", "--rebind=moved.test"]).await;
    assert_eq!(rebound.code, 0, "{}", rebound.stderr);
    assert!(rebound.stderr.contains("The old ledger is now"), "{}", rebound.stderr);
    let again = ran(&world, &["--once", "--rebind=moved.test"]).await;
    assert_eq!(again.code, 0);
    assert!(!again.stderr.contains("The old ledger is now"), "{}", again.stderr);
}

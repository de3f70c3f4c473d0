use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use runcloud_domain_sync::ledger::{Lease, Ledger, Service};
use runcloud_domain_sync::simulator::{Fault, Kind};
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use super::{at_terminal, ran, told, without_time};
use crate::support::binary::{binary, for_world_with, run_for};
use crate::support::world::{BINDING, World};

/// A world with something of everything, after a pass of the binary.
async fn varied() -> World {
    let world = World::new().await.mapped(&["shop.example.com", "taken.test"]).await;
    world.row(2, "late.test", 1, "failed").await;
    world.row(2, "not a name", 1, "done").await;
    world.runcloud.model().taken.insert("taken.test".into());
    world.runcloud.model().attach("hand.test", Kind::Alias);
    assert_eq!(ran(&world, &["--once"]).await.code, 3);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_known_is_a_table_of_80_columns() {
    let world = varied().await;
    let status = told(&world, &["status"]).await;
    insta::assert_snapshot!(without_time(&status), @r#"
    network       network.test: web application 646 on server 1903
    state         DIR; no process is at work
    last pass     TIME UTC, SPAN s ago, took SPAN s; pass 1: done, but some names failed
                  or wait, or RunCloud's list was not believed; 2 added; 1 failed
    next pass     none is due: no process is at work; start the service or run
                  --once
    names         4 wanted, 5 in RunCloud, 3 managed (2 added, 1 adopted), 1
                  unmanaged
    certificates  0 covered, 0 due, 2 ordered, 0 failed
    budgets       0 of 10 removals in 24 hours
                  1 of 40 certificate orders in 7 days
                  9 API calls this month
    failing       1 name
      taken.test  422 The given data was invalid. The name has already been taken;
        it is not in this web application, so perhaps in another; next try TIME UTC
    held          1 row: rejected
      mapping 11 of site 2  "not a name" is not a host name: it contains ' '
    "#);
    let wide =
        status.lines().filter(|line| line.chars().count() > 80 && !line.contains("--state-dir"));
    assert_eq!(wide.count(), 0, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_all_of_it() {
    let world = varied().await;
    let mut status: Value =
        serde_json::from_str(&told(&world, &["status", "--json"]).await).unwrap();
    assert_eq!(status["schema"], 1);
    let ledger = &mut status["ledger"];
    let try_at = ledger["failing"][0]["next"].as_str().unwrap();
    assert!(try_at.starts_with("20") && try_at.ends_with('Z'), "{try_at}");
    for point in ["/failing/0/next", "/last/started", "/last/ended", "/last_good"] {
        *ledger.pointer_mut(point).unwrap() = "TIME".into();
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(ledger).unwrap(), @r#"
    {
      "app": 646,
      "approval": null,
      "blocked": null,
      "calls": {
        "limit": null,
        "spent": 9
      },
      "certificates": {
        "covered": 0,
        "due": 0,
        "failed": [],
        "next_end": null,
        "ordered": 2,
        "waiting": []
      },
      "failing": [
        {
          "detail": "422 The given data was invalid. The name has already been taken; it is not in this web application, so perhaps in another",
          "domain": "taken.test",
          "next": "TIME"
        }
      ],
      "held": [
        {
          "detail": "\"not a name\" is not a host name: it contains ' '",
          "reason": "rejected",
          "subject": "mapping 11 of site 2"
        },
        {
          "detail": "",
          "reason": "unmanaged",
          "subject": "hand.test"
        }
      ],
      "last": {
        "added": 2,
        "ended": "TIME",
        "failed": 1,
        "id": 1,
        "removed": 0,
        "result": "partial",
        "started": "TIME",
        "updated": 0
      },
      "last_good": "TIME",
      "names": {
        "added": 2,
        "adopted": 1,
        "failing": 1,
        "held": 0,
        "managed": 3,
        "present": 5,
        "rejected": 1,
        "unmanaged": 1,
        "wanted": 4
      },
      "network": "network.test",
      "next": null,
      "orders": {
        "limit": 40,
        "spent": 1
      },
      "paused": null,
      "removals": {
        "limit": 10,
        "spent": 0
      },
      "running": null,
      "server": 1903,
      "service": {
        "attempted": null,
        "succeeded": null,
        "trouble": null
      }
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_directory_is_all_it_needs() {
    let world = varied().await;
    let mut bare = binary();
    bare.arg("--state-dir").arg(world.state.path()).arg("status");
    let ran = run_for(bare).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("network       network.test: web application 646"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_read_the_ledger_may_ask() {
    let world = varied().await;
    assert!(told_nobody(&world, "status").await.contains(" 9 API calls this month"));
    assert!(told_nobody(&world, "history").await.contains("shop.network.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_an_older_version_is_read_and_left_as_it_is() {
    let world = World::new().await;
    let ledger = world.state.path().join("ledger.sqlite");
    make_first_version(&ledger).await;
    let before = std::fs::read(&ledger).unwrap();
    insta::assert_snapshot!(told_nobody(&world, "status").await, @"
    network       not known by name: web application 646 on server 1903
    state         DIR
    last pass     none has ended yet
    names         1 managed (1 added, 0 adopted), 0 unmanaged
    certificates  0 covered, 0 due, 0 ordered, 0 failed
    budgets       0 removals in 24 hours
                  0 certificate orders in 7 days
                  0 API calls this month
    ");
    assert_eq!(told_nobody(&world, "history").await, "nothing of that kind happened\n");
    assert_eq!(std::fs::read(&ledger).unwrap(), before);
}

/// What a command prints for somebody who may only read the state directory.
async fn told_nobody(world: &World, command: &str) -> String {
    let readable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.state.path(), readable).unwrap();
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    nobody.arg(env!("CARGO_BIN_EXE_runcloud-domain-sync")).env_clear().current_dir("/");
    nobody.arg("--state-dir").arg(world.state.path()).arg(command);
    let ran = run_for(nobody).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    super::without_place(world, &ran.stdout)
}

/// Makes a ledger as the first version of the program did, with one name.
async fn make_first_version(ledger: &Path) {
    let first = tempfile::tempdir().unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    std::fs::copy(migrations.join("0001_ledger.sql"), first.path().join("0001_ledger.sql"))
        .unwrap();
    let url = format!("sqlite://{}?mode=rwc", ledger.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let first = sqlx::migrate::Migrator::new(first.path()).await.unwrap();
    first.run(&mut connection).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO binding VALUES (1, 1903, 646); \
         INSERT INTO owned VALUES ('a.test', 'added', 1, 0, 8, 2)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_month_s_calls_stand_beside_what_config_toml_allows() {
    let world = World::new().await.mapped(&["shop.example.com"]).await;
    let asked = async |argument: &'static str| {
        let mut command = for_world_with(&world, "[api]\nmonthly_calls = 20000");
        command.arg(argument);
        let ran = run_for(command).await;
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    world.runcloud.forget_calls();
    asked("--once").await;
    let calls = world.runcloud.calls().len();
    assert!(calls > 0);
    let status = asked("status").await;
    assert!(status.contains(&format!("  {calls} of 20000 API calls this month")), "{status}");
    let mut of_nobody = binary();
    of_nobody.arg("--state-dir").arg(world.state.path()).args(["status", "--json"]);
    let json: Value = serde_json::from_str(&run_for(of_nobody).await.stdout).unwrap();
    assert_eq!(json["ledger"]["calls"], serde_json::json!({ "spent": calls, "limit": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_the_daemon_from_its_work_and_since_when() {
    let mut world = World::new().await.mapped(&["shop.example.com"]).await;
    world.jump(-7_200);
    world.pass().await.unwrap();
    let lease = Lease::acquire(world.state.path()).unwrap();
    let since = world.now.wall.plus(Duration::from_hours(1));
    let service = Service {
        attempted: Some(since),
        succeeded: None,
        trouble: Some((since, "the database is away".to_owned())),
    };
    {
        let mut ledger = Ledger::open(world.state.path(), BINDING, &lease).await.unwrap();
        ledger.note_service(&service).await.unwrap();
    }
    let row = |status: String| {
        let rows = without_time(&status);
        let row = rows.split("\nservice ").nth(1).unwrap_or_default();
        let row = row.split("\nlast").next().unwrap();
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    insta::assert_snapshot!(row(told(&world, &["status"]).await), @"waiting since TIME UTC, SPAN min ago: the database is away");
    let json: Value = serde_json::from_str(&told(&world, &["status", "--json"]).await).unwrap();
    let told_since = serde_json::to_value(since).unwrap();
    assert_eq!(json["ledger"]["service"]["trouble"]["since"], told_since);
    assert_eq!(json["ledger"]["service"]["attempted"], told_since);
    drop(lease);
    insta::assert_snapshot!(row(told(&world, &["status"]).await), @"ended while it waited, since TIME UTC, SPAN min ago: the database is away");
    told(&world, &["--once"]).await;
    assert_eq!(row(told(&world, &["status"]).await), "", "a pass was made since");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_at_work_and_what_the_next_pass_is() {
    let world = varied().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let process = format!("process {} is at work", std::process::id());
    let status = told(&world, &["status"]).await;
    assert!(status.contains(&process), "{status}");
    let json: Value = serde_json::from_str(&told(&world, &["status", "--json"]).await).unwrap();
    assert_eq!(json["process"], std::process::id());
    drop(lease);
    assert!(told(&world, &["status"]).await.contains("no process is at work"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_failed_says_why_and_since_when() {
    let world = varied().await;
    world.runcloud.model().faults.push(Fault::any().status(401).always());
    assert_eq!(ran(&world, &["--once"]).await.code, 6);
    let status = told(&world, &["status"]).await;
    assert!(status.contains("pass 2: 401"), "{status}");
    assert!(status.contains("the last one that ended well: "), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_removals_are_shown_with_their_hash() {
    let names: Vec<String> = (0..13).map(|number| format!("n{number:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new().await.mapped(&names).await;
    told(&world, &["--once"]).await;
    for name in &names[1..] {
        world.unmap(name).await;
    }
    assert_eq!(ran(&world, &["--once"]).await.code, 4);
    let status = told(&world, &["status"]).await;
    let hash = world.plan().await.blocked.unwrap().hash();
    assert!(status.contains(&format!("approve {hash}\n")), "{status}");
    assert!(status.contains("12 of 14 managed names would be removed; the limit is 10 in 24 h"));
    let json: Value = serde_json::from_str(&told(&world, &["status", "--json"]).await).unwrap();
    let blocked = &json["ledger"]["blocked"];
    assert_eq!(blocked["hash"], hash.as_str());
    assert_eq!(blocked["names"].as_array().unwrap().len(), 12);
    let no = at_terminal(&world, &["approve", &hash], "n\n").await;
    assert_eq!(no.code, 64, "{}", no.stdout);
    assert!(no.stdout.contains("- n01.test  mapping 9 is gone\n"), "{}", no.stdout);
    assert!(no.stdout.contains("Let them through once? [y/N]"), "{}", no.stdout);
    assert_eq!(ran(&world, &["--once"]).await.code, 4);
    let yes = at_terminal(&world, &["approve", &hash], "yes\n").await;
    assert_eq!(yes.code, 0, "{}", yes.stdout);
    assert!(told(&world, &["status"]).await.contains("12 removals, until "));
    told(&world, &["--once"]).await;
    let status = told(&world, &["status"]).await;
    assert!(status.contains("budgets       0 of "), "what is approved does not count: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_that_is_said() {
    let world = World::new().await;
    let status = told(&world, &["status"]).await;
    assert_eq!(status, "state         DIR has no ledger: no pass was made yet\n");
    let json: Value = serde_json::from_str(&told(&world, &["status", "--json"]).await).unwrap();
    assert_eq!(json["ledger"], Value::Null);
}

//! The real binary, as its operator runs it: output, exit codes and what it says about mistakes.

use std::process::Command;

use runcloud_domain_sync::ledger::Lease;
use runcloud_domain_sync::simulator::{Credential, Fault, Kind};
use serde_json::Value;

use crate::support::binary::{Ran, TOKEN, binary, for_world, run, run_for};
use crate::support::world::World;

async fn ran(world: &World, arguments: &[&str]) -> Ran {
    let mut command = for_world(world);
    command.args(arguments);
    run_for(command).await
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn look_then_run_then_rest() {
    let world = World::new().await.mapped(&["shop.example.com"]).await;
    let plan = ran(&world, &["plan"]).await;
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    insta::assert_snapshot!(plan.stdout, @"
    + shop.example.com   mapping 8 of site 2
    * shop.network.test  in both places: adopted (own name of site 2)
    certificate: redeploy, for shop.example.com
    2 wanted, 2 present: 1 to add, 0 to update, 0 to remove, 1 adopted, 0 held, 0 unmanaged, 0 rejected (plan 424386f4de098668)
    ");
    assert!(plan.stderr.contains("there is no ledger in"), "{}", plan.stderr);
    assert_eq!(world.writes(), Vec::<String>::new());

    let once = ran(&world, &["--once"]).await;
    assert_eq!(once.code, 0, "{}", once.stderr);
    insta::assert_snapshot!(once.stdout, @"
    + shop.example.com
    certificate: ordered for shop.example.com
    1 added, 0 updated, 0 removed, 1 adopted, 0 failed, 0 to retry later
    ");

    for arguments in [&["plan"][..], &["--dry-run"], &["run", "--once"], &["run", "--dry-run"]] {
        world.runcloud.forget_calls();
        let again = ran(&world, arguments).await;
        assert_eq!(again.code, 0, "{arguments:?}: {}{}", again.stdout, again.stderr);
        assert_eq!(world.writes(), Vec::<String>::new(), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_in_json_is_the_contract() {
    let world = World::new().await.mapped(&["old.example.org", "taken.test"]).await;
    world.runcloud.model().taken.insert("taken.test".into());
    assert_eq!(ran(&world, &["--once"]).await.code, 3);
    world.unmap("old.example.org").await;
    world.map(&["shop.example.com"]).await;
    world.runcloud.model().attach("hand.test", Kind::Alias);
    let plan = ran(&world, &["plan", "--json"]).await;
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    let mut plan = json(&plan.stdout);
    let try_at = plan["held"][0]["detail"].as_str().unwrap().split("next try").next().unwrap();
    plan["held"][0]["detail"] = format!("{try_at}next try …").into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&plan).unwrap(), @r#"
    {
      "adopt": [],
      "blocked": null,
      "certificate": {
        "action": "redeploy",
        "mode": "basic",
        "names": [
          "shop.example.com"
        ],
        "waiting": []
      },
      "changes": [
        {
          "action": "remove",
          "domain": "old.example.org",
          "id": 697,
          "reason": "mapping 8 is gone"
        },
        {
          "action": "add",
          "domain": "shop.example.com",
          "reason": "mapping 10 of site 2",
          "www": false
        }
      ],
      "hash": "ede90f9bef7ffe92",
      "held": [
        {
          "detail": "422 The given data was invalid. The name has already been taken; it is not in this web application, so perhaps in another; next try …",
          "domain": "taken.test",
          "reason": "retry_later"
        }
      ],
      "rejected": [],
      "schema": 1,
      "summary": {
        "add": 1,
        "adopt": 0,
        "held": 1,
        "present": 4,
        "rejected": 0,
        "remove": 1,
        "unmanaged": 1,
        "update": 0,
        "wanted": 3
      },
      "unmanaged": [
        "hand.test"
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_in_json_is_all_there_is_on_stdout() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let once = ran(&world, &["--once", "--json"]).await;
    insta::assert_snapshot!(once.stdout, @r#"
    {
      "schema": 1,
      "pass": 1,
      "added": [
        "a.test"
      ],
      "updated": [],
      "removed": [],
      "adopted": 1,
      "failed": [],
      "systemic": null,
      "blocked": null,
      "retry_later": [],
      "certificate": {
        "result": "ordered",
        "names": [
          "a.test"
        ]
      },
      "covered": [],
      "left_out": [],
      "paused": null,
      "notices": [],
      "error": null
    }
    "#);
    assert!(once.stderr.contains("a.test: added (mapping 8 of site 2)"), "{}", once.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_6_and_mention_the_address_list() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.runcloud.model().credential = Credential::Bearer("another".into());
    for arguments in [&["plan"][..], &["--once"]] {
        let refused = ran(&world, arguments).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (6, ""));
        assert!(refused.stderr.contains("IP Address Restriction"), "{}", refused.stderr);
    }
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_app_or_server_id_is_78_and_named() {
    let world = World::new().await.mapped(&["a.test"]).await;
    for arguments in [["--app-id", "7", "--once"], ["--server-id", "7", "--once"]] {
        let wrong = ran(&world, &arguments).await;
        assert_eq!((wrong.code, wrong.stdout.as_str()), (78, ""), "{}", wrong.stderr);
        assert!(wrong.stderr.contains("RunCloud knows no web application"), "{}", wrong.stderr);
        assert!(wrong.stderr.contains(&format!(" {}", arguments[1])), "{}", wrong.stderr);
    }
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_another_application_is_refused() {
    let world = World::new().await.mapped(&["a.test"]).await;
    assert_eq!(ran(&world, &["--once"]).await.code, 0);
    for command in ["plan", "--once"] {
        let other = ran(&world, &["--app-id", "7", command]).await;
        assert_eq!(other.code, 78, "{}", other.stderr);
        assert!(other.stderr.contains("belongs to web application 646"), "{}", other.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_prefix_is_78_and_the_right_one_is_named() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let wrong = ran(&world, &["--table-prefix", "blog_", "--once"]).await;
    assert_eq!(wrong.code, 78);
    assert!(wrong.stderr.contains("set --table-prefix to wp_"), "{}", wrong.stderr);
    let odd = ran(&world, &["--table-prefix", "wp`; DROP", "plan"]).await;
    assert_eq!(odd.code, 78);
    assert!(odd.stderr.contains("(flag --table-prefix) may hold letters"), "{}", odd.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_database_password_is_78_and_not_shown() {
    let world = World::new().await;
    let url = world.tables.url_for("nobody", "SECRET");
    let refused = ran(&world, &["--database-url", &url, "plan"]).await;
    assert_eq!(refused.code, 78);
    assert!(refused.stderr.contains("refused the login"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("SECRET"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_away_for_a_minute_is_5() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let no_database = ran(&world, &["--database-url", "mysql://root@127.0.0.1:1/wp", "--once"]);
    let other = World::new().await;
    let no_api = ran(&other, &["--api-url", "http://127.0.0.1:1/api/v3", "plan"]);
    let (no_database, no_api) = tokio::join!(no_database, no_api);
    assert_eq!((no_database.code, no_api.code), (5, 5), "{}", no_database.stderr);
    assert!(no_database.stderr.contains("cannot be reached"), "{}", no_database.stderr);
    assert!(no_api.stderr.contains("cannot connect to RunCloud"), "{}", no_api.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_7_and_plan_works_beside_it() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let second = ran(&world, &["--once"]).await;
    assert_eq!(second.code, 7);
    let holder = format!("process {}", std::process::id());
    assert!(second.stderr.contains(&holder), "{}", second.stderr);
    assert_eq!(ran(&world, &["plan"]).await.code, 2);
    drop(lease);
    assert_eq!(ran(&world, &["--once"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn api_key_and_secret_mean_v2() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let (key, secret) = ("the-key".to_owned(), "the-secret".to_owned());
    {
        let mut model = world.runcloud.model();
        model.version = runcloud_domain_sync::simulator::ApiVersion::V2;
        model.credential = Credential::Basic { key, secret };
    }
    let mut command = for_world(&world);
    let wp_config = world.state.path().join("wp-config.php");
    let text = std::fs::read_to_string(&wp_config).unwrap();
    let line = format!("define( 'WU_RUNCLOUD_API_TOKEN', '{TOKEN}' );");
    std::fs::write(&wp_config, text.replace(&line, "")).unwrap();
    command.env("WU_RUNCLOUD_API_KEY", "the-key").env("WU_RUNCLOUD_API_SECRET", "the-secret");
    command.arg("--once");
    let once = run_for(command).await;
    assert_eq!(once.code, 0, "{}", once.stderr);
    assert!(world.names().contains(&"a.test".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_ever_printed() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let url = world.tables.reader(&["wp_wu_domain_mappings"]).await;
    world.runcloud.model().faults.push(Fault::on("POST", "/domains").after_status(502).times(1));
    for arguments in [&["plan"][..], &["--once"], &["--app-id", "7", "plan"]] {
        let mut command = for_world(&world);
        command.env("RUST_LOG", "trace").args(["--database-url", &url]).args(arguments);
        let ran = run_for(command).await;
        let all = ran.stdout + &ran.stderr;
        assert!(all.contains("API token: (secret)"), "{all}");
        for secret in [TOKEN, "pass word", "pass%20word", "SECRET-IN-ANSWER"] {
            assert!(!all.contains(secret), "{secret} was printed by {arguments:?}");
        }
    }
}

/// Runs without a world: nothing may be contacted.
fn refused(change: impl FnOnce(&mut Command) -> &mut Command) -> Ran {
    let mut command = binary();
    change(&mut command);
    let ran = run(&mut command);
    assert_eq!(ran.stdout, "");
    ran
}

#[test]
fn nothing_set_says_what_to_set() {
    let nothing = refused(|command| command.arg("plan"));
    assert_eq!(nothing.code, 78);
    insta::assert_snapshot!(nothing.stderr, @"
    error: nothing says where WordPress is: give --wp-config …/wp-config.php, or --database-url
           no server id: it is in the dashboard's address (/servers/SERVER/webapps/APP). Give --server-id, environment WU_RUNCLOUD_SERVER_ID or config.toml runcloud.server_id, or define WU_RUNCLOUD_SERVER_ID in wp-config.php
           no app id: it is in the dashboard's address (/servers/SERVER/webapps/APP). Give --app-id, environment WU_RUNCLOUD_APP_ID or config.toml runcloud.app_id, or define WU_RUNCLOUD_APP_ID in wp-config.php
           no RunCloud credentials: set WU_RUNCLOUD_API_TOKEN (v3), or WU_RUNCLOUD_API_KEY and WU_RUNCLOUD_API_SECRET (v2), in wp-config.php or the environment, or name a file in config.toml runcloud.api_token_file
    ");
}

#[test]
fn a_typo_is_64_and_a_suggestion() {
    let typo = refused(|command| command.arg("plann"));
    assert_eq!(typo.code, 64);
    assert!(
        typo.stderr.contains("some similar subcommands exist: 'explain', 'plan'"),
        "{}",
        typo.stderr
    );
    let flag = refused(|command| command.arg("--onec"));
    assert_eq!(flag.code, 64);
    assert!(flag.stderr.contains("'--once'"), "{}", flag.stderr);
    assert_eq!(refused(|command| command.args(["--once", "plan"])).code, 64);
}

#[test]
fn a_constant_that_depends_on_a_condition_is_named_with_the_setting_to_give_instead() {
    let directory = tempfile::tempdir().unwrap();
    let text = "<?php\nif ($_SERVER['HTTP_HOST'] == 'x') {\n define('DB_PASSWORD', 'SECRET');\n}\n\
                define('DB_NAME', 'wp'); define('DB_USER', 'u'); define('DB_HOST', 'localhost');\n\
                define('WU_RUNCLOUD_SERVER_ID', 'seven');\n";
    std::fs::write(directory.path().join("wp-config.php"), text).unwrap();
    let unknown = refused(|command| command.arg("--wp-config").arg(directory.path()).arg("plan"));
    assert_eq!(unknown.code, 78);
    let shown = unknown.stderr.replace(directory.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(shown, @r#"
    error: DB_PASSWORD depends on a condition (DIR/wp-config.php line 3): it cannot be known without running PHP. Give --database-url (or environment DATABASE_URL) instead
           the server id "seven" (WU_RUNCLOUD_SERVER_ID in DIR/wp-config.php line 6) is not a number
           no app id: it is in the dashboard's address (/servers/SERVER/webapps/APP). Give --app-id, environment WU_RUNCLOUD_APP_ID or config.toml runcloud.app_id, or define WU_RUNCLOUD_APP_ID in wp-config.php
           no RunCloud credentials: set WU_RUNCLOUD_API_TOKEN (v3), or WU_RUNCLOUD_API_KEY and WU_RUNCLOUD_API_SECRET (v2), in wp-config.php or the environment, or name a file in config.toml runcloud.api_token_file
    "#);
}

#[test]
fn a_wp_config_that_cannot_be_read_says_why() {
    let missing = refused(|command| command.args(["--wp-config", "/nowhere", "plan"]));
    assert_eq!(missing.code, 78);
    assert!(missing.stderr.contains("cannot read /nowhere: No such file"), "{}", missing.stderr);
}

#[test]
fn an_unknown_key_of_config_toml_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    std::fs::write(&path, "[sync]\npol = \"5s\"\n").unwrap();
    let unknown = refused(|command| command.arg("--config").arg(&path).arg("plan"));
    assert_eq!(unknown.code, 78);
    assert!(unknown.stderr.contains("line 2: unknown field `pol`"), "{}", unknown.stderr);
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let refused = refused(|command| {
        command.args(["--api-url", "http://manage.runcloud.io/api/v3", "plan"]);
        command.env("WU_RUNCLOUD_API_TOKEN", "SECRET")
    });
    assert_eq!(refused.code, 78);
    assert!(refused.stderr.contains("plain http"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("SECRET"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_waits_for_the_certificate_where_it_is_told_to() {
    let world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    let probe = format!("probe_address = \"{}\"\n", world.web().tls_address());
    let mut command = for_world(&world);
    let config = world.state.path().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap() + &probe;
    std::fs::write(&config, text).unwrap();
    command.args(["--once", "--wait", "1m"]);
    let once = run_for(command).await;
    assert_eq!(once.code, 0, "{}", once.stderr);
    let covers = "certificate: covers shop.network.test, a.test";
    assert!(once.stdout.contains(covers), "{}", once.stdout);
    assert_eq!(world.orders(), 1);
    let early = ran(&world, &["run", "--wait", "1m"]).await;
    assert_eq!(early.code, 64);
    assert!(early.stderr.contains("--wait belongs to --once"), "{}", early.stderr);
}

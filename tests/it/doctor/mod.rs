//! `doctor`: one set-up that is fine, and broken ones that each give the finding that is theirs.

mod connection;
mod domains;
mod ours;
mod ssl;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use runcloud_domain_sync::simulator::Model;
use serde_json::Value;

use crate::support::binary::{Ran, for_world, run_for};
use crate::support::world::World;

/// How long ago the last pass of a set-up was made, in seconds.
const AGE: i64 = 2 * 3_600;

/// A set-up that is fine: everything mapped is there, and the plugin's own integration is off.
struct SetUp {
    world: World,
    command: Command,
}

impl SetUp {
    async fn fine() -> Self {
        let world = World::new().await.mapped(&["shop.example.com"]).await;
        let mut world = world.with_web_server().await;
        world.jump(-AGE);
        let off = "UPDATE wp_sitemeta SET meta_value = 'a:0:{}' \
                   WHERE meta_key = 'wu_host_integrations_enabled'";
        world.sql(off).await;
        world.converge().await;
        let command = for_world(&world);
        let probe = format!("[ssl]\nprobe_address = \"{}\"", world.web().tls_address());
        Self { world, command }.configure("[ssl]", &probe)
    }

    fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it a state directory in which nothing is yet.
    fn anew(self) -> Self {
        let path = self.state().join("new");
        self.with(&["--state-dir", path.to_str().unwrap()])
    }

    /// Changes the simulated RunCloud.
    fn runcloud<T>(self, change: impl FnOnce(&mut Model) -> T) -> Self {
        let _ = change(&mut self.world.runcloud.model());
        self
    }

    /// Runs statements on the tables.
    async fn sql(self, statements: &str) -> Self {
        self.world.sql(statements).await;
        self
    }

    /// Replaces a text in wp-config.php.
    fn edit(self, from: &str, to: &str) -> Self {
        self.replace("wp-config.php", from, to)
    }

    /// Replaces a text in config.toml.
    fn configure(self, from: &str, to: &str) -> Self {
        self.replace("config.toml", from, to)
    }

    fn replace(self, file: &str, from: &str, to: &str) -> Self {
        let path = self.state().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
        self
    }

    fn state(&self) -> &Path {
        self.world.state.path()
    }

    async fn ran(mut self, arguments: &[&str]) -> Ran {
        self.command.args(arguments);
        self.world.runcloud.forget_calls();
        let ran = run_for(self.command).await;
        assert_eq!(self.world.writes(), Vec::<String>::new(), "the doctor wrote");
        ran
    }

    /// Looks, and gives all that was found as JSON.
    async fn examined(self) -> (Value, i32) {
        let Ran { code, stdout, stderr } = self.ran(&["doctor", "--json"]).await;
        let found = serde_json::from_str(&stdout);
        (found.unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}")), code)
    }

    /// Looks, and finds nothing wrong, but has this to note; gives what mends it.
    async fn notes(self, check: &str) -> String {
        let (found, code) = self.examined().await;
        assert_eq!((&found["findings"], code), (&serde_json::json!([]), 0), "{found:#}");
        let notes = found["notes"].as_array().unwrap();
        let note = notes.iter().find(|note| note["check"] == check);
        note.unwrap_or_else(|| panic!("{found:#}"))["mend"].as_str().unwrap().to_owned()
    }

    /// Looks, and finds this one thing; gives its evidence and mend.
    async fn finds(self, check: &str) -> String {
        let (found, code) = self.examined().await;
        let findings = found["findings"].as_array().unwrap();
        assert_eq!(names(&found), [check], "{found:#}");
        assert_eq!(code, 3);
        let text = |key: &str| findings[0][key].as_str().unwrap().to_owned();
        assert!(!text("mend").is_empty(), "{found:#}");
        format!("{}: {} -> {}", text("verdict"), text("evidence"), text("mend"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fine_set_up_gives_no_finding() {
    let (found, code) = SetUp::fine().await.examined().await;
    assert_eq!((&found["findings"], code), (&serde_json::json!([]), 0), "{found:#}");
    let ran = SetUp::fine().await.ran(&["doctor"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    insta::assert_snapshot!(in_words(&ran.stdout), @"
    Connection
      ok    table_prefix: wp_
      ok    server_id: 1903
      ok    app_id: 646
      ok    credentials_given: an API token
      ok    api_reachable: it answers
      ok    credentials_accepted: an API token
      ok    write_permission: RunCloud took writes of an earlier pass
      ok    clock: within a minute of RunCloud's
      ok    server_exists: server hello
      ok    server_online: RunCloud reaches the server
      ok    app_on_server: app-network
      ok    network_domain_in_app: network.test
      ok    database_reachable: it answers
      ok    mappings_table: 1 row
      ok    table_engine: tables are read as they are at one moment

    SSL
      ok    ssl_installed: basic SSL: one certificate for all names
      ok    certificate_names: 3 of 100 names (www counts) are in the one
            certificate
      ok    dns_known: every name was looked up
      ok    name_not_covered: 3 names

    Domain not added
      ok    listing_adds_up: 3 domains
      ok    activity_log: nothing went wrong in the last 7 days
      ok    names_failing: none
      ok    plugin_integration: off, so this program is the only writer
      ok    plugin_queue_stuck: no job is late

    This program
      ok    settings_in_effect: each one
      ok    grants_missing: every table of a pass can be read
      note  grants_too_wide: WordPress's own login is used, which may write; this
            program never does
            -> Make a user that may only read, and give its login as DATABASE_URL:
               CREATE USER 'domain-sync'@'localhost' IDENTIFIED BY 'PASSWORD';
      ok    plugin_schema: 2.0.1-revision.20260109
      ok    ledger_usable: 2 names are owned
      note  lease: no process is at work: the service does not run, or a timer makes
            the passes
            -> Look at the service:
               systemctl status runcloud-domain-sync
               journalctl -u runcloud-domain-sync -e
      ok    last_pass_result: converged

    0 findings, 2 notes, 35 checks passed
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_shown_with_its_mend() {
    let set_up = SetUp::fine().await.runcloud(|model| model.server.online = false);
    let ran = set_up.sql("UPDATE wp_wu_domain_mappings SET stage = 'failed'").await;
    let ran = ran.ran(&["doctor"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{}", ran.stdout);
    let is_of_finding = |line: &&str| !line.starts_with("  ok") && !line.starts_with("  note");
    let shown: Vec<&str> = ran.stdout.lines().filter(is_of_finding).collect();
    let begin = |name: &str| shown.iter().position(|line| line.contains(name)).unwrap();
    let (server, stage) = (begin("server_online"), begin("stage_failed"));
    let shown = [&shown[server..server + 4], &shown[stage..stage + 6]].concat().join("\n");
    insta::assert_snapshot!(shown, @"
    FAIL  server_online: RunCloud does not reach the server, so what is changed
          there does not arrive on it
          -> Look at the server in RunCloud's panel; its firewall must let port
             34210 of RunCloud in
    WARN  stage_failed: 1 row (8 shop.example.com) at stage failed: the plugin did
          not see them arrive within its 25 minutes, does not serve them, and
          looks at them no more
          -> When its DNS is right, let the plugin look at a name once more, by
             its ID:
             wp wu domain update ID --stage=checking-dns
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_nothing_can_be_said_of_is_left_out() {
    let away = SetUp::fine().await.with(&["--api-url", "http://127.0.0.1:9/api/v3"]);
    let ran = away.ran(&["doctor"]).await;
    assert!(ran.stdout.contains("FAIL  api_reachable"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("\nSSL\n"), "{}", ran.stdout);
}

/// The checks that found something.
fn names(found: &Value) -> Vec<&str> {
    let findings = found["findings"].as_array().unwrap();
    findings.iter().map(|one| one["check"].as_str().unwrap()).collect()
}

/// What changes from run to run is left out.
fn in_words(text: &str) -> String {
    let checks = text.split("Where each setting came from").next().unwrap();
    let is_stable = |line: &&str| {
        !["/tmp/", "127.0.0.", "GRANT", " ago", "ends in"].iter().any(|word| line.contains(word))
    };
    let last = text.lines().last().unwrap();
    checks.lines().filter(is_stable).chain([last]).collect::<Vec<_>>().join("\n")
}

/// Every check is tried on a set-up that breaks it, with the real tables and the real binary.
#[test]
fn no_check_is_without_a_set_up_that_breaks_it() {
    let tests = [
        include_str!("connection.rs"),
        include_str!("ssl.rs"),
        include_str!("domains.rs"),
        include_str!("ours.rs"),
    ];
    let broken: BTreeSet<&str> = tests
        .iter()
        .flat_map(|text| ["finds(\"", "notes(\""].map(|call| text.split(call).skip(1)))
        .flatten()
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let source = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doctor/check.rs"));
    let all = source.split("pub enum Check {").nth(1).unwrap().split("\n}").next().unwrap();
    let variants =
        all.lines().filter_map(|line| line.trim().strip_suffix(',')).filter(|v| !v.contains(' '));
    let untried: Vec<String> =
        variants.map(snake).filter(|name| !broken.contains(name.as_str())).collect();
    // Another user's file: tried on facts.
    assert_eq!(untried, ["state_owner"]);
}

pub(crate) fn snake(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

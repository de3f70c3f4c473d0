use std::time::Duration;

use runcloud_domain_sync::ledger::IntentAction;
use runcloud_domain_sync::reconcile::plan::Removal;
use runcloud_domain_sync::simulator::{Fault, Kind};
use serde_json::Value;
use sqlx::{Connection, Executor, SqliteConnection};

use super::{NOON, at_terminal, ran, told, without_place};
use crate::support::binary::{for_world_with, run_for};
use crate::support::world::World;

const HOUR: Duration = Duration::from_hours(1);

async fn at_noon(names: &[&str]) -> World {
    let mut world = World::new().await.mapped(names).await;
    world.now.wall = NOON;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_when_why_and_by_which_pass() {
    let mut world = at_noon(&["a.test", "b.test", "www.b.test", "c.test"]).await;
    world.runcloud.model().attach("c.test", Kind::Alias);
    world.pass().await.unwrap();
    world.later(HOUR);
    world.unmap("a.test").await;
    world.unmap("www.b.test").await;
    world.runcloud.model().detach("c.test");
    world.pass().await.unwrap();
    world.later(HOUR);
    world.sql("UPDATE wp_wu_domain_mappings SET blog_id = 99 WHERE domain = 'b.test'").await;
    world.pass().await.unwrap();
    let history = told(&world, &["history"]).await;
    // When a certificate ends is real time.
    let is_timeless = |line: &&str| !line.contains("covered by a certificate");
    let history: Vec<&str> = history.lines().filter(is_timeless).collect();
    insta::assert_snapshot!(history.join("\n"), @"
     1  2026-11-21 12:00 UTC  c.test             adopted: mapping 11 of site 2; it was in both places (pass 1)
     2  2026-11-21 12:00 UTC  shop.network.test  adopted: own name of site 2; it was in both places (pass 1)
     3  2026-11-21 12:00 UTC  a.test             added: mapping 8 of site 2 (pass 1)
     4  2026-11-21 12:00 UTC  b.test             added with www: mapping 9 of site 2 (pass 1)
     5  2026-11-21 12:00 UTC  a.test             certificate ordered (pass 1)
     6  2026-11-21 12:00 UTC  b.test             certificate ordered (pass 1)
     7  2026-11-21 13:00 UTC  c.test             added: mapping 11 of site 2; it was gone from RunCloud (pass 2)
     8  2026-11-21 13:00 UTC  a.test             removed: mapping 8 is gone (pass 2)
     9  2026-11-21 13:00 UTC  b.test             www off: nothing wants its www any more (pass 2)
    11  2026-11-21 13:00 UTC  c.test             certificate ordered (pass 2)
    12  2026-11-21 14:00 UTC  b.test             removed: site 99 of mapping 9 is gone (pass 3)
    ");
    let one = told(&world, &["history", "--domain", "https://WWW.b.test/"]).await;
    assert_eq!(one.lines().count(), 5, "{one}");
    let late = told(&world, &["history", "--since", "2026-11-21 13:30:00"]).await;
    assert_eq!(late.lines().count(), 2, "{late}");
    let two = told(&world, &["history", "-n", "2"]).await;
    assert_eq!(two.lines().count(), 2, "{two}");
    world.rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_says_that_there_is_more() {
    let names: Vec<String> = (0..60).map(|number| format!("n{number:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = at_noon(&names).await;
    world.pass().await.unwrap();
    let all = ran(&world, &["history"]).await;
    assert_eq!(all.stdout.lines().count(), 50);
    assert!(all.stderr.contains("the newest 50; -n, --since or --domain"), "{}", all.stderr);
    for asked in [&["history", "-n", "50"][..], &["history", "--since", "2026-11-21"]] {
        assert_eq!(ran(&world, asked).await.stderr, "", "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_repeats_itself_is_one_event() {
    let mut world = at_noon(&["taken.test", "b.test"]).await;
    world.runcloud.model().taken.insert("taken.test".into());
    for _ in 0..4 {
        world.pass().await.unwrap();
        world.later(HOUR * 30);
    }
    insta::assert_snapshot!(told(&world, &["history", "--domain", "taken.test"]).await, @"8  2026-11-25 06:00 UTC  taken.test  add failed 4 times since 2026-11-21 12:00 UTC: 422 The given data was invalid. The name has already been taken; it is not in this web application, so perhaps in another; mapping 8 of site 2 (pass 4)");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_names_that_fail_alike_are_counted_once_each() {
    let world = at_noon(&["a.test", "b.test", "c.test", "d.test"]).await;
    let limit = serde_json::json!({ "message": "You have reached the domain limit of your plan." });
    let refuse = Fault::at("POST", "/domains").answer(422, &limit).always();
    world.runcloud.model().faults.push(refuse);
    world.pass().await.unwrap();
    let history = told(&world, &["history", "--domain", "a.test"]).await;
    insta::assert_snapshot!(history, @"6  2026-11-21 12:00 UTC  a.test  add failed: 422 You have reached the domain limit of your plan; it is not in this web application, so perhaps in another; mapping 8 of site 2 (pass 1)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_crash_cut_off_is_told_by_what_became_of_it() {
    let world = at_noon(&["b.test"]).await;
    world.converge().await;
    world.map(&["a.test"]).await;
    world.runcloud.model().attach("a.test", Kind::Alias);
    world.intend("a.test", IntentAction::Add).await;
    world.intend("b.test", IntentAction::Remove).await;
    world.pass().await.unwrap();
    let history = told(&world, &["history"]).await;
    for said in [
        "a.test             added: mapping 1 of site 2; its answer was lost; the next listing shows it (pass 3)",
        "b.test             remove had no effect: its answer was lost, and the next listing did not show it (pass 3)",
    ] {
        assert!(history.contains(said), "{history}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_every_field() {
    let world = at_noon(&["a.test", "b.test"]).await;
    world.converge().await;
    world.unmap("a.test").await;
    world.pass().await.unwrap();
    let json = told(&world, &["history", "-n", "1", "--json"]).await;
    insta::assert_snapshot!(json, @r#"
    {
      "schema": 1,
      "events": [
        {
          "id": 8,
          "at": "2026-11-21T12:00:00Z",
          "first": "2026-11-21T12:00:00Z",
          "times": 1,
          "pass": 3,
          "action": "remove",
          "outcome": "done",
          "domain": "a.test",
          "www": null,
          "rule": "row_gone",
          "mapping": 8,
          "site": 2,
          "reason": "mapping 8 is gone",
          "detail": "accepted"
        }
      ]
    }
    "#);
    serde_json::from_str::<Value>(&json).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_nothing_happened_and_a_typo_is_named() {
    let world = World::new().await;
    let none = ran(&world, &["history"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (0, "nothing of that kind happened\n"));
    assert!(none.stderr.contains("note: there is no ledger in"), "{}", none.stderr);
    let empty = ran(&world, &["history", "--json"]).await;
    assert_eq!(
        serde_json::from_str::<Value>(&empty.stdout).unwrap()["events"],
        serde_json::json!([])
    );
    for (arguments, said) in [
        (["--since", "yesterday"], "neither a span such as 2h nor a date such as 2026-10-01"),
        (["--domain", "no_name"], "\"no_name\" is not a host name"),
    ] {
        let refused = ran(&world, &["history", arguments[0], arguments[1]]).await;
        assert_eq!(refused.code, 64);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_ten_thousand_are_kept() {
    let world = at_noon(&["a.test", "b.test"]).await;
    world.converge().await;
    let url = format!("sqlite://{}", world.state.path().join("ledger.sqlite").display());
    let mut ledger = SqliteConnection::connect(&url).await.unwrap();
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
                INSERT INTO event (first, at, pass, action, outcome, domain, detail) \
                SELECT 1, 1, 1, 'add', 'done', 'x.test', '' FROM n";
    ledger.execute(many).await.unwrap();
    world.pass().await.unwrap();
    let count = sqlx::query_scalar("SELECT count(*) FROM event");
    let count: i64 = count.fetch_one(&mut ledger).await.unwrap();
    assert_eq!(count, 10_000);
}

/// A world in which `old.test` was removed, and the number of that event.
async fn with_a_removal() -> (World, String) {
    let world = at_noon(&["old.test", "b.test"]).await;
    world.converge().await;
    world.unmap("old.test").await;
    world.converge().await;
    let history = told(&world, &["history"]).await;
    let removal = history.lines().find(|line| line.contains("removed")).unwrap();
    let number = removal.split_whitespace().next().unwrap().to_owned();
    (world, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_is_taken_back_as_a_name_that_only_runcloud_has() {
    let (world, removal) = with_a_removal().await;
    let refused = ran(&world, &["history", "undo", &removal]).await;
    assert_eq!(refused.code, 64);
    insta::assert_snapshot!(refused.stdout + &refused.stderr, @"
    + old.test  to be added to RunCloud by the next pass, for event 8
    No row wants it: WordPress does not serve it until it is mapped again. It comes back as a name that only RunCloud has, so nothing removes it; once a row has it, it goes when that row goes.
    error: nothing was done: nobody is there to be asked; --yes does it
    ");
    world.rest().await;
    let no = at_terminal(&world, &["history", "undo", &removal], "\n").await;
    assert_eq!(no.code, 64, "{}", no.stdout);
    assert!(
        no.stdout.ends_with("Add old.test again? [y/N] error: nothing was done\n"),
        "{}",
        no.stdout
    );
    world.rest().await;

    told(&world, &["history", "undo", &removal, "--yes"]).await;
    assert!(
        world
            .plan_text()
            .await
            .contains(&format!("+ old.test  undo of event {removal}; no row wants it"))
    );
    let report = world.converge().await;
    assert_eq!(report.added.len(), 1);
    assert!(world.names().contains(&"old.test".to_owned()));
    assert!(world.plan().await.unmanaged.contains("old.test"));
    let again = told(&world, &["history", "undo", &removal]).await;
    assert!(again.contains("it is in RunCloud, or a row speaks of it again"), "{again}");

    // Once a row has it, it goes when that row goes.
    world.map(&["old.test"]).await;
    assert_eq!(world.converge().await.adopted, 1);
    world.unmap("old.test").await;
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_addition_by_undo_that_a_crash_cut_off_stays_unmanaged() {
    let (world, removal) = with_a_removal().await;
    told(&world, &["history", "undo", &removal, "--yes"]).await;
    let lost = Fault::at("POST", "/domains").after_status(502).times(3);
    world.runcloud.model().faults.push(lost);
    world.pass().await.unwrap();
    world.converge().await;
    assert!(world.plan().await.unmanaged.contains("old.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_hold_is_not_taken_back_and_the_reason_is_said() {
    let (mut world, removal) = with_a_removal().await;
    world.map(&["old.test"]).await;
    let wanted = told(&world, &["history", "undo", &removal]).await;
    assert!(
        wanted.contains("mapping 10 of site 2 wants it, so the next pass adds it anyway"),
        "{wanted}"
    );
    for (id, said) in [("2", "event 2 is no removal"), ("999", "there is no event 999")] {
        let refused = ran(&world, &["history", "undo", id]).await;
        assert_eq!(refused.code, 64);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    world.unmap("old.test").await;
    let mut mirror = for_world_with(&world, "[sync]\nremoval = \"mirror\"\n");
    mirror.args(["history", "undo", &removal, "--yes"]);
    let mirror = run_for(mirror).await;
    assert_eq!(mirror.code, 64);
    insta::assert_snapshot!(without_place(&world, &mirror.stderr), @r#"error: nothing was done: removal = "mirror" takes away what no row wants, so old.test would go again. Map it again in WordPress, or name it in sync.keep and add it in RunCloud"#);
    told(&world, &["history", "undo", &removal, "--yes"]).await;
    world.policy.removal = Removal::Mirror;
    world.converge().await;
    assert!(!world.names().contains(&"old.test".to_owned()));
    assert!(world.known().await.restores.is_empty());
}

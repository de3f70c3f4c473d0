//! What stands between a name that is gone from the tables and its removal.

use std::time::Duration;

use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::reconcile::plan::Removal;
use runcloud_domain_sync::reconcile::{Grace, Guard};
use runcloud_domain_sync::simulator::{Effect, Fault, Kind, Stage};

use crate::support::world::World;

const HOUR: Duration = Duration::from_hours(1);

/// A world with so many mapped names, all of them in RunCloud and owned.
async fn world_of(count: usize) -> World {
    let world = World::new().await;
    let names: Vec<String> = (0..count).map(name).collect();
    world.map(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.converge().await;
    world.runcloud.forget_calls();
    world
}

fn name(number: usize) -> String {
    format!("n{number:02}.test")
}

fn domain(number: usize) -> Domain {
    Domain::parse(&name(number)).unwrap()
}

async fn unmap(world: &World, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        world.unmap(&name(number)).await;
    }
}

fn removals(world: &World) -> usize {
    world.writes().iter().filter(|write| write.starts_with("DELETE")).count()
}

#[tokio::test]
async fn rows_that_are_gone_in_a_transaction_that_is_open_are_there() {
    let world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await;
    world.converge().await;
    let row = "DELETE FROM wp_wu_domain_mappings WHERE domain = 'a.test'";
    let open = world.tables.run_open(&format!("START TRANSACTION; {row}")).await;
    world.rest().await;
    drop(open);
    world.sql(row).await;
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test]
async fn a_plan_over_the_budget_is_blocked_as_one_and_its_additions_go_on() {
    let world = world_of(59).await;
    unmap(&world, 0..14).await;
    world.map(&["new.test"]).await;
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), report.removed.len(), removals(&world)), (1, 0, 0));
    let blocked = report.blocked.unwrap();
    insta::assert_snapshot!(blocked.message("runcloud-domain-sync"), @"14 of 60 managed names would be removed; the limit is 12 in 24 h. Look: runcloud-domain-sync plan. Let it through once: runcloud-domain-sync approve d527e1286dddcdfd");
    let json = serde_json::to_value(&blocked).unwrap();
    assert_eq!(
        (&json["guard"], &json["planned"], &json["limit"]),
        (&"budget".into(), &14.into(), &12.into())
    );
    world.rest().await;
}

#[tokio::test]
async fn the_budget_slides_and_counts_what_was_removed_before() {
    let mut world = world_of(30).await;
    unmap(&world, 0..6).await;
    world.converge().await;
    unmap(&world, 6..11).await;
    assert!(world.pass().await.unwrap().blocked.is_some(), "6 and 5 are more than 10");
    world.later(HOUR * 23);
    assert!(world.pass().await.unwrap().blocked.is_some());
    world.later(HOUR);
    assert_eq!(world.pass().await.unwrap().removed.len(), 5);
}

#[tokio::test]
async fn a_wall_clock_that_jumps_gives_no_new_budget() {
    for jump in [-40, 40, 4_000_000] {
        let mut world = world_of(20).await;
        unmap(&world, 0..8).await;
        world.converge().await;
        unmap(&world, 8..12).await;
        world.jump(jump * 3_600);
        assert!(world.pass().await.unwrap().blocked.is_some(), "{jump} h");
        world.later(HOUR * 24);
        assert_eq!(world.pass().await.unwrap().removed.len(), 4, "{jump} h");
    }
}

#[tokio::test]
async fn not_even_a_few_names_go_when_they_are_all() {
    let world = world_of(2).await;
    // Their sites are gone, and so is the one whose own name is ours.
    world
        .sql(
            "UPDATE wp_wu_domain_mappings SET blog_id = 99; DELETE FROM wp_blogs WHERE blog_id = 2",
        )
        .await;
    let blocked = world.pass().await.unwrap().blocked.unwrap();
    assert_eq!((blocked.guard, blocked.names.len(), removals(&world)), (Guard::Everything, 3, 0));
}

#[tokio::test]
async fn the_one_name_of_a_small_network_may_be_changed_for_another() {
    let world = World::new().await.with(|runcloud| runcloud.detach("shop.network.test"));
    world.sql("DELETE FROM wp_blogs WHERE blog_id = 2; UPDATE wp_blogs SET path = '/x/'").await;
    world.row(1, "old.test", 1, "done").await;
    world.converge().await;
    world.sql("UPDATE wp_wu_domain_mappings SET domain = 'new.test'").await;
    world.converge().await;
    assert_eq!(world.names(), ["network.test", "new.test"]);
}

#[tokio::test]
async fn an_approval_lets_exactly_its_names_through_once() {
    let world = world_of(40).await;
    unmap(&world, 0..15).await;
    world.pass().await.unwrap();
    world.approve(HOUR).await;
    assert!(world.plan().await.blocked.is_none(), "the plan shows what the approval lets through");
    let report = world.converge().await;
    assert_eq!((report.removed.len(), report.blocked), (15, None));
    // What was approved is spent, and does not count against the budget.
    unmap(&world, 15..21).await;
    assert_eq!(world.converge().await.removed.len(), 6);
    unmap(&world, 21..33).await;
    assert!(world.pass().await.unwrap().blocked.is_some());
}

#[tokio::test]
async fn an_approval_of_another_set_of_names_lets_nothing_through() {
    let world = world_of(40).await;
    unmap(&world, 0..15).await;
    world.approve(HOUR).await;
    world.map(&[&name(3)]).await;
    assert!(world.pass().await.unwrap().blocked.is_some(), "one fewer");
    unmap(&world, [3, 20]).await;
    assert!(world.pass().await.unwrap().blocked.is_some(), "one more");
    assert_eq!(removals(&world), 0);
    world.map(&[&name(20)]).await;
    assert!(world.pass().await.unwrap().blocked.is_some(), "the same again is another plan");
}

#[tokio::test]
async fn an_approval_ends_by_whichever_clock_is_first() {
    for (later, jump) in [(HOUR, 0), (Duration::ZERO, 3_600), (HOUR, -7_200)] {
        let mut world = world_of(30).await;
        unmap(&world, 0..11).await;
        world.approve(HOUR).await;
        world.later(later);
        world.jump(jump);
        assert!(world.pass().await.unwrap().blocked.is_some(), "{later:?} {jump}");
    }
}

#[tokio::test]
async fn a_truncated_table_is_not_believed_even_when_it_has_rows_again() {
    let world = world_of(4).await;
    world.sql("TRUNCATE wp_wu_domain_mappings").await;
    world.map(&["n00.test", "new.test"]).await;
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), removals(&world)), (1, 0));
    insta::assert_snapshot!(world.plan_text().await, @"
    ! n01.test  blocked: mapping 9 is gone
    ! n02.test  blocked: mapping 10 is gone
    ! n03.test  blocked: mapping 11 is gone
    blocked: 3 of 6 managed names would be removed, but the mapping table's AUTO_INCREMENT is not above id 11, which was there: it was truncated, or an older copy of it restored
    let it through once: runcloud-domain-sync approve 0c80cbeb2479da31
    3 wanted, 7 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 0 held, 0 unmanaged, 0 rejected
    ");
    // An operator who knows better lets it through, and from then on the new ids count.
    world.approve(HOUR).await;
    assert_eq!(world.pass().await.unwrap().removed.len(), 3);
    unmap(&world, [0]).await;
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test]
async fn an_older_copy_of_the_table_is_not_believed() {
    let world = world_of(3).await;
    world.sql("CREATE TABLE wp_copy LIKE wp_wu_domain_mappings; INSERT INTO wp_copy SELECT * FROM wp_wu_domain_mappings").await;
    world.map(&["later.test"]).await;
    world.converge().await;
    world
        .sql("DROP TABLE wp_wu_domain_mappings; RENAME TABLE wp_copy TO wp_wu_domain_mappings")
        .await;
    let report = world.pass().await.unwrap();
    assert_eq!((report.blocked.unwrap().guard, removals(&world)), (Guard::Unproven, 0));
}

#[tokio::test]
async fn a_listing_without_a_primary_removes_and_forgets_nothing() {
    let world = world_of(3).await;
    unmap(&world, [0]).await;
    world.map(&["new.test"]).await;
    world.runcloud.model().detach("network.test");
    world.runcloud.model().detach("n01.test");
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), removals(&world)), (2, 0));
    assert!(report.notices[0].contains("no primary"), "{:?}", report.notices);
    insta::assert_snapshot!(world.plan_text().await, @"
    = n00.test  held: mapping 8 is gone, but RunCloud lists no primary domain: not believed
    4 wanted, 5 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 1 held, 0 unmanaged, 0 rejected
    ");
    world.runcloud.model().attach("network.test", Kind::Primary);
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test]
async fn an_empty_listing_adds_new_names_only() {
    let world = world_of(3).await;
    world.map(&["new.test"]).await;
    let names: Vec<String> = world.names();
    for name in &names {
        world.runcloud.model().detach(name);
    }
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), removals(&world)), (1, 0));
    assert!(report.notices[0].contains("no domain at all"), "{:?}", report.notices);
}

#[tokio::test]
async fn a_daemon_removes_only_what_stays_missing_and_forgets_what_comes_back() {
    let mut world = world_of(3).await;
    let mut grace = Grace::new(HOUR);
    unmap(&world, [0, 1]).await;
    assert_eq!(world.pass_with(&mut grace).await.unwrap().removed.len(), 0);
    assert!(grace.next(&world.now).is_some());
    world.map(&[&name(0)]).await;
    world.later(HOUR / 2);
    assert_eq!(world.pass_with(&mut grace).await.unwrap().removed.len(), 0);
    unmap(&world, [0]).await;
    world.pass_with(&mut grace).await.unwrap();
    world.later(HOUR / 2);
    assert_eq!(world.pass_with(&mut grace).await.unwrap().removed, [domain(1)]);
    world.later(HOUR / 2);
    assert_eq!(world.pass_with(&mut grace).await.unwrap().removed, [domain(0)]);
}

/// A world with so many names that serve their mapped `www.` too.
async fn world_with_www(count: usize) -> World {
    let world = World::new().await;
    for number in 0..count {
        world.map(&[&name(number), &format!("www.{}", name(number))]).await;
    }
    world.converge().await;
    world.runcloud.forget_calls();
    world
}

#[tokio::test]
async fn a_www_that_is_taken_back_counts_as_a_removal() {
    let mut world = world_with_www(20).await;
    world.sql("DELETE FROM wp_wu_domain_mappings WHERE domain LIKE 'www.%'").await;
    let blocked = world.pass().await.unwrap().blocked.unwrap();
    assert_eq!((blocked.guard, blocked.names.len()), (Guard::Budget, 20));
    assert_eq!(world.writes(), Vec::<String>::new());
    world.policy.removal = Removal::Never;
    let report = world.pass().await.unwrap();
    assert_eq!((report.blocked, report.updated.len()), (None, 0));
    world.policy.removal = Removal::Owned;
    world.approve(HOUR).await;
    assert_eq!(world.converge().await.updated.len(), 20);
    assert!(!world.names().iter().any(|name| name.ends_with("+www")));
}

#[tokio::test]
async fn a_www_that_stays_missing_is_taken_back_after_the_grace() {
    let mut world = world_with_www(3).await;
    let mut grace = Grace::new(HOUR);
    world.unmap("www.n00.test").await;
    assert_eq!(world.pass_with(&mut grace).await.unwrap().updated.len(), 0);
    world.later(HOUR);
    assert_eq!(world.pass_with(&mut grace).await.unwrap().updated, [domain(0)]);
}

#[tokio::test]
async fn what_an_approval_left_over_counts_again_when_it_has_ended() {
    let mut world = world_of(40).await;
    unmap(&world, 0..15).await;
    world.approve(HOUR).await;
    let broken = Fault::on("DELETE", "/domains/").status(503).skip(1).always();
    world.runcloud.model().faults.push(broken);
    assert!(world.pass().await.is_err());
    world.runcloud.model().faults.clear();
    world.later(HOUR * 2);
    let report = world.pass().await.unwrap();
    assert_eq!((report.removed.len(), report.blocked.unwrap().names.len()), (0, 14));
}

#[tokio::test]
async fn a_name_that_comes_back_while_runcloud_is_away_is_waited_for_afresh() {
    let mut world = world_of(3).await;
    let mut grace = Grace::new(HOUR);
    unmap(&world, [0]).await;
    world.pass_with(&mut grace).await.unwrap();
    world.map(&[&name(0)]).await;
    let away = Fault::on("GET", "/domains").status(503).always();
    world.runcloud.model().faults.push(away);
    assert!(world.pass_with(&mut grace).await.is_err());
    world.runcloud.model().faults.clear();
    unmap(&world, [0]).await;
    world.later(HOUR);
    assert_eq!(world.pass_with(&mut grace).await.unwrap().removed.len(), 0);
}

#[tokio::test]
async fn a_name_that_comes_back_while_the_pass_is_at_work_is_not_removed() {
    let world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await;
    world.converge().await;
    world.unmap("a.test").await;
    world.map(&["new.test"]).await;
    let hang = Fault::at("POST", "/domains").with(Effect::HangAfter(Duration::from_hours(1)));
    world.runcloud.model().faults.push(hang);
    let mut number = world.runcloud.calls().last().unwrap().number + 1;
    world.runcloud.forget_calls();
    let addition = async {
        while world.writes().is_empty() {
            world.runcloud.until(number, Stage::Arrived).await;
            number += 1;
        }
        world.runcloud.until(number - 1, Stage::Done).await;
        world.map(&["a.test"]).await;
        world.runcloud.resume();
    };
    let (report, ()) = tokio::join!(world.pass(), addition);
    let report = report.unwrap();
    assert_eq!((report.added.len(), report.removed.len()), (1, 0));
    assert_eq!((report.failed.len(), report.notices.len()), (0, 0), "nobody hears of it");
    assert_eq!(world.writes(), ["POST /domains", "PUT /ssl/694"]);
    world.rest().await;
}

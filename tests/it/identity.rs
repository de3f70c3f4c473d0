//! Lists of domains in which an entry has another name than it had: its id tells what it is.

use std::time::Duration;

use runcloud_domain_sync::ledger::IntentAction;
use runcloud_domain_sync::reconcile::plan::HeldReason;
use runcloud_domain_sync::simulator::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::world::World;

/// A world with these names mapped, all of them owned and their entries known.
async fn world_of(names: &[&str]) -> World {
    let world = World::new().await.mapped(names).await;
    world.converge().await;
    world.runcloud.forget_calls();
    world
}

/// Lets every list of domains be changed so, until faults are cleared.
fn spoil(world: &World, change: fn(&mut Value)) {
    let fault = Fault::at("GET", "/domains").with(Effect::Edit(change)).always();
    world.runcloud.model().faults.push(fault);
}

fn mend(world: &World) {
    world.runcloud.model().faults.clear();
}

/// `a.test` has another name.
fn rename_a(body: &mut Value) {
    for row in body["data"].as_array_mut().unwrap() {
        if row["name"] == "a.test" {
            row["name"] = "same.test".into();
        }
    }
}

/// `a.test` and `b.test` have each other's name.
fn swap_a_and_b(body: &mut Value) {
    for row in body["data"].as_array_mut().unwrap() {
        let name = match row["name"].as_str() {
            Some("a.test") => "b.test",
            Some("b.test") => "a.test",
            _ => continue,
        };
        row["name"] = name.into();
    }
}

#[tokio::test]
async fn an_addition_of_a_name_that_was_there_all_along_changes_nothing_of_it() {
    let world = world_of(&["a.test", "www.a.test", "b.test"]).await;
    let before = world.known().await;
    world.unmap("www.a.test").await;
    spoil(&world, rename_a);
    world.pass().await.unwrap();
    assert_eq!(world.writes(), ["POST /domains"], "as if somebody had removed it");
    mend(&world);
    let report = world.converge().await;
    assert_eq!(
        report.updated.len(),
        1,
        "the www that this program set is still its own to take back"
    );
    assert_eq!(world.names(), ["a.test", "b.test", "network.test", "shop.network.test"]);
    let after = world.known().await;
    assert_eq!(after.repairs, before.repairs, "nothing was repaired");
    assert_eq!((world.orders(), world.owed().await), (1, 0), "and no certificate is owed for it");
}

#[tokio::test]
async fn a_list_that_does_not_have_a_name_once_repairs_nothing_and_orders_nothing() {
    let world = world_of(&["a.test", "b.test"]).await;
    let before = world.known().await;
    spoil(&world, rename_a);
    world.pass().await.unwrap();
    mend(&world);
    world.converge().await;
    let after = world.known().await;
    assert_eq!((after.owned, after.repairs.len()), (before.owned, 0));
    assert_eq!((world.owed().await, after.failures.len(), world.orders()), (0, 0, 1));
}

#[tokio::test]
async fn so_it_is_where_its_entry_was_never_listed_yet() {
    let world = World::new().await.mapped(&["a.test", "www.a.test"]).await;
    world.pass().await.unwrap();
    world.unmap("www.a.test").await;
    spoil(&world, rename_a);
    world.pass().await.unwrap();
    mend(&world);
    assert_eq!(world.converge().await.updated.len(), 1);
}

#[tokio::test]
async fn an_addition_that_was_refused_is_looked_up_and_changes_nothing_of_what_was_there() {
    let world = world_of(&["a.test", "www.a.test", "b.test"]).await;
    let known = world.known().await;
    world.unmap("www.a.test").await;
    let once = Fault::at("GET", "/domains").with(Effect::Edit(rename_a));
    world.runcloud.model().faults.push(once);
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), report.failed.len()), (0, 0), "the second list has it");
    assert_eq!(world.known().await.owned, known.owned);
    assert_eq!(world.converge().await.updated.len(), 1);
}

#[tokio::test]
async fn an_addition_of_a_name_that_was_gone_is_settled_by_its_new_entry() {
    let world = world_of(&["a.test", "b.test"]).await;
    let before = world.known().await;
    world.runcloud.model().detach("a.test");
    let away = Fault::at("GET", "/domains").status(503).skip(1).always();
    let lost = Fault::at("POST", "/domains").with(Effect::ResetAfter).always();
    world.runcloud.model().faults.extend([lost, away]);
    assert!(world.pass().await.is_err());
    mend(&world);
    world.converge().await;
    let after = world.known().await;
    assert_eq!(
        (after.repairs.len(), world.orders()),
        (1, 2),
        "it was repaired, and its certificate ordered"
    );
    assert_ne!(after.owned, before.owned, "under another id");
}

#[tokio::test]
async fn a_removal_is_not_done_while_its_entry_is_listed_under_another_name() {
    let world = world_of(&["a.test", "b.test"]).await;
    world.unmap("a.test").await;
    world.intend("a.test", IntentAction::Remove).await;
    spoil(&world, rename_a);
    for _ in 0..5 {
        world.pass().await.unwrap();
    }
    assert!(world.names().contains(&"a.test".to_owned()));
    mend(&world);
    assert_eq!(world.converge().await.removed.len(), 1, "it is still ours to remove");
}

/// `a.test` is not in the list, nor counted.
fn leave_out_a(body: &mut Value) {
    let rows = body["data"].as_array_mut().unwrap();
    rows.retain(|row| row["name"] != "a.test");
    body["meta"]["pagination"]["total"] = rows.len().into();
}

#[tokio::test]
async fn a_removal_that_one_short_list_seems_to_show_is_made_when_the_name_shows_again() {
    let world = world_of(&["a.test", "b.test"]).await;
    world.unmap("a.test").await;
    world.intend("a.test", IntentAction::Remove).await;
    spoil(&world, leave_out_a);
    assert!(world.pass().await.unwrap().is_idle());
    let known = world.known().await;
    assert_eq!((known.intents.len(), known.removals.len()), (0, 1), "it is settled, and counted");
    mend(&world);
    assert_eq!(world.converge().await.removed.len(), 1, "and is still ours");
}

#[tokio::test]
async fn a_removal_that_a_crash_cut_off_is_settled_and_forgotten_when_three_lists_show_it() {
    let world = world_of(&["a.test", "b.test"]).await;
    world.unmap("a.test").await;
    world.intend("a.test", IntentAction::Remove).await;
    world.runcloud.model().detach("a.test");
    let mut owned = vec![];
    for _ in 0..3 {
        assert!(world.pass().await.unwrap().is_idle());
        owned.push(world.known().await.owned.len());
    }
    assert_eq!(owned, [3, 3, 2]);
}

#[tokio::test]
async fn a_certificate_stays_owed_while_a_short_list_does_not_have_its_name() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let refuse = Fault::on("PUT", "/ssl").status(422).always();
    world.runcloud.model().faults.push(refuse);
    world.pass().await.unwrap();
    spoil(&world, leave_out_a);
    for _ in 0..3 {
        world.pass().await.unwrap();
    }
    mend(&world);
    world.pass().await.unwrap();
    assert_eq!(world.owed().await, 1);
}

#[tokio::test]
async fn nothing_is_removed_or_changed_by_the_id_of_another_name() {
    let world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.unmap("a.test").await;
    world.map(&["www.b.test"]).await;
    spoil(&world, swap_a_and_b);
    let report = world.pass().await.unwrap();
    assert_eq!((report.removed.len(), report.updated.len()), (0, 0));
    assert_eq!(world.writes(), Vec::<String>::new());
    insta::assert_snapshot!(world.plan_text().await, @"
    = a.test  held: mapping 8 is gone, but RunCloud lists it as entry 698, which is b.test's: not believed
    = b.test  held: www on: mapping 9 of site 2, but RunCloud lists it as entry 697, which is a.test's: not believed
    4 wanted, 5 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 2 held, 0 unmanaged, 0 rejected
    ");
    assert_eq!(world.plan().await.held[0].reason, HeldReason::Unproven);
    mend(&world);
    let report = world.converge().await;
    assert_eq!((report.removed.len(), report.updated.len()), (1, 1));
    assert_eq!(world.names(), ["b.test+www", "c.test", "network.test", "shop.network.test"]);
}

#[tokio::test]
async fn what_three_lists_in_a_row_say_is_believed() {
    let world = world_of(&["a.test", "b.test"]).await;
    world.unmap("a.test").await;
    for domain in &mut world.runcloud.model().app.domains {
        domain.name = match domain.name.as_str() {
            "a.test" => "b.test".into(),
            "b.test" => "a.test".into(),
            _ => continue,
        };
    }
    for _ in 0..3 {
        assert_eq!(world.pass().await.unwrap().removed.len(), 0);
    }
    assert_eq!(world.converge().await.removed.len(), 1);
    assert_eq!(world.names(), ["b.test", "network.test", "shop.network.test"]);
}

#[tokio::test]
async fn an_entry_that_somebody_removed_and_added_again_is_removed_with_its_row() {
    let world = world_of(&["a.test", "b.test"]).await;
    {
        let mut model = world.runcloud.model();
        model.detach("a.test");
        model.attach("a.test", runcloud_domain_sync::simulator::Kind::Alias);
    }
    world.unmap("a.test").await;
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test]
async fn an_entry_is_asked_for_its_own_name_before_it_is_removed() {
    let mut world = world_of(&["a.test", "b.test", "c.test"]).await;
    let before = world.names();
    spoil(&world, swap_a_and_b);
    for _ in 0..4 {
        world.pass().await.unwrap();
    }
    // The list is believed by now.
    world.unmap("a.test").await;
    let report = world.pass().await.unwrap();
    assert_eq!(report.removed, []);
    assert!(report.failed[0].detail.contains("has the name b.test"), "{:?}", report.failed);
    assert_eq!(world.names(), before);
    mend(&world);
    for _ in 0..6 {
        world.later(Duration::from_hours(30));
        world.pass().await.unwrap();
    }
    assert_eq!(world.names(), ["b.test", "c.test", "network.test", "shop.network.test"]);
}

#[tokio::test]
async fn an_entry_that_does_not_say_its_name_is_removed_by_the_list() {
    for body in [json!({}), json!({ "data": [] }), json!({ "data": { "name": "a.test" } })] {
        let world = world_of(&["a.test", "b.test"]).await;
        let shown = Fault::on("GET", "/domains/").answer(200, &body).always();
        world.runcloud.model().faults.push(shown);
        world.unmap("a.test").await;
        assert_eq!(world.pass().await.unwrap().removed.len(), 1, "{body}");
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_removed_once_it_can() {
    let mut world = world_of(&["a.test", "b.test"]).await;
    world.runcloud.model().faults.push(Fault::on("GET", "/domains/").status(500).always());
    world.unmap("a.test").await;
    let report = world.pass().await.unwrap();
    assert_eq!((report.removed.len(), report.failed.len()), (0, 1));
    mend(&world);
    world.later(Duration::from_mins(1));
    assert_eq!(world.pass().await.unwrap().removed.len(), 1);
}

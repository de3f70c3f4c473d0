//! Lists of domains in which an entry has another name than it had: its id tells what it is.

use std::time::Duration;

use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::{Cause, IntentAction, Known, Ledger, Restore};
use runcloud_domain_sync::reconcile::Order;
use runcloud_domain_sync::reconcile::plan::HeldReason;
use runcloud_domain_sync::simulator::{Effect, Fault, Kind, Model, Reply, Ssl};
use serde_json::{Value, json};

use crate::support::world::{BINDING, World};

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
pub fn rename_a(body: &mut Value) {
    rename(body, |name| (name == "a.test").then_some("same.test"));
}

/// Rows have another name, those that are given one.
fn rename(body: &mut Value, other: impl Fn(&str) -> Option<&'static str>) {
    for row in body["data"].as_array_mut().unwrap() {
        if let Some(other) = row["name"].as_str().and_then(&other) {
            row["name"] = other.into();
        }
    }
}

/// `a.test` has an id that no entry has.
fn give_a_an_id_of_nobody(body: &mut Value) {
    for row in body["data"].as_array_mut().unwrap() {
        if row["name"] == "a.test" {
            row["id"] = 9_000.into();
        }
    }
}

/// `a.test` and `b.test` have each other's name.
pub fn swap_a_and_b(body: &mut Value) {
    rename(body, other_of_a_and_b);
}

fn other_of_a_and_b(name: &str) -> Option<&'static str> {
    match name {
        "a.test" => Some("b.test"),
        "b.test" => Some("a.test"),
        _ => None,
    }
}

/// No entry serves its `www.`.
fn without_www(body: &mut Value) {
    for row in body["data"].as_array_mut().unwrap() {
        row["www"] = 0.into();
    }
}

/// No entry redirects.
fn without_redirection(body: &mut Value) {
    for row in body["data"].as_array_mut().unwrap() {
        row["redirection"] = "none".into();
    }
}

fn domain(name: &str) -> Domain {
    Domain::parse(name).unwrap()
}

#[tokio::test]
async fn an_addition_of_a_name_that_was_there_all_along_changes_nothing_of_it() {
    let world = world_of(&["a.test", "www.a.test", "b.test"]).await;
    let before = world.known().await;
    world.unmap("www.a.test").await;
    spoil_silently(&world, rename_a);
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
    spoil_silently(&world, rename_a);
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
    let silent =
        Fault::at("POST", "/domains").with(Effect::AfterStatus(Reply::json(200, "{}".into())));
    world.runcloud.model().faults.push(silent.always());
    world.pass().await.unwrap();
    mend(&world);
    world.unmap("www.a.test").await;
    spoil_silently(&world, rename_a);
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
    without_entries(&world);
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
    spoil_silently(&world, leave_out_a);
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

/// Entries do not show themselves: an API without that call.
fn without_entries(world: &World) {
    world.runcloud.model().faults.push(Fault::on("GET", "/domains/").status(404).always());
}

/// Lets `a.test` and `b.test` have each other's entry, as nobody should.
pub fn swap_entries(model: &mut Model) {
    for one in &mut model.app.domains {
        if let Some(other) = other_of_a_and_b(&one.name) {
            one.name = other.into();
        }
    }
}

/// The same where they do not show themselves.
fn spoil_silently(world: &World, change: fn(&mut Value)) {
    spoil(world, change);
    without_entries(world);
}

/// The reads of single entries since the calls were last forgotten.
fn asked(world: &World) -> usize {
    let calls = world.runcloud.calls();
    let is_one = |path: &str| path.contains("/domains/") && !path.ends_with("/ssl");
    calls.iter().filter(|call| call.method == "GET" && is_one(&call.path)).count()
}

#[tokio::test]
async fn a_list_that_an_entry_contradicts_changes_nothing_of_what_is_there() {
    let world = world_of(&["a.test", "b.test", "c.test"]).await;
    let before = world.known().await;
    world.unmap("a.test").await;
    world.map(&["www.b.test", "www.c.test", "new.test"]).await;
    spoil(&world, swap_a_and_b);
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), report.removed.len(), report.updated.len()), (1, 0, 0));
    assert_eq!((world.writes(), asked(&world)), (vec!["POST /domains".to_owned()], 1));
    let due = domain("new.test");
    assert!(matches!(&report.certificate, Order::Waiting { names, .. } if names.contains(&due)));
    assert_eq!(report.again, Some(Duration::from_mins(1)), "it is read again soon");
    insta::assert_snapshot!(report.notices.join("\n"), @"names are added, and nothing else is done: RunCloud's list says otherwise than its entries say of themselves, and is not believed");
    insta::assert_snapshot!(world.plan_text().await, @"
    = a.test  held: mapping 8 is gone, but RunCloud lists it as entry 698, which is b.test's: not believed
    = b.test  held: www on: mapping 9 of site 2, but RunCloud lists it as entry 697, which is a.test's: not believed
    = c.test  held: www on: mapping 10 of site 2, but entry 698 is b.test by its own word, and RunCloud lists it as a.test: not believed
    6 wanted, 6 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 3 held, 0 unmanaged, 0 rejected
    ");
    assert!(world.plan().await.held.iter().all(|held| held.reason == HeldReason::Unproven));
    for _ in 0..4 {
        world.pass().await.unwrap();
    }
    let ids = |known: &Known| known.owned.get(&domain("a.test")).map(|owned| owned.id);
    assert_eq!(ids(&world.known().await), ids(&before), "it is never believed");
    mend(&world);
    let report = world.converge().await;
    assert_eq!((report.removed.len(), report.updated.len()), (1, 2));
    let names = ["b.test+www", "c.test+www", "network.test", "new.test", "shop.network.test"];
    assert_eq!(world.names(), names);
}

#[tokio::test]
async fn an_entry_that_confirms_the_list_is_believed_at_once() {
    let world = world_of(&["a.test", "b.test"]).await;
    swap_entries(&mut world.runcloud.model());
    world.unmap("a.test").await;
    assert_eq!(world.pass().await.unwrap().removed.len(), 1);
    assert_eq!(asked(&world), 3, "each of the two, and the one that goes once more");
    world.rest().await;
    assert_eq!(world.names(), ["b.test", "network.test", "shop.network.test"]);
}

#[tokio::test]
async fn what_was_known_of_the_certificate_of_another_entry_is_not_known_any_more() {
    let world = world_of(&["a.test", "b.test"]).await;
    let is_covered = |known: &Known| known.certificates[&domain("b.test")].is_covered();
    world.runcloud.model().app.ssl = Ssl::Advanced { auto: false, certificates: [].into() };
    assert!(is_covered(&world.known().await));
    swap_entries(&mut world.runcloud.model());
    let report = world.pass().await.unwrap();
    assert!(matches!(&report.certificate, Order::Ordered { names } if names.len() == 2));
}

#[tokio::test]
async fn nor_of_that_of_an_entry_that_somebody_removed_and_added_again() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    let certificates = [].into();
    world.runcloud.model().app.ssl = Ssl::Advanced { auto: false, certificates };
    world.pass().await.unwrap();
    world.runcloud.model().detach("a.test");
    world.runcloud.model().attach("a.test", Kind::Alias);
    let plan = world.plan().await;
    assert_eq!(plan.due.keys().collect::<Vec<_>>(), [&domain("a.test")]);
    let report = world.pass().await.unwrap();
    assert!(
        matches!(&report.certificate, Order::Ordered { names } if *names == [domain("a.test")])
    );
}

#[tokio::test]
async fn a_name_whose_entry_is_another_names_by_its_own_word_is_missing() {
    let world = world_of(&["a.test", "b.test"]).await;
    for one in &mut world.runcloud.model().app.domains {
        if one.name == "a.test" {
            one.name = "renamed.test".into();
        }
    }
    assert_eq!(world.pass().await.unwrap().added, [domain("a.test")]);
    assert_eq!(world.plan().await.unmanaged.iter().collect::<Vec<_>>(), ["renamed.test"]);
}

#[tokio::test]
async fn where_entries_do_not_show_themselves_nothing_is_done_by_the_id_of_another_name() {
    let world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.unmap("a.test").await;
    world.map(&["www.b.test"]).await;
    spoil(&world, swap_a_and_b);
    without_entries(&world);
    let report = world.pass().await.unwrap();
    assert_eq!((report.removed.len(), report.updated.len()), (0, 0));
    assert_eq!(world.writes(), Vec::<String>::new());
    insta::assert_snapshot!(world.plan_text().await, @"
    = a.test  held: mapping 8 is gone, but RunCloud lists it as entry 698, which is b.test's: not believed
    = b.test  held: www on: mapping 9 of site 2, but RunCloud lists it as entry 697, which is a.test's: not believed
    4 wanted, 5 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 2 held, 0 unmanaged, 0 rejected
    ");
    mend(&world);
    without_entries(&world);
    let report = world.converge().await;
    assert_eq!((report.removed.len(), report.updated.len()), (1, 1));
    assert_eq!(world.names(), ["b.test+www", "c.test", "network.test", "shop.network.test"]);
}

#[tokio::test]
async fn what_three_lists_in_a_row_say_is_believed_there() {
    let world = world_of(&["a.test", "b.test"]).await;
    without_entries(&world);
    world.unmap("a.test").await;
    swap_entries(&mut world.runcloud.model());
    for _ in 0..3 {
        assert_eq!(world.pass().await.unwrap().removed.len(), 0);
    }
    assert_eq!(world.converge().await.removed.len(), 1);
    assert_eq!(world.names(), ["b.test", "network.test", "shop.network.test"]);
}

#[tokio::test]
async fn what_was_believed_wrongly_there_is_put_right_by_the_entries_once_they_show_themselves() {
    let mut world = world_of(&["a.test", "b.test", "c.test"]).await;
    let before = world.names();
    spoil(&world, swap_a_and_b);
    without_entries(&world);
    for _ in 0..4 {
        world.pass().await.unwrap();
    }
    world.unmap("a.test").await;
    mend(&world);
    spoil(&world, swap_a_and_b);
    // The list and the ledger agree by now, and only the entry that is to go says otherwise.
    let report = world.pass().await.unwrap();
    assert_eq!(report.removed, []);
    assert!(report.failed[0].detail.contains("has the name b.test"), "{:?}", report.failed);
    assert_eq!(world.names(), before);
    mend(&world);
    world.later(Duration::from_hours(1));
    assert_eq!(world.converge().await.removed.len(), 1);
    assert_eq!(world.names(), ["b.test", "c.test", "network.test", "shop.network.test"]);
}

#[tokio::test]
async fn an_entry_that_somebody_removed_and_added_again_is_removed_with_its_row() {
    let world = world_of(&["a.test", "b.test"]).await;
    {
        let mut model = world.runcloud.model();
        model.detach("a.test");
        model.attach("a.test", Kind::Alias);
    }
    world.unmap("a.test").await;
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test]
async fn an_entry_is_not_removed_that_serves_its_www_unlike_the_list_says() {
    let mut world = world_of(&["a.test", "www.a.test", "b.test"]).await;
    world.unmap("a.test").await;
    world.sql("UPDATE wp_wu_domain_mappings SET active = 0 WHERE domain = 'www.a.test'").await;
    spoil(&world, without_www);
    let report = world.pass().await.unwrap();
    assert!(report.failed[0].detail.contains("serves its www"), "{:?}", report.failed);
    assert_eq!(world.writes(), Vec::<String>::new());
    mend(&world);
    world.later(Duration::from_hours(1));
    world.converge().await;
    assert!(world.names().contains(&"a.test+www".to_owned()), "the row of its www keeps it");
}

#[tokio::test]
async fn a_redirect_is_not_changed_although_the_list_calls_it_an_alias() {
    let world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.unmap("a.test").await;
    world.map(&["www.b.test"]).await;
    let types = [("network.test", Kind::Primary), ("c.test", Kind::Alias)];
    for one in &mut world.runcloud.model().app.domains {
        one.kind = types
            .iter()
            .find(|(name, _)| one.name == *name)
            .map_or(Kind::Redirect, |(_, kind)| *kind);
    }
    spoil(&world, |body| {
        for row in body["data"].as_array_mut().unwrap() {
            row["type"] = if row["name"] == "network.test" { "primary" } else { "alias" }.into();
        }
    });
    let report = world.pass().await.unwrap();
    assert_eq!(report.failed.len(), 2);
    assert!(report.failed[0].detail.contains("is a redirect"), "{:?}", report.failed);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_change_of_www_keeps_the_redirection_that_the_entry_itself_has() {
    let world = world_of(&["a.test", "b.test"]).await;
    world.map(&["www.a.test"]).await;
    for one in &mut world.runcloud.model().app.domains {
        one.redirection = "non-www".into();
    }
    spoil(&world, without_redirection);
    assert_eq!(world.pass().await.unwrap().updated.len(), 1);
    let model = world.runcloud.model();
    let changed = model.domain("a.test").unwrap();
    assert_eq!((changed.www, &*changed.redirection), (true, "non-www"));
}

#[tokio::test]
async fn the_primary_is_not_removed_although_the_list_calls_it_an_alias() {
    let world = world_of(&["a.test", "b.test"]).await;
    world.unmap("a.test").await;
    {
        let mut model = world.runcloud.model();
        for one in &mut model.app.domains {
            one.kind = if one.name == "a.test" { Kind::Primary } else { Kind::Alias };
        }
    }
    spoil(&world, |body| {
        for row in body["data"].as_array_mut().unwrap() {
            row["type"] = if row["name"] == "network.test" { "primary" } else { "alias" }.into();
        }
    });
    let report = world.pass().await.unwrap();
    assert!(report.failed[0].detail.contains("primary domain"), "{:?}", report.failed);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn the_id_of_an_added_name_is_known_from_runclouds_answer() {
    for (body, is_known) in [
        (json!({ "id": 900, "name": "a.test" }), true),
        (json!({ "data": { "id": "900", "name": "A.test" } }), true),
        (json!({ "id": 900, "name": "b.test" }), false),
        (json!({ "name": "a.test" }), false),
        (json!({ "message": "Domain added." }), false),
        (json!([]), false),
        (json!(null), false),
    ] {
        let world = World::new().await.mapped(&["a.test"]).await;
        let answer = Fault::at("POST", "/domains").answer(200, &body);
        world.runcloud.model().faults.push(answer);
        assert_eq!(world.pass().await.unwrap().added.len(), 1, "{body}");
        let id = world.known().await.owned[&domain("a.test")].id;
        assert_eq!(id, is_known.then_some(900), "{body}");
    }
}

#[tokio::test]
async fn a_name_just_added_is_ordered_for_without_another_list() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.runcloud.model().app.ssl = Ssl::Advanced { auto: false, certificates: [].into() };
    let report = world.pass().await.unwrap();
    assert!(matches!(&report.certificate, Order::Ordered { names } if names.len() >= 2));
    let lists = world.runcloud.calls();
    assert_eq!(
        lists.iter().filter(|call| call.method == "GET" && call.path.ends_with("/domains")).count(),
        1
    );
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
async fn an_api_that_does_not_show_single_entries_removes_them_all_the_same() {
    for code in [403, 404, 405] {
        let world = world_of(&["a.test", "b.test"]).await;
        let hidden = Fault::on("GET", "/domains/").status(code).always();
        world.runcloud.model().faults.push(hidden);
        world.unmap("a.test").await;
        world.map(&["www.b.test"]).await;
        let report = world.pass().await.unwrap();
        assert_eq!((report.removed.len(), report.updated.len()), (1, 1), "{code}");
    }
}

#[tokio::test]
async fn an_entry_that_must_not_be_read_keeps_nothing_else_from_being_done() {
    let world = world_of(&["a.test", "b.test"]).await;
    let hidden = Fault::on("GET", "/domains/").status(403).always();
    world.runcloud.model().faults.push(hidden);
    world.map(&["www.b.test", "c.test"]).await;
    swap_entries(&mut world.runcloud.model());
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), report.updated.len()), (1, 0));
    assert_eq!(world.orders(), 2, "the certificate too");
}

#[tokio::test]
async fn an_answer_about_another_entry_says_nothing_of_this_one() {
    let world = world_of(&["a.test", "b.test"]).await;
    let other = Fault::on("GET", "/domains/").answer(200, &json!({ "id": 1, "name": "b.test" }));
    world.runcloud.model().faults.push(other.always());
    swap_entries(&mut world.runcloud.model());
    world.map(&["c.test"]).await;
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), world.orders()), (1, 2), "the list is not contradicted");
}

/// A world whose two mappings are gone, which an operator let through.
async fn world_with_approval() -> World {
    let world = world_of(&["a.test", "b.test"]).await;
    world.unmap("a.test").await;
    world.unmap("b.test").await;
    world.unmap("shop.network.test").await;
    world.approve(Duration::from_hours(1)).await;
    world
}

#[tokio::test]
async fn a_list_that_is_not_believed_takes_no_approval_away() {
    let world = world_with_approval().await;
    spoil(&world, swap_a_and_b);
    world.pass().await.unwrap();
    assert!(world.known().await.approval.is_some());
    mend(&world);
    assert_eq!(world.pass().await.unwrap().removed.len(), 2);
}

#[tokio::test]
async fn an_approval_ends_with_the_first_name_that_comes_back_also_by_such_a_list() {
    let world = world_with_approval().await;
    spoil(&world, swap_a_and_b);
    world.map(&["b.test"]).await;
    world.pass().await.unwrap();
    assert_eq!(world.known().await.approval, None, "another plan than was looked at");
}

#[tokio::test]
async fn a_name_is_not_forgotten_by_lists_that_do_not_have_its_entry_while_that_is_there() {
    let mut world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.unmap("a.test").await;
    spoil(&world, leave_out_a);
    for _ in 0..5 {
        assert!(world.pass().await.unwrap().is_idle());
        world.later(Duration::from_mins(1));
    }
    mend(&world);
    assert_eq!(world.converge().await.removed, [domain("a.test")]);
}

#[tokio::test]
async fn nor_does_it_lose_its_approval_by_them() {
    let world = world_with_approval().await;
    spoil(&world, leave_out_a);
    world.pass().await.unwrap();
    assert!(world.known().await.approval.is_some());
    mend(&world);
    assert_eq!(world.pass().await.unwrap().removed.len(), 2);
}

#[tokio::test]
async fn an_id_that_no_entry_has_is_not_taken_for_a_names_while_its_own_answers() {
    let mut world = world_of(&["a.test", "b.test", "c.test"]).await;
    let own = world.known().await.owned[&domain("a.test")].id;
    spoil(&world, give_a_an_id_of_nobody);
    world.unmap("a.test").await;
    let report = world.pass().await.unwrap();
    assert_eq!((report.removed.len(), report.is_clean()), (0, false));
    assert_eq!(world.known().await.owned[&domain("a.test")].id, own);
    mend(&world);
    world.later(Duration::from_hours(1));
    assert_eq!(world.converge().await.removed, [domain("a.test")]);
}

#[tokio::test]
async fn nor_while_neither_can_be_asked() {
    let mut world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.unmap("a.test").await;
    world.runcloud.model().faults.push(Fault::on("GET", "/domains/").status(502).always());
    spoil(&world, give_a_an_id_of_nobody);
    let _ = world.pass().await;
    mend(&world);
    spoil(&world, leave_out_a);
    for _ in 0..5 {
        world.later(Duration::from_mins(1));
        world.pass().await.unwrap();
    }
    mend(&world);
    world.later(Duration::from_hours(1));
    assert_eq!(world.converge().await.removed, [domain("a.test")]);
}

#[tokio::test]
async fn a_wildcard_is_not_taken_for_the_name_that_a_list_gives_it() {
    let mut world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.runcloud.model().attach("*.a.test", Kind::Alias);
    world.unmap("a.test").await;
    spoil(&world, |body| {
        rename(body, |name| match name {
            "a.test" => Some("*.a.test"),
            "*.a.test" => Some("a.test"),
            _ => None,
        });
    });
    for _ in 0..5 {
        let _ = world.pass().await;
        world.later(Duration::from_hours(1));
    }
    assert!(world.names().contains(&"*.a.test".to_owned()), "it is nobody's to remove");
    mend(&world);
    world.later(Duration::from_hours(48));
    world.converge().await;
    assert!(!world.names().contains(&"a.test".to_owned()));
}

#[tokio::test]
async fn one_entry_that_cannot_be_read_keeps_no_other_from_being_asked() {
    let world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.unmap("c.test").await;
    swap_entries(&mut world.runcloud.model());
    let id = world.known().await.owned[&domain("b.test")].id.unwrap();
    let broken = Fault::at("GET", &format!("/domains/{id}")).status(422).always();
    world.runcloud.model().faults.push(broken);
    world.pass().await.unwrap();
    let known = world.known().await;
    assert_ne!(known.owned[&domain("b.test")].id, Some(id), "the other one said so");
}

#[tokio::test]
async fn a_word_of_an_operator_outlasts_a_list_that_is_not_believed() {
    let world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.unmap("c.test").await;
    world.pass().await.unwrap();
    let restore = Restore { event: 1, www: false, cause: Cause { mapping: Some(10), site: 2 } };
    let mut ledger = Ledger::join(world.state.path(), BINDING).await.unwrap();
    ledger.restore(&domain("c.test"), restore, world.now.wall).await.unwrap();
    spoil(&world, |body| {
        swap_a_and_b(body);
        rename(body, |name| (name == "shop.network.test").then_some("c.test"));
    });
    world.pass().await.unwrap();
    mend(&world);
    assert_eq!(world.converge().await.added, [domain("c.test")]);
}

#[tokio::test]
async fn nor_while_its_entry_cannot_be_asked() {
    let mut world = world_of(&["a.test", "b.test", "c.test"]).await;
    world.unmap("a.test").await;
    spoil(&world, leave_out_a);
    world.runcloud.model().faults.push(Fault::on("GET", "/domains/").status(502).always());
    for _ in 0..5 {
        world.pass().await.unwrap();
        world.later(Duration::from_mins(1));
    }
    mend(&world);
    assert_eq!(world.converge().await.removed, [domain("a.test")]);
}

#[tokio::test]
async fn nor_by_lists_of_another_application() {
    let world = world_of(&["a.test", "b.test"]).await;
    world.unmap("a.test").await;
    spoil(&world, |body| {
        for row in body["data"].as_array_mut().unwrap() {
            row["id"] = (row["id"].as_u64().unwrap() + 5_000).into();
            row["name"] = format!("x{}.test", row["id"]).into();
        }
    });
    for _ in 0..5 {
        world.pass().await.unwrap();
    }
    mend(&world);
    assert_eq!(world.converge().await.removed, [domain("a.test")]);
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

//! What a pass does to a world. Each scenario ends with a second pass that writes nothing.

use runcloud_domain_sync::ledger::IntentAction;
use runcloud_domain_sync::reconcile::plan::{Removal, WwwPolicy};
use runcloud_domain_sync::simulator::{DnsAnswer, Fault, Kind, Ssl};
use runcloud_domain_sync::wordpress::Subdomains;

use crate::support::world::World;

const NETWORK: [&str; 2] = ["network.test", "shop.network.test"];

fn with_network(names: &[&str]) -> Vec<String> {
    let mut all: Vec<_> = NETWORK.iter().chain(names).map(ToString::to_string).collect();
    all.sort();
    all
}

#[tokio::test]
async fn mapped_names_are_added_and_the_certificate_is_ordered_once() {
    let world = World::new().await.mapped(&["b.test", "a.test", "c.test"]).await;
    let report = world.pass().await.unwrap();
    let writes = ["POST /domains", "POST /domains", "POST /domains", "PUT /ssl/694"];
    assert_eq!(world.writes(), writes);
    insta::assert_snapshot!(report, @"
    + a.test
    + b.test
    + c.test
    certificate: ordered for a.test, b.test, c.test
    3 added, 0 updated, 0 removed, 1 adopted, 0 failed, 0 to retry later
    ");
    world.rest().await;
    assert_eq!(world.names(), with_network(&["a.test", "b.test", "c.test"]));
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn a_plan_says_what_a_pass_would_do_and_writes_nothing() {
    let world = World::new().await.mapped(&["new.test", "there.test"]).await.with(|runcloud| {
        runcloud.attach("there.test", Kind::Alias);
        runcloud.attach("hand.test", Kind::Alias);
        runcloud.attach("moved.test", Kind::Redirect);
    });
    world.row(2, "not a name", 1, "done").await;
    world.row(2, "late.test", 1, "failed").await;
    world.row(2, "moved.test", 1, "done").await;
    world.row(2, "www.network.test", 1, "done").await;
    world.dns.says("late.test", DnsAnswer::NxDomain);
    insta::assert_snapshot!(world.plan_text().await, @r#"
    + new.test           mapping 8 of site 2
    * shop.network.test  in both places: adopted (own name of site 2)
    * there.test         in both places: adopted (mapping 9 of site 2)
    = late.test          held: mapping 11 of site 2 has stage failed
    = moved.test         held: mapping 12 of site 2, but it is a redirect in RunCloud
    = www.network.test   held: mapping 13 of site 2 maps the network's own name to another site: look at it
    ? hand.test          unmanaged: not ours; left alone
    x mapping 10 of site 2: "not a name" is not a host name: it contains ' '
    certificate: redeploy, for new.test
    4 wanted, 5 present: 1 to add, 0 to update, 0 to remove, 2 adopted, 3 held, 1 unmanaged, 1 rejected (plan a963a889f0f31dda)
    "#);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_whose_row_is_gone_is_removed_and_needs_no_certificate() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world.unmap("a.test").await;
    insta::assert_snapshot!(world.plan_text().await, @"
    - a.test  mapping 8 is gone
    2 wanted, 4 present: 0 to add, 0 to update, 1 to remove, 0 adopted, 0 held, 0 unmanaged, 0 rejected (plan dc39fe1e85f1e78e)
    ");
    world.converge().await;
    assert_eq!(world.names(), with_network(&["b.test"]));
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn a_name_that_was_there_before_is_adopted_and_goes_with_its_row() {
    let world = World::new().await.mapped(&["old.test", "other.test"]).await.with(|runcloud| {
        runcloud.attach("old.test", Kind::Alias);
    });
    assert_eq!(world.converge().await.adopted, 2);
    world.unmap("old.test").await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["other.test"]));
}

#[tokio::test]
async fn what_only_runcloud_has_is_left_alone() {
    let world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.attach("hand.test", Kind::Alias);
        runcloud.attach("away.test", Kind::Redirect);
    });
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "away.test", "hand.test"]));
}

#[tokio::test]
async fn mirror_removes_every_alias_that_nothing_wants() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.attach("hand.test", Kind::Alias);
        runcloud.attach("away.test", Kind::Redirect);
        runcloud.attach("www.network.test", Kind::Alias);
    });
    world.policy.removal = Removal::Mirror;
    let held = "held: nothing wants it (removal = \"mirror\"), but the ledger is new";
    assert!(world.plan_text().await.contains(held));
    world.pass().await.unwrap();
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "away.test", "www.network.test"]));
}

#[tokio::test]
async fn removal_never_removes_nothing_and_says_so() {
    let mut world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world.policy.removal = Removal::Never;
    world.unmap("a.test").await;
    insta::assert_snapshot!(world.plan_text().await, @r#"
    = a.test  held: mapping 8 is gone, and removal = "never"
    2 wanted, 4 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 1 held, 0 unmanaged, 0 rejected
    "#);
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "b.test"]));
}

#[tokio::test]
async fn an_empty_table_is_not_believed() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world.sql("TRUNCATE wp_wu_domain_mappings").await;
    insta::assert_snapshot!(world.plan_text().await, @"
    ! a.test  blocked: mapping 8 is gone
    ! b.test  blocked: mapping 9 is gone
    blocked: 2 of 3 managed names would be removed, but the mapping table has no row at all
    let it through once: runcloud-domain-sync approve 96f433437706d5b6
    1 wanted, 4 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 0 held, 0 unmanaged, 0 rejected
    ");
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "b.test"]));
}

#[tokio::test]
async fn the_network_s_own_names_are_never_touched() {
    let mut world = World::new().await.mapped(&["keep.test"]).await.with(|runcloud| {
        runcloud.attach("keep.test", Kind::Alias);
        runcloud.attach("www.network.test", Kind::Alias);
    });
    world.keep = vec!["keep.test"];
    world.policy.removal = Removal::Mirror;
    world.row(2, "network.test", 1, "done").await;
    world.converge().await;
    world.unmap("keep.test").await;
    world.unmap("network.test").await;
    world.map(&["x.test"]).await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["keep.test", "www.network.test", "x.test"]));
}

#[tokio::test]
async fn a_name_deleted_by_hand_comes_back() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world.runcloud.model().detach("a.test");
    let report = world.converge().await;
    assert_eq!(report.added.len(), 1);
    assert_eq!(world.names(), with_network(&["a.test", "b.test"]));
}

#[tokio::test]
async fn a_name_and_its_www_are_one_entry() {
    let world = World::new().await.mapped(&["www.a.test", "a.test"]).await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test+www"]));
    assert_eq!(world.runcloud.model().app.domains.len(), 3);
}

#[tokio::test]
async fn www_comes_and_goes_with_its_row() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.converge().await;
    world.map(&["www.a.test"]).await;
    let report = world.converge().await;
    assert_eq!((report.updated.len(), world.orders()), (1, 2));
    assert_eq!(world.names(), with_network(&["a.test+www"]));
    world.unmap("www.a.test").await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test"]));
}

#[tokio::test]
async fn a_www_that_somebody_else_set_stays() {
    let world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.attach("a.test", Kind::Alias);
        runcloud.app.domains.iter_mut().find(|d| d.name == "a.test").unwrap().www = true;
    });
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test+www"]));
}

#[tokio::test]
async fn an_entry_that_serves_a_mapped_www_is_not_removed() {
    let world = World::new().await.mapped(&["a.test", "www.a.test"]).await;
    world.converge().await;
    world.unmap("a.test").await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test+www"]));
}

#[tokio::test]
async fn a_name_and_its_www_of_two_sites_are_two_entries() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.row(1, "www.a.test", 1, "done").await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "www.a.test"]));
}

#[tokio::test]
async fn www_never_makes_two_entries_and_www_always_sets_the_flag() {
    let mut world = World::new().await.mapped(&["a.test", "www.a.test"]).await;
    world.policy.www = WwwPolicy::Never;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "www.a.test"]));

    let mut world = World::new().await.mapped(&["b.test"]).await;
    world.policy.www = WwwPolicy::Always;
    world.policy.subdomains = Subdomains::Off;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["b.test+www"]));
}

#[tokio::test]
async fn what_www_never_takes_away_does_not_count_as_removed() {
    let names: Vec<String> = (10..22).map(|n| format!("n{n}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::new().await.mapped(&names).await;
    world.policy.www = WwwPolicy::Always;
    world.converge().await;
    world.policy.www = WwwPolicy::Never;
    assert_eq!(world.converge().await.updated.len(), 12);
    world.unmap("n10.test").await;
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test]
async fn a_wildcard_serves_subdomains_unless_they_are_on() {
    let mut world = World::new().await.with(|runcloud| {
        runcloud.detach("shop.network.test");
        runcloud.app.domains[0].wildcard = true;
    });
    world.converge().await;
    assert_eq!(world.names(), ["network.test"]);
    world.policy.subdomains = Subdomains::On;
    world.converge().await;
    assert_eq!(world.names(), NETWORK);
}

#[tokio::test]
async fn a_name_of_another_application_is_a_conflict_of_its_own() {
    let world =
        World::new().await.mapped(&["a.test", "taken.test", "z.test"]).await.with(|runcloud| {
            runcloud.taken.insert("taken.test".into());
        });
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), report.failed.len()), (2, 1));
    assert!(!report.is_clean());
    world.rest().await;
    assert_eq!(world.plan().await.held.len(), 1);
    assert_eq!(world.names(), with_network(&["a.test", "z.test"]));
}

#[tokio::test]
async fn a_refused_name_that_is_there_after_all_is_done() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let refusal = serde_json::json!({ "message": "The given data was invalid." });
    let added_meanwhile = Fault::on("POST", "/domains").answer(422, &refusal).times(1);
    world.runcloud.model().faults.push(added_meanwhile);
    world.runcloud.model().attach("a.test", Kind::Alias);
    world.sql("UPDATE wp_wu_domain_mappings SET stage = 'done'").await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test"]));
}

#[tokio::test]
async fn an_answer_lost_after_the_effect_adds_nothing_twice() {
    let world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await.with(|runcloud| {
        runcloud.faults.push(Fault::on("POST", "/domains").after_status(502).times(2));
        runcloud.faults.push(Fault::on("POST", "/domains").status(502).times(1));
    });
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "b.test", "c.test"]));
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn a_removal_whose_domain_is_gone_already_is_done() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world.unmap("a.test").await;
    world.runcloud.model().faults.push(Fault::on("DELETE", "/domains").after_status(502).times(1));
    let report = world.converge().await;
    assert_eq!(report.removed.len(), 1);
    assert_eq!(world.names(), with_network(&["b.test"]));
}

#[tokio::test]
async fn an_order_that_is_refused_stays_owed_and_is_not_hurried() {
    let world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.faults.push(Fault::on("PUT", "/ssl").status(503).times(2));
    });
    let report = world.pass().await.unwrap();
    assert!(!report.is_clean());
    assert!(!world.pass().await.unwrap().is_clean(), "a failed order is still to be seen");
    world.rest().await;
    let certificate = world.plan().await.certificate;
    assert_eq!((certificate.names.len(), certificate.waiting.len()), (0, 1));
    world.map(&["b.test"]).await;
    world.converge().await;
    assert_eq!(world.orders(), 1);
    assert_eq!(world.plan().await.due.len(), 0);
}

#[tokio::test]
async fn what_a_crash_left_open_is_settled_by_reading_it_back() {
    let world = World::new().await.mapped(&["there.test", "missing.test", "kept.test"]).await;
    world.converge().await;
    world.map(&["sent.test", "unsent.test"]).await;
    world.unmap("there.test").await;
    world.unmap("missing.test").await;
    world.intend("sent.test", IntentAction::Add).await;
    world.intend("unsent.test", IntentAction::Add).await;
    world.intend("there.test", IntentAction::Remove).await;
    world.intend("missing.test", IntentAction::Remove).await;
    world.runcloud.model().attach("sent.test", Kind::Alias);
    world.runcloud.model().detach("missing.test");
    let report = world.converge().await;
    assert_eq!((report.added.len(), report.removed.len(), world.orders()), (1, 1, 2));
    assert_eq!(world.names(), with_network(&["kept.test", "sent.test", "unsent.test"]));
    world.unmap("sent.test").await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["kept.test", "unsent.test"]));
}

#[tokio::test]
async fn a_crash_after_the_additions_still_owes_the_certificate() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.intend("a.test", IntentAction::Add).await;
    world.runcloud.model().attach("a.test", Kind::Alias);
    world.converge().await;
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn tables_beside_the_mappings_that_are_lost_or_emptied_remove_nothing() {
    for (what, accident) in [
        ("no grant or no table", "RENAME TABLE wp_blogs TO gone"),
        ("an emptied table", "DELETE FROM wp_blogs"),
        ("no network", "DELETE FROM wp_site"),
    ] {
        let world = World::new().await.mapped(&["a.test", "b.test"]).await;
        world.converge().await;
        world.sql(accident).await;
        assert!(!world.converge().await.notices.is_empty(), "{what} is not said");
        assert_eq!(world.names(), with_network(&["a.test", "b.test"]), "{what}");
    }
}

#[tokio::test]
async fn a_row_that_turns_into_no_host_name_removes_nothing() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world
        .sql("UPDATE wp_wu_domain_mappings SET domain = 'http://a.test/' WHERE domain = 'a.test'")
        .await;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "b.test"]));
}

#[tokio::test]
async fn a_wildcard_that_serves_wanted_sites_is_not_removed() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.attach("sites.test", Kind::Alias);
        runcloud.app.domains.iter_mut().find(|d| d.name == "sites.test").unwrap().wildcard = true;
    });
    world.sql("INSERT INTO wp_blogs (blog_id, domain, path) VALUES (7, 'x.sites.test', '/')").await;
    world.policy.removal = Removal::Mirror;
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "sites.test"]));
}

#[tokio::test]
async fn a_name_that_became_the_primary_meanwhile_is_not_removed() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    world.unmap("a.test").await;
    world.map(&["c.test"]).await;
    let promote = |name: &str, kind| {
        world.runcloud.model().app.domains.iter_mut().find(|d| d.name == name).unwrap().kind = kind;
    };
    promote("a.test", Kind::Primary);
    promote("network.test", Kind::Alias);
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "b.test", "c.test"]));
}

#[tokio::test]
async fn bad_names_delay_nobody_else() {
    let names = ["a1.test", "a2.test", "a3.test", "a4.test", "b1.test", "b2.test", "b3.test"];
    let world = World::new().await.mapped(&names).await;
    for bad in &names[..4] {
        let fault = Fault::at("POST", "/domains").naming(bad).status(500).always();
        world.runcloud.model().faults.push(fault);
    }
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), world.orders()), (3, 1), "{report}");
    assert_eq!(world.names(), with_network(&names[4..]));
}

#[tokio::test]
async fn a_removal_that_fails_delays_no_other_change() {
    let world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await;
    world.converge().await;
    for name in ["a.test", "b.test"] {
        world.unmap(name).await;
    }
    world.map(&["d.test"]).await;
    let id = world.runcloud.model().domain("a.test").unwrap().id;
    let fault = Fault::on("DELETE", &format!("/domains/{id}")).status(422).always();
    world.runcloud.model().faults.push(fault);
    let report = world.pass().await.unwrap();
    assert_eq!((report.removed.len(), report.failed.len(), world.orders()), (1, 1, 2));
    world.rest().await;
    assert_eq!(world.names(), with_network(&["a.test", "c.test", "d.test"]));
}

#[tokio::test]
async fn a_change_whose_answers_were_lost_still_has_its_certificate() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.converge().await;
    world.map(&["www.a.test"]).await;
    world.runcloud.model().faults.push(Fault::on("PATCH", "/meta").after_status(502).always());
    let report = world.pass().await.unwrap();
    assert_eq!((report.updated.len(), report.failed.len(), world.orders()), (0, 1, 1));
    world.runcloud.model().faults.clear();
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test+www"]));
    assert_eq!(world.orders(), 2);
}

#[tokio::test]
async fn in_advanced_ssl_a_new_www_orders_its_certificate_again() {
    let world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.app.ssl = Ssl::Advanced { auto: false, certificates: <_>::default() };
    });
    world.converge().await;
    world.map(&["www.a.test"]).await;
    let report = world.converge().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(world.orders(), 2);
}

#[tokio::test]
async fn a_www_that_runcloud_does_not_keep_becomes_an_entry_of_its_own() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.converge().await;
    world.map(&["www.a.test"]).await;
    world.converge().await;
    let undo = |name: &str| {
        world.runcloud.model().app.domains.iter_mut().find(|d| d.name == name).unwrap().www = false;
    };
    undo("a.test");
    world.converge().await;
    assert_eq!(world.names(), with_network(&["a.test", "www.a.test"]));
}

#[tokio::test]
async fn advanced_ssl_orders_one_certificate_per_added_name() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await.with(|runcloud| {
        runcloud.app.ssl = Ssl::Advanced { auto: false, certificates: <_>::default() };
    });
    world.converge().await;
    assert_eq!(world.orders(), 2);
    assert_eq!(world.runcloud.model().stray_ssl, 0);
}

#[tokio::test]
async fn autossl_and_no_certificate_order_none() {
    let auto = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.app.ssl = Ssl::Advanced { auto: true, certificates: <_>::default() };
    });
    auto.converge().await;
    let none = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        runcloud.app.ssl = Ssl::None;
    });
    insta::assert_snapshot!(none.converge().await, @"
    + a.test
    certificate: waiting for a.test: the web application has no certificate: install one in RunCloud, or set ssl.install = true
    1 added, 0 updated, 0 removed, 1 adopted, 0 failed, 0 to retry later
    ");
    assert_eq!(none.orders(), 0);
}

#[tokio::test]
async fn a_hostile_runcloud_is_converged_on_all_the_same() {
    for seed in [3, 4, 5] {
        let names: Vec<String> = (0..30).map(|n| format!("customer-{n:02}.test")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let world = World::hostile(seed).await.mapped(&names).await;
        let report = world.converge().await;
        assert!(report.is_clean(), "seed {seed}: {report}");
        assert_eq!(world.names(), with_network(&names), "seed {seed}");
        assert!(world.orders() <= 2, "seed {seed}: {} orders", world.orders());
    }
}

use runcloud_domain_sync::ledger::{IntentAction, Lease};
use runcloud_domain_sync::simulator::{DnsAnswer, Fault, Kind};
use serde_json::Value;

use super::{operator, ran, told, without_time};
use crate::support::binary::{binary, run_for};
use crate::support::world::World;

const ELSEWHERE: [u8; 4] = [127, 0, 0, 3];

/// The whole explanation, without times.
async fn explained(world: &World, name: &str) -> String {
    let page = told(world, &["explain", name]).await;
    let wide = page.lines().filter(|line| line.chars().count() > 80);
    assert_eq!(wide.count(), 0, "{page}");
    without_time(&page)
}

/// The reason, the sentence and the mend.
async fn verdict(world: &World, name: &str) -> String {
    let json = told(world, &["explain", name, "--json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    let verdict = &json["verdict"];
    let part = |name: &str| verdict[name].as_str().unwrap_or("-").to_owned();
    without_time(&[part("reason"), part("sentence"), part("mend")].join("\n"))
}

/// A world whose name `a.test` is in RunCloud.
async fn converged() -> World {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.pass().await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_name_in_any_spelling() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.pass().await.unwrap();
    world.later(std::time::Duration::from_mins(1));
    world.pass().await.unwrap();
    insta::assert_snapshot!(explained(&world, "https://A.test:443/cart?x=1").await, @"
    name          a.test
    row           mapping 8 of site 2, done
    policy        wanted
    ownership     added by this program, TIME UTC
    RunCloud      there, as of pass 2 TIME UTC)
    DNS           points here, seen TIME UTC
    certificate   covers it until TIME UTC, by Let's Encrypt R11
    WordPress     serves site 2, by mapping 8
    next          look at its DNS TIME UTC
    last          TIME UTC  added: mapping 8 of site 2 (pass 1)
                  TIME UTC  certificate ordered (pass 1)
                  TIME UTC  covered by a certificate: until
                  TIME UTC, by Let's Encrypt R11 (pass 2)
    verdict       it is live: in RunCloud, covered by a certificate, and served by
                  WordPress
    ");
    insta::assert_snapshot!(verdict(&world, "A.TEST.").await, @"
    live
    it is live: in RunCloud, covered by a certificate, and served by WordPress
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_international_name_whose_row_browsers_spell_otherwise() {
    let world = World::new().await.mapped(&["b.test"]).await;
    world.row(2, "müller.test", 1, "done").await;
    world.runcloud.model().attach("xn--mller-kva.test", Kind::Alias);
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "Müller.test").await, @r#"
    not_served
    everything is there, and WordPress does not serve it: mapping 9 holds "müller.test", and browsers ask for xn--mller-kva.test
    store xn--mller-kva.test in mapping 9 instead
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_host_name_and_the_row_that_holds_it() {
    let world = converged().await;
    world.row(2, "a_b.test", 1, "done").await;
    insta::assert_snapshot!(verdict(&world, "a_b.test").await, @r#"
    no_name
    mapping 10 of site 2 holds it, and "a_b.test" is not a host name: it contains '_'
    store the host name in mapping 10, or delete it
    "#);
    insta::assert_snapshot!(verdict(&world, "shop").await, @r#"
    no_name
    "shop" is not a host name: it has only one label
    -
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_a_row() {
    let world = converged().await;
    insta::assert_snapshot!(explained(&world, "nobody.test").await, @"
    name          nobody.test
    row           none
    policy        not wanted
    ownership     not managed
    RunCloud      not there, as of pass 1 TIME UTC)
    WordPress     knows no site for it
    verdict       no row wants it
    mend          map it in Ultimate Multisite → Domains to the customer's site
    ");
    world.unmap("a.test").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    removal_pending
    no row wants it any more, so it is removed once it was missing for removal_grace
    if it should stay, map it again in WordPress
    ");
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    no_row
    no row wants it, and it was removed TIME UTC
    map it again in WordPress, or take the removal back: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR history undo 6
    ");
    insta::assert_snapshot!(verdict(&world, "www.b.test").await, @r#"
    no_row_of_its_own
    no row has it, only mapping 9 with the other spelling of www
    map this name too, or set www = "always" in config.toml [sync]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_the_entry_without_www_serves() {
    let world = World::new().await.mapped(&["a.test", "www.a.test"]).await;
    world.pass().await.unwrap();
    world.unmap("www.a.test").await;
    insta::assert_snapshot!(verdict(&world, "www.a.test").await, @"
    no_row_of_its_own
    no row has it; mapping 8 does without www, whose entry serves both
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_only_runcloud_has() {
    let world = World::new().await.mapped(&["b.test"]).await;
    world.runcloud.model().attach("hand.test", Kind::Alias);
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "hand.test").await, @"
    unmanaged
    only RunCloud has it: no row wants it, and this program leaves it alone
    map it in WordPress, or let this program remove it: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR adopt hand.test
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_an_operator_wants_back() {
    let world = converged().await;
    world.unmap("a.test").await;
    world.pass().await.unwrap();
    let history = told(&world, &["history", "--domain", "a.test"]).await;
    let removal = history.lines().find(|line| line.contains("removed")).unwrap();
    let number = removal.split_whitespace().next().unwrap();
    told(&world, &["history", "undo", number, "--yes"]).await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    restoring
    no row wants it; an operator wants it back, and the next pass adds it
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_and_held_removals() {
    let names: Vec<String> = (0..13).map(|number| format!("n{number:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::new().await.mapped(&names).await;
    world.pass().await.unwrap();
    for name in &names[1..] {
        world.unmap(name).await;
    }
    world.pass().await.unwrap();
    let hash = world.plan().await.blocked.unwrap().hash();
    let blocked = verdict(&world, "n05.test").await.replace(&hash, "HASH");
    insta::assert_snapshot!(blocked, @"
    removal_blocked
    no row wants it any more, and its removal is blocked with others
    look at them: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR plan. If all are meant: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR approve HASH
    ");
    world.policy.removal = runcloud_domain_sync::reconcile::plan::Removal::Never;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "n05.test").await, @r#"
    removal_held
    no row wants it any more; it stays: mapping 13 is gone, and removal = "never"
    -
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_s_own_names() {
    let world = converged().await;
    insta::assert_snapshot!(explained(&world, "network.test").await, @"
    name          network.test
    row           none
    policy        the network's own name, never touched
    ownership     not managed
    RunCloud      the web application's own name, as of pass 1 TIME UTC)
    WordPress     serves site 1, whose own name it is
    verdict       it is one of the network's own names, which is never added,
                  changed or removed
    ");
    world.row(2, "www.network.test", 1, "done").await;
    insta::assert_snapshot!(verdict(&world, "www.network.test").await, @"
    hijack
    WordPress serves site 2 at the network's own name, because of mapping 10 of site 2
    delete mapping 10 in Ultimate Multisite → Domains
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_keep_a_name_from_being_added() {
    let world = converged().await;
    world.row(2, "failed.test", 1, "failed").await;
    world.row(2, "inactive.test", 0, "done").await;
    world.row(99, "orphan.test", 1, "done").await;
    world.dns.points("failed.test", [ELSEWHERE]);
    insta::assert_snapshot!(verdict(&world, "failed.test").await, @r#"
    kept
    it is not added, because the plugin gave up waiting for its DNS
    check its DNS, then set mapping 10 to the stage "Checking DNS" in Ultimate Multisite → Domains
    "#);
    insta::assert_snapshot!(verdict(&world, "inactive.test").await, @"
    kept
    it is not added, because its row is not active
    switch mapping 11 to active in Ultimate Multisite → Domains; saving it while it is checked switches it off by accident
    ");
    insta::assert_snapshot!(verdict(&world, "orphan.test").await, @"
    site_missing
    the site 99 of mapping 12 does not exist, so it is not added
    delete mapping 12 in Ultimate Multisite → Domains, or map the name to a site that exists
    ");
    world.map(&["late.test"]).await;
    world.sql("UPDATE wp_blogs SET archived = 1 WHERE blog_id = 2").await;
    insta::assert_snapshot!(verdict(&world, "late.test").await, @"
    kept
    it is not added, because its site is archived
    unarchive the site in WordPress, if it should be served
    ");
    world.sql("UPDATE wp_blogs SET archived = 0, spam = 1 WHERE blog_id = 2").await;
    insta::assert_snapshot!(verdict(&world, "late.test").await, @"
    kept
    it is not added, because its site is marked as spam
    clear the site's spam mark in WordPress, if it is none
    ");
    world.sql("UPDATE wp_blogs SET spam = 0, deleted = 1 WHERE blog_id = 2").await;
    insta::assert_snapshot!(verdict(&world, "late.test").await, @"
    kept
    it is not added, because its site is deleted
    activate the site in WordPress, if it should be served
    ");
    forget_certificates(&world).await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    not_served
    everything is there, and WordPress does not serve it: site 2 is archived, spam or deleted
    restore the site in WordPress, if it should be served
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runcloud_refuses_and_what_is_a_redirect_there() {
    let world = World::new().await.mapped(&["taken.test", "moved.test", "b.test"]).await;
    world.runcloud.model().taken.insert("taken.test".into());
    world.runcloud.model().attach("moved.test", Kind::Redirect);
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "taken.test").await, @"
    retry_later
    RunCloud refused it (422 The given data was invalid. The name has already been taken; it is not in this web application, so perhaps in another); it is tried again TIME UTC
    when the cause is mended: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry taken.test
    ");
    insta::assert_snapshot!(verdict(&world, "moved.test").await, @"
    held
    it is not added: mapping 9 of site 2, but it is a redirect in RunCloud
    make it an alias in RunCloud, or delete it there
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_next_pass_adds_and_why_it_may_not_come() {
    let world = converged().await;
    world.map(&["new.test"]).await;
    insta::assert_snapshot!(verdict(&world, "new.test").await, @"
    not_at_work
    it is wanted; the next pass adds it, and no process is at work
    start the service, or run it once: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR --once
    ");
    let lease = Lease::acquire(world.state.path()).unwrap();
    insta::assert_snapshot!(verdict(&world, "new.test").await, @"
    pending
    it is wanted, and the next pass adds it
    -
    ");
    operator(&world).await.pause("moving", None, &world.now).await.unwrap();
    insta::assert_snapshot!(verdict(&world, "new.test").await, @"
    paused
    it is wanted and not added, because an operator paused the program
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR resume
    ");
    operator(&world).await.resume(world.now.wall).await.unwrap();
    drop(lease);
    world.runcloud.model().faults.push(Fault::any().status(401).always());
    world.pass().await.unwrap_err();
    let _lease = Lease::acquire(world.state.path()).unwrap();
    insta::assert_snapshot!(verdict(&world, "new.test").await, @"
    pass_failed
    it is wanted and not added, because the last pass failed: 401 Simulated 401: RunCloud refused the credentials. The token (or key and secret) may be wrong, or API settings → IP Address Restriction may not list this server
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_pass() {
    let world = World::new().await.mapped(&["a.test"]).await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    not_at_work
    it is wanted, and no pass was made yet
    look: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR plan. Then run it once: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR --once
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_without_a_certificate() {
    let mut world =
        World::new().await.mapped(&["a.test", "away.test"]).await.with_web_server().await;
    world.dns.points("away.test", [ELSEWHERE]);
    world.dns.says("gone.test", DnsAnswer::NxDomain);
    world.map(&["gone.test"]).await;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    certificate_ordered
    its certificate was ordered TIME UTC and is not there yet
    -
    ");
    insta::assert_snapshot!(verdict(&world, "away.test").await, @"
    dns_elsewhere
    it has no certificate, because it points to 127.0.0.3 and not here
    let the customer point it to this server; the certificate follows by itself
    ");
    insta::assert_snapshot!(verdict(&world, "gone.test").await, @"
    dns_not_found
    it has no certificate, because it is not in DNS
    let the customer enter it in DNS; the certificate follows by itself
    ");
    world.later(std::time::Duration::from_mins(1));
    world.pass().await.unwrap();
    world.runcloud.model().faults.push(Fault::on("PUT", "/ssl/").status(422).always());
    world.map(&["new.test"]).await;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "new.test").await, @"
    certificate_failed
    its last certificate order brought nothing: 422 Simulated 422; the next goes out TIME UTC
    when the cause is mended: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry new.test
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wordpress_does_not_serve() {
    let world = converged().await;
    let set = async |columns: &str| {
        world
            .sql(&format!("UPDATE wp_wu_domain_mappings SET {columns} WHERE domain = 'a.test'"))
            .await;
    };
    forget_certificates(&world).await;
    set("stage = 'checking-dns'").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    plugin_checks
    everything is there, and WordPress does not serve it: mapping 8 waits until the plugin has seen the name arrive here
    -
    ");
    set("stage = 'ssl-failed'").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @r#"
    plugin_gave_up
    everything is there, and WordPress does not serve it: mapping 8 was given up by the plugin, which saw no certificate
    in the web application's directory: wp wu domain update 8 --stage=checking-ssl-cert and wp eval "wu_enqueue_async_action('wu_async_process_domain_stage', ['domain_id' => 8], 'domain');"
    "#);
    set("stage = 'failed'").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @r#"
    plugin_gave_up
    everything is there, and WordPress does not serve it: mapping 8 was given up by the plugin, which did not see the name arrive
    in the web application's directory: wp wu domain update 8 --stage=checking-dns and wp eval "wu_enqueue_async_action('wu_async_process_domain_stage', ['domain_id' => 8], 'domain');"
    "#);
    set("stage = 'done', active = 0").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    not_served
    everything is there, and WordPress does not serve it: mapping 8 is not active
    switch mapping 8 to active in Ultimate Multisite → Domains
    ");
}

/// What is not known does not keep a name from being served.
async fn forget_certificates(world: &World) {
    let url = format!("sqlite://{}", world.state.path().join("ledger.sqlite").display());
    let mut ledger = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
    sqlx::Executor::execute(&mut ledger, "DELETE FROM certificate").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_answers_where_the_database_does_not() {
    let world = converged().await;
    let mut away = binary();
    away.args(["explain", "a.test", "--database-url", "mysql://nobody:x@127.0.0.1:1/none"]);
    away.arg("--state-dir").arg(world.state.path());
    let away = run_for(away).await;
    assert_eq!(away.code, 0, "{}", away.stderr);
    assert!(away.stdout.contains("row           not read: "), "{}", away.stdout);
    let mut bare = binary();
    bare.args(["explain", "nobody.test", "--state-dir"]).arg(world.state.path());
    let bare = run_for(bare).await;
    assert_eq!(bare.code, 0, "{}", bare.stderr);
    assert!(bare.stdout.contains("it cannot be said: the tables were not read"), "{}", bare.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn runcloud_is_not_asked_and_nothing_is_written() {
    let world = converged().await;
    world.intend("a.test", IntentAction::Update).await;
    let ledger = world.state.path().join("ledger.sqlite");
    let before = std::fs::read(&ledger).unwrap();
    world.runcloud.forget_calls();
    assert_eq!(ran(&world, &["explain", "a.test"]).await.code, 0);
    assert_eq!(world.runcloud.calls().len(), 0);
    assert_eq!(std::fs::read(&ledger).unwrap(), before);
}

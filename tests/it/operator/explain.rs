use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use runcloud_domain_sync::ledger::{IntentAction, Lease};
use runcloud_domain_sync::reconcile::certificate::{Batch, Gate, SslRules};
use runcloud_domain_sync::reconcile::plan::Removal;
use runcloud_domain_sync::simulator::{Certificate, DnsAnswer, Effect, Fault, Kind, Ssl};
use runcloud_domain_sync::wordpress::Subdomains;
use serde_json::Value;

use super::{operator, ran, told, without_place, without_time};
use crate::certificates::live;
use crate::identity::swap_a_and_b;
use crate::support::binary::{Ran, binary, for_world_with, run_for};
use crate::support::world::World;

const ELSEWHERE: [u8; 4] = [127, 0, 0, 3];
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// The whole explanation, without times.
async fn explained(world: &World, name: &str) -> String {
    let page = told(world, &["explain", name]).await;
    // A command is to be copied as it is.
    let text = page.lines().filter(|line| !line.trim().starts_with("runcloud-domain-sync "));
    let wide = text.filter(|line| line.chars().count() > 80);
    assert_eq!(wide.count(), 0, "{page}");
    without_time(&page)
}

/// The reason, more closely where it is, the sentence and the mend.
async fn verdict(world: &World, name: &str) -> String {
    verdict_with(world, "", name).await
}

/// The same with more in config.toml.
async fn verdict_with(world: &World, more: &str, name: &str) -> String {
    let mut command = for_world_with(world, more);
    command.args(["explain", name, "--json"]);
    let Ran { code, stdout, stderr } = run_for(command).await;
    assert_eq!(code, 0, "{stdout}{stderr}");
    let json: Value = serde_json::from_str(&without_place(world, &stdout)).unwrap();
    let verdict = &json["verdict"];
    let part = |name: &str| verdict[name].as_str().unwrap_or("-").to_owned();
    let because = verdict["because"].as_str().map(|word| format!(": {word}"));
    let reason = part("reason") + &because.unwrap_or_default();
    without_time(&[reason, part("sentence"), part("mend")].join("\n"))
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
    world.later(MINUTE);
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
    map it again in WordPress, or take the removal back:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR history undo 6
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
    map it in WordPress, or let this program remove it:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR adopt hand.test
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
    look at them, and if all are meant let them through:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR plan
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR approve HASH
    ");
    world.policy.removal = Removal::Never;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "n05.test").await, @r#"
    removal_held: removal_never
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
    mapping 10 of site 2 maps the network's own name to another site, which WordPress serves there where the mapping is in use
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
    kept: stage_failed
    it is not added, because the plugin gave up waiting for its DNS
    check its DNS, then set mapping 10 to the stage "Checking DNS" in Ultimate Multisite → Domains
    "#);
    insta::assert_snapshot!(verdict(&world, "inactive.test").await, @"
    kept: inactive
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
    kept: site_archived
    it is not added, because its site is archived
    unarchive the site in WordPress, if it should be served
    ");
    world.sql("UPDATE wp_blogs SET archived = 0, spam = 1 WHERE blog_id = 2").await;
    insta::assert_snapshot!(verdict(&world, "late.test").await, @"
    kept: site_spam
    it is not added, because its site is marked as spam
    clear the site's spam mark in WordPress, if it is none
    ");
    world.sql("UPDATE wp_blogs SET spam = 0, deleted = 1 WHERE blog_id = 2").await;
    insta::assert_snapshot!(verdict(&world, "late.test").await, @"
    kept: site_deleted
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
    when the cause is mended:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry taken.test
    ");
    insta::assert_snapshot!(verdict(&world, "moved.test").await, @"
    held: redirect
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
    start the service, or run it once:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR --once
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
    end the pause:
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
    look, then run it once:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR plan
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR --once
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
    world.later(MINUTE);
    world.pass().await.unwrap();
    world.runcloud.model().faults.push(Fault::on("PUT", "/ssl/").status(422).always());
    world.map(&["new.test"]).await;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "new.test").await, @"
    certificate_failed
    its last certificate order brought nothing: 422 Simulated 422; the next goes out TIME UTC
    when the cause is mended:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry new.test
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
    plugin_checks: checking_dns
    everything is there, and WordPress does not serve it: mapping 8 waits until the plugin has seen the name arrive here
    -
    ");
    set("stage = 'checking-ssl-cert'").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    plugin_checks: checking_ssl
    everything is there, and WordPress does not serve it: mapping 8 waits until the plugin has seen a certificate
    -
    ");
    set("stage = 'ssl-failed'").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @r#"
    plugin_gave_up: ssl_failed
    everything is there, and WordPress does not serve it: mapping 8 was given up by the plugin, which saw no certificate
    in the web application's directory:
    wp wu domain update 8 --stage=checking-ssl-cert
    wp eval "wu_enqueue_async_action('wu_async_process_domain_stage', ['domain_id' => 8], 'domain');"
    "#);
    set("stage = 'failed'").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @r#"
    plugin_gave_up: failed
    everything is there, and WordPress does not serve it: mapping 8 was given up by the plugin, which did not see the name arrive
    in the web application's directory:
    wp wu domain update 8 --stage=checking-dns
    wp eval "wu_enqueue_async_action('wu_async_process_domain_stage', ['domain_id' => 8], 'domain');"
    "#);
    set("stage = 'done', active = 0").await;
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    not_served: inactive
    everything is there, and WordPress does not serve it: mapping 8 is not active
    switch mapping 8 to active in Ultimate Multisite → Domains
    ");
    world.row(99, "b.test", 1, "done").await;
    world.sql("UPDATE wp_wu_domain_mappings SET id = 1 WHERE blog_id = 99").await;
    insta::assert_snapshot!(verdict(&world, "b.test").await, @"
    not_served: no_site
    everything is there, and WordPress does not serve it: mapping 1 is of a site that does not exist
    map it to a site that exists, and delete mapping 1
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
    world.sql("RENAME TABLE wp_wu_domain_mappings TO wp_elsewhere").await;
    insta::assert_snapshot!(verdict(&world, "nobody.test").await, @"
    unread
    it cannot be said: the tables were not read (there is no readable table wp_wu_domain_mappings, and none whose name ends in wu_domain_mappings: is Ultimate Multisite set up in this database, and has the user SELECT on the table?), and the ledger does not know it
    -
    ");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_keeps_taking_away() {
    let mut world = converged().await;
    for _ in 0..4 {
        world.runcloud.model().detach("a.test");
        world.pass().await.unwrap();
        world.later(MINUTE);
    }
    assert!(!world.names().contains(&"a.test".to_owned()));
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    held: conflict
    it is not added: added again 3 times and gone from RunCloud each time: who else changes it, a person or the plugin's own integration? Next try TIME UTC
    find out who removes it in RunCloud, then:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry a.test
    ");
    let page = explained(&world, "a.test").await;
    assert!(page.contains("RunCloud      not in the last lists"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_that_wait_for_dns() {
    let mut world = World::new().await.mapped(&["away.test", "gone.test"]).await;
    world.policy.gate = Gate::Add;
    world.dns.points("away.test", [ELSEWHERE]);
    world.dns.says("gone.test", DnsAnswer::NxDomain);
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "away.test").await, @"
    held: dns_elsewhere
    it is not added: mapping 8 of site 2, but it points to 127.0.0.3; looked up again TIME UTC
    let the customer point it to this server
    ");
    insta::assert_snapshot!(verdict(&world, "gone.test").await, @"
    held: dns_not_found
    it is not added: mapping 9 of site 2, but it has no address in DNS; looked up again TIME UTC
    let the customer enter it in DNS
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wildcard_serves_a_site_s_own_name() {
    let mut world = World::new().await;
    world.runcloud.model().detach("shop.network.test");
    world.runcloud.model().attach("*.network.test", Kind::Alias);
    world.pass().await.unwrap();
    let page = explained(&world, "shop.network.test").await;
    assert!(page.contains("RunCloud      served by a wildcard, as of pass 1"), "{page}");
    insta::assert_snapshot!(verdict(&world, "shop.network.test").await, @"
    live
    it is in RunCloud and served by WordPress; its certificate was not seen yet
    -
    ");
    let off = "[sync]\nsubdomains = \"off\"";
    world.policy.subdomains = Subdomains::Off;
    world.runcloud.model().detach("*.network.test");
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict_with(&world, off, "shop.network.test").await, @r#"
    kept: subdomains_off
    it is not added, because subdomains = "off"
    set subdomains = "auto" in config.toml [sync], if it should be
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_the_keep_list_keeps() {
    let mut world = converged().await;
    world.keep = vec!["a.test"];
    world.unmap("a.test").await;
    world.pass().await.unwrap();
    let kept = "[sync]\nkeep = [\"a.test\"]";
    insta::assert_snapshot!(verdict_with(&world, kept, "www.a.test").await, @"
    protected
    it is on the keep list (sync.keep), which is never added, changed or removed
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_that_runcloud_refuses_or_that_wait() {
    let mut world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await;
    world.pass().await.unwrap();
    world.unmap("a.test").await;
    world.runcloud.model().faults.push(Fault::on("DELETE", "/domains/").status(422).always());
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    retry_later
    no row wants it any more, and RunCloud refused its removal (422 Simulated 422); it is tried again TIME UTC
    when the cause is mended:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry a.test
    ");
    world.runcloud.model().faults.clear();
    world.unmap("b.test").await;
    operator(&world).await.pause("moving", None, &world.now).await.unwrap();
    insta::assert_snapshot!(verdict(&world, "b.test").await, @"
    paused
    no row wants it any more, and it is not removed, because an operator paused the program
    end the pause:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR resume
    ");
    operator(&world).await.resume(world.now.wall).await.unwrap();
    world.later(HOUR * 7);
    world
        .sql("UPDATE wp_wu_domain_mappings SET domain = 'not a name' WHERE domain = 'c.test'")
        .await;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "c.test").await, @r#"
    removal_held: rejected
    no row wants it any more; it stays: mapping 10 of site 2 holds no host name any more: "not a name" is not a host name: it contains ' '
    -
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_by_a_list_that_is_not_to_be_believed() {
    let world = converged().await;
    world.rest().await;
    world.unmap("a.test").await;
    let swapped = Fault::at("GET", "/domains").with(Effect::Edit(swap_a_and_b));
    world.runcloud.model().faults.push(swapped.always());
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    removal_held: unproven
    no row wants it any more; it stays: mapping 8 is gone, but RunCloud lists it as entry 698, which is b.test's: not believed
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_was_taken_back_and_does_not_come() {
    let mut world = converged().await;
    world.unmap("a.test").await;
    world.pass().await.unwrap();
    told(&world, &["history", "undo", "6", "--yes"]).await;
    operator(&world).await.pause("moving", None, &world.now).await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    paused
    an operator wants it back, and it is not added, because an operator paused the program
    end the pause:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR resume
    ");
    operator(&world).await.resume(world.now.wall).await.unwrap();
    world.runcloud.model().taken.insert("a.test".into());
    world.later(MINUTE);
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    retry_later
    RunCloud refused it (422 The given data was invalid. The name has already been taken; it is not in this web application, so perhaps in another); it is tried again TIME UTC
    when the cause is mended:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry a.test
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_nothing_orders() {
    let world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.runcloud.model().app.ssl = Ssl::None;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    certificate_due: no_certificate
    it has no certificate yet: the web application has no certificate: install one in RunCloud, or set ssl.install = true
    -
    ");
    let until = std::time::SystemTime::now() + HOUR * 7_200;
    let names = ["network.test".to_owned()].into();
    let custom = Certificate { method: "custom".into(), ..Certificate::issued(9, names, until) };
    world.runcloud.model().app.ssl = Ssl::Custom(custom);
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    certificate_due: custom_certificate
    it has no certificate yet: the web application has a certificate of somebody's own, which is not touched
    -
    ");
    world.runcloud.model().app.ssl = Ssl::Advanced { auto: true, certificates: <_>::default() };
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    certificate_due: auto_ssl
    it has no certificate yet: RunCloud issues it by itself (AutoSSL)
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_wait_for_others() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.rules = SslRules { batch: Batch::Quiet, ..SslRules::default() };
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    certificate_due: batching
    it has no certificate yet: more names may follow; ordered TIME UTC
    -
    ");
    world.rules = SslRules::default();
    world.runcloud.model().issue_delay = MINUTE;
    world.pass().await.unwrap();
    world.map(&["b.test"]).await;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "a.test").await, @"
    certificate_ordered: ordered
    its certificate was ordered TIME UTC and is not there yet
    -
    ");
    insta::assert_snapshot!(verdict(&world, "b.test").await, @"
    certificate_due: order_in_flight
    it has no certificate yet: the order of TIME UTC is under way
    -
    ");
    live(&mut world, MINUTE * 3).await;
    insta::assert_snapshot!(verdict(&world, "b.test").await, @"
    certificate_due: min_interval
    it has no certificate yet: the last order was TIME UTC, and orders are 10m apart (ssl.min_interval)
    -
    ");
    world.rules.max_per_week = 1;
    live(&mut world, HOUR).await;
    insta::assert_snapshot!(verdict(&world, "b.test").await, @"
    certificate_due: weekly_limit
    it has no certificate yet: 1 order in seven days (ssl.max_per_week)
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_the_authority_does_not_issue() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.rules = SslRules::default();
    world
        .runcloud
        .model()
        .misdirected
        .extend(["a.test", "network.test", "shop.network.test"].map(str::to_owned));
    world.pass().await.unwrap();
    world.runcloud.model().issue_delay = MINUTE;
    live(&mut world, HOUR * 48).await;
    insta::assert_snapshot!(without_log(&verdict(&world, "a.test").await), @"
    certificate_failed: same_names_limit
    its last certificate order brought nothing: an order brought no certificate within 30 minutes; the next one waits: 4 orders in seven days (for exactly these names, of which Let's Encrypt issues few)
    when the cause is mended:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry a.test
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_cannot_hold_all_names() {
    let names: Vec<String> = (0..99).map(|number| format!("n{number:02}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new().await.mapped(&names).await.with_web_server().await;
    world.pass().await.unwrap();
    insta::assert_snapshot!(verdict(&world, "n42.test").await, @"
    certificate_due: too_many_names
    it has no certificate yet: the web application serves 101 names, and one certificate holds 100: switch to advanced SSL in RunCloud
    -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_a_misdirected_name_spoils() {
    let names = ["a.test", "dead.test"];
    let mut world = World::new().await.mapped(&names).await.with_web_server().await;
    world.rules = SslRules::default();
    world.dns.points("dead.test", [ELSEWHERE]);
    world.runcloud.model().misdirected.insert("dead.test".to_owned());
    world.runcloud.model().strict_orders = true;
    world.pass().await.unwrap();
    live(&mut world, HOUR * 24).await;
    insta::assert_snapshot!(without_log(&verdict(&world, "a.test").await), @"
    certificate_failed: spoiled
    its last certificate order brought nothing: an order brought no certificate within 30 minutes; the next one waits: an order for all names failed as a whole while dead.test did not point here, so it would fail again: mend its DNS, remove its mapping, or switch to advanced SSL in RunCloud
    when the cause is mended:
    runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR retry a.test
    ");
}

/// Without what RunCloud's log had to say, which is what it said in that very second.
fn without_log(verdict: &str) -> String {
    let (before, after) = verdict.split_once("; the next one waits").unwrap();
    let before = before.split("; RunCloud's log").next().unwrap();
    format!("{before}; the next one waits{after}")
}

/// The words of an enum in the program's own source.
fn words(source: &str, name: &str) -> Vec<String> {
    let all = source.split(&format!("pub enum {name} {{")).nth(1).unwrap().split("\n}").next();
    let lines = all.unwrap().lines().filter_map(|line| line.trim().strip_suffix(','));
    lines.filter(|word| word.chars().all(char::is_alphanumeric)).map(crate::doctor::snake).collect()
}

#[test]
fn every_reason_has_a_scenario_that_prints_it() {
    let shown: BTreeSet<&str> = include_str!("explain.rs")
        .split("insta::assert_snapshot!(")
        .skip(1)
        .filter_map(|rest| rest.split('@').nth(1)?.lines().nth(1))
        .flat_map(|line| line.trim().split(": "))
        .collect();
    let sets = [
        ("src/reconcile/explain/verdict.rs", "Reason"),
        ("src/reconcile/change.rs", "HeldReason"),
        ("src/reconcile/certificate/waiting.rs", "WaitingReason"),
        ("src/wordpress/desired.rs", "Kept"),
        ("src/wordpress/serving.rs", "Refusal"),
    ];
    for (file, name) in sets {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let words = words(&std::fs::read_to_string(source).unwrap(), name);
        assert!(words.len() > 5, "{words:?}");
        let missing = words.iter().filter(|word| !shown.contains(word.as_str()));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new(), "of {name}");
    }
}

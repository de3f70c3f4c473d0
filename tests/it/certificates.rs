//! Certificates: real handshakes and real DNS packets on loopback, in virtual time.

use std::collections::BTreeSet;
use std::time::Duration;

use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::CertificateState;
use runcloud_domain_sync::reconcile::Report;
use runcloud_domain_sync::reconcile::certificate::{Batch, Gate, SslRules};
use runcloud_domain_sync::simulator::{Certificate, DnsAnswer, Model, Outcome, Showing, Ssl};

use crate::support::runs;
use crate::support::world::{HERE, World};

const ELSEWHERE: [u8; 4] = [127, 0, 0, 3];
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A network with a web server, where so many names are mapped, and `dead.test`, which points elsewhere.
async fn with_a_dead_name(names: usize) -> World {
    let names = customers(names);
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["dead.test"]).collect();
    let mut world = World::new().await.mapped(&names).await.with_web_server().await;
    world.rules = SslRules::default();
    world.misdirect("dead.test");
    world
}

fn customers(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("c{number:04}.test")).collect()
}

/// Passes whenever the ledger says that something is due, for so long; at most an hour apart.
pub(crate) async fn live(world: &mut World, time: Duration) -> Vec<Report> {
    let mut reports = Vec::new();
    let end = world.now.wall.plus(time);
    while world.now.wall < end {
        let next = world.next().await.map_or(HOUR, |next| next.since(world.now.wall));
        world.later(next.clamp(SECOND, HOUR).min(end.since(world.now.wall)));
        reports.push(world.pass().await.unwrap());
    }
    reports
}

impl World {
    fn misdirect(&self, name: &str) {
        self.dns.points(name, [ELSEWHERE]);
        self.runcloud.model().misdirected.insert(name.to_owned());
    }

    fn mend(&self, name: &str) {
        self.dns.points(name, [HERE]);
        self.runcloud.model().misdirected.remove(name);
    }

    pub(crate) async fn state(&self, name: &str) -> Option<CertificateState> {
        self.known().await.certificates.remove(&Domain::parse(name).unwrap())
    }

    async fn is_covered(&self, name: &str) -> bool {
        self.state(name).await.is_some_and(|state| state.is_covered())
    }

    pub(crate) async fn uncovered(&self) -> Vec<String> {
        let known = self.known().await.certificates;
        let open = known.into_iter().filter(|(_, state)| !state.is_covered());
        open.map(|(name, _)| name.to_string()).collect()
    }
}

#[tokio::test]
async fn a_dead_name_that_is_left_out_delays_nobody_and_costs_no_order() {
    let mut world = with_a_dead_name(97).await;
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), world.orders()), (98, 1));
    live(&mut world, MINUTE).await;
    assert_eq!(world.uncovered().await, ["dead.test"]);
    live(&mut world, DAY * 3).await;
    assert_eq!((world.uncovered().await.len(), world.orders()), (1, 1));
    world.mend("dead.test");
    live(&mut world, DAY).await;
    assert_eq!(world.uncovered().await, Vec::<String>::new());
    assert_eq!(world.orders(), 2);
    world.rest().await;
}

#[tokio::test]
async fn a_dead_name_that_fails_the_whole_order_is_named_and_no_order_is_repeated_for_it() {
    let mut world = with_a_dead_name(20).await.with(|runcloud| runcloud.strict_orders = true);
    world.pass().await.unwrap();
    let reports = live(&mut world, DAY * 2).await;
    assert_eq!((world.uncovered().await.len(), world.orders()), (21, 1));
    let last = reports.last().unwrap();
    assert!(!last.is_clean());
    insta::assert_snapshot!(last, @"
    certificate: still owed for c0000.test, c0001.test, c0002.test, c0003.test, c0004.test and 15 more: an order for all names failed as a whole while dead.test did not point here, so it would fail again: mend its DNS, remove its mapping, or switch to advanced SSL in RunCloud
    0 added, 0 updated, 0 removed, 0 adopted, 0 failed, 0 to retry later
    ");
    // New names: one that points here is added, one that does not is held until it does.
    world.misdirect("later.test");
    world.map(&["new.test", "later.test"]).await;
    let report = world.pass().await.unwrap();
    assert_eq!(report.added, [Domain::parse("new.test").unwrap()]);
    let plan = world.plan_text().await;
    let (before, after) = plan.split_once("looked up again ").unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    insta::assert_snapshot!(format!("{before}looked up again …\n{after}"), @"
    = later.test  held: mapping 30 of site 2, but it points to 127.0.0.3; looked up again …
    certificate: waiting for c0000.test, c0001.test, c0002.test, c0003.test, c0004.test and 16 more: an order for all names failed as a whole while dead.test did not point here, so it would fail again: mend its DNS, remove its mapping, or switch to advanced SSL in RunCloud
    certificate: waiting for dead.test: points to 127.0.0.3, expected 127.0.0.2
    24 wanted, 24 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 1 held, 0 unmanaged, 0 rejected
    ");
    world.mend("later.test");
    world.mend("dead.test");
    live(&mut world, HOUR * 2).await;
    assert_eq!(world.uncovered().await, Vec::<String>::new());
    assert_eq!(world.orders(), 2);
    assert_eq!(world.names().len(), 2 + 21 + 2);
}

#[tokio::test]
async fn a_gate_on_additions_covers_all_others_by_the_first_order() {
    let mut world = with_a_dead_name(97).await.with(|runcloud| runcloud.strict_orders = true);
    world.policy.gate = Gate::Add;
    let report = world.pass().await.unwrap();
    assert_eq!((report.added.len(), world.orders()), (97, 1));
    live(&mut world, MINUTE).await;
    assert_eq!(world.uncovered().await, Vec::<String>::new());
    assert_eq!(world.plan().await.held.len(), 1);
    world.mend("dead.test");
    live(&mut world, DAY).await;
    assert!(world.is_covered("dead.test").await);
    assert_eq!(world.orders(), 2);
}

#[tokio::test]
async fn no_gate_orders_regardless() {
    let mut world = World::new().await.mapped(&["dead.test"]).await.with_web_server().await;
    world.misdirect("dead.test");
    world.pass().await.unwrap();
    assert_eq!(world.orders(), 0);
    world.policy.gate = Gate::Off;
    world.pass().await.unwrap();
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn names_that_trickle_in_are_ordered_in_batches() {
    let mut world = World::new().await.with_web_server().await;
    world.rules = SslRules { batch: Batch::Quiet, ..SslRules::default() };
    for name in customers(90) {
        world.map(&[&name]).await;
        world.pass().await.unwrap();
        live(&mut world, SECOND * 20).await;
    }
    assert!((1..=4).contains(&world.orders()), "{} orders", world.orders());
    live(&mut world, HOUR).await;
    assert_eq!(world.uncovered().await, Vec::<String>::new());
    assert!(world.orders() <= 4, "{} orders", world.orders());
}

#[tokio::test]
async fn an_authority_that_fails_for_a_week_is_asked_twelve_times_at_most() {
    let mut world = World::new().await.mapped(&["a.test", "b.test"]).await.with_web_server().await;
    world.rules = SslRules::default();
    let every = ["a.test", "b.test", "network.test", "shop.network.test"].map(str::to_owned);
    world.runcloud.model().misdirected.extend(every);
    world.pass().await.unwrap();
    world.runcloud.model().issue_delay = MINUTE;
    let reports = live(&mut world, DAY * 7).await;
    let said = reports.iter().map(ToString::to_string).collect::<String>();
    assert!(said.contains("RunCloud's log: Failed to deploy SSL certificate: the challenge for"));
    assert!((5..=12).contains(&world.orders()), "{} orders", world.orders());
    let unclean = reports.iter().filter(|report| !report.is_clean());
    assert!(unclean.count() > reports.len() / 2, "it is said that nothing comes of it");
    world.runcloud.model().misdirected.clear();
    live(&mut world, DAY * 2).await;
    assert_eq!(world.uncovered().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_thousand_names_in_advanced_mode_are_one_order_each() {
    let names = customers(runs(150, 1_000));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::new().await.mapped(&names).await.with_web_server().await;
    world.policy.max_removals = Some(0);
    advanced(&mut world.runcloud.model(), false);
    world.dns.points("c0007.test", [ELSEWHERE]);
    world.pass().await.unwrap();
    live(&mut world, HOUR).await;
    // The network's own site had none either.
    assert_eq!(world.orders(), names.len() - 1 + 1);
    assert_eq!(world.uncovered().await, ["c0007.test"]);
    let model = world.runcloud.model();
    let ordered: BTreeSet<_> = model.orders.iter().map(|order| order.domain.clone()).collect();
    assert_eq!(ordered.len(), model.orders.len(), "one order each");
}

#[tokio::test]
async fn a_name_that_a_wildcard_covers_needs_no_order() {
    let world = World::new().await.mapped(&["shop.a.test"]).await.with_web_server().await;
    world.web().shows_for_all(Showing::For(vec!["*.a.test".into(), "*.network.test".into()]));
    world.converge().await;
    assert_eq!(world.orders(), 0);
    assert!(world.is_covered("shop.a.test").await);
}

#[tokio::test]
async fn a_name_that_was_there_before_and_has_no_certificate_gets_one() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.runcloud.model().attach("a.test", runcloud_domain_sync::simulator::Kind::Alias);
    world.pass().await.unwrap();
    assert_eq!(world.orders(), 1);
    live(&mut world, MINUTE).await;
    assert!(world.is_covered("a.test").await);
}

#[tokio::test]
async fn what_the_wire_hides_runcloud_s_own_date_shows() {
    for showing in [Showing::Cut, Showing::For(vec!["proxy.test".into()])] {
        let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
        world.web().shows_for_all(showing);
        world.pass().await.unwrap();
        assert!(world.orders() <= 1);
        live(&mut world, HOUR).await;
        assert!(world.orders() <= 1);
    }
}

#[tokio::test]
async fn weekly_budgets_hold_orders_back() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.rules = SslRules { max_per_week: 2, ..SslRules::default() };
    for name in ["b.test", "c.test", "d.test", "e.test"] {
        world.pass().await.unwrap();
        live(&mut world, HOUR).await;
        world.map(&[name]).await;
    }
    assert_eq!(world.orders(), 2);
    let waiting = world.plan().await.certificate.waiting;
    insta::assert_snapshot!(waiting[0].detail, @"2 orders in seven days (ssl.max_per_week)");
    live(&mut world, DAY * 8).await;
    assert_eq!(world.uncovered().await, Vec::<String>::new());
}

#[tokio::test]
async fn too_many_names_for_one_certificate_are_said_and_not_ordered() {
    let names = customers(99);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new().await.mapped(&names[..88]).await.with_web_server().await;
    let report = world.pass().await.unwrap();
    assert_eq!((report.notices.len(), world.orders()), (1, 1), "{:?}", report.notices);
    world.map(&names[88..]).await;
    let report = world.pass().await.unwrap();
    assert!(!report.is_clean());
    assert_eq!((report.added.len(), world.orders()), (11, 1));
    insta::assert_snapshot!(report.certificate, @"certificate: still owed for c0088.test, c0089.test, c0090.test, c0091.test, c0092.test and 6 more: the web application serves 101 names, and one certificate holds 100: switch to advanced SSL in RunCloud");
}

#[tokio::test]
async fn autossl_is_waited_for_and_then_reported() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    advanced(&mut world.runcloud.model(), true);
    assert!(world.pass().await.unwrap().is_clean());
    live(&mut world, MINUTE * 15).await;
    assert!(world.is_covered("a.test").await);
    world.misdirect("b.test");
    world.dns.points("b.test", [HERE]);
    world.map(&["b.test"]).await;
    world.pass().await.unwrap();
    let reports = live(&mut world, HOUR * 3).await;
    insta::assert_snapshot!(reports.last().unwrap().certificate, @"certificate: still owed for b.test, shop.network.test: AutoSSL issued no certificate within an hour: look at SSL and the activity log in RunCloud");
    assert_eq!(world.writes().iter().filter(|call| call.contains("ssl")).count(), 0);
}

#[tokio::test]
async fn the_first_certificate_is_installed_where_that_is_wanted() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.runcloud.model().app.ssl = Ssl::None;
    world.pass().await.unwrap();
    assert_eq!(world.orders(), 0);
    world.rules.install = true;
    insta::assert_snapshot!(world.plan_text().await, @"
    certificate: install the first one, for a.test, shop.network.test
    2 wanted, 3 present: 0 to add, 0 to update, 0 to remove, 0 adopted, 0 held, 0 unmanaged, 0 rejected (plan 90bada3c52f8ce5d)
    ");
    world.pass().await.unwrap();
    live(&mut world, MINUTE).await;
    assert_eq!((world.orders(), world.uncovered().await.len()), (1, 0));
}

#[tokio::test]
async fn a_custom_certificate_is_never_touched() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    let until = std::time::SystemTime::now() + DAY * 300;
    let names = ["network.test".to_owned()].into();
    let custom = Certificate { method: "custom".into(), ..Certificate::issued(9, names, until) };
    world.runcloud.model().app.ssl = Ssl::Custom(custom);
    world.pass().await.unwrap();
    live(&mut world, DAY).await;
    assert_eq!(world.writes().iter().filter(|call| call.contains("ssl")).count(), 0);
    insta::assert_snapshot!(world.pass().await.unwrap().certificate, @"certificate: waiting for a.test, shop.network.test: the web application has a certificate of somebody's own, which is not touched");
}

#[tokio::test]
async fn a_resolver_that_is_not_to_be_believed_holds_nothing_back() {
    let world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.dns.says_of_others(|_| DnsAnswer::NxDomain);
    world.pass().await.unwrap();
    assert_eq!(world.orders(), 1);
}

#[tokio::test]
async fn a_row_that_the_plugin_gave_up_is_added_when_it_arrives_after_all() {
    let world = World::new().await.with_web_server().await;
    world.row(2, "late.test", 1, "failed").await;
    world.dns.points("late.test", [ELSEWHERE]);
    world.converge().await;
    assert_eq!(world.names().len(), 2);
    world.dns.points("late.test", [HERE]);
    let report = world.converge().await;
    assert_eq!(report.added.len(), 1);
}

#[tokio::test]
async fn a_name_behind_a_proxy_is_here_when_wordpress_answers_there() {
    let mut world = World::new().await.mapped(&["a.test", "b.test"]).await.with_web_server().await;
    world.row(2, "late.test", 1, "failed").await;
    let proxy = world.web().beside(ELSEWHERE.into()).await.unwrap();
    proxy.signs_with("key", "salt");
    world.witness_port = Some(world.web().http_address().port());
    for name in ["a.test", "b.test", "late.test"] {
        world.dns.points(name, [ELSEWHERE]);
    }
    proxy.maps("a.test", 8);
    proxy.maps("b.test", 7_777);
    world.runcloud.model().misdirected.insert("b.test".into());
    proxy.maps("late.test", 10);
    let report = world.pass().await.unwrap();
    assert_eq!(report.added.len(), 3, "a row that the plugin gave up arrives too");
    live(&mut world, MINUTE).await;
    assert_eq!(world.uncovered().await, ["b.test"], "another row's answer proves nothing");
    world.rest().await;
}

#[tokio::test]
async fn an_apex_serves_its_www_where_that_points_here_too() {
    let mut world = World::new().await.mapped(&["a.test", "b.test"]).await.with_web_server().await;
    world.dns.points("www.a.test", [HERE]);
    world.pass().await.unwrap();
    assert_eq!(world.names()[..2], ["a.test+www", "b.test"]);
    world.dns.points("www.b.test", [HERE]);
    world.dns.points("www.a.test", [ELSEWHERE]);
    live(&mut world, DAY * 2).await;
    assert_eq!(world.names()[..2], ["a.test", "b.test+www"]);
    live(&mut world, HOUR).await;
    assert_eq!(world.uncovered().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_reported() {
    let mut world = World::new().await.mapped(&["a.test"]).await.with_web_server().await;
    world.pass().await.unwrap();
    live(&mut world, MINUTE).await;
    assert!(world.pass().await.unwrap().notices.is_empty());
    world.later(DAY * 61);
    let notices = world.pass().await.unwrap().notices;
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(
        notices[0].starts_with("the certificate of a.test, shop.network.test ends on "),
        "{notices:?}"
    );
}

#[tokio::test]
async fn a_name_left_out_although_it_points_here_is_ordered_again_later() {
    let mut world = World::new().await.mapped(&["a.test", "b.test"]).await.with_web_server().await;
    world.runcloud.model().misdirected.insert("b.test".into());
    world.pass().await.unwrap();
    live(&mut world, MINUTE).await;
    let Some(CertificateState::Failed { reason, .. }) = world.state("b.test").await else {
        panic!("it was left out");
    };
    // RunCloud's log may follow, whose clock is not this world's.
    assert!(reason.starts_with("the certificate came without it"), "{reason}");
    assert_eq!(world.orders(), 1);
    world.runcloud.model().misdirected.clear();
    live(&mut world, HOUR * 2).await;
    assert_eq!((world.orders(), world.uncovered().await.len()), (2, 0));
    let model = world.runcloud.model();
    assert!(matches!(model.orders[0].result, Outcome::Issued { .. }));
}

pub(crate) fn advanced(model: &mut Model, auto: bool) {
    model.app.ssl = Ssl::Advanced { auto, certificates: <_>::default() };
}

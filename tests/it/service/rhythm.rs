//! When the daemon looks and when it works, in virtual time.

use std::path::Path;
use std::time::Duration;

use runcloud_domain_sync::clock::Timestamp;
use runcloud_domain_sync::daemon::Pace;
use runcloud_domain_sync::ledger::Lease;
use runcloud_domain_sync::reconcile::certificate::Batch;
use runcloud_domain_sync::simulator::{DnsAnswer, Effect, Fault, Kind};
use runcloud_domain_sync::wordpress::{Database, Lookout, Source, TablePrefix};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::ticking::{ONE_TRY, PACE, SLOW, Ticking};
use crate::support::binary::{for_world, run_for};
use crate::support::world::{HERE, World, state_directory};

const HOUR: Duration = Duration::from_hours(1);
/// With looks at RunCloud that are no others' doing.
const RARE: Pace = Pace { interval: Duration::from_hours(24 * 7), ..PACE };
const QUIET: Duration = Duration::from_millis(7_600);
/// By then the names are there, and the looks at the certificate that was ordered for them are over.
const SETTLED: Duration = Duration::from_hours(2);

async fn world() -> World {
    let mut world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.state = state_directory();
    world.patience = ONE_TRY;
    world
}

fn listings(world: &World) -> usize {
    let calls = world.runcloud.calls();
    calls.iter().filter(|call| call.method == "GET" && call.path.ends_with("/domains")).count()
}

#[tokio::test]
async fn an_idle_hour_has_the_drift_passes_calls_and_no_other() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    daemon.run(SETTLED).await;
    assert!(world.names().contains(&"a.test".to_owned()));
    world.runcloud.forget_calls();
    daemon.run(HOUR).await;
    let calls = world.runcloud.calls();
    assert!(calls.iter().all(|call| call.method == "GET"), "{calls:?}");
    assert_eq!(calls.len(), listings(&world), "a look is one page");
    assert!((3..=5).contains(&calls.len()), "{} looks in an hour", calls.len());
}

#[tokio::test]
async fn an_order_under_way_costs_no_call_until_it_can_be_seen() {
    let mut world = world().await.with_web_server().await;
    world.rules.batch = Batch::Pass;
    world.runcloud.model().issue_delay = HOUR;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, RARE).await;
    daemon.step().await;
    assert_eq!(world.orders(), 1);
    world.runcloud.forget_calls();
    daemon.run(Duration::from_mins(4)).await;
    assert_eq!(world.runcloud.calls().len(), 0, "{:?}", world.runcloud.calls());
    world.runcloud.model().finish_orders();
    daemon.run(Duration::from_mins(2)).await;
    assert_eq!(listings(&world), 1);
    assert_eq!(world.uncovered().await, Vec::<String>::new());
}

#[tokio::test]
async fn dns_is_looked_at_again_without_a_call_until_it_says_something_else() {
    let mut world = world().await.with_web_server().await;
    world.rules.batch = Batch::Pass;
    world.dns.says("b.test", DnsAnswer::NxDomain);
    world.runcloud.model().misdirected.insert("b.test".to_owned());
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, RARE).await;
    daemon.run(Duration::from_mins(1)).await;
    world.runcloud.forget_calls();
    let questions = world.dns.questions().len();
    daemon.run(Duration::from_mins(30)).await;
    assert_eq!(world.runcloud.calls().len(), 0, "{:?}", world.runcloud.calls());
    assert!(world.dns.questions().len() > questions);
    world.dns.points("b.test", [HERE]);
    world.runcloud.model().misdirected.clear();
    let orders = world.orders();
    daemon.until(|| world.orders() > orders).await;
    assert_eq!(listings(&world), 1);
}

#[tokio::test]
async fn between_passes_the_primary_s_addresses_count_as_here_too() {
    let mut world = world().await.with_web_server().await;
    world.rules.batch = Batch::Pass;
    {
        let mut model = world.runcloud.model();
        model.detach("network.test");
        model.attach("front.test", Kind::Primary);
        model.misdirected.insert("b.test".to_owned());
    }
    world.dns.says("network.test", DnsAnswer::NxDomain);
    world.dns.says("b.test", DnsAnswer::NxDomain);
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, RARE).await;
    daemon.run(Duration::from_mins(1)).await;
    world.runcloud.forget_calls();
    daemon.run(Duration::from_mins(30)).await;
    assert_eq!(world.runcloud.calls().len(), 0, "{:?}", world.runcloud.calls());
}

#[tokio::test]
async fn what_falls_due_while_a_pass_is_at_work_has_the_next_one() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, RARE).await;
    daemon.run(SETTLED).await;
    let lost = Fault::at("POST", "/domains").naming("c.test").status(503).times(3);
    // Longer than the first wait of a name that failed, which is five seconds.
    let slow = Fault::at("GET", "/ssl/advanced").with(Effect::Hang(Duration::from_secs(7)));
    world.runcloud.model().faults.extend([lost, slow]);
    world.map(&["c.test", "d.test"]).await;
    daemon.until(|| world.names().contains(&"d.test".to_owned())).await;
    assert!(!world.names().contains(&"c.test".to_owned()));
    let took = daemon.until(|| world.names().contains(&"c.test".to_owned())).await;
    assert!(took < Duration::from_mins(1), "{took:?}");
}

#[tokio::test]
async fn a_ledger_that_fails_is_met_once_a_poll_at_most() {
    for broken in
        ["DROP TABLE pass; DROP TABLE api_calls", "DROP TABLE event", "DROP TABLE service"]
    {
        let world = world().await;
        let lease = Lease::acquire(world.state.path()).unwrap();
        let mut daemon = Ticking::start(&world, &lease, PACE).await;
        daemon.run(SETTLED).await;
        write(&world.state.path().join("ledger.sqlite"), broken).await;
        world.map(&["new.test"]).await;
        world.runcloud.forget_calls();
        let began = daemon.now.at;
        let mut steps = 0;
        while daemon.now.at < began + HOUR && steps < 2_000 {
            daemon.step().await;
            steps += 1;
        }
        assert!(steps <= 1_000, "{steps} looks in an hour: {broken}");
        assert!(world.runcloud.calls().len() < 100, "{}: {broken}", world.runcloud.calls().len());
    }
}

#[tokio::test]
async fn without_its_lease_it_only_looks() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    daemon.run(SETTLED).await;
    std::fs::remove_file(world.state.path().join("lease")).unwrap();
    world.runcloud.forget_calls();
    let began = daemon.now.at;
    for _ in 0..500 {
        daemon.step().await;
    }
    assert!(daemon.now.at > began + HOUR / 2);
    assert_eq!(world.runcloud.calls().len(), 0);
}

#[tokio::test]
async fn a_change_is_there_after_a_poll_and_two_quiet_seconds() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    daemon.run(SETTLED).await;
    for (change, wanted) in [
        ("INSERT INTO wp_wu_domain_mappings (blog_id, domain) VALUES (2, 'new.test')", "new.test"),
        (
            "UPDATE wp_wu_domain_mappings SET domain = 'nex.test' WHERE domain = 'new.test'",
            "nex.test",
        ),
        ("UPDATE wp_blogs SET domain = 'own.network.test' WHERE blog_id = 2", "own.network.test"),
        (
            "INSERT INTO wp_blogs (site_id, domain, path) VALUES (1, 'second.test', '/')",
            "second.test",
        ),
    ] {
        world.sql(change).await;
        let took = daemon.until(|| world.names().contains(&wanted.to_owned())).await;
        assert!(took <= QUIET + PACE.poll, "{took:?}: {change}");
    }
}

#[tokio::test]
async fn two_rows_that_exchange_their_names_are_a_change() {
    let world = world().await;
    world.row(1, "c.test", 1, "failed").await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    daemon.run(SETTLED).await;
    // Both rows are as long as before and hold the same octets between them.
    world
        .sql(
            "UPDATE wp_wu_domain_mappings SET domain = CASE domain WHEN 'b.test' THEN 'c.test' \
             ELSE 'b.test' END WHERE domain IN ('b.test', 'c.test')",
        )
        .await;
    daemon.until(|| world.names().contains(&"c.test".to_owned())).await;
}

#[tokio::test]
async fn rows_that_trickle_in_wait_ten_seconds_at_most() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    daemon.run(SETTLED).await;
    let began = daemon.now.at;
    for number in 0.. {
        world.map(&[&*format!("trickle-{number}.test")]).await;
        daemon.step().await;
        if world.names().contains(&"trickle-0.test".to_owned()) {
            break;
        }
    }
    let took = daemon.now.at - began;
    assert!((8..=22).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test]
async fn a_thousand_rows_are_there_in_one_pass() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    daemon.run(SETTLED).await;
    let rows: Vec<String> = (0..1_000).map(|n| format!("(2, 'shop-{n:04}.test')")).collect();
    let rows = rows.join(", ");
    world.sql(&format!("INSERT INTO wp_wu_domain_mappings (blog_id, domain) VALUES {rows}")).await;
    world.runcloud.forget_calls();
    daemon.until(|| world.names().len() > 1_000).await;
    assert_eq!(world.names().len(), 1_004);
    assert_eq!(listings(&world), 1, "one look for all of them");
}

#[tokio::test]
async fn runcloud_s_return_is_noticed_within_ten_seconds_and_each_question_is_one_call() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    world.runcloud.model().faults.push(Fault::any().status(503).always());
    daemon.run(HOUR).await;
    let calls = world.runcloud.calls().len();
    assert!((500..=700).contains(&calls), "{calls} calls in an hour");
    world.map(&["new.test"]).await;
    world.runcloud.model().faults.clear();
    let took = daemon.until(|| world.names().contains(&"new.test".to_owned())).await;
    assert!(took <= Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn passes_that_fail_although_runcloud_answers_become_rare() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    daemon.run(SETTLED).await;
    let short = json!({ "data": [], "meta": { "pagination": { "total": 5, "total_pages": 1 } } });
    let odd = Fault::at("GET", "/domains").answer(200, &short).always();
    world.runcloud.model().faults.push(odd);
    world.runcloud.forget_calls();
    world.map(&["new.test"]).await;
    daemon.run(HOUR).await;
    assert!(listings(&world) < 80, "{} pages in an hour", listings(&world));
}

#[tokio::test]
async fn refused_credentials_are_tried_ever_more_rarely() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, SLOW).await;
    world.runcloud.model().faults.push(Fault::any().status(401).always());
    daemon.run(HOUR * 5).await;
    let calls = world.runcloud.calls().len();
    assert!((5..=9).contains(&calls), "{calls} calls in five hours");
    // Somebody who mended it does not want to wait.
    world.runcloud.model().faults.clear();
    daemon.words.reconcile.notify_one();
    daemon.step().await;
    assert!(world.names().contains(&"a.test".to_owned()));
}

#[tokio::test]
async fn a_word_in_the_ledger_is_heard_within_a_poll_and_a_look_into_it_is_none() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::start(&world, &lease, PACE).await;
    daemon.run(SETTLED).await;
    world.known().await;
    world.runcloud.forget_calls();
    daemon.run(Duration::from_secs(20)).await;
    assert_eq!(world.runcloud.calls().len(), 0);
    let mut pause = for_world(&world);
    pause.args(["pause", "a look"]);
    assert_eq!(run_for(pause).await.code, 0);
    daemon.step().await;
    assert_eq!(listings(&world), 1);
}

#[tokio::test]
async fn a_monthly_number_of_calls_stretches_the_looks() {
    let mut world = world().await;
    // The tenth of a month with thirty days.
    world.now.wall = Timestamp(1_794_312_000);
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut daemon = Ticking::with(&world, &lease, SLOW, Some(1_000)).await;
    daemon.run(SETTLED).await;
    let used = daemon.ledger.calls_in_month(daemon.now.moment.wall).await.unwrap();
    assert_eq!(used, world.runcloud.calls().len() as u64);
    let looks = looks_in(&world, &mut daemon, HOUR * 12).await;
    assert!((16..=28).contains(&looks), "about 33 minutes apart: {looks}");
    daemon.ledger.count_calls(800, daemon.now.moment.wall).await.unwrap();
    looks_in(&world, &mut daemon, HOUR).await;
    let looks = looks_in(&world, &mut daemon, HOUR * 24).await;
    assert!((2..=5).contains(&looks), "some 7 hours apart: {looks}");
    daemon.ledger.count_calls(1_000, daemon.now.moment.wall).await.unwrap();
    looks_in(&world, &mut daemon, HOUR * 9).await;
    assert!(looks_in(&world, &mut daemon, HOUR * 12).await <= 1, "one look a day");
    world.map(&["new.test"]).await;
    let took = daemon.until(|| world.names().contains(&"new.test".to_owned())).await;
    assert!(took <= SLOW.poll * 2, "a change is made all the same: {took:?}");
}

async fn looks_in(world: &World, daemon: &mut Ticking<'_>, time: Duration) -> usize {
    world.runcloud.forget_calls();
    daemon.run(time).await;
    listings(world)
}

#[tokio::test]
async fn an_sqlite_file_shows_what_others_write_and_what_is_put_in_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let tables = "CREATE TABLE wp_wu_domain_mappings (id INTEGER PRIMARY KEY, blog_id, domain, \
                  active, stage); INSERT INTO wp_wu_domain_mappings VALUES (1, 2, 'a.test', 1, NULL)";
    write(&file("wp.sqlite"), tables).await;
    let source = Source::Sqlite(file("wp.sqlite"));
    let prefix = TablePrefix::new("wp_").unwrap();
    let mut lookout = Lookout::new(Database::new(source, prefix, Duration::ZERO));
    let first = lookout.look().await.unwrap();
    write(&file("wp.sqlite"), "CREATE TABLE wp_options (name)").await;
    assert_eq!(lookout.look().await.unwrap(), first, "no row that counts changed");
    write(&file("wp.sqlite"), "UPDATE wp_wu_domain_mappings SET stage = ''").await;
    let second = lookout.look().await.unwrap();
    assert_ne!(second, first, "NULL and nothing differ");
    write(&file("other.sqlite"), tables).await;
    std::fs::rename(file("other.sqlite"), file("wp.sqlite")).unwrap();
    assert_eq!(lookout.look().await.unwrap(), first);
}

async fn write(file: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    connection.execute(sqlx::raw_sql(sql)).await.unwrap();
    connection.close().await.unwrap();
}

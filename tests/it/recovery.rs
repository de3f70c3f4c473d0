//! The ledger: what it belongs to, and what becomes of the work when it is lost or cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use runcloud_domain_sync::ledger::{Binding, Lease, Ledger, LedgerError, Operator};
use runcloud_domain_sync::reconcile::PassError;
use runcloud_domain_sync::reconcile::plan::Removal;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};

use crate::support::world::{BINDING, World};

fn ledger(world: &World) -> PathBuf {
    world.state.path().join("ledger.sqlite")
}

async fn world() -> World {
    let world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await;
    world.converge().await;
    world.runcloud.forget_calls();
    world
}

/// Runs a statement on the ledger behind the program's back.
async fn on_ledger(world: &World, sql: &str) {
    let mut connection = connection(world).await;
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
    connection.close().await.unwrap();
}

async fn connection(world: &World) -> SqliteConnection {
    let url = format!("sqlite://{}", ledger(world).display());
    SqliteConnection::connect(&url).await.unwrap()
}

/// What the world does after its ledger became useless: it adds, adopts again, and removes nothing that
/// it does not own any more.
async fn begins_again(world: &World, said: &str) {
    world.unmap("a.test").await;
    world.map(&["new.test"]).await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let notice = Ledger::open(world.state.path(), BINDING, &lease).await.unwrap().notice;
    drop(lease);
    assert!(notice.unwrap_or_default().contains(said), "{said}");
    let report = world.converge().await;
    assert_eq!((report.added.len(), report.adopted, report.removed.len()), (1, 3, 0));
    world.unmap("b.test").await;
    let report = world.converge().await;
    assert_eq!(report.removed.len(), 1, "what was adopted again goes with its row");
}

#[tokio::test]
async fn a_lost_ledger_adopts_again_and_removes_nothing_until_then() {
    let world = world().await;
    fs::remove_file(ledger(&world)).unwrap();
    begins_again(&world, "there was no ledger in").await;
}

#[tokio::test]
async fn a_damaged_ledger_is_set_aside() {
    for damage in ["not a database at all".repeat(400).into_bytes(), vec![0; 20_000]] {
        let world = world().await;
        let mut whole = fs::read(ledger(&world)).unwrap();
        let from = if damage[0] == 0 { 4_096 } else { 0 };
        let to = whole.len().min(from + damage.len());
        whole[from..to].copy_from_slice(&damage[..to - from]);
        fs::write(ledger(&world), whole).unwrap();
        assert!(world.plan().await.changes.is_empty(), "plan goes on without it");
        begins_again(&world, "The old ledger is now").await;
    }
}

#[tokio::test]
async fn a_ledger_with_cells_that_cannot_be_is_set_aside() {
    let world = world().await;
    on_ledger(&world, "UPDATE owned SET domain = 'not a name' WHERE domain = 'a.test'").await;
    begins_again(&world, "is damaged").await;
}

#[tokio::test]
async fn a_ledger_of_a_newer_version_is_set_aside() {
    let world = world().await;
    on_ledger(
        &world,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', 1, x'00', 0)",
    )
    .await;
    assert!(world.plan().await.changes.is_empty(), "plan goes on without it");
    begins_again(&world, "of a newer version").await;
}

/// Puts a ledger that owns what rows want in the place of the world's, as the version with so many
/// migrations made it.
async fn make_older(world: &World, migrations: &[PathBuf]) {
    fs::remove_file(ledger(world)).unwrap();
    let older = tempfile::tempdir().unwrap();
    for path in migrations {
        fs::copy(path, older.path().join(path.file_name().unwrap())).unwrap();
    }
    let url = format!("sqlite://{}?mode=rwc", ledger(world).display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    Migrator::new(older.path()).await.unwrap().run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    on_ledger(
        world,
        "INSERT INTO binding (one, server, app) VALUES (1, 1903, 646);
         INSERT INTO owned (domain, origin, since, mapping, site) VALUES
            ('a.test', 'added', 1, 8, 2), ('b.test', 'added', 1, 9, 2), ('c.test', 'added', 1, 10, 2),
            ('shop.network.test', 'adopted', 1, NULL, 2)",
    )
    .await;
}

#[tokio::test]
async fn a_ledger_of_an_older_version_can_be_looked_at_and_is_upgraded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut migrations: Vec<PathBuf> = files.collect();
    migrations.sort();
    for version in 1..migrations.len() {
        let world = world().await;
        make_older(&world, &migrations[..version]).await;
        let before = fs::read(ledger(&world)).unwrap();
        world.unmap("a.test").await;
        assert_eq!(world.plan().await.removals(), 1, "{version}");
        let joined = Ledger::join(world.state.path(), BINDING).await;
        assert!(matches!(joined, Err(LedgerError::Older(_))), "its writer may be as old as it is");
        let joined = Operator::join(world.state.path()).await;
        assert!(matches!(joined, Err(LedgerError::Older(_))), "{version}");
        assert_eq!(fs::read(ledger(&world)).unwrap(), before, "a look writes nothing");
        assert_eq!(world.converge().await.removed.len(), 1, "{version}");
    }
}

#[tokio::test]
async fn mirror_removes_nothing_in_the_first_pass_of_a_new_ledger() {
    let mut world = world().await;
    fs::remove_file(ledger(&world)).unwrap();
    world.policy.removal = Removal::Mirror;
    world.unmap("a.test").await;
    assert_eq!(world.pass().await.unwrap().removed.len(), 0);
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test]
async fn another_network_s_database_is_refused_until_the_ledger_is_bound_to_it() {
    let world = world().await;
    world.sql("UPDATE wp_site SET domain = 'other.test'").await;
    let refused = world.pass().await.unwrap_err();
    assert!(matches!(refused, PassError::Ledger(LedgerError::OtherNetwork { .. })), "{refused}");
    assert!(refused.to_string().contains("--rebind=other.test"), "{refused}");
    assert_eq!(world.writes(), Vec::<String>::new());
    let lease = Lease::acquire(world.state.path()).unwrap();
    let other = runcloud_domain_sync::domain::Domain::parse("other.test").unwrap();
    let rebound =
        Ledger::rebind(world.state.path(), BINDING, Some(&other), &lease, |_| true).await.unwrap();
    assert!(rebound.notice.is_some());
    drop((rebound, lease));
    world.unmap("a.test").await;
    let report = world.converge().await;
    assert_eq!(report.removed.len(), 0, "the new ledger owns nothing that is not mapped");
}

#[tokio::test]
async fn another_web_application_is_refused() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let other = Binding { app: 647, ..BINDING };
    let refused = Ledger::open(world.state.path(), other, &lease).await.err().unwrap();
    assert!(refused.to_string().contains("--rebind=1903/647"), "{refused}");
    assert!(Ledger::rebind(world.state.path(), other, None, &lease, |_| true).await.is_ok());
}

#[tokio::test]
async fn without_a_ledger_that_can_be_written_no_write_call_is_made() {
    let world = world().await;
    world.map(&["new.test"]).await;
    world.unmap("a.test").await;
    on_ledger(
        &world,
        "CREATE TRIGGER full BEFORE INSERT ON intent BEGIN SELECT RAISE(FAIL, 'disk full'); END",
    )
    .await;
    let error = world.pass().await.unwrap_err();
    assert!(matches!(error, PassError::Ledger(_)), "{error}");
    assert_eq!(world.writes(), Vec::<String>::new());
    on_ledger(&world, "DROP TRIGGER full").await;
    let report = world.converge().await;
    assert_eq!((report.added.len(), report.removed.len()), (1, 1));
}

#[tokio::test]
async fn without_a_ledger_that_can_be_written_no_certificate_is_ordered() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.converge().await;
    world.map(&["b.test"]).await;
    on_ledger(
        &world,
        "CREATE TRIGGER full BEFORE INSERT ON certificate_order \
         BEGIN SELECT RAISE(FAIL, 'disk full'); END",
    )
    .await;
    assert!(world.pass().await.is_err());
    assert_eq!(world.orders(), 1, "the order needs its intent, as every write call does");
    on_ledger(&world, "DROP TRIGGER full").await;
    world.converge().await;
    assert_eq!(world.orders(), 2);
}

#[tokio::test]
async fn a_ledger_whose_disk_was_full_in_the_middle_of_a_change_goes_on() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut open = Ledger::open(world.state.path(), BINDING, &lease).await.unwrap();
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON pass BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END";
    on_ledger(&world, full).await;
    for _ in 0..3 {
        assert!(open.begin_pass(&world.now).await.is_err());
    }
    on_ledger(&world, "DROP TRIGGER full").await;
    open.begin_pass(&world.now).await.unwrap();
    open.begin_pass(&world.now).await.unwrap();
}

#[tokio::test]
async fn nor_does_a_change_that_fails_after_that_keep_others_from_the_disk() {
    let world = world().await;
    let lease = Lease::acquire(world.state.path()).unwrap();
    let mut open = Ledger::open(world.state.path(), BINDING, &lease).await.unwrap();
    for how in ["ROLLBACK, 'disk full'", "ABORT, 'busy'"] {
        let odd =
            format!("CREATE TRIGGER odd BEFORE INSERT ON pass BEGIN SELECT RAISE({how}); END");
        on_ledger(&world, &odd).await;
        assert!(open.begin_pass(&world.now).await.is_err());
        on_ledger(&world, "DROP TRIGGER odd").await;
    }
    let number = open.begin_pass(&world.now).await.unwrap();
    let mut other = connection(&world).await;
    let newest = sqlx::query_scalar("SELECT max(id) FROM pass").fetch_one(&mut other).await;
    assert_eq!(newest.ok(), Some(number), "it is on the disk at once");
}

#[tokio::test]
async fn a_read_only_state_directory_writes_nothing_anywhere() {
    let world = world().await;
    world.map(&["new.test"]).await;
    fs::set_permissions(world.state.path(), fs::Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(ledger(&world), fs::Permissions::from_mode(0o444)).unwrap();
    assert_eq!(world.plan().await.additions(), 1, "plan always works");
    fs::set_permissions(world.state.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

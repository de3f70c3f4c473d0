//! What machines ask: metrics and health of the real binary, over a Unix socket and over loopback.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::Client;
use runcloud_domain_sync::simulator::{Fault, RateLimit};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use super::outages::{added, daemon, end};
use crate::support::binary::{for_world_with, run_for};
use crate::support::link::Link;
use crate::support::running::Running;
use crate::support::world::World;

/// Asks over a Unix socket, or over a port of this machine.
struct Asker {
    client: Client,
    base: String,
}

impl Asker {
    fn at_socket(path: &Path) -> Self {
        let client = Client::builder().unix_socket(path).build().unwrap();
        Self { client, base: "http://localhost".to_owned() }
    }

    fn at_port(port: u16) -> Self {
        Self { client: Client::new(), base: format!("http://127.0.0.1:{port}") }
    }

    async fn ask(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

/// The daemon of a world that listens.
fn listening(world: &World, listen: &str) -> Command {
    let command = daemon(world);
    let config = world.state.path().join("config.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.extend(["[service]\nlisten = \"", listen, "\"\n"]);
    std::fs::write(&config, text).unwrap();
    command
}

fn socket(world: &World) -> PathBuf {
    world.state.path().join("admin.sock")
}

/// The value of a series, as it is written.
fn value<'t>(metrics: &'t str, series: &str) -> &'t str {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in\n{metrics}"))
}

fn series(metrics: &str) -> BTreeSet<String> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

/// The series that the alert rules look at.
fn watched() -> BTreeSet<String> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/alerts.yml");
    let rules = std::fs::read_to_string(rules).unwrap();
    let words = rules.split(|c: char| c.is_whitespace() || c == '(' || c == ')');
    words.filter(|word| word.starts_with("runcloud_domain_sync_")).map(str::to_owned).collect()
}

/// What promtool has to say.
async fn promtool(metrics: String) -> String {
    let check = move || {
        let mut child = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool is missing: apt-get install prometheus");
        child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(output.status.success(), "{said}");
        said
    };
    spawn_blocking(check).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened_and_promtool_has_nothing_to_say() {
    let world = World::new().await.mapped(&["a.test", "taken.test"]).await;
    {
        let mut model = world.runcloud.model();
        model.taken.insert("taken.test".into());
        model.rate_limit = Some(RateLimit { calls: 60, window: Duration::from_mins(1) });
    }
    let mut running = Running::start(listening(&world, socket(&world).to_str().unwrap()));
    running.until_said("pass 1").await;
    let asker = Asker::at_socket(&socket(&world));
    let (_, first) = asker.ask("/metrics").await;
    assert_eq!(promtool(first.clone()).await, "");
    let watched = watched();
    assert_eq!(watched.difference(&series(&first)).collect::<Vec<_>>(), Vec::<&String>::new());
    for (name, expected) in [
        ("passes_total{result=\"partial\"}", "1"),
        ("passes_total{result=\"failed\"}", "0"),
        ("changes_total{action=\"add\",result=\"done\"}", "1"),
        ("changes_total{action=\"any\",result=\"failed\"}", "1"),
        ("domains{state=\"managed\"}", "2"),
        ("domains{state=\"failing\"}", "1"),
        ("domains{state=\"unmanaged\"}", "0"),
        ("blocked_removals", "0"),
        ("removal_budget_left", "10.0"),
        ("next_certificate_expiry_timestamp_seconds", "NaN"),
        ("api_calls_total{endpoint=\"add_domain\",status=\"2xx\"}", "1"),
        ("api_calls_total{endpoint=\"add_domain\",status=\"4xx\"}", "1"),
        ("api_rate_limit", "60.0"),
        ("row_to_runcloud_seconds_count", "1"),
        ("paused", "0"),
    ] {
        let series = format!("runcloud_domain_sync_{name}");
        assert_eq!(value(&first, &series), expected, "{series}");
    }
    assert!(!first.contains("a.test") && !first.contains("network.test"), "{first}");
    let in_month: usize = value(&first, "runcloud_domain_sync_api_calls_in_month").parse().unwrap();
    assert_eq!(in_month, world.runcloud.calls().len());

    world.runcloud.model().faults.push(Fault::at("POST", "/domains").status(503).always());
    world.map(&["b.test"]).await;
    running.until_said("b.test").await;
    world.runcloud.model().faults.clear();
    added(&world, &mut running, "b.test").await;
    let (_, later) = asker.ask("/metrics").await;
    assert_eq!(series(&later), series(&first), "no series comes or goes");
    assert_eq!(asker.ask("/livez").await, (200, "ok\n".to_owned()));
    assert_eq!(asker.ask("/readyz").await, (200, "ok\n".to_owned()));
    assert_eq!(asker.ask("/").await.0, 404);
    end(running).await;
    assert!(!socket(&world).exists(), "it takes its socket with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_alive_and_not_ready_until_a_pass_is_complete() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let link = Link::to(world.tables.port()).await;
    link.cut();
    // A crash left its socket.
    drop(std::os::unix::net::UnixListener::bind(socket(&world)).unwrap());
    let mut command = listening(&world, socket(&world).to_str().unwrap());
    command.env("DATABASE_URL", world.tables.url_at(link.address));
    let mut running = Running::start(command);
    running.until(link.refuses(2)).await;
    let asker = Asker::at_socket(&socket(&world));
    assert_eq!(asker.ask("/livez").await.0, 200);
    assert_eq!(asker.ask("/readyz").await, (503, "no pass was complete yet\n".to_owned()));
    link.mend();
    running.until_said("pass 1").await;
    assert_eq!(asker.ask("/readyz").await.0, 200);
    end(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_removes_the_lease_ends_its_work() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let mut running = Running::start(listening(&world, socket(&world).to_str().unwrap()));
    running.until_said("pass 1").await;
    std::fs::remove_file(world.state.path().join("lease")).unwrap();
    running.until_said("was removed or replaced").await;
    let asker = Asker::at_socket(&socket(&world));
    assert_eq!(asker.ask("/readyz").await, (503, "the lease is not held\n".to_owned()));
    let said = end(running).await;
    assert_eq!(said.matches("was removed or replaced").count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_said_and_no_reason_to_stop() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut running = Running::start(listening(&world, &format!("127.0.0.1:{port}")));
    running.until_said("cannot be listened on").await;
    added(&world, &mut running, "a.test").await;
    drop(taken);
    running.until_said("listening on").await;
    assert_eq!(Asker::at_port(port).ask("/livez").await.0, 200);
    // Another place is taken up with a reload.
    listening(&world, socket(&world).to_str().unwrap());
    running.signal("HUP");
    running.until_said("admin.sock").await;
    assert_eq!(Asker::at_socket(&socket(&world)).ask("/livez").await.0, 200);
    let said = end(running).await;
    assert_eq!(said.matches("cannot be listened on").count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_to_other_machines_is_refused() {
    let world = World::new().await;
    let mut command = for_world_with(&world, "[service]\nlisten = \"0.0.0.0:9101\"\n");
    command.arg("--once");
    let ran = run_for(command).await;
    assert_eq!(ran.code, 78, "{}", ran.stderr);
    assert!(ran.stderr.contains("is open to other machines"), "{}", ran.stderr);
}

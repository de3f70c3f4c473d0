//! A network whose tables are in an SQLite file and whose RunCloud is simulated, and the real binary at work on it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use runcloud_domain_sync::simulator::{DnsAnswer, Kind, Model, NameServer, Simulator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

/// The most names that a page of RunCloud's list holds.
pub(super) const PAGE: usize = 40;
const SEED: u64 = 1;
const TOKEN: &str = "simulated-token-that-is-longer-than-fifty-characters-00000";
/// How often the ledger is looked at.
const LOOKS: usize = 21;
/// How often the memory of the running binary is looked at.
const LOOK: Duration = Duration::from_millis(2);
const TABLES: &str = "\
    CREATE TABLE wp_site (id INTEGER PRIMARY KEY, domain TEXT, path TEXT); \
    CREATE TABLE wp_blogs (blog_id INTEGER PRIMARY KEY, site_id INTEGER, domain TEXT, path TEXT, \
        archived INTEGER DEFAULT 0, spam INTEGER DEFAULT 0, deleted INTEGER DEFAULT 0); \
    CREATE TABLE wp_wu_domain_mappings (id INTEGER PRIMARY KEY, blog_id INTEGER, domain TEXT, \
        active INTEGER, stage TEXT); \
    INSERT INTO wp_site VALUES (1, 'network.example', '/'); \
    INSERT INTO wp_blogs (blog_id, site_id, domain, path) VALUES \
        (1, 1, 'network.example', '/'), (2, 1, 'network.example', '/shop/')";

const ROW: &str = "\
    INSERT INTO wp_wu_domain_mappings (blog_id, domain, active, stage) VALUES (2, ?, 1, 'done')";

/// The simulated server's address.
const HERE: [u8; 4] = [127, 0, 0, 2];

/// The network, and the directory that holds its tables and the ledger.
pub(super) struct Network {
    runcloud: Simulator,
    dns: NameServer,
    directory: TempDir,
}

/// What one pass of the binary took.
pub(super) struct Measured {
    /// From start to exit, the simulator's own work included.
    pub(super) time: Duration,
    /// In KiB; none where the system does not say.
    pub(super) peak_memory: Option<u32>,
    pub(super) calls: usize,
    pub(super) writes: usize,
}

impl Network {
    /// Maps the first `wanted` customers' names, and attaches the first `present` to RunCloud.
    pub(super) async fn new(wanted: usize, present: usize) -> Self {
        Self::around(wanted, model(present)).await
    }

    /// Maps the first `wanted` customers' names, beside a RunCloud that is there already.
    pub(super) async fn around(wanted: usize, runcloud: Model) -> Self {
        let directory = tables(wanted).await;
        let runcloud = Simulator::start(runcloud).await.expect("a simulator");
        Self { runcloud, dns: name_server().await, directory }
    }

    /// One pass that has to end converged.
    pub(super) async fn pass(&self) -> Measured {
        self.runcloud.forget_calls();
        let start = Instant::now();
        let child = self.command().arg("--once").spawn().expect("the binary starts");
        let watching = tokio::task::spawn_blocking(|| watch(child, || false));
        let (Output { status, stderr, .. }, peak_memory) = watching.await.expect("a watcher");
        let time = start.elapsed();
        let said = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "the pass did not converge: {status}: {said}");
        let calls = self.runcloud.calls();
        let writes = calls.iter().filter(|call| call.is_write()).count();
        Measured { time, peak_memory, calls: calls.len(), writes }
    }

    /// The median time that a look at the ledger takes, from start to exit.
    pub(super) fn status(&self) -> Duration {
        let time = |_| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_runcloud-domain-sync"));
            command.env_clear().arg("--state-dir").arg(self.directory.path()).arg("status");
            let start = Instant::now();
            let output = command.output().expect("the binary starts");
            let time = start.elapsed();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            time
        };
        let mut times: Vec<Duration> = (0..LOOKS).map(time).collect();
        times.sort();
        times[LOOKS / 2]
    }

    /// How many names RunCloud has.
    pub(super) fn names(&self) -> usize {
        self.runcloud.model().app.domains.len()
    }

    /// How many certificate orders RunCloud took.
    pub(super) fn orders(&self) -> usize {
        self.runcloud.model().orders.len()
    }

    /// Where the tables and the ledger are.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn runcloud(&self) -> &Simulator {
        &self.runcloud
    }

    pub(super) fn dns(&self) -> &NameServer {
        &self.dns
    }

    /// The binary set up for it, as a daemon.
    pub(super) fn command(&self) -> Command {
        let ids = {
            let model = self.runcloud.model();
            (model.server.id, model.app.id)
        };
        command(self.directory.path(), &self.runcloud.url(), &self.dns, ids)
    }
}

/// The binary with an empty environment but for the credential and silence. `ids` are the server's and the web
/// application's.
pub(super) fn command(
    directory: &Path,
    api_url: &str,
    dns: &NameServer,
    ids: (u64, u64),
) -> Command {
    let database = format!("sqlite://{}", directory.join("wordpress.sqlite").display());
    let (server, app) = (ids.0.to_string(), ids.1.to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_runcloud-domain-sync"));
    command.env_clear().env("WU_RUNCLOUD_API_TOKEN", TOKEN).env("RUST_LOG", "error");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.args(["--table-prefix", "wp_", "--database-url", &database]);
    command.arg("--config").arg(configure(directory, dns, ""));
    command.args(["--server-id", &server, "--app-id", &app]);
    command.args(["--api-url", api_url]).arg("--state-dir").arg(directory);
    command
}

/// A name server whose names point here, as customers' do who forget about `www`.
pub(super) async fn name_server() -> NameServer {
    let dns = NameServer::start().await.expect("a name server");
    dns.says_of_others(|name| {
        if name.starts_with("www.") {
            DnsAnswer::NxDomain
        } else {
            DnsAnswer::Addresses(vec![HERE.into()])
        }
    });
    dns
}

/// A config.toml with that name server: whatever is looked up stays on this machine.
pub(super) fn configure(directory: &Path, dns: &NameServer, more: &str) -> PathBuf {
    let config = directory.join("config.toml");
    let text = format!("{more}[dns]\nresolvers = [\"{}\"]\n", dns.address());
    std::fs::write(&config, text).expect("a config.toml");
    config
}

/// A directory with the tables, in which the first `wanted` customers' names are mapped.
pub(super) async fn tables(wanted: usize) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_tables(&directory, wanted).await.expect("the tables in an SQLite file");
    directory
}

/// A RunCloud that behaves well, with the first `present` customers' names.
pub(super) fn model(present: usize) -> Model {
    let mut model = Model::new(SEED).calm();
    for number in 0..present {
        model.attach(&name(number), Kind::Alias);
    }
    model
}

/// The name of a customer.
pub(super) fn name(number: usize) -> String {
    format!("customer-{number:05}.example")
}

/// Maps one more customer's name.
pub(super) async fn insert(directory: &Path, number: usize) {
    let options = SqliteConnectOptions::new().filename(directory.join("wordpress.sqlite"));
    let mut connection: SqliteConnection = options.connect().await.expect("the tables");
    let insert = sqlx::query(ROW).bind(name(number)).execute(&mut connection);
    insert.await.expect("one more row");
    connection.close().await.expect("the tables are closed");
}

async fn write_tables(directory: &TempDir, wanted: usize) -> Result<(), sqlx::Error> {
    let file = directory.path().join("wordpress.sqlite");
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection: SqliteConnection = options.connect().await?;
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
    for number in 0..wanted {
        sqlx::query(ROW).bind(name(number)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    connection.close().await
}

/// Waits for the binary's end, or ends it once that is enough, and looks at the high water mark of its resident memory
/// meanwhile, in KiB. The kernel keeps the mark, so only growth in the last moment before the end can be missed.
pub(super) fn watch(mut child: Child, is_enough: impl Fn() -> bool) -> (Output, Option<u32>) {
    let process = child.id();
    let mut peak = None;
    while child.try_wait().expect("the binary can be waited for").is_none() {
        let enough = is_enough();
        peak = status_of(process, "VmHWM:").or(peak);
        if enough {
            child.kill().expect("the binary can be ended");
            break;
        }
        thread::sleep(LOOK);
    }
    (child.wait_with_output().expect("the binary's output"), peak)
}

/// What the kernel says of a process's memory, in KiB.
pub(super) fn status_of(process: u32, what: &str) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    line.split_whitespace().next()?.parse().ok()
}

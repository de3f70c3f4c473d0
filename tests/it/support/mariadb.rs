//! A real MariaDB, started once for the whole run in a private directory, with a database per test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, MySqlConnection};

/// The real tables, as the plugin and WordPress made them; prefix `wpx_`.
pub const TABLES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wordpress-multisite.sql"));

/// The server of this test run. It dies with the test process, however that ends: a shell waits for
/// the pipe from it to close.
pub struct Server {
    _keeper: Child,
    pub socket: PathBuf,
    pub port: u16,
}

/// A database of a test's own on the server.
pub struct Database {
    pub name: String,
    server: &'static Server,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Server {
    fn get() -> &'static Self {
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let daemon = find("mariadbd");
        let directory = tempfile::tempdir().unwrap().keep();
        let data = directory.join("data");
        install(&data);
        let socket = directory.join("sock");
        let port = free_port();
        // The least isolation a server may have by default: a read has to bring its own.
        let command = format!(
            "{} --no-defaults --user=root --datadir={} --socket={} --port={port} \
             --bind-address=127.0.0.1 --skip-name-resolve --innodb-flush-log-at-trx-commit=0 \
             --innodb-buffer-pool-size=32M --character-set-server=utf8mb4 --log-error={} \
             --transaction-isolation=READ-UNCOMMITTED & \
             read -r _; kill -9 $!; wait; rm -rf {}",
            daemon.display(),
            data.display(),
            socket.display(),
            directory.join("log").display(),
            directory.display(),
        );
        let keeper = Command::new("sh")
            .args(["-c", &command])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until_it_answers(&socket);
        Self { _keeper: keeper, socket, port }
    }
}

impl Database {
    /// An empty database.
    pub async fn empty() -> Self {
        // Starting the server blocks; other tests of this thread have nothing to do meanwhile.
        let server = Server::get();
        let name = format!("wp{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let database = Self { name, server };
        let mut root = database.root("mysql").await;
        let create = format!("CREATE DATABASE {}", database.name);
        root.execute(sqlx::raw_sql(AssertSqlSafe(create))).await.unwrap();
        database
    }

    /// A database with the real tables under a prefix.
    pub async fn with_tables(prefix: &str) -> Self {
        let database = Self::empty().await;
        database.run(&TABLES.replace("wpx_", prefix)).await;
        database
    }

    /// Runs statements as the administrator.
    pub async fn run(&self, sql: &str) {
        drop(self.run_open(sql).await);
    }

    /// Runs statements as the administrator, whose transaction or lock stays open until the connection is dropped.
    pub async fn run_open(&self, sql: &str) -> MySqlConnection {
        let mut root = self.root(&self.name).await;
        root.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
        root
    }

    /// A URL for the administrator.
    pub fn url(&self) -> String {
        self.url_for("root", "")
    }

    /// Where the server listens.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// A URL for the administrator over another address.
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("mysql://root@{address}/{}", self.name)
    }

    /// A URL over TCP for a user that `grants` made.
    pub fn url_for(&self, user: &str, password: &str) -> String {
        format!("mysql://{user}:{password}@127.0.0.1:{}/{}", self.server.port, self.name)
    }

    /// `DB_HOST` for the server's socket.
    pub fn socket_host(&self) -> String {
        format!("localhost:{}", self.server.socket.display())
    }

    /// A user who may only SELECT, on these tables.
    pub async fn reader(&self, tables: &[&str]) -> String {
        let user = format!("reader_{}", self.name);
        self.run(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'pass word'")).await;
        for table in tables {
            self.run(&format!("GRANT SELECT ON {}.{table} TO {user}@'%'", self.name)).await;
        }
        self.url_for(&user, "pass%20word")
    }

    async fn root(&self, database: &str) -> MySqlConnection {
        MySqlConnectOptions::new()
            .socket(&self.server.socket)
            .username("root")
            .database(database)
            .connect()
            .await
            .unwrap()
    }
}

fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let extra = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(extra)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.exists())
        .unwrap_or_else(|| panic!("{program} is missing: apt-get install mariadb-server"))
}

fn install(data: &Path) {
    let output = Command::new(find("mariadb-install-db"))
        .args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal"])
        .args(["--skip-test-db", &format!("--datadir={}", data.display())])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// mariadb-admin has the waiting built in.
fn wait_until_it_answers(socket: &Path) {
    let status = Command::new(find("mariadb-admin"))
        .args(["--no-defaults", "--user=root", "--wait=60", "--connect-timeout=60"])
        .args([&format!("--socket={}", socket.display()), "ping"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "mariadbd did not start");
}

//! The real binary as a daemon: how soon it is ready, what it takes while nothing happens, and how soon a row is in
//! RunCloud.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use runcloud_domain_sync::simulator::{Call, Simulator};

use super::network::{Network, configure, insert, name, status_of};

/// How many names it looks after.
const NAMES: usize = 500;
/// How often it is started.
const STARTS: usize = 9;
/// How long it is watched while nothing happens.
const IDLE: Duration = Duration::from_secs(30);
/// How many rows are inserted, one after the other.
const ROWS: usize = 20;
/// `sync.poll` while they are.
pub(super) const POLL: Duration = Duration::from_secs(1);
/// What has not come by then does not come any more.
const LONG: Duration = Duration::from_mins(1);

/// What was measured.
pub(super) struct Daemon {
    /// From the start to `READY=1`, the median.
    pub(super) ready: Duration,
    /// In KiB, after the first pass.
    pub(super) resident: Option<u32>,
    /// The share of one core.
    pub(super) share: Option<f64>,
    /// From the row to the addition in RunCloud's journal, the 95th percentile.
    pub(super) arrival: Duration,
}

pub(super) async fn measure() -> Daemon {
    let network = Network::new(NAMES, NAMES).await;
    let mut starts: Vec<Duration> = (0..STARTS).map(|_| Running::start(&network).ready).collect();
    starts.sort();
    let running = Running::start(&network);
    running.until_idle();
    let (resident, share) = running.at_rest();
    drop(running);
    let mut arrivals = arrivals(&network).await;
    arrivals.sort();
    let arrival = arrivals[(arrivals.len() * 95).div_ceil(100) - 1];
    Daemon { ready: starts[STARTS / 2], resident, share, arrival }
}

/// A daemon that is ready; it ends when it is dropped.
struct Running {
    child: Child,
    systemd: UnixDatagram,
    ready: Duration,
}

impl Running {
    fn start(network: &Network) -> Self {
        Self::begin(network, network.command())
    }

    fn begin(network: &Network, mut command: Command) -> Self {
        let path = network.path().join("notify");
        // The one of the daemon before.
        let _ = std::fs::remove_file(&path);
        let systemd = UnixDatagram::bind(&path).expect("a socket in systemd's place");
        systemd.set_read_timeout(Some(LONG)).expect("a time limit");
        command.env("NOTIFY_SOCKET", &path);
        let start = Instant::now();
        let child = command.spawn().expect("the binary starts");
        let mut running = Self { child, systemd, ready: Duration::ZERO };
        running.until("READY=1");
        running.ready = start.elapsed();
        running
    }

    /// Waits for the end of the first pass.
    fn until_idle(&self) {
        self.until("STATUS=last pass");
    }

    fn until(&self, line: &str) {
        let mut buffer = [0; 4_096];
        loop {
            let length = self.systemd.recv(&mut buffer).expect("the daemon tells how it fares");
            let message = String::from_utf8_lossy(&buffer[..length]);
            if message.lines().any(|found| found.starts_with(line)) {
                return;
            }
        }
    }

    /// Its resident memory, and the share of a core that it takes.
    fn at_rest(&self) -> (Option<u32>, Option<f64>) {
        let before = self.run_time();
        thread::sleep(IDLE);
        let took = self.run_time().zip(before).map(|(after, before)| after.saturating_sub(before));
        let share = took.map(|took| took.as_secs_f64() / IDLE.as_secs_f64());
        (status_of(self.child.id(), "VmRSS:"), share)
    }

    /// For how long it has run on a core.
    fn run_time(&self) -> Option<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).ok()?;
        text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long each of some rows takes to RunCloud.
async fn arrivals(network: &Network) -> Vec<Duration> {
    let running = Running::begin(network, polling(network));
    running.until_idle();
    running.systemd.set_nonblocking(true).expect("a socket that does not wait");
    let mut arrivals = vec![];
    for number in NAMES..NAMES + ROWS {
        let start = Instant::now();
        insert(network.path(), number).await;
        until_added(network.runcloud(), &name(number), &running).await;
        arrivals.push(start.elapsed());
    }
    arrivals
}

fn polling(network: &Network) -> Command {
    let command = network.command();
    configure(network.path(), network.dns(), &format!("[sync]\npoll = \"{}s\"\n", POLL.as_secs()));
    command
}

async fn until_added(runcloud: &Simulator, name: &str, running: &Running) {
    let is_it = |call: &Call| call.method == "POST" && call.effect && call.body["name"] == name;
    let end = Instant::now() + LONG;
    while !runcloud.calls().iter().any(is_it) {
        assert!(Instant::now() < end, "{name} never came");
        // A socket that nobody reads is full after a few messages, and holds up who writes the next.
        while running.systemd.recv(&mut [0; 4_096]).is_ok() {}
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

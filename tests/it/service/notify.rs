//! What systemd hears: the real binary with a real datagram socket in the place of systemd's.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use runcloud_domain_sync::simulator::{Effect, Fault};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::outages::{added, daemon};
use super::words::arrives;
use crate::support::binary::{for_world, run_for};
use crate::support::link::Link;
use crate::support::running::Running;
use crate::support::world::World;

/// What has not come by then does not come any more.
const LONG: Duration = Duration::from_mins(1);

/// The socket, with what was heard over it so far.
struct Systemd {
    _directory: TempDir,
    socket: Arc<UnixDatagram>,
    heard: Vec<String>,
}

impl Systemd {
    fn listen(command: &mut Command) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        command.env("NOTIFY_SOCKET", path);
        Self { _directory: directory, socket: Arc::new(socket), heard: vec![] }
    }

    /// Hears on until a message has a line that begins so, and returns the message.
    async fn until(&mut self, line: &str) -> String {
        loop {
            let socket = Arc::clone(&self.socket);
            let received = spawn_blocking(move || {
                let mut buffer = [0; 4_096];
                let length = socket.recv(&mut buffer)?;
                std::io::Result::Ok(String::from_utf8(buffer[..length].to_vec()).unwrap())
            });
            let Ok(message) = received.await.unwrap() else {
                panic!("{line} never came: {:?}", self.heard);
            };
            self.heard.push(message.clone());
            if message.lines().any(|found| found.starts_with(line)) {
                return message;
            }
        }
    }

    fn has_heard(&self, line: &str) -> bool {
        self.heard.iter().any(|message| message.lines().any(|found| found == line))
    }
}

fn write_config(directory: &Path, text: &str) {
    std::fs::write(directory.join("config.toml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_when_the_database_answers_and_needs_time_until_then() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let link = Link::to(world.tables.port()).await;
    link.cut();
    let mut command = daemon(&world);
    command.env("DATABASE_URL", world.tables.url_at(link.address));
    let mut systemd = Systemd::listen(&mut command);
    let mut running = Running::start(command);
    let status = systemd.until("STATUS=waiting since ").await;
    assert!(status.contains("the WordPress database cannot be reached"), "{status}");
    systemd.until("EXTEND_TIMEOUT_USEC=15000000").await;
    assert!(!systemd.has_heard("READY=1"), "{:?}", systemd.heard);
    link.mend();
    systemd.until("READY=1").await;
    added(&world, &mut running, "a.test").await;
    systemd.until("STATUS=last pass ").await;
    running.signal("TERM");
    systemd.until("STOPPING=1").await;
    assert_eq!(running.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_what_it_is_at() {
    let world = World::new().await;
    let mut command = daemon(&world);
    let mut systemd = Systemd::listen(&mut command);
    let running = Running::start(command);
    systemd.until("STATUS=last pass ").await;
    for (word, status) in [("pause", "STATUS=paused"), ("resume", "STATUS=last pass ")] {
        let mut said = for_world(&world);
        said.arg(word);
        assert_eq!(run_for(said).await.code, 0);
        systemd.until(status).await;
    }
    running.signal("TERM");
    assert_eq!(running.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_told_with_its_time_also_where_the_settings_are_refused() {
    let world = World::new().await;
    let mut command = daemon(&world);
    let mut systemd = Systemd::listen(&mut command);
    let running = Running::start(command);
    systemd.until("READY=1").await;
    systemd.until("STATUS=last pass ").await;
    for config in ["[sync]\npoll = \"often\"\n", "[sync]\npoll = \"2s\"\n"] {
        write_config(world.state.path(), config);
        running.signal("HUP");
        let message = systemd.until("RELOADING=1").await;
        let time = message.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
        assert!(time.parse::<u64>().unwrap() > 0);
        systemd.until("READY=1").await;
    }
    running.signal("TERM");
    assert_eq!(running.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_hears_of_the_loop_while_it_rests_and_while_a_call_hangs() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let hang = Fault::at("POST", "/domains").with(Effect::Hang(LONG));
    world.runcloud.model().faults.push(hang);
    let mut command = daemon(&world);
    write_config(world.state.path(), "[sync]\npoll = \"1h\"\n");
    command.env("WATCHDOG_USEC", "1000000");
    let mut systemd = Systemd::listen(&mut command);
    let mut running = Running::start(command);
    running.until(arrives(&world, "POST")).await;
    systemd.until("READY=1").await;
    systemd.until("WATCHDOG=1").await;
    systemd.until("WATCHDOG=1").await;
    running.signal("TERM");
    systemd.until("STOPPING=1").await;
    // The call in flight may take longer than the stop is given.
    systemd.until("EXTEND_TIMEOUT_USEC=15000000").await;
    world.runcloud.resume();
    assert_eq!(running.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_watchdog_nobody_is_told_of_every_look() {
    let world = World::new().await;
    let mut command = daemon(&world);
    let mut systemd = Systemd::listen(&mut command);
    let running = Running::start(command);
    systemd.until("STATUS=last pass ").await;
    running.signal("TERM");
    systemd.until("STOPPING=1").await;
    assert!(!systemd.has_heard("WATCHDOG=1"), "{:?}", systemd.heard);
    assert_eq!(running.end().await.code, 0);
}

//! The line that says how far it is: on a terminal, and nowhere else.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use runcloud_domain_sync::simulator::{Effect, Fault};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::support::binary::{for_world, run_for};
use crate::support::world::World;

/// A program whose messages go to a terminal.
struct OnTerminal {
    child: Child,
    /// What it wrote to it so far; the sender goes when the terminal does.
    written: watch::Receiver<String>,
}

impl OnTerminal {
    /// `script` makes the terminal, and copies what is written to it.
    fn start(program: &Command) -> Self {
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let words: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
        let mut command = Command::new("script");
        command.args(["-qefc", &format!("{} >/dev/null", words.join(" ")), "/dev/null"]);
        command.env("TERM", "xterm").stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn();
        let mut child =
            child.unwrap_or_else(|error| panic!("script: {error}: apt-get install bsdutils"));
        let (tell, written) = watch::channel(String::new());
        let mut terminal = child.stdout.take().unwrap();
        spawn_blocking(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = terminal.read(&mut bytes) {
                tell.send_modify(|text| *text += &String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { child, written }
    }

    async fn until_shown(&mut self, text: &str) {
        let shown = self.written.wait_for(|written| written.contains(text)).await.is_ok();
        assert!(shown, "it never showed {text:?}: {}", *self.written.borrow());
    }

    /// Waits for its end, and gives its exit code and everything that it wrote.
    async fn end(mut self) -> (i32, String) {
        while self.written.changed().await.is_ok() {}
        let status = spawn_blocking(move || self.child.wait().unwrap()).await.unwrap();
        (status.code().unwrap_or(-1), self.written.borrow().clone())
    }
}

/// What stays on the screen: a line that is cleared goes.
fn screen(written: &str) -> String {
    let cleared = |line: &str| line.rsplit("\r\u{1b}[K").next().unwrap_or_default().to_owned();
    written.split("\r\n").map(cleared).collect::<Vec<_>>().join("\n")
}

/// A world whose RunCloud takes its time with the second addition.
async fn slow(time: Duration) -> World {
    let world = World::new().await.mapped(&["a.test", "b.test", "c.test"]).await;
    let slow = Fault::on("POST", "/domains").with(Effect::Hang(time)).skip(1);
    world.runcloud.model().faults.push(slow);
    world
}

fn once(world: &World) -> Command {
    let mut command = for_world(world);
    command.arg("--once");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_how_far_it_is_and_keeps_its_lines_whole() {
    let world = slow(Duration::from_hours(1)).await;
    let mut running = OnTerminal::start(&once(&world));
    running.until_shown("adding names: 2 of 3").await;
    world.runcloud.resume();
    let (code, written) = running.end().await;
    assert_eq!(code, 0, "{written}");
    let screen = screen(&written);
    let lines: Vec<&str> = screen.lines().filter(|line| line.contains(": added")).collect();
    assert_eq!(lines.len(), 3, "{screen}");
    assert!(lines.iter().all(|line| line.starts_with(" INFO ")), "{screen}");
    assert!(!screen.contains("adding"), "{screen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_and_json_show_nothing_of_it() {
    let world = slow(Duration::from_millis(1_500)).await;
    let mut command = once(&world);
    command.env("TERM", "xterm");
    let ran = run_for(command).await;
    assert!(ran.stderr.contains("c.test: added"), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);

    let world = slow(Duration::from_millis(1_500)).await;
    let mut command = once(&world);
    command.arg("--json");
    let (_, written) = OnTerminal::start(&command).end().await;
    assert!(written.contains("c.test: added") && !written.contains('\u{1b}'), "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_waits_for_runcloud_says_so() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.pass().await.unwrap();
    world.unmap("a.test").await;
    world.pass().await.unwrap();
    let removal = "6";
    let commands: [&[&str]; 4] = [
        &["plan"],
        &["adopt", "--all", "--yes"],
        &["approve", "0123456789abcdef"],
        &["history", "undo", removal, "--yes"],
    ];
    for arguments in commands {
        let hang = Effect::Hang(Duration::from_hours(1));
        world.runcloud.model().faults.push(Fault::on("GET", "/domains").with(hang));
        let mut command = for_world(&world);
        command.args(arguments);
        let mut running = OnTerminal::start(&command);
        running.until_shown("reading RunCloud's list").await;
        world.runcloud.resume();
        let (code, written) = running.end().await;
        assert!([0, 64].contains(&code), "{arguments:?}: {written}");
        assert!(!screen(&written).contains("reading"), "{arguments:?}: {written}");
        world.runcloud.model().faults.clear();
    }
}

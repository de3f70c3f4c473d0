//! The demo, run as a newcomer does.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use crate::support::binary::{Ran, binary, run};

#[test]
fn the_story_is_told_to_its_end() {
    let temporary = tempfile::tempdir().unwrap();
    let Ran { code, stdout, stderr } = run(&mut demo(&temporary));
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let mut rest = stdout.as_str();
    for expected in [
        "\n1. ",
        "+ bakery.example   mapping 1 of site 2",
        "? legacy.example   unmanaged",
        "x mapping 5 of site 2: \"https://typo.example/\" is not a host name",
        "4 wanted, 3 present: 3 to add, 0 to update, 0 to remove",
        "3 added, 0 updated, 0 removed, 1 adopted, 0 failed",
        "\n2. ",
        "+ xn--mller-bckerei-hfb76a.example",
        "1 added, 0 updated, 0 removed, 0 adopted, 0 failed",
        "\n3. ",
        "- florist.example",
        "0 added, 0 updated, 1 removed",
        "\n4. ",
        "… and 36 more shop-NN",
        "40 added, 0 updated, 0 removed",
        // Two where a random 502 hit the first.
        " to add, and ",
        " for all of them.",
        "\n5. ",
        "+ garden.example",
        "got a 429.",
        "\n6. ",
        "+ books.example",
        "\n7. ",
        "0 added, 0 updated, 0 removed, 0 adopted, 0 failed",
        "nothing was written",
        "bakery.example                    managed    covered",
        "legacy.example                    unmanaged  covered",
        "network.example                   network    covered",
        "… and 36 more shop-NN",
        "(seed 7)",
        "\n8. ",
        "network       network.example: web application",
        "certificates  ",
        "name          garden.example\n",
        "verdict       ",
        "name          legacy.example\n",
        "only RunCloud has it",
        "garden.example",
        "--wp-config /home/runcloud/webapps/APP plan",
        "--once",
        "demo --keep",
    ] {
        let at = rest.find(expected);
        rest = &rest[at.unwrap_or_else(|| panic!("no {expected:?} in\n{rest}")) + expected.len()..];
    }
    assert_eq!(stdout.lines().filter(|line| line.chars().count() > 80).count(), 0, "{stdout}");
    assert_nothing_left(&temporary);
}

#[test]
fn a_demo_that_stays_up_syncs_what_is_mapped_by_hand() {
    let temporary = tempfile::tempdir().unwrap();
    let mut running = Running::start(demo(&temporary).arg("--keep"));
    let told = running.read_stdout_until("Ctrl-C ends the demo");
    let commands = printed_commands(&told);
    let [map, unmap, plan] = commands.as_slice() else { panic!("{told}") };

    assert_eq!(shell(map).code, 0);
    running.read_stderr_until("shop.example: added");
    running.read_stderr_until("certificate ordered");
    let Ran { code, stdout, stderr } = shell(plan);
    assert!(code == 0 && stdout.contains(" 0 to add,"), "{code}\n{stdout}\n{stderr}");

    assert_eq!(shell(unmap).code, 0);
    running.read_stderr_until("shop.example: removed");
    let Ran { code, stderr, .. } = shell(unmap);
    assert_eq!((code, stderr.as_str()), (64, "error: nobody mapped shop.example there\n"));

    assert_eq!(running.terminate(), Some(0));
    assert_nothing_left(&temporary);
}

#[test]
fn a_demo_that_is_ended_midway_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut running = Running::start(&mut demo(&temporary));
    running.read_stdout_until("4. Forty names");
    assert_eq!(running.terminate(), Some(0));
    assert_nothing_left(&temporary);
}

#[test]
fn a_directory_of_no_demo_is_refused_with_the_mend() {
    let temporary = tempfile::tempdir().unwrap();
    let (place, flags) = (temporary.path(), ["--map", "shop.example"]);
    let Ran { code, stderr, .. } = run(demo(&temporary).arg("--in").arg(place).args(flags));
    assert_eq!(code, 64);
    assert!(stderr.contains("is not the directory of a running demo"), "{stderr}");
    assert!(stderr.contains("Start one with `demo --keep`"), "{stderr}");
    assert_nothing_left(&temporary);
}

fn demo(temporary: &TempDir) -> Command {
    let mut command = binary();
    command.env("TMPDIR", temporary.path()).arg("demo");
    command
}

fn assert_nothing_left(temporary: &TempDir) {
    let left = |path: &Path| std::fs::read_dir(path).unwrap().count();
    assert_eq!(left(temporary.path()), 0);
}

/// The indented lines of a text, a line that ends in a backslash joined with the next.
fn printed_commands(text: &str) -> Vec<String> {
    let (_, invitation) = text.split_once("\nNow you\n").unwrap();
    let lines = invitation.lines().filter(|line| line.starts_with("    "));
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    joined.lines().map(str::to_owned).collect()
}

fn shell(command: &str) -> Ran {
    run(Command::new("sh").args(["-c", command]).env_clear().current_dir("/"))
}

/// A demo at work; it dies with the test.
struct Running {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, stdout, stderr }
    }

    fn read_stdout_until(&mut self, text: &str) -> String {
        read_until(&mut self.stdout, text)
    }

    fn read_stderr_until(&mut self, text: &str) -> String {
        read_until(&mut self.stderr, text)
    }

    fn terminate(&mut self) -> Option<i32> {
        assert_eq!(shell(&format!("kill -TERM {}", self.child.id())).code, 0);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended, as it should have.
        let _ = self.child.kill();
    }
}

fn read_until(lines: &mut Lines<impl BufRead>, text: &str) -> String {
    let mut read = String::new();
    for line in lines {
        read += &line.unwrap();
        read.push('\n');
        if read.contains(text) {
            return read;
        }
    }
    panic!("it ended without {text:?}:\n{read}");
}

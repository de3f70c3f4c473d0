//! A command at a terminal, where somebody can be asked and colours are shown.

use std::io::Write;
use std::process::{Command, Stdio};

use super::binary::Ran;

/// Runs the command at a terminal of its own, at which a person types `typed`. The terminal shows both of its outputs
/// as one.
pub async fn run_at_terminal(command: Command, typed: &'static str) -> Ran {
    tokio::task::spawn_blocking(move || at_terminal(&command, typed)).await.unwrap()
}

fn at_terminal(command: &Command, typed: &str) -> Ran {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let mut script = Command::new("script");
    script.args([
        "--quiet",
        "--return",
        "--echo",
        "never",
        "--command",
        &line.join(" "),
        "/dev/null",
    ]);
    script.env_clear();
    script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("SHELL", "/bin/sh").env("TERM", "xterm-256color");
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        script.spawn().expect("`script` of Debian's bsdutils (apt-get install bsdutils)");
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    let stderr = String::from_utf8(output.stderr).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), stdout, stderr }
}

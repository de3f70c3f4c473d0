//! The real binary while it runs.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::binary::Ran;

/// How long the news may take of something that the program did before its end.
const A_WHILE: Duration = Duration::from_secs(30);

pub struct Running {
    child: Child,
    /// What it has said on stderr so far; the sender goes when the program does.
    said: watch::Receiver<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, said) = watch::channel(String::new());
        spawn_blocking(move || {
            for line in stderr.lines().map_while(Result::ok) {
                tell.send_modify(|text| text.extend([&line, "\n"]));
            }
        });
        Self { child, said }
    }

    /// Waits for something that has to happen while it runs.
    pub async fn until(&mut self, event: impl Future<Output = ()>) {
        tokio::pin!(event);
        tokio::select! {
            biased;
            () = &mut event => return,
            () = ended(&mut self.said) => {}
        }
        let is_late = timeout(A_WHILE, event).await.is_ok();
        assert!(is_late, "it ended too early: {}", *self.said.borrow());
    }

    /// Waits until it has said something.
    pub async fn until_said(&mut self, text: &str) {
        let said = self.said.wait_for(|said| said.contains(text)).await.is_ok();
        assert!(said, "it never said {text:?}: {}", *self.said.borrow());
    }

    /// As it calls itself where it holds the lease.
    pub fn name(&self) -> String {
        format!("process {}", self.child.id())
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success(), "it had ended before SIG{name}");
    }

    /// Ends it with SIGKILL, wherever it is.
    pub async fn kill(mut self) {
        self.child.kill().unwrap();
        self.end().await;
    }

    /// Waits for its own end.
    pub async fn end(mut self) -> Ran {
        ended(&mut self.said).await;
        let stderr = self.said.borrow().clone();
        let status = spawn_blocking(move || self.child.wait().unwrap()).await.unwrap();
        Ran { code: status.code().unwrap_or(-1), stdout: String::new(), stderr }
    }
}

async fn ended(said: &mut watch::Receiver<String>) {
    while said.changed().await.is_ok() {}
}

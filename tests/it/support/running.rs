//! The real binary while it runs.

use std::future::Future;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::binary::Ran;

/// How long the news may take of something that the program did before its end.
const A_WHILE: Duration = Duration::from_secs(30);

pub struct Running {
    child: Child,
    stderr: Stderr,
}

/// What the program says, which ends when it does.
enum Stderr {
    Open(JoinHandle<io::Result<String>>),
    Ended(String),
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let reading = spawn_blocking(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        Self { child, stderr: Stderr::Open(reading) }
    }

    /// Waits for something that has to happen while it runs.
    pub async fn until(&mut self, event: impl Future<Output = ()>) {
        tokio::pin!(event);
        tokio::select! {
            biased;
            () = &mut event => return,
            _ = self.stderr.whole() => {}
        }
        let is_late = timeout(A_WHILE, event).await.is_ok();
        assert!(is_late, "it ended too early: {}", self.stderr.whole().await);
    }

    /// As it calls itself where it holds the lease.
    pub fn name(&self) -> String {
        format!("process {}", self.child.id())
    }

    /// Ends it with SIGKILL, wherever it is.
    pub async fn kill(mut self) {
        self.child.kill().unwrap();
        self.end().await;
    }

    /// Waits for its own end.
    pub async fn end(mut self) -> Ran {
        let stderr = self.stderr.whole().await.to_owned();
        let status = spawn_blocking(move || self.child.wait().unwrap()).await.unwrap();
        Ran { code: status.code().unwrap_or(-1), stdout: String::new(), stderr }
    }
}

impl Stderr {
    /// All of it, once the program has ended.
    async fn whole(&mut self) -> &str {
        if let Self::Open(reading) = self {
            *self = Self::Ended(reading.await.unwrap().unwrap());
        }
        match self {
            Self::Ended(text) => text,
            Self::Open(_) => unreachable!("it was read to its end"),
        }
    }
}

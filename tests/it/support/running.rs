//! The real binary while it runs.

use std::future::Future;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};

use tokio::task::{JoinHandle, spawn_blocking};

use super::binary::Ran;

pub struct Running {
    child: Child,
    /// What it says on stderr, which ends when it does.
    said: JoinHandle<io::Result<String>>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let said = spawn_blocking(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        Self { child, said }
    }

    /// Waits for something that has to happen while it runs.
    pub async fn until(&mut self, event: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = event => {}
            said = &mut self.said => panic!("it ended too early: {}", said.unwrap().unwrap()),
        }
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
        let stderr = self.said.await.unwrap().unwrap();
        let status = spawn_blocking(move || self.child.wait().unwrap()).await.unwrap();
        Ran { code: status.code().unwrap_or(-1), stdout: String::new(), stderr }
    }
}

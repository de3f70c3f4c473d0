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
/// What has not come by then does not come any more.
const LONG: Duration = Duration::from_secs(90);

pub struct Running {
    child: Mortal,
    /// What it has said on stderr so far; the sender goes when the program does.
    said: watch::Receiver<String>,
}

/// A process that does not outlive the test that started it.
struct Mortal(Child);

impl Drop for Mortal {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
    }
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
        Self { child: Mortal(child), said }
    }

    /// Waits for something that has to happen while it runs.
    pub async fn until(&mut self, event: impl Future<Output = ()>) {
        tokio::pin!(event);
        tokio::select! {
            biased;
            () = &mut event => return,
            () = ended(&mut self.said) => {}
            () = tokio::time::sleep(LONG) => panic!("it never came: {}", *self.said.borrow()),
        }
        let is_late = timeout(A_WHILE, event).await.is_ok();
        assert!(is_late, "it ended too early: {}", *self.said.borrow());
    }

    /// Waits until it has said something.
    pub async fn until_said(&mut self, text: &str) {
        let said = timeout(LONG, self.said.wait_for(|said| said.contains(text))).await;
        let is_said = said.is_ok_and(|said| said.is_ok());
        assert!(is_said, "it never said {text:?}: {}", *self.said.borrow());
    }

    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// As it calls itself where it holds the lease.
    pub fn name(&self) -> String {
        format!("process {}", self.child.0.id())
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.child.0.id().to_string()]).status();
        assert!(kill.unwrap().success(), "it had ended before SIG{name}");
    }

    /// Ends it with SIGKILL, wherever it is.
    pub async fn kill(mut self) {
        self.child.0.kill().unwrap();
        self.end().await;
    }

    /// Waits for its own end.
    pub async fn end(mut self) -> Ran {
        ended(&mut self.said).await;
        let stderr = self.said.borrow().clone();
        let mut child = self.child;
        let status = spawn_blocking(move || child.0.wait().unwrap()).await.unwrap();
        Ran { code: status.code().unwrap_or(-1), stdout: String::new(), stderr }
    }
}

async fn ended(said: &mut watch::Receiver<String>) {
    while said.changed().await.is_ok() {}
}

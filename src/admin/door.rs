use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::{Admin, Listen};
use crate::log::events;

/// The format that promtool and every Prometheus know.
const FORMAT: (header::HeaderName, &str) =
    (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");

/// Where whoever asks comes in; closed when it is dropped.
pub(crate) struct Door {
    listen: Listen,
    state: Opening,
}

enum Opening {
    Open(JoinHandle<()>),
    Closed {
        /// Why, as it was said last.
        said: String,
    },
}

impl Door {
    /// A door that is not open yet.
    pub(crate) fn new(listen: Listen) -> Self {
        Self { listen, state: Opening::Closed { said: String::new() } }
    }

    /// Opens it where it is closed. What is in the way is said once, and tried again with each call: nothing
    /// else waits for it.
    pub(crate) async fn open(&mut self, admin: &Arc<Admin>) {
        let Opening::Closed { said } = &self.state else { return };
        match open(&self.listen, service(Arc::clone(admin))).await {
            Ok(service) => {
                tracing::info!(message_id = events::LISTENING, "listening on {}", self.listen);
                self.state = Opening::Open(service);
            }
            Err(error) => {
                let problem =
                    format!("service.listen: {} cannot be listened on: {error}", self.listen);
                if *said != problem {
                    tracing::error!(message_id = events::NEEDS_A_PERSON, "{problem}");
                    self.state = Opening::Closed { said: problem };
                }
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Opening::Open(service) = &self.state {
            service.abort();
            if let Listen::Unix(path) = &self.listen {
                // Whoever comes next makes it anew all the same.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

async fn open(listen: &Listen, service: Router) -> io::Result<JoinHandle<()>> {
    Ok(match listen {
        Listen::Tcp(address) => {
            let listener = TcpListener::bind(address).await?;
            tokio::spawn(async move { drop(axum::serve(listener, service).await) })
        }
        Listen::Unix(path) => {
            remove_abandoned(path).await;
            let listener = UnixListener::bind(path)?;
            tokio::spawn(async move { drop(axum::serve(listener, service).await) })
        }
    })
}

/// Removes a socket that nobody listens on any more, such as one that a crash left.
async fn remove_abandoned(path: &Path) {
    let is_socket = path.symlink_metadata().is_ok_and(|found| found.file_type().is_socket());
    if is_socket
        && let Err(error) = UnixStream::connect(path).await
        && error.kind() == io::ErrorKind::ConnectionRefused
    {
        // What cannot be removed is in the way of the bind, which says so.
        let _ = std::fs::remove_file(path);
    }
}

fn service(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .fallback(nothing_here)
        .with_state(admin)
}

async fn metrics(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    ([FORMAT], admin.metrics.text())
}

async fn livez(State(admin): State<Arc<Admin>>) -> Response {
    verdict(&Vec::from_iter(admin.health().death(Instant::now())))
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Response {
    verdict(&admin.health().obstacles(Instant::now()))
}

async fn nothing_here() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, "there are /metrics, /livez and /readyz\n")
}

fn verdict(obstacles: &[String]) -> Response {
    if obstacles.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, obstacles.join("\n") + "\n").into_response()
}

//! What is answered over http for a name whose WordPress does not answer for itself.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use futures_util::stream;

/// An answer over http.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// To the same name over https, as web servers and proxies do.
    ToHttps,
    /// This status, with a page of HTML.
    Status(u16),
    /// This text as JSON.
    Json(String),
    /// So many bytes, after what looks like the beginning of a row.
    Huge(usize),
    /// A byte each second, without an end.
    Drip,
    /// The connection stays open without an answer.
    Silence,
}

impl Page {
    pub(super) async fn respond(&self, host: &str) -> Response<Body> {
        match self {
            Page::ToHttps => {
                let location = (header::LOCATION, format!("https://{host}/"));
                (StatusCode::MOVED_PERMANENTLY, [location]).into_response()
            }
            Page::Status(code) => {
                let code = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (code, "<html>").into_response()
            }
            Page::Json(text) => {
                ([(header::CONTENT_TYPE, "application/json")], text.clone()).into_response()
            }
            Page::Huge(size) => {
                format!("{{\"id\":1,\"domain\":\"{}", "x".repeat(*size)).into_response()
            }
            Page::Drip => {
                let drops = stream::unfold((), |()| async {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    Some((Ok::<_, Infallible>(" "), ()))
                });
                Body::from_stream(drops).into_response()
            }
            Page::Silence => std::future::pending().await,
        }
    }
}

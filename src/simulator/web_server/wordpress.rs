//! WordPress with the Ultimate Multisite plugin, as far as the request it makes to itself goes.
//!
//! Who signs the name that was asked for gets the row of that name as JSON, whatever its stage, with and without `www.`
//! (inc/class-domain-mapping.php, `verify_dns_mapping`); everybody else is sent away.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Json, Router};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use serde_json::json;
use tokio::net::TcpListener;

use super::{Book, Site};

/// What was asked over http.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The `Host` that was named.
    pub host: String,
    /// The path with the query.
    pub path: String,
    /// Every other header, by its name in lower case.
    pub headers: BTreeMap<String, String>,
}

/// Answers for as long as it is polled.
pub(super) async fn serve(site: Arc<Site>, tcp: TcpListener) {
    let service = Router::new().fallback(answer).with_state(site);
    // Ends with the task; what a broken connection does to it is nothing.
    let _ = axum::serve(tcp, service).await;
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response<Body> {
    let visit = Visit::of(&request);
    let host = visit.host.clone();
    let page = site.book().pages.get(&host).cloned();
    let own = site.book().answer(&visit);
    site.book().visits.push(visit);
    match page {
        Some(page) => page.respond(&host).await,
        None => own,
    }
}

impl Visit {
    fn of(request: &Request) -> Self {
        let text = |value: &header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = request.headers().iter();
        let mut headers: BTreeMap<String, String> =
            headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        let host = headers.remove("host").unwrap_or_default();
        Visit { host, path: request.uri().to_string(), headers }
    }
}

impl Book {
    fn answer(&self, visit: &Visit) -> Response<Body> {
        let host = &visit.host;
        let signed = format!("/?async_check_dns_nonce={}", self.wp_hash(host));
        let other = host.strip_prefix("www.").map_or(format!("www.{host}"), str::to_owned);
        let row = [host, &other].into_iter().find_map(|name| Some((name, self.rows.get(name)?)));
        match row {
            Some((name, id)) if visit.path == signed => Json(json!({
                "id": id, "blog_id": 2, "domain": name, "active": true, "primary_domain": false,
                "secure": false, "stage": "checking-dns",
            }))
            .into_response(),
            _ => {
                let location = format!("http://network.example/wp-signup.php?new={host}");
                (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
            }
        }
    }

    fn wp_hash(&self, text: &str) -> String {
        let mut hash =
            Hmac::<Md5>::new_from_slice(self.key.as_bytes()).expect("any length will do");
        hash.update(text.as_bytes());
        let mut hex = String::new();
        for byte in hash.finalize().into_bytes() {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

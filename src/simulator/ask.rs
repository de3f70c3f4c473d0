//! A request, taken apart for the handlers.

use axum::body;
use axum::extract::Request;
use axum::http::HeaderMap;
use serde_json::Value;

use super::faults::Effect;
use super::network::ApiVersion;

const LARGEST_BODY: usize = 1 << 20;

/// A request as the handlers see it.
#[derive(Debug)]
pub(super) struct Ask {
    /// The call's number in the journal.
    pub(super) number: u64,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    /// Null when there is no JSON in it, as Laravel takes it.
    pub(super) body: Value,
    pub(super) headers: HeaderMap,
    /// How a list is to be spoiled.
    pub(super) distortion: Option<Effect>,
}

impl Ask {
    pub(super) async fn read(request: Request) -> Ask {
        let (head, body) = request.into_parts();
        let bytes = body::to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
        Ask {
            number: 0,
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            headers: head.headers,
            distortion: None,
        }
    }

    /// The version that the path names, if it is a path of the API.
    pub(super) fn version(&self) -> Option<ApiVersion> {
        self.split().map(|(version, _)| version)
    }

    /// The path's segments below the base.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.split().map(|(_, rest)| rest.split('/').skip(1).collect()).unwrap_or_default()
    }

    /// A header, or nothing when it is missing or not text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A whole number from the query.
    pub(super) fn number_of(&self, key: &str) -> Option<usize> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).find_map(|(_, value)| value.parse().ok())
    }

    fn split(&self) -> Option<(ApiVersion, &str)> {
        let below = |version: ApiVersion| {
            let rest = self.path.strip_prefix(version.base())?;
            rest.starts_with('/').then_some((version, rest))
        };
        below(ApiVersion::V3).or_else(|| below(ApiVersion::V2))
    }
}

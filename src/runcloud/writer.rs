use std::sync::Arc;

use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::actual::Entry;
use super::error::ApiError;
use super::loose;
use super::retry::Repeat;
use super::transport::{Call, Transport};
use super::wire::{OneDomain, one_in};
use crate::domain::Domain;
use crate::ledger::Lease;

/// TLS 1.2 and 1.3, for an API that insists on being told (seen in clients; 2 is that choice).
const SSL_PROTOCOL: u64 = 2;

/// The only thing in the program that changes RunCloud. Whoever has one holds the [`Lease`].
pub struct Writer<'lease> {
    transport: Arc<Transport>,
    app: String,
    _lease: &'lease Lease,
}

impl<'lease> Writer<'lease> {
    pub(super) fn new(transport: Arc<Transport>, app: String, lease: &'lease Lease) -> Self {
        Self { transport, app, _lease: lease }
    }

    /// Adds an alias, with every field said: RunCloud's defaults are not documented. Returns its id where RunCloud
    /// says it (documented for v3: the new object).
    ///
    /// # Errors
    /// Any [`ApiError`]; a lost or 5xx answer may have taken effect.
    pub async fn add(&self, domain: &Domain, www: bool) -> Result<Option<u64>, ApiError> {
        let body = json!({
            "name": domain.as_str(), "www": www, "redirection": "none", "type": "alias",
        });
        let (path, repeat) = ("/domains".into(), Repeat::WhenNotActedOn);
        let added = self.send(Method::POST, path, Some(body), repeat, shown_if_any).await?;
        let is_it =
            |one: &OneDomain| Domain::parse(&one.own.name).is_ok_and(|name| name == *domain);
        Ok(added.filter(is_it).and_then(|one| one.id))
    }

    /// Sets `www` of a domain and leaves its other fields as `entry` has them.
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn set_www(&self, entry: &Entry, www: bool) -> Result<(), ApiError> {
        // A redirection to or from www needs www to be served.
        let redirection = if www { entry.redirection.as_str() } else { "none" };
        let body = json!({ "type": "alias", "redirection": redirection, "www": www });
        let path = format!("/domains/{}/meta", entry.id);
        self.write(Method::PATCH, path, Some(body), Repeat::Idempotent).await
    }

    /// Removes a domain.
    ///
    /// # Errors
    /// Any [`ApiError`]; whether a 404 means that it is gone, a listing tells.
    pub async fn remove(&self, domain_id: u64) -> Result<(), ApiError> {
        let path = format!("/domains/{domain_id}");
        self.write(Method::DELETE, path, None, Repeat::Idempotent).await
    }

    /// Orders the application's one certificate again, for all its names (basic SSL).
    ///
    /// # Errors
    /// Any [`ApiError`]; a lost or 5xx answer may have taken effect.
    pub async fn redeploy(&self, ssl_id: u64) -> Result<(), ApiError> {
        let path = format!("/ssl/{ssl_id}");
        self.write(Method::PUT, path, None, Repeat::WhenNotActedOn).await
    }

    /// Orders a certificate for one domain (advanced SSL), with the documented body.
    ///
    /// # Errors
    /// Any [`ApiError`]; a lost or 5xx answer may have taken effect.
    pub async fn order(&self, domain_id: u64) -> Result<(), ApiError> {
        let body = json!({
            "advancedSSL": true, "autoSSL": false, "provider": "letsencrypt", "enableHttp": false,
            "enableHsts": false, "authorizationMethod": "http-01", "environment": "live",
        });
        self.install_at(&format!("/domains/{domain_id}/ssl"), body).await
    }

    /// Installs the application's first certificate, by Let's Encrypt over http-01 (basic SSL). Plain http
    /// stays on beside it: names that the certificate does not have go on to work.
    ///
    /// # Errors
    /// Any [`ApiError`]; a lost or 5xx answer may have taken effect.
    pub async fn install(&self) -> Result<(), ApiError> {
        let body = json!({
            "provider": "letsencrypt", "enableHttp": true, "enableHsts": false,
            "authorizationMethod": "http-01", "environment": "live",
        });
        self.install_at("/ssl", body).await
    }

    /// Orders the certificate of one domain again (advanced SSL).
    ///
    /// # Errors
    /// Any [`ApiError`]; a lost or 5xx answer may have taken effect.
    pub async fn reorder(&self, domain_id: u64, ssl_id: u64) -> Result<(), ApiError> {
        let path = format!("/domains/{domain_id}/ssl/{ssl_id}");
        self.write(Method::PUT, path, None, Repeat::WhenNotActedOn).await
    }

    /// Where the API asks for the TLS protocol versions, it gets them under the name it asks for.
    async fn install_at(&self, path: &str, mut body: Value) -> Result<(), ApiError> {
        let post = |body| self.write(Method::POST, path.into(), Some(body), Repeat::WhenNotActedOn);
        match post(body.clone()).await {
            Err(ApiError::Refused { fields, .. }) if protocol_field(&fields).is_some() => {
                body[protocol_field(&fields).unwrap_or_default()] = SSL_PROTOCOL.into();
                post(body).await
            }
            other => other,
        }
    }

    async fn write(
        &self,
        method: Method,
        path: String,
        body: Option<Value>,
        repeat: Repeat,
    ) -> Result<(), ApiError> {
        self.send(method, path, body, repeat, answered).await
    }

    async fn send<T>(
        &self,
        method: Method,
        path: String,
        body: Option<Value>,
        repeat: Repeat,
        read: fn(&[u8]) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let path = format!("{}{path}", self.app);
        self.transport.send(&Call { method, path, body, repeat }, read).await
    }
}

/// What a write or a ping answers is not documented well enough to depend on, but a page is no answer of the API.
pub(super) fn answered(body: &[u8]) -> Result<(), ApiError> {
    if body.trim_ascii().is_empty() { Ok(()) } else { loose::json::<IgnoredAny>(body).map(drop) }
}

/// The domain that an answer shows, where it shows one.
fn shown_if_any(body: &[u8]) -> Result<Option<OneDomain>, ApiError> {
    answered(body)?;
    Ok(one_in(body).ok().flatten())
}

/// The name under which the API asks for the TLS protocol versions, where it asks.
fn protocol_field(fields: &[String]) -> Option<&str> {
    fields.iter().map(String::as_str).find(|f| matches!(*f, "ssl_protocol_id" | "sslProtocolId"))
}

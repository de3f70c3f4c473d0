//! What there is behind the API: a server, a web application, its domains, and who may ask.

use std::time::{Duration, SystemTime};

use super::certificate::Ssl;

/// A version of the API, as its base path names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// `/api/v2`, documented as legacy.
    V2,
    /// `/api/v3`, the current one.
    V3,
}

/// What the client must authenticate with; Basic is known on v2 only, Bearer on both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A token.
    Bearer(String),
    /// An API key and its secret.
    Basic {
        /// The key, sent as user name.
        key: String,
        /// The secret, sent as password.
        secret: String,
    },
}

/// The server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its id in paths.
    pub id: u64,
    /// The address that customers point their names to.
    pub ip_address: String,
    /// Whether the panel reaches the server's agent.
    pub online: bool,
}

/// The web application.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id in paths.
    pub id: u64,
    /// Its name in the panel.
    pub name: String,
    /// Its domains, in the order in which they were added; lists show another order.
    pub domains: Vec<Domain>,
    /// Its certificates.
    pub ssl: Ssl,
    /// The web application that it is an alias of, if it is one.
    pub alias: Option<u64>,
}

/// A domain of the web application.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Its id in paths.
    pub id: u64,
    /// The host name, spelled as it was sent.
    pub name: String,
    /// What the web server uses it for.
    pub kind: Kind,
    /// Whether `www.` before the name is served and certified too.
    pub www: bool,
    /// `none`, `www` or `non-www`.
    pub redirection: String,
    /// Whether every name below it is served too.
    pub wildcard: bool,
    /// Null in every answer on record; its meaning is unknown.
    pub status: Option<String>,
    /// When it was added.
    pub created_at: SystemTime,
}

/// What a domain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The application's first name.
    Primary,
    /// One more name of the application.
    Alias,
    /// A name that sends visitors to the primary.
    Redirect,
}

/// So many calls in each window.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    /// The calls that a window allows.
    pub calls: u32,
    /// How long a window is, from its first call.
    pub window: Duration,
}

/// A line of the activity log.
#[derive(Debug, Clone)]
pub struct LogLine {
    /// `Info`, `High Priority Info`, `Warning`; an open set.
    pub kind: String,
    /// Free text in English.
    pub content: String,
    /// When it was written.
    pub at: SystemTime,
}

impl ApiVersion {
    pub(super) fn base(self) -> &'static str {
        match self {
            ApiVersion::V2 => "/api/v2",
            ApiVersion::V3 => "/api/v3",
        }
    }
}

impl Domain {
    /// The host names that it serves, and that a certificate for it needs.
    pub fn served_names(&self) -> impl Iterator<Item = String> {
        let www = self.www.then(|| format!("www.{}", self.name));
        std::iter::once(self.name.clone()).chain(www)
    }
}

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderValue, InvalidHeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::log::Scrub;

/// The API's generation, which decides what a web application's endpoints can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVersion {
    /// Legacy: API key and secret.
    V2,
    /// Current: workspace token.
    V3,
}

/// RunCloud credentials; a token means v3, key and secret mean v2.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A workspace token, sent as `Bearer`.
    Token(SecretString),
    /// The legacy key and secret of a personal space, sent as `Basic`.
    KeyAndSecret {
        /// The API key.
        key: SecretString,
        /// The API secret.
        secret: SecretString,
    },
}

impl Credentials {
    /// The API generation these credentials are for.
    pub fn version(&self) -> ApiVersion {
        match self {
            Self::Token(_) => ApiVersion::V3,
            Self::KeyAndSecret { .. } => ApiVersion::V2,
        }
    }

    /// What knows them in every form in which they are sent.
    pub(super) fn scrub(&self) -> Scrub {
        match self {
            Self::Token(token) => Scrub::of([token.clone()]),
            Self::KeyAndSecret { key, secret } => {
                let pair = format!("{}:{}", key.expose_secret(), secret.expose_secret());
                Scrub::of([STANDARD.encode(pair).into(), key.clone(), secret.clone()])
            }
        }
    }

    /// Whether it is a token that is shorter than one can be: longer than 50 characters (a client refuses
    /// others).
    pub fn is_too_short(&self) -> bool {
        matches!(self, Self::Token(token) if token.expose_secret().len() <= 50)
    }

    /// The `Authorization` header, marked so that no layer below prints it.
    pub(super) fn header(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        let text = match self {
            Self::Token(token) => format!("Bearer {}", token.expose_secret()),
            Self::KeyAndSecret { key, secret } => {
                let pair = format!("{}:{}", key.expose_secret(), secret.expose_secret());
                format!("Basic {}", STANDARD.encode(pair))
            }
        };
        let mut header = HeaderValue::from_str(&text)?;
        header.set_sensitive(true);
        Ok(header)
    }
}

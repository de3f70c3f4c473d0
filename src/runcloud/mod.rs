//! RunCloud's HTTP API: what is there ([`Reader`]) and the only thing that changes it ([`Writer`]).
//!
//! Nobody could try the client against the live service, so it survives the weaker claims of public
//! material being wrong: it trusts `meta.pagination` and not page sizes, reads state back instead of
//! matching error texts, and takes an odd listing for an error, never for a short list. Response
//! bodies are never logged; only RunCloud's `message`, clipped, ends up in an error.

mod account;
mod actual;
mod answer;
mod certificate;
mod clocks;
mod credentials;
mod error;
mod listing;
mod loose;
mod pace;
mod reader;
mod retry;
mod shown;
mod tally;
mod transport;
mod wire;
mod writer;

pub use account::Account;
pub use actual::{Actual, Entry, Kind, OwnWord, Ssl};
pub use certificate::Issued;
pub use clocks::Clocks;
pub use credentials::{ApiVersion, Credentials};
pub use error::{ApiError, Class};
pub use reader::Reader;
pub use shown::{Certificate, Listed, LogLine, Server, WebApp};
pub use tally::{Answer, Calls, RateLimit, Tally, Topic};
pub(crate) use transport::is_loopback;
pub use writer::Writer;

use reqwest::Url;

pub use crate::patience::Patience;

/// Where one web application is to be found, and with what right.
pub struct Endpoint {
    /// The API's base with its version, such as `https://manage.runcloud.io/api/v3`.
    pub base: Url,
    /// The numeric server id of the dashboard's address.
    pub server_id: u64,
    /// The numeric web application id of the dashboard's address.
    pub app_id: u64,
    /// What is sent as `Authorization`.
    pub credentials: Credentials,
}

use std::sync::Arc;

use reqwest::{Method, Url};

use super::Credentials;
use super::clocks::Clocks;
use super::error::ApiError;
use super::reader::Reader;
use super::retry::Repeat;
use super::shown::{Listed, Server};
use super::transport::{Call, Transport};
use super::writer::answered;
use crate::patience::Patience;
use crate::progress::Progress;
use crate::stop::Stop;

/// The most that a list shows on its first page (RunCloud's documentation of v2; v3 by its clients).
const PER_PAGE: usize = 40;

/// What credentials may see of RunCloud, whatever web application is meant. It cannot change anything.
pub struct Account {
    transport: Arc<Transport>,
}

impl Account {
    /// The account behind the credentials; nothing is sent yet.
    ///
    /// # Errors
    /// Where the credentials cannot be sent or this machine has no root certificates.
    pub fn new(
        base: &Url,
        credentials: &Credentials,
        patience: Patience,
        stop: Stop,
        progress: Progress,
    ) -> Result<Self, ApiError> {
        let transport = Transport::new(base, credentials, patience, stop, progress)?;
        Ok(Self { transport: Arc::new(transport) })
    }

    /// Whether RunCloud lets the credentials in: `GET /ping`, its documented test.
    ///
    /// # Errors
    /// Whatever a call can end with, besides 404: it comes after the look at the credentials (seen in a
    /// client's tests), and so proves them good.
    pub async fn ping(&self) -> Result<(), ApiError> {
        match self.get("/ping".to_owned(), answered).await {
            Err(ApiError::NotFound(_)) => Ok(()),
            answer => answer,
        }
    }

    /// The server of that id.
    ///
    /// # Errors
    /// Whatever a call can end with.
    pub async fn server(&self, id: u64) -> Result<Server, ApiError> {
        self.get(format!("/servers/{id}"), Server::parse).await
    }

    /// The account's servers, as far as the first page has them.
    ///
    /// # Errors
    /// Whatever a call can end with.
    pub async fn servers(&self) -> Result<Vec<Listed>, ApiError> {
        self.get(format!("/servers?perPage={PER_PAGE}"), Listed::parse_page).await
    }

    /// The web applications of a server, as far as the first page has them.
    ///
    /// # Errors
    /// Whatever a call can end with.
    pub async fn web_apps(&self, server: u64) -> Result<Vec<Listed>, ApiError> {
        let path = format!("/servers/{server}/webapps?perPage={PER_PAGE}");
        self.get(path, Listed::parse_page).await
    }

    /// A reader of one of its web applications.
    pub fn web_app(&self, server: u64, app: u64) -> Reader {
        Reader::over(self.transport.clone(), server, app)
    }

    /// RunCloud's clock and this machine's at the last answer; none before the first one.
    pub fn clocks(&self) -> Option<Clocks> {
        self.transport.clocks()
    }

    async fn get<T>(
        &self,
        path: String,
        read: fn(&[u8]) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let call = Call { method: Method::GET, path, body: None, repeat: Repeat::Read };
        self.transport.send(&call, read).await
    }
}

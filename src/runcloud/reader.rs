use std::net::IpAddr;
use std::sync::Arc;

use reqwest::Method;

use super::actual::{Actual, Entry, OwnWord, Ssl};
use super::certificate::{Installed, Issued, Mode};
use super::error::ApiError;
use super::listing::whole;
use super::retry::Repeat;
use super::shown::{Certificate, LogLine, Server, WebApp};
use super::tally::Tally;
use super::transport::{Call, Transport};
use super::wire::{Page, WireDomain, one_in};
use super::{Endpoint, Writer};
use crate::ledger::Lease;
use crate::patience::Patience;
use crate::progress::{Progress, Work};
use crate::stop::Stop;

/// The most a page may hold (RunCloud's documentation of v2; v3 by its clients).
const PER_PAGE: usize = 40;
/// How often a listing that does not add up is read before it is an error.
const READS: u32 = 3;

/// Reads one web application. It cannot change anything.
pub struct Reader {
    transport: Arc<Transport>,
    server_id: u64,
    app_id: u64,
}

impl Reader {
    /// A reader of the endpoint's web application; nothing is sent yet. Once `stop` is requested,
    /// reads and waits end at once with [`ApiError::Stopped`]; a write on its way is waited for, and
    /// no other call is made.
    ///
    /// # Errors
    /// Where the credentials cannot be sent or this machine has no root certificates.
    pub fn new(endpoint: &Endpoint, patience: Patience, stop: Stop) -> Result<Self, ApiError> {
        let Endpoint { base, credentials, server_id, app_id } = endpoint;
        let transport =
            Arc::new(Transport::new(base, credentials, patience, stop, Progress::default())?);
        Ok(Self::over(transport, *server_id, *app_id))
    }

    pub(super) fn over(transport: Arc<Transport>, server_id: u64, app_id: u64) -> Self {
        Self { transport, server_id, app_id }
    }

    /// The writer for the same web application, for whoever holds the lease.
    pub fn writer<'lease>(&self, lease: &'lease Lease) -> Writer<'lease> {
        Writer::new(self.transport.clone(), self.app_path(""), lease)
    }

    /// How far its calls are, and the work they are for.
    pub fn progress(&self) -> &Progress {
        &self.transport.progress
    }

    /// Waits a little, longer with each round, after RunCloud lost answers to writes.
    pub(crate) async fn breathe(&self, round: u32) {
        self.transport.wait(round).await;
    }

    /// The count of this reader's and its writers' calls.
    pub fn tally(&self) -> &Tally {
        self.transport.tally()
    }

    /// Asks with one call whether RunCloud answers; that it has no such web application is an answer.
    ///
    /// # Errors
    /// Whatever a call can end with, at once.
    pub async fn probe(&self) -> Result<(), ApiError> {
        let path = self.app_path("/domains?page=1&perPage=1");
        let call = Call { method: Method::GET, path, body: None, repeat: Repeat::Read };
        match self.transport.send_once(&call).await {
            Err(ApiError::NotFound(_)) => Ok(()),
            answer => answer,
        }
    }

    /// All domains, from one listing that adds up.
    ///
    /// # Errors
    /// [`ApiError::Listing`] where it does not add up three times over, and whatever a call can
    /// end with.
    pub async fn domains(&self) -> Result<Actual, ApiError> {
        let mut odd = ApiError::Listing(String::new());
        for _ in 0..READS {
            self.progress().begin(Work::Listing, None);
            match whole(async |number| self.get_page(number).await).await {
                Ok(domains) => return Ok(Actual::new(domains.into_iter().map(entry_of))),
                Err(error @ ApiError::Listing(_)) => {
                    tracing::info!("{error}; reading it again");
                    odd = error;
                }
                Err(error) => return Err(error),
            }
        }
        Err(odd)
    }

    /// The certificate mode and, in basic mode, the certificate to redeploy.
    ///
    /// # Errors
    /// Whatever a call can end with; "not installed" is an answer and not an error.
    pub async fn ssl(&self) -> Result<Ssl, ApiError> {
        let mode = match self.get("/ssl/advanced", Mode::parse).await {
            Ok(mode) => mode,
            // An API without the mode switch has basic SSL only.
            Err(ApiError::NotFound(_) | ApiError::Refused { status: 405, .. }) => Mode::default(),
            Err(error) => return Err(error),
        };
        match mode {
            Mode { auto: true, .. } => Ok(Ssl::AutoSsl),
            Mode { advanced: true, .. } => Ok(Ssl::Advanced),
            Mode { .. } => Ok(match self.installed("/ssl").await? {
                None => Ssl::None,
                Some(Installed { is_custom: true, .. }) => Ssl::Custom,
                Some(Installed { issued, .. }) => Ssl::Basic(issued),
            }),
        }
    }

    /// The server's public address, to which names should point; none where RunCloud shows none.
    ///
    /// # Errors
    /// Whatever a call can end with.
    pub async fn server_address(&self) -> Result<Option<IpAddr>, ApiError> {
        let path = format!("/servers/{}", self.server_id);
        let call = Call { method: Method::GET, path, body: None, repeat: Repeat::Read };
        Ok(self.transport.send(&call, Server::parse).await?.address)
    }

    /// What the entry with this id is by its own word; none where the answer does not name it (documented for v3:
    /// the bare object).
    ///
    /// # Errors
    /// Whatever a call can end with; [`ApiError::NotFound`] where there is no such entry.
    pub async fn entry(&self, domain_id: u64) -> Result<Option<OwnWord>, ApiError> {
        let one = match self.get(&format!("/domains/{domain_id}"), one_in).await {
            // An API that removes entries by that path and does not show them, or not to these credentials: that those may
            // do nothing at all every other call tells.
            Err(ApiError::Refused { status: 405, .. } | ApiError::Forbidden(_)) => None,
            answer => answer?,
        };
        if let Some(other) = one.as_ref().and_then(|one| one.id).filter(|id| *id != domain_id) {
            return Err(ApiError::Body(format!("it is about entry {other} and not {domain_id}")));
        }
        Ok(one.map(|one| one.own))
    }

    /// The domain's own certificate (advanced SSL), where it has one.
    ///
    /// # Errors
    /// Whatever a call can end with, besides 404, which means none.
    pub async fn certificate(&self, domain_id: u64) -> Result<Option<Issued>, ApiError> {
        let installed = self.installed(&format!("/domains/{domain_id}/ssl")).await?;
        Ok(installed.map(|certificate| certificate.issued))
    }

    /// The web application itself.
    ///
    /// # Errors
    /// Whatever a call can end with; [`ApiError::NotFound`] where the server has no such application.
    pub async fn web_app(&self) -> Result<WebApp, ApiError> {
        self.get("", WebApp::parse).await
    }

    /// The newest lines of the web application's activity log, the newest first.
    ///
    /// # Errors
    /// Whatever a call can end with.
    pub async fn log(&self) -> Result<Vec<LogLine>, ApiError> {
        self.get(&format!("/log?perPage={PER_PAGE}"), LogLine::parse_page).await
    }

    /// The installed certificates in detail, as far as RunCloud shows them.
    ///
    /// # Errors
    /// Whatever a call can end with, besides 404, which means none.
    pub async fn certificates(&self) -> Result<Vec<Certificate>, ApiError> {
        match self.get("/ssl", Certificate::parse).await {
            Err(ApiError::NotFound(_)) => Ok(vec![]),
            answer => answer,
        }
    }

    async fn installed(&self, path: &str) -> Result<Option<Installed>, ApiError> {
        match self.get(path, Installed::parse).await {
            Err(ApiError::NotFound(_)) => Ok(None),
            answer => answer,
        }
    }

    async fn get_page(&self, number: u64) -> Result<Page, ApiError> {
        let path = format!("/domains?page={number}&perPage={PER_PAGE}");
        let page = self.get(&path, Page::parse).await.map_err(|error| match error {
            ApiError::NotFound(message) => {
                ApiError::UnknownApp { server: self.server_id, app: self.app_id, message }
            }
            other => other,
        })?;
        let total = page.pagination.as_ref().and_then(|all| all.total.try_into().ok());
        self.progress().expect(total);
        self.progress().advance(page.domains.len());
        Ok(page)
    }

    async fn get<T>(
        &self,
        path: &str,
        read: fn(&[u8]) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let path = self.app_path(path);
        let call = Call { method: Method::GET, path, body: None, repeat: Repeat::Read };
        self.transport.send(&call, read).await
    }

    fn app_path(&self, below: &str) -> String {
        format!("/servers/{}/webapps/{}{below}", self.server_id, self.app_id)
    }
}

fn entry_of(domain: WireDomain) -> (String, bool, Entry) {
    let redirection = domain.redirection.unwrap_or_else(|| "none".to_owned());
    let WireDomain { id, name, kind, www, wildcard, .. } = domain;
    (name, wildcard, Entry { id, kind, www, redirection })
}

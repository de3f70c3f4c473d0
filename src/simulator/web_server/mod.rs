//! The web server that visitors of the network's names meet, on loopback: real handshakes and plain http.
//!
//! It shows what the model has issued at that moment, so that a settled order is seen at the next handshake, and
//! answers over http as WordPress behind it does. Both can be scripted for each name while it runs.

mod authority;
mod page;
mod tls;
mod wordpress;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Simulator;
use super::front::Shared;
use authority::Authorities;

pub use page::Page;
pub use tls::{Showing, TlsVersion};
pub use wordpress::Visit;

/// A running web server; it stops when it is dropped.
#[derive(Debug)]
pub struct WebServer {
    site: Arc<Site>,
    tls: SocketAddr,
    http: SocketAddr,
    tasks: JoinSet<()>,
}

/// What every connection shares.
#[derive(Debug)]
struct Site {
    network: Arc<Shared>,
    authorities: Authorities,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    version: TlsVersion,
    shows_all: Showing,
    shows: BTreeMap<String, Showing>,
    pages: BTreeMap<String, Page>,
    /// The ids of WordPress's rows.
    rows: BTreeMap<String, i64>,
    /// WordPress's `AUTH_KEY` and `AUTH_SALT`, as one.
    key: String,
    connections: usize,
    handshakes: Vec<String>,
    visits: Vec<Visit>,
}

impl WebServer {
    /// Serves the simulator's network at that address, on a free port for TLS and another for http.
    pub async fn start(simulator: &Simulator, address: IpAddr) -> io::Result<WebServer> {
        let any = SocketAddr::new(address, 0);
        WebServer::listen(Arc::clone(&simulator.shared), any, any).await
    }

    /// Serves the same network at another address, on the same ports, with a script of its own: a proxy, or another
    /// customer's server.
    pub async fn beside(&self, address: IpAddr) -> io::Result<WebServer> {
        let at = |own: SocketAddr| SocketAddr::new(address, own.port());
        WebServer::listen(Arc::clone(&self.site.network), at(self.tls), at(self.http)).await
    }

    async fn listen(network: Arc<Shared>, tls: SocketAddr, http: SocketAddr) -> io::Result<Self> {
        let authorities = Authorities::new().map_err(io::Error::other)?;
        let site = Arc::new(Site { network, authorities, book: Mutex::default() });
        let mut server = WebServer { site, tls, http, tasks: JoinSet::new() };
        server.open().await?;
        Ok(server)
    }

    /// Where it shakes hands.
    pub fn tls_address(&self) -> SocketAddr {
        self.tls
    }

    /// Where it answers over plain http.
    pub fn http_address(&self) -> SocketAddr {
        self.http
    }

    /// Refuses connections from now on, and drops those that are open.
    pub async fn close(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Takes connections again, at the same addresses.
    pub async fn open(&mut self) -> io::Result<()> {
        let (tls, http) = (TcpListener::bind(self.tls).await?, TcpListener::bind(self.http).await?);
        (self.tls, self.http) = (tls.local_addr()?, http.local_addr()?);
        self.tasks.spawn(tls::serve(Arc::clone(&self.site), tls));
        self.tasks.spawn(wordpress::serve(Arc::clone(&self.site), http));
        Ok(())
    }

    /// From now on this is shown for the name.
    pub fn shows(&self, name: &str, showing: Showing) {
        self.site.book().shows.insert(name.to_owned(), showing);
    }

    /// From now on this is shown for each name of which nothing else was said.
    pub fn shows_for_all(&self, showing: Showing) {
        self.site.book().shows_all = showing;
    }

    /// Speaks no other version of TLS from now on.
    pub fn speaks(&self, version: TlsVersion) {
        self.site.book().version = version;
    }

    /// The `AUTH_KEY` and the `AUTH_SALT` that WordPress signs with.
    pub fn signs_with(&self, auth_key: &str, auth_salt: &str) {
        self.site.book().key = format!("{auth_key}{auth_salt}");
    }

    /// WordPress has a row with that id for the name.
    pub fn maps(&self, name: &str, id: i64) {
        self.site.book().rows.insert(name.to_owned(), id);
    }

    /// From now on this is answered over http for the name, instead of WordPress's own answer.
    pub fn answers(&self, name: &str, page: Page) {
        self.site.book().pages.insert(name.to_owned(), page);
    }

    /// How many connections were taken for TLS so far.
    pub fn connections(&self) -> usize {
        self.site.book().connections
    }

    /// The names that handshakes were begun for, in order of arrival.
    pub fn handshakes(&self) -> Vec<String> {
        self.site.book().handshakes.clone()
    }

    /// What was asked over http, in order of arrival.
    pub fn visits(&self) -> Vec<Visit> {
        self.site.book().visits.clone()
    }
}

impl Site {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

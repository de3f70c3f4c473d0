//! A RunCloud API on loopback: hostile by default, deterministic from a seed, with wire types of its own.
//!
//! It answers what the public record of the API says (documented or seen live) and, where that record is silent, the
//! answer that is worst for a careless client. It shares nothing with the client, so that a misreading on one side is
//! not repeated on the other. The tests run against it, and so does the `demo` command.
//!
//! Beside it stands what the world sees: a [`NameServer`] that customers' names are in, and a [`WebServer`] that shows
//! what the panel has issued.

mod account;
mod answer;
mod ask;
mod certificate;
mod clock;
mod domains;
mod faults;
mod front;
mod gate;
mod journal;
mod listener;
mod lists;
mod model;
mod name_server;
mod network;
mod orders;
mod routes;
mod ssl;
#[cfg(test)]
mod tests;
mod web_server;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use certificate::{Certificate, Ssl, SslShape};
pub use faults::{Effect, Fault, Match, PathMatch, Reply};
pub use journal::{Call, Stage};
pub use model::Model;
pub use name_server::{DnsAnswer, NameServer, Question};
pub use network::{ApiVersion, App, Credential, Domain, Kind, LogLine, RateLimit, Server};
pub use orders::{Order, Outcome, PlacedBy};
pub use web_server::{Page, Showing, TlsVersion, Visit, WebServer};

use front::Shared;
use journal::Journal;
use listener::{Cut, Loopback};

/// A running simulator; it stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Simulator {
    /// Serves the model on a free port of 127.0.0.1.
    pub async fn start(network: Model) -> io::Result<Simulator> {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = tcp.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let journal = Arc::new(Journal::default());
        let shared = Arc::new(Shared {
            model: Mutex::new(network),
            journal: Arc::clone(&journal),
            resumed: watch::Sender::default(),
            stopped: stopped.clone(),
        });
        let service = Router::new()
            .fallback(front::serve)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Cut>();
        let listener = Loopback::new(tcp, journal, stopped.clone());
        let server = axum::serve(listener, service).with_graceful_shutdown(until(stopped));
        tokio::spawn(async move { server.await });
        Ok(Simulator { shared, address, stop })
    }

    /// The API's base URL, with the version that the model names.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.model().version.base())
    }

    /// Where the simulator listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The network as it is now, to look at or to change by hand.
    ///
    /// No call is answered while the guard lives, and a second look waits for the end of the first: keep it short.
    pub fn model(&self) -> MutexGuard<'_, Model> {
        let mut model = self.shared.model.lock().unwrap_or_else(PoisonError::into_inner);
        model.settle();
        model.forget_listing_order();
        model
    }

    /// Every call since the start or the last [`Simulator::forget_calls`], in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.journal.calls()
    }

    /// Waits until the call of that number has come that far; for ever where the journal has lost or never gets it.
    pub async fn until(&self, number: u64, stage: Stage) {
        self.shared.journal.until(number, stage).await;
    }

    /// Lets every call go on that hangs now.
    pub fn resume(&self) {
        self.shared.resumed.send_replace(());
    }

    /// Empties the journal; the numbers of later calls go on from where they were.
    pub fn forget_calls(&self) {
        self.shared.journal.forget();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Waits for the word to stop, or for the loss of the one who could give it.
async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

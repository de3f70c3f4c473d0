//! Handshakes: what is shown for which name.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};

use super::Site;
use super::authority::{Content, Issued};
use crate::simulator::certificate::{Certificate, Ssl};
use crate::simulator::model::Model;

/// What is shown for a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Showing {
    /// What the panel has issued for it by then, or else what the server made for itself.
    #[default]
    Issued,
    /// A proxy's certificate for the name and one level below it, by another issuer.
    OfProxy,
    /// A certificate for exactly these names, some perhaps with `*` as first label.
    For(Vec<String>),
    /// What the web server made for itself.
    SelfMade,
    /// What the panel has issued for it, without having its key.
    Stolen,
    /// An alert.
    Alert,
    /// Nothing: the connection is closed once the name is known.
    Cut,
    /// Nothing: the connection stays open.
    Silence,
    /// Words of plain http.
    PlainHttp,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    #[default]
    V1_3,
}

/// Takes connections for as long as it is polled.
pub(super) async fn serve(site: Arc<Site>, tcp: TcpListener) {
    let mut visitors = JoinSet::new();
    while let Ok((stream, _)) = tcp.accept().await {
        site.book().connections += 1;
        while visitors.try_join_next().is_some() {}
        visitors.spawn(greet(Arc::clone(&site), stream));
    }
}

async fn greet(site: Arc<Site>, stream: TcpStream) -> io::Result<()> {
    let mut start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let name = start.client_hello().server_name().unwrap_or_default().to_owned();
    let showing = site.showing(&name);
    match showing {
        Showing::Silence => std::future::pending().await,
        Showing::Cut => Ok(()),
        Showing::PlainHttp => start.io.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
        showing => {
            let config = site.config(&name, &showing)?;
            let mut tls = start.into_stream(config).await?;
            // The client says farewell, or goes without it.
            tls.read_u8().await.map(drop)
        }
    }
}

impl Site {
    fn showing(&self, name: &str) -> Showing {
        let mut book = self.book();
        book.handshakes.push(name.to_owned());
        book.shows.get(name).unwrap_or(&book.shows_all).clone()
    }

    fn config(&self, name: &str, showing: &Showing) -> io::Result<Arc<ServerConfig>> {
        let certified = match showing {
            Showing::Stolen => Some(self.authorities.steal(self.content(name, showing))?),
            Showing::Alert => None,
            _ => Some(self.authorities.certify(self.content(name, showing))?),
        };
        let version = self.book().version.of_rustls();
        let builder = ServerConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(&[version])
            .map_err(io::Error::other)?
            .with_no_client_auth();
        Ok(Arc::new(match certified {
            Some(certified) => {
                builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            }
            None => builder.with_cert_resolver(Arc::new(Nothing)),
        }))
    }

    fn content(&self, name: &str, showing: &Showing) -> Content {
        let mut model = self.network.model.lock().unwrap_or_else(PoisonError::into_inner);
        model.settle();
        let not_after = model.clock.in_days(60);
        let own = |by, names| Content { names, by, serial: vec![1], not_after };
        match showing {
            Showing::OfProxy => {
                own(Issued::ForProxy, BTreeSet::from([name.to_owned(), format!("*.{name}")]))
            }
            Showing::For(names) => own(Issued::ForMoney, names.iter().cloned().collect()),
            Showing::Issued | Showing::Stolen => {
                issued(&model, name).unwrap_or_else(|| own(Issued::ByItself, BTreeSet::new()))
            }
            _ => own(Issued::ByItself, BTreeSet::new()),
        }
    }
}

/// What the panel has issued for the virtual host that serves the name.
fn issued(model: &Model, name: &str) -> Option<Content> {
    let is_parent = |parent: &str| name.split_once('.').is_some_and(|(_, rest)| rest == parent);
    let host = model.app.domains.iter().find(|domain| {
        domain.served_names().any(|served| served.eq_ignore_ascii_case(name))
            || domain.wildcard && is_parent(&domain.name)
    })?;
    let certificate = match &model.app.ssl {
        Ssl::None => None,
        Ssl::Basic(one) | Ssl::Custom(one) => Some(one),
        Ssl::Advanced { certificates, .. } => certificates.get(&host.id),
    }?;
    let not_after = certificate.valid_until?;
    Some(certificate.content(not_after))
}

impl Certificate {
    fn content(&self, not_after: SystemTime) -> Content {
        let is_free = self.method == "letsencrypt";
        let by = if is_free { Issued::ByLetsEncrypt } else { Issued::ForMoney };
        let mut serial = self.id.to_be_bytes().to_vec();
        serial.extend(self.issued_count.to_be_bytes());
        serial[0] = 4;
        Content { names: self.names.clone(), by, serial, not_after }
    }
}

impl TlsVersion {
    fn of_rustls(self) -> &'static SupportedProtocolVersion {
        match self {
            TlsVersion::V1_2 => &TLS12,
            TlsVersion::V1_3 => &TLS13,
        }
    }
}

/// Has no certificate for anybody, which ends the handshake with an alert.
#[derive(Debug)]
struct Nothing;

impl ResolvesServerCert for Nothing {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

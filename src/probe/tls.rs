//! Shakes hands with a web server, as a visitor of each name would.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
};

use super::shown::Shown;
use crate::domain::Domain;
use crate::stop::Stop;

/// How long a connection with its handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(3);
/// How long a look may take in all.
const LOOK: Duration = Duration::from_secs(30);
/// So many handshakes are under way at once.
const AT_ONCE: usize = 8;
/// So many names in a row may be cut off before the server counts as one that speaks no TLS.
const CUT_OFF: usize = 2;

/// Handshakes with the one web server that serves the network, over TLS 1.2 or 1.3.
///
/// Every certificate is taken down, whoever issued it and whatever it is for; only that the server holds its key is
/// checked.
#[derive(Clone)]
pub struct Handshakes {
    address: SocketAddr,
    connector: TlsConnector,
}

/// What a handshake showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// This certificate.
    Shown(Shown),
    /// None, and why.
    Failed(String),
}

/// Why a handshake showed nothing, and whom that concerns.
#[derive(Debug)]
enum Failure {
    /// The server answered, but not for this name.
    Name(String),
    /// The connection was taken and then cut off, or what came was no TLS.
    CutOff(String),
    /// Nobody answers there.
    Address(String),
}

impl Handshakes {
    /// With the server at this address.
    pub fn new(address: SocketAddr) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let recorder = Arc::new(Recorder(Arc::clone(&provider)));
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config
            .expect("the provider has suites for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(recorder)
            .with_no_client_auth();
        // A resumed session would show the certificate of an earlier look.
        config.resumption = Resumption::disabled();
        Self { address, connector: TlsConnector::from(Arc::new(config)) }
    }

    /// What the server shows for each of `names`.
    ///
    /// An address that refuses a connection, does not answer or speaks no TLS is not asked for each further name: they
    /// have failed for the same reason. So has what is not shown within 30 s in all, or when `stop` comes.
    pub async fn look(&self, names: &BTreeSet<Domain>, stop: &Stop) -> BTreeMap<Domain, Seen> {
        let mut seen = BTreeMap::new();
        let ask = |name: Domain| async move { (self.shake_hands(&name).await, name) };
        let why = tokio::select! {
            biased;
            () = stop.wait() => "the look was stopped".to_owned(),
            done = timeout(LOOK, ask_each(names, &mut seen, ask)) => match done {
                Ok(Ok(())) => return seen,
                Ok(Err(why)) => why,
                Err(_) => format!("{} takes too long to answer", self.address),
            },
        };
        for name in names {
            seen.entry(name.clone()).or_insert_with(|| Seen::Failed(why.clone()));
        }
        seen
    }

    async fn shake_hands(&self, name: &Domain) -> Result<Shown, Failure> {
        let silent = || Failure::Address(format!("{} does not answer", self.address));
        timeout(HANDSHAKE, self.try_to_shake_hands(name)).await.unwrap_or_else(|_| Err(silent()))
    }

    async fn try_to_shake_hands(&self, name: &Domain) -> Result<Shown, Failure> {
        let sni = ServerName::try_from(name.as_str().to_owned())
            .map_err(|error| Failure::Name(format!("no server can be asked for it: {error}")))?;
        let tcp =
            TcpStream::connect(self.address).await.map_err(|error| self.unreachable(&error))?;
        let connected = self.connector.connect(sni, tcp).await;
        let mut tls = connected.map_err(|error| self.interrupted(&error))?;
        let chain = tls.get_ref().1.peer_certificates().unwrap_or_default();
        let shown = chain.first().map(|certificate| Shown::parse(certificate));
        // It has all that is asked for; whether the server hears the farewell is no matter.
        let _ = tls.shutdown().await;
        shown.unwrap_or_else(|| Err("it shows no certificate".to_owned())).map_err(Failure::Name)
    }

    fn unreachable(&self, error: &io::Error) -> Failure {
        Failure::Address(match error.kind() {
            io::ErrorKind::ConnectionRefused => format!("{} refuses connections", self.address),
            io::ErrorKind::TimedOut => format!("{} does not answer", self.address),
            _ => format!("{} cannot be reached: {error}", self.address),
        })
    }

    fn interrupted(&self, error: &io::Error) -> Failure {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        match tls {
            Some(TlsError::AlertReceived(alert)) => {
                Failure::Name(format!("the server refuses the handshake ({alert:?})"))
            }
            Some(TlsError::InvalidMessage(_)) => {
                Failure::CutOff(format!("{} does not speak TLS", self.address))
            }
            Some(error) => Failure::Name(format!("the handshake fails: {error}")),
            None => Failure::CutOff(format!("{} cuts the handshake off: {error}", self.address)),
        }
    }
}

/// Enters what is seen for each name, or says why nobody is asked for the others.
///
/// Names go one by one until the server has shown that it speaks TLS.
async fn ask_each<F>(
    names: &BTreeSet<Domain>,
    seen: &mut BTreeMap<Domain, Seen>,
    ask: impl Fn(Domain) -> F,
) -> Result<(), String>
where
    F: Future<Output = (Result<Shown, Failure>, Domain)>,
{
    let mut waiting = names.iter().cloned();
    for tried in 1.. {
        let Some(name) = waiting.next() else { return Ok(()) };
        match ask(name).await {
            (Err(Failure::Address(why)), _) => return Err(why),
            (Err(Failure::CutOff(why)), _) if tried == CUT_OFF => return Err(why),
            (Err(Failure::CutOff(why)), name) => enter(seen, name, Seen::Failed(why)),
            (spoken, name) => {
                enter(seen, name, spoken.into());
                break;
            }
        }
    }
    let mut asked = stream::iter(waiting).map(ask).buffer_unordered(AT_ONCE);
    while let Some((outcome, name)) = asked.next().await {
        match outcome {
            Err(Failure::Address(why)) => return Err(why),
            outcome => enter(seen, name, outcome.into()),
        }
    }
    Ok(())
}

fn enter(all: &mut BTreeMap<Domain, Seen>, name: Domain, seen: Seen) {
    tracing::debug!(domain = %name, "handshake: {seen}");
    all.insert(name, seen);
}

impl From<Result<Shown, Failure>> for Seen {
    fn from(outcome: Result<Shown, Failure>) -> Self {
        match outcome {
            Ok(shown) => Seen::Shown(shown),
            Err(Failure::Name(why) | Failure::CutOff(why) | Failure::Address(why)) => {
                Seen::Failed(why)
            }
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Shown(shown) => shown.fmt(f),
            Seen::Failed(why) => f.write_str(why),
        }
    }
}

impl fmt::Debug for Handshakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshakes").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Refuses no certificate, because what is wrong with one is what is looked for. A server that does not hold the key
/// of what it shows is refused all the same.
#[derive(Debug)]
struct Recorder(Arc<CryptoProvider>);

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::ready;

    use super::*;

    /// What is seen, and the names that were asked for.
    async fn look(outcome: impl Fn(&str) -> Failure) -> (String, usize) {
        let names: Vec<String> = (10..40).map(|number| format!("site{number}.test")).collect();
        let names = names.iter().map(|name| Domain::parse(name).unwrap()).collect();
        let asked = RefCell::new(0);
        let ask = |name: Domain| {
            *asked.borrow_mut() += 1;
            ready((Err(outcome(name.as_str())), name))
        };
        let mut seen = BTreeMap::new();
        let ended = ask_each(&names, &mut seen, ask).await;
        let line = |(name, seen): (&Domain, &Seen)| format!("{name}: {seen}\n");
        let mut said: String = seen.iter().map(line).collect();
        said.push_str(&ended.err().unwrap_or_default());
        (said, asked.into_inner())
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_asked_once() {
        let (said, asked) = look(|_| Failure::Address("refused".into())).await;
        assert_eq!((said.as_str(), asked), ("refused", 1));
    }

    #[tokio::test]
    async fn a_server_that_speaks_no_tls_is_asked_twice() {
        let (said, asked) = look(|_| Failure::CutOff("cut off".into())).await;
        assert_eq!((said.as_str(), asked), ("site10.test: cut off\ncut off", 2));
    }

    #[tokio::test]
    async fn what_is_wrong_with_names_concerns_no_other() {
        let (said, asked) = look(|_| Failure::Name("alert".into())).await;
        assert_eq!((said.lines().count(), asked), (30, 30));
        let odd = |name: &str| name == "site10.test" || name > "site15.test";
        let cut_off = || Failure::CutOff("cut off".into());
        let alert = || Failure::Name("alert".into());
        let (said, asked) = look(|name| if odd(name) { cut_off() } else { alert() }).await;
        assert_eq!((said.lines().count(), asked), (30, 30));
    }

    #[tokio::test]
    async fn a_server_that_goes_away_meanwhile_is_asked_no_more() {
        let (said, asked) = look(|name| match name {
            "site10.test" => Failure::Name("alert".into()),
            _ => Failure::Address("refused".into()),
        })
        .await;
        assert_eq!(said, "site10.test: alert\nrefused");
        assert!(asked <= 1 + AT_ONCE, "{asked}");
    }
}

//! Certificates, signed anew for each handshake from what they are to say: the same content has the same serial.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, Issuer, KeyPair, SerialNumber};
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SigningKey};

/// Let's Encrypt dates its certificates back by an hour.
const BACK: Duration = Duration::from_hours(1);
const LIFETIME: Duration = Duration::from_hours(90 * 24);
/// What a web server calls itself in the certificate that it makes for itself.
const NO_NAME: &str = "localhost";

/// What a certificate says.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) names: BTreeSet<String>,
    pub(super) by: Issued,
    pub(super) serial: Vec<u8>,
    pub(super) not_after: SystemTime,
}

/// Who issued a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Issued {
    ByLetsEncrypt,
    /// The one who keeps certificates for a proxy's customers.
    ForProxy,
    /// One that sells certificates to be uploaded.
    ForMoney,
    ByItself,
}

/// Everybody who signs, with the key of the web server that all certificates are for.
#[derive(Debug)]
pub(super) struct Authorities {
    signer: KeyPair,
    server: KeyPair,
    server_key: Arc<dyn SigningKey>,
    other_key: Arc<dyn SigningKey>,
}

impl Authorities {
    pub(super) fn new() -> io::Result<Self> {
        let server = new_key()?;
        let (server_key, other_key) = (usable(&server)?, usable(&new_key()?)?);
        Ok(Self { signer: new_key()?, server, server_key, other_key })
    }

    /// A certificate with its key.
    pub(super) fn certify(&self, content: Content) -> io::Result<CertifiedKey> {
        let by = content.by.name();
        let params = params(content)?;
        let certificate = match by {
            Some((organization, common)) => {
                let mut signing = CertificateParams::default();
                signing.distinguished_name.push(DnType::OrganizationName, organization);
                signing.distinguished_name.push(DnType::CommonName, common);
                params.signed_by(&self.server, &Issuer::new(signing, &self.signer))
            }
            None => params.self_signed(&self.server),
        };
        let chain = vec![certificate.map_err(io::Error::other)?.der().clone()];
        Ok(CertifiedKey::new(chain, Arc::clone(&self.server_key)))
    }

    /// The same certificate with a key that it is not for.
    pub(super) fn steal(&self, content: Content) -> io::Result<CertifiedKey> {
        let certified = self.certify(content)?;
        Ok(CertifiedKey::new(certified.cert, Arc::clone(&self.other_key)))
    }
}

impl Issued {
    /// The organisation and the common name.
    fn name(self) -> Option<(&'static str, &'static str)> {
        match self {
            Issued::ByLetsEncrypt => Some(("Let's Encrypt", "R11")),
            Issued::ForProxy => Some(("Google Trust Services", "WE1")),
            Issued::ForMoney => Some(("Example Trust", "Example Trust DV CA 2")),
            Issued::ByItself => None,
        }
    }
}

fn params(content: Content) -> io::Result<CertificateParams> {
    let names: Vec<String> = content.names.into_iter().collect();
    let common = names.first().map_or(NO_NAME, String::as_str).to_owned();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, common);
    params.serial_number = Some(SerialNumber::from_slice(&content.serial));
    params.not_before = (content.not_after - LIFETIME - BACK).into();
    params.not_after = content.not_after.into();
    Ok(params)
}

fn new_key() -> io::Result<KeyPair> {
    KeyPair::generate().map_err(io::Error::other)
}

fn usable(key: &KeyPair) -> io::Result<Arc<dyn SigningKey>> {
    let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    any_ecdsa_type(&der).map_err(io::Error::other)
}

//! Asks a name itself, over plain http, whether WordPress hears it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use reqwest::header::{HOST, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use crate::domain::Domain;
use crate::stop::Stop;

/// How long a name may take in all, with all its addresses.
const NAME: Duration = Duration::from_secs(3);
/// How long a look may take in all.
const LOOK: Duration = Duration::from_secs(15);
/// So many names are asked at once, each at all its addresses.
const AT_ONCE: usize = 8;
/// A name with more addresses is not asked at all: its owner could have anybody called, as often as he likes.
const MOST_ADDRESSES: usize = 16;
/// The longest answer that is read, in octets; a row has some 300.
const LONGEST: usize = 64 * 1024;
/// What stands in a wp-config.php that nobody filled in.
const UNFILLED: &str = "put your unique phrase here";

/// The request that Ultimate Multisite makes to itself to see whether a name arrives (since 2.4.4;
/// `verify_dns_mapping` in inc/class-domain-mapping.php).
///
/// The name's own address is asked for `/?async_check_dns_nonce=…`, the HMAC-MD5 of the name with `AUTH_KEY` and
/// `AUTH_SALT` as key (`wp_hash`). WordPress answers it with the name's row as JSON, whatever its stage, and nobody
/// else knows what to answer. So it proves three things in one: requests to the name arrive at this server, also
/// through a proxy whose addresses are not the server's; the virtual host is there; and it is this network behind it.
///
/// It proves them for plain http and for visitors, not against a liar: whoever is asked learns the nonce of that one
/// name, which is good for reading its row and for nothing else, and could fetch the row and repeat it. That makes his
/// own name, no other, look as if it pointed here.
#[derive(Debug)]
pub struct Witness {
    http: Client,
    key: SecretString,
    port: u16,
}

/// What is known of a name that is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The addresses that public DNS gave; see [`Expected::askable`](super::Expected::askable).
    pub addresses: BTreeSet<IpAddr>,
    /// The ids of its rows in WordPress.
    pub ids: BTreeSet<i64>,
}

/// Whether WordPress itself answered for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// It did.
    Heard,
    /// It did not, and what happened instead.
    Unheard(String),
}

/// Nobody can be asked in WordPress's own way.
#[derive(Debug, thiserror::Error)]
pub enum NoWitness {
    /// WordPress signs with keys that it keeps in its database then.
    #[error("AUTH_KEY and AUTH_SALT are not filled in")]
    Unfilled,
    /// There is no client to ask with.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// What came from one address.
enum Answer {
    /// The row that was asked for.
    OfWordPress,
    /// Something else, and what.
    OfOther(String),
    /// Nothing, and why.
    None(String),
}

impl Witness {
    /// Signs as WordPress does, and asks at this port, which is 80 outside of tests.
    ///
    /// # Errors
    /// [`NoWitness`] where the keys are those that WordPress does not use either, or there is no client.
    pub fn new(
        auth_key: &SecretString,
        auth_salt: &SecretString,
        port: u16,
    ) -> Result<Self, NoWitness> {
        let (key, salt) = (auth_key.expose_secret(), auth_salt.expose_secret());
        if [key, salt].into_iter().any(|part| part.is_empty() || part == UNFILLED) || key == salt {
            return Err(NoWitness::Unfilled);
        }
        let http = Client::builder()
            .user_agent(concat!("runcloud-domain-sync/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { http, key: format!("{key}{salt}").into(), port })
    }

    /// Whether WordPress answers for each of `names`.
    ///
    /// An address that nobody answers at is passed over, as visitors do, and not asked for further names; one where
    /// somebody else answers is enough for no. A name takes 3 s at most and a look 15 s; nobody has answered for what
    /// is not asked by then, or when `stop` comes. No redirect is followed, and 64 KiB of an answer are read.
    pub async fn look(
        &self,
        names: &BTreeMap<Domain, Asked>,
        stop: &Stop,
    ) -> BTreeMap<Domain, Hearing> {
        let mut heard = BTreeMap::new();
        let why = tokio::select! {
            biased;
            () = stop.wait() => "the look was stopped",
            done = timeout(LOOK, self.fill(&mut heard, names)) => match done {
                Ok(()) => return heard,
                Err(_) => "no time was left to ask",
            },
        };
        for name in names.keys() {
            heard.entry(name.clone()).or_insert_with(|| Hearing::Unheard(why.to_owned()));
        }
        heard
    }

    async fn fill(&self, heard: &mut BTreeMap<Domain, Hearing>, names: &BTreeMap<Domain, Asked>) {
        let silent = &Silent::default();
        let ask = |(name, asked): (Domain, Asked)| async move {
            let hearing = self.ask(&name, &asked, silent).await;
            (name, hearing)
        };
        let mut answers = stream::iter(names.clone()).map(ask).buffer_unordered(AT_ONCE);
        while let Some((name, hearing)) = answers.next().await {
            tracing::debug!(domain = %name, "asked over http: {hearing}");
            heard.insert(name, hearing);
        }
    }

    async fn ask(&self, name: &Domain, asked: &Asked, silent: &Silent) -> Hearing {
        let count = asked.addresses.len();
        if count > MOST_ADDRESSES {
            return Hearing::Unheard(format!("{count} addresses are too many to ask"));
        }
        let end = Instant::now() + NAME;
        let ask = |address: IpAddr| async move {
            if let Some(why) = silent.of(address) {
                return Answer::None(why);
            }
            let at = SocketAddr::new(address, self.port);
            let answer = self.ask_at(at, name, &asked.ids, end).await;
            silent.learn(address, &answer);
            answer
        };
        let answers = join_all(asked.addresses.iter().copied().map(ask)).await;
        Hearing::of(answers)
    }

    async fn ask_at(
        &self,
        at: SocketAddr,
        name: &Domain,
        ids: &BTreeSet<i64>,
        end: Instant,
    ) -> Answer {
        let url = format!("http://{at}/?async_check_dns_nonce={}", self.nonce(name));
        let request = self.http.get(url).header(HOST, name.as_str());
        let response = match timeout_at(end, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => {
                return Answer::None(format!("{at} cannot be reached: {}", root(&error)));
            }
            Ok(Err(error)) => {
                return Answer::OfOther(format!("{at} speaks no http: {}", root(&error)));
            }
            Err(_) => return Answer::None(format!("{at} does not answer")),
        };
        let late = || Err("takes too long to answer".to_owned());
        match timeout_at(end, id(response)).await.unwrap_or_else(|_| late()) {
            Ok(id) if ids.contains(&id) => Answer::OfWordPress,
            Ok(id) => Answer::OfOther(format!("{at} answers with another row, {id}")),
            Err(why) => Answer::OfOther(format!("{at} {why}")),
        }
    }

    fn nonce(&self, domain: &Domain) -> String {
        let mut hash = Hmac::<Md5>::new_from_slice(self.key.expose_secret().as_bytes())
            .expect("a key of any length will do");
        hash.update(domain.as_str().as_bytes());
        let octets = hash.finalize().into_bytes();
        octets.iter().fold(String::new(), |mut hex, octet| {
            let _ = write!(hex, "{octet:02x}");
            hex
        })
    }
}

/// Addresses that nobody answered at, and why, in one look.
#[derive(Default)]
struct Silent(Mutex<BTreeMap<IpAddr, String>>);

impl Silent {
    fn of(&self, address: IpAddr) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&address).cloned()
    }

    fn learn(&self, address: IpAddr, answer: &Answer) {
        if let Answer::None(why) = answer {
            let mut silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            silent.insert(address, why.clone());
        }
    }
}

/// The id of the row in an answer, or what the server does instead.
async fn id(mut response: Response) -> Result<i64, String> {
    if response.status() != StatusCode::OK {
        return Err(other(response.status(), response.headers()));
    }
    let mut body = Vec::new();
    let broken = |error: reqwest::Error| format!("breaks off its answer: {}", root(&error));
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > LONGEST {
            return Err("answers with a page that is too long for a row".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    let row: Value = serde_json::from_slice(&body).unwrap_or_default();
    let id = match &row["id"] {
        Value::String(text) => text.parse().ok(),
        id => id.as_i64(),
    };
    id.ok_or_else(|| "answers with a page that is no row of WordPress".to_owned())
}

/// What a server does whose answer is not 200. Its words are kept short, and without the query that was asked.
fn other(status: StatusCode, headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let origin = location.and_then(|to| Url::parse(to).ok()).map(|url| url.origin());
    match origin {
        Some(origin) if status.is_redirection() => {
            let to: String = origin.ascii_serialization().chars().take(100).collect();
            format!("redirects to {to} ({})", status.as_u16())
        }
        _ => format!("answers {status}"),
    }
}

/// The innermost cause, which unlike the outer ones does not quote the URL.
fn root(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl Hearing {
    fn of(answers: Vec<Answer>) -> Self {
        let (mut is_heard, mut other, mut none) = (false, None, None);
        for answer in answers {
            match answer {
                Answer::OfWordPress => is_heard = true,
                Answer::OfOther(why) => other = other.or(Some(why)),
                Answer::None(why) => none = none.or(Some(why)),
            }
        }
        match other.or(none.filter(|_| !is_heard)) {
            Some(why) => Hearing::Unheard(why),
            None if is_heard => Hearing::Heard,
            None => Hearing::Unheard("there is no address to ask".to_owned()),
        }
    }
}

impl fmt::Display for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hearing::Heard => f.write_str("WordPress answers"),
            Hearing::Unheard(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness(key: &str, salt: &str) -> Result<Witness, NoWitness> {
        Witness::new(&key.into(), &salt.into(), 80)
    }

    #[test]
    fn the_nonce_is_the_one_of_wordpress() {
        let nonce = witness("k1", "s1").unwrap().nonce(&Domain::parse("probe.example").unwrap());
        assert_eq!(nonce, "4c7ed840a12340e8b7d242fca4807d6d");
    }

    #[test]
    fn keys_that_wordpress_does_not_use_sign_nothing() {
        for (key, salt) in [("", "s"), ("k", ""), (UNFILLED, "s"), ("k", UNFILLED), ("x", "x")] {
            assert!(matches!(witness(key, salt), Err(NoWitness::Unfilled)), "{key} {salt}");
        }
    }

    #[test]
    fn a_witness_shows_no_key() {
        let shown = format!("{:?}", witness("the-key", "the-salt").unwrap());
        assert!(!shown.contains("the-key") && !shown.contains("the-salt"), "{shown}");
    }
}

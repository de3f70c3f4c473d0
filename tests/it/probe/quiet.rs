//! What the probes write into logs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use runcloud_domain_sync::log::{Format, Lines};
use runcloud_domain_sync::probe::{Asked, Expected, Handshakes, Resolver, Witness};
use runcloud_domain_sync::simulator::{DnsAnswer, Model, NameServer, Simulator, WebServer};
use runcloud_domain_sync::stop::Stop;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

use super::{name, names};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Everything that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What one look of each kind logs up to that level, and the path that was asked for over http.
async fn logged(level: LevelFilter) -> (String, String) {
    let runcloud = Simulator::start(Model::new(1).calm()).await.unwrap();
    let web = WebServer::start(&runcloud, HERE).await.unwrap();
    let dns = NameServer::start().await.unwrap();
    dns.says("shop.example", DnsAnswer::ServFail);
    let port = web.http_address().port();
    let witness = Witness::new(&"secret-key".into(), &"secret-salt".into(), port).unwrap();
    let (sought, stop) = (names(&["network.example", "shop.example"]), Stop::new());
    let expected = Expected { addresses: BTreeSet::from([HERE]), accept: vec![] };

    let log = Log::default();
    let lines = Lines::new(Format::Text, log.clone()).with_filter(level);
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));
    Resolver::new(&[dns.address()]).unwrap().look(&sought, None, &expected, &stop).await;
    Handshakes::new(web.tls_address()).look(&sought, &stop).await;
    let asked = Asked { addresses: BTreeSet::from([HERE]), ids: BTreeSet::from([41]) };
    witness.look(&BTreeMap::from([(name("shop.example"), asked)]), &stop).await;
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (text, web.visits()[0].path.clone())
}

#[tokio::test]
async fn names_are_told_at_debug_only() {
    assert_eq!(logged(LevelFilter::INFO).await.0, "");
    let (told, _) = logged(LevelFilter::DEBUG).await;
    for line in [
        "looked up: DNS is not known: SERVFAIL for A domain=shop.example",
        "handshake: a certificate for localhost, issued by itself",
        "asked over http: 127.0.0.2",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
}

#[tokio::test]
async fn no_secret_is_told_at_any_level() {
    let (told, path) = logged(LevelFilter::TRACE).await;
    let (_, nonce) = path.split_once('=').unwrap();
    assert!(told.contains("shop.example") && nonce.len() == 32, "{path} {told}");
    for secret in [nonce, "secret-key", "secret-salt"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

//! Whether WordPress answers for a name, by real requests over http.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use insta::assert_snapshot;
use runcloud_domain_sync::probe::{Asked, Hearing, Witness};
use runcloud_domain_sync::simulator::{Model, Page, Simulator, WebServer};
use runcloud_domain_sync::stop::Stop;
use tokio::time::Instant;

use super::name;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));
const NOBODY_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A WordPress with row 41 for `shop.example`, behind the server at `HERE`.
struct Site {
    _runcloud: Simulator,
    server: WebServer,
    witness: Witness,
}

impl Site {
    async fn new() -> Self {
        Self::signed_by("a key").await
    }

    async fn signed_by(key: &str) -> Self {
        let runcloud = Simulator::start(Model::new(1).calm()).await.unwrap();
        let server = WebServer::start(&runcloud, HERE).await.unwrap();
        let port = server.http_address().port();
        let witness = Witness::new(&key.into(), &"some salt".into(), port).unwrap();
        wordpress(&server);
        Self { _runcloud: runcloud, server, witness }
    }

    async fn hears(&self, domain: &str, addresses: &[IpAddr], ids: &[i64]) -> Hearing {
        let asked = BTreeMap::from([(name(domain), asked(addresses, ids))]);
        let mut heard = self.witness.look(&asked, &Stop::new()).await;
        assert_eq!(heard.len(), 1);
        heard.remove(&name(domain)).unwrap()
    }

    /// What comes of the question for `shop.example`, without ports.
    async fn says(&self, addresses: &[IpAddr], ids: &[i64]) -> String {
        let port = format!(":{}", self.server.http_address().port());
        self.hears("shop.example", addresses, ids).await.to_string().replace(&port, "")
    }
}

fn asked(addresses: &[IpAddr], ids: &[i64]) -> Asked {
    Asked { addresses: addresses.iter().copied().collect(), ids: ids.iter().copied().collect() }
}

fn wordpress(server: &WebServer) {
    server.signs_with("a key", "some salt");
    server.maps("shop.example", 41);
}

#[tokio::test]
async fn wordpress_answers_for_its_rows_with_and_without_www() {
    let site = Site::new().await;
    assert_eq!(site.hears("shop.example", &[HERE], &[7, 41]).await, Hearing::Heard);
    assert_eq!(site.hears("www.shop.example", &[HERE], &[41]).await, Hearing::Heard);
    assert_snapshot!(site.says(&[HERE], &[42]).await, @"127.0.0.2 answers with another row, 41");
    assert_snapshot!(site.says(&[], &[41]).await, @"there is no address to ask");
    let stranger = Site::signed_by("another key").await;
    assert_snapshot!(stranger.says(&[HERE], &[41]).await, @"127.0.0.2 redirects to http://network.example (302)");
}

#[tokio::test]
async fn the_question_is_the_plugins_and_carries_nothing_else() {
    let site = Site::new().await;
    site.hears("shop.example", &[HERE], &[41]).await;
    let visits = site.server.visits();
    assert_eq!(visits.len(), 1);
    assert_eq!(visits[0].host, "shop.example");
    assert_snapshot!(visits[0].path, @"/?async_check_dns_nonce=66883958fa9f6e157570887f7713bf75");
    let headers: Vec<&str> = visits[0].headers.keys().map(String::as_str).collect();
    assert_eq!(headers, ["accept", "user-agent"]);
}

#[tokio::test]
async fn other_answers_are_no_witness_and_say_why() {
    let site = Site::new().await;
    let mut said = String::new();
    for page in [
        Page::ToHttps,
        Page::Status(404),
        Page::Status(503),
        Page::Json("<html>".into()),
        Page::Json("[]".into()),
        Page::Json(r#"{"id":"many"}"#.into()),
        Page::Json(r#"{"id":40}"#.into()),
        Page::Huge(10_000_000),
    ] {
        site.server.answers("shop.example", page);
        said.push_str(&site.says(&[HERE], &[41]).await);
        said.push('\n');
    }
    assert_snapshot!(said, @r"
    127.0.0.2 redirects to https://shop.example (301)
    127.0.0.2 answers 404 Not Found
    127.0.0.2 answers 503 Service Unavailable
    127.0.0.2 answers with a page that is no row of WordPress
    127.0.0.2 answers with a page that is no row of WordPress
    127.0.0.2 answers with a page that is no row of WordPress
    127.0.0.2 answers with another row, 40
    127.0.0.2 answers with a page that is too long for a row
    ");
    site.server.answers("shop.example", Page::Json(r#"{"id":"41"}"#.into()));
    assert_eq!(site.hears("shop.example", &[HERE], &[41]).await, Hearing::Heard);
}

#[tokio::test(start_paused = true)]
async fn answers_that_drip_or_do_not_come_are_waited_for_three_seconds() {
    let site = Site::new().await;
    for (page, why) in [
        (Page::Drip, "127.0.0.2 takes too long to answer"),
        (Page::Silence, "127.0.0.2 does not answer"),
    ] {
        site.server.answers("shop.example", page);
        let began = Instant::now();
        assert_eq!(site.says(&[HERE], &[41]).await, why);
        assert!(began.elapsed() <= Duration::from_secs(4), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_proxy_in_front_is_heard_through_and_one_wrong_address_is_enough() {
    let site = Site::new().await;
    let proxy = site.server.beside(PROXY).await.unwrap();
    wordpress(&proxy);
    assert_eq!(site.says(&[PROXY], &[41]).await, "WordPress answers");
    assert_eq!(site.says(&[HERE, PROXY, NOBODY, NOBODY_V6], &[41]).await, "WordPress answers");
    assert_snapshot!(site.says(&[NOBODY, NOBODY_V6], &[41]).await, @"127.0.0.4 cannot be reached: Connection refused (os error 111)");
    proxy.answers("shop.example", Page::Status(403));
    assert_snapshot!(site.says(&[HERE, PROXY, NOBODY], &[41]).await, @"127.0.0.3 answers 403 Forbidden");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_silent_is_asked_for_the_first_names_only() {
    let site = Site::new().await;
    let domains: Vec<String> = (0..100).map(|number| format!("site{number}.example")).collect();
    for domain in &domains {
        site.server.answers(domain, Page::Silence);
    }
    let many = domains.iter().map(|domain| (name(domain), asked(&[HERE], &[41]))).collect();
    let began = Instant::now();
    let heard = site.witness.look(&many, &Stop::new()).await;
    let silent = Hearing::Unheard(format!("{} does not answer", site.server.http_address()));
    assert!(heard.len() == 100 && heard.values().all(|hearing| *hearing == silent), "{heard:?}");
    assert!(began.elapsed() <= Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(site.server.visits().len() <= 8, "{} requests", site.server.visits().len());
}

#[tokio::test]
async fn what_is_no_http_and_a_crowd_of_addresses_are_no_witness() {
    let site = Site::new().await;
    let port = site.server.tls_address().port();
    let witness = Witness::new(&"a key".into(), &"some salt".into(), port).unwrap();
    let asked = BTreeMap::from([(name("shop.example"), asked(&[HERE], &[41]))]);
    let said = witness.look(&asked, &Stop::new()).await[&name("shop.example")].to_string();
    assert!(said.starts_with(&format!("127.0.0.2:{port} speaks no http")), "{said}");
    let crowd: Vec<IpAddr> = (0..17).map(|last| [127, 0, 3, last].into()).collect();
    assert_snapshot!(site.says(&crowd, &[41]).await, @"17 addresses are too many to ask");
}

#[tokio::test]
async fn a_look_ends_with_the_word_to_stop() {
    let site = Site::new().await;
    site.server.answers("shop.example", Page::Silence);
    let (asked, stop) =
        (BTreeMap::from([(name("shop.example"), asked(&[HERE], &[41]))]), Stop::new());
    let ask = async {
        while site.server.visits().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.request();
    };
    let (heard, ()) = tokio::join!(site.witness.look(&asked, &stop), ask);
    let stopped = Hearing::Unheard("the look was stopped".into());
    assert_eq!(heard, BTreeMap::from([(name("shop.example"), stopped)]));
}

//! What a web server shows for a name, by real handshakes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use insta::assert_snapshot;
use runcloud_domain_sync::clock::Timestamp;
use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::probe::{Handshakes, Seen};
use runcloud_domain_sync::simulator::{
    Certificate, Kind, Model, Showing, Simulator, Ssl, TlsVersion, WebServer,
};
use runcloud_domain_sync::stop::Stop;
use tokio::time::Instant;

use super::names;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A RunCloud, and the web server that it keeps.
struct Web {
    runcloud: Simulator,
    server: WebServer,
    stop: Stop,
}

impl Web {
    /// With `network.example` and its `www.`, which a basic certificate covers.
    async fn new() -> Self {
        let runcloud = Simulator::start(Model::new(1).calm()).await.unwrap();
        let server = WebServer::start(&runcloud, HERE).await.unwrap();
        Self { runcloud, server, stop: Stop::new() }
    }

    fn with(self, change: impl FnOnce(&mut Model)) -> Self {
        change(&mut self.runcloud.model());
        self
    }

    fn shows(self, name: &str, showing: Showing) -> Self {
        self.server.shows(name, showing);
        self
    }

    async fn see(&self, sought: &[&str]) -> BTreeMap<Domain, Seen> {
        Handshakes::new(self.server.tls_address()).look(&names(sought), &self.stop).await
    }

    /// A line for each name, in their order, without the dates.
    async fn look(&self, sought: &[&str]) -> String {
        let seen = self.see(sought).await;
        assert_eq!(seen.len(), sought.len());
        let line = |(name, seen): (&Domain, &Seen)| {
            let said = seen.to_string();
            let undated = said.split(", valid until").next().unwrap_or_default();
            format!("{name}: {undated}")
        };
        let lines: Vec<String> = seen.iter().map(line).collect();
        lines.join("\n").replace(&self.server.tls_address().to_string(), "HERE")
    }

    /// The names among these that are covered now.
    async fn covered(&self, sought: &[&str]) -> Vec<String> {
        let seen = self.see(sought).await;
        let now = Timestamp::now();
        let covered = seen.into_iter().filter(|(name, seen)| match seen {
            Seen::Shown(shown) => shown.covers(name, now),
            Seen::Failed(_) => false,
        });
        covered.map(|(name, _)| name.to_string()).collect()
    }
}

fn certificate(id: u64, names: &[&str]) -> Certificate {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Certificate::issued(id, names, SystemTime::now() + Duration::from_hours(24 * 60))
}

#[tokio::test]
async fn the_basic_certificate_is_shown_for_every_name_of_the_application() {
    let web = Web::new().await.with(|model| {
        model.attach("late.example", Kind::Alias);
    });
    let sought = ["late.example", "network.example", "other.example", "www.network.example"];
    assert_snapshot!(web.look(&sought).await, @r"
    late.example: a certificate for network.example, www.network.example, issued by Let's Encrypt R11
    network.example: a certificate for network.example, www.network.example, issued by Let's Encrypt R11
    other.example: a certificate for localhost, issued by itself
    www.network.example: a certificate for network.example, www.network.example, issued by Let's Encrypt R11
    ");
    assert_eq!(web.covered(&sought).await, ["network.example", "www.network.example"]);
}

#[tokio::test]
async fn a_settled_order_shows_at_the_next_handshake() {
    let web = Web::new().await;
    web.runcloud.model().issue_delay = Duration::from_hours(1);
    web.runcloud.model().attach("new.example", Kind::Alias);
    redeploy(&web.runcloud).await;
    assert_eq!(web.covered(&["new.example"]).await, [""; 0]);
    web.runcloud.model().finish_orders();
    assert_eq!(web.covered(&["new.example"]).await, ["new.example"]);
}

async fn redeploy(runcloud: &Simulator) {
    let id = match &runcloud.model().app.ssl {
        Ssl::Basic(certificate) => certificate.id,
        other => panic!("{other:?}"),
    };
    let url = format!("{}/servers/1903/webapps/646/ssl/{id}", runcloud.url());
    let token = "simulated-token-that-is-longer-than-fifty-characters-00000";
    let request = reqwest::Client::new().put(url).bearer_auth(token);
    let request = request.header("Accept", "application/json").header("User-Agent", "test");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn advanced_custom_expired_and_absent_certificates_are_shown_for_what_they_are() {
    let advanced = Web::new().await.with(|model| {
        let own = model.attach("own.example", Kind::Alias);
        model.attach("without.example", Kind::Alias);
        let certificates = BTreeMap::from([(own, certificate(9, &["own.example"]))]);
        model.app.ssl = Ssl::Advanced { auto: false, certificates };
    });
    assert_snapshot!(advanced.look(&["own.example", "without.example"]).await, @r"
    own.example: a certificate for own.example, issued by Let's Encrypt R11
    without.example: a certificate for localhost, issued by itself
    ");
    let custom = Web::new().await.with(|model| {
        let uploaded = certificate(9, &["network.example"]);
        model.app.ssl = Ssl::Custom(Certificate { method: "custom".into(), ..uploaded });
    });
    assert_snapshot!(custom.look(&["network.example"]).await, @"network.example: a certificate for network.example, issued by Example Trust DV CA 2");
    let expired = Web::new().await.with(|model| {
        let old = certificate(9, &["network.example"]);
        let valid_until = Some(UNIX_EPOCH + Duration::from_hours(24 * 365 * 40));
        model.app.ssl = Ssl::Basic(Certificate { valid_until, ..old });
    });
    let seen = expired.see(&["network.example"]).await;
    assert_snapshot!(seen.values().next().unwrap(), @"a certificate for network.example, issued by Let's Encrypt R11, valid until 2009-12-22T00:00:00Z");
    assert_eq!(expired.covered(&["network.example"]).await, [""; 0]);
    let none = Web::new().await.with(|model| model.app.ssl = Ssl::None);
    assert_eq!(none.covered(&["network.example"]).await, [""; 0]);
}

#[tokio::test]
async fn a_wildcard_and_a_proxys_certificate_cover_too() {
    let wildcard = Showing::For(vec!["*.shops.example".into(), "SHOPS.example".into()]);
    let web = Web::new().await.shows("proxied.example", Showing::OfProxy);
    web.server.shows_for_all(wildcard);
    let sought = ["a.b.shops.example", "a.shops.example", "proxied.example", "shops.example"];
    assert_snapshot!(web.look(&sought).await, @r"
    a.b.shops.example: a certificate for *.shops.example, shops.example, issued by Example Trust DV CA 2
    a.shops.example: a certificate for *.shops.example, shops.example, issued by Example Trust DV CA 2
    proxied.example: a certificate for *.proxied.example, proxied.example, issued by Google Trust Services WE1
    shops.example: a certificate for *.shops.example, shops.example, issued by Example Trust DV CA 2
    ");
    assert_eq!(web.covered(&sought).await, &sought[1..]);
}

#[tokio::test]
async fn what_goes_wrong_for_one_name_is_its_own() {
    let web = Web::new()
        .await
        .shows("a-alert.example", Showing::Alert)
        .shows("b-cut.example", Showing::Cut)
        .shows("c-stolen.example", Showing::Stolen);
    let sought = ["a-alert.example", "b-cut.example", "c-stolen.example", "network.example"];
    assert_snapshot!(web.look(&sought).await, @r"
    a-alert.example: the server refuses the handshake (AccessDenied)
    b-cut.example: HERE cuts the handshake off: tls handshake eof
    c-stolen.example: the handshake fails: invalid peer certificate: BadSignature
    network.example: a certificate for network.example, www.network.example, issued by Let's Encrypt R11
    ");
    assert_eq!(web.server.handshakes().len(), sought.len());
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken_and_checked() {
    let web = Web::new().await.shows("stolen.example", Showing::Stolen);
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        web.server.speaks(version);
        let covered = web.covered(&["network.example", "stolen.example"]).await;
        assert_eq!(covered, ["network.example"], "{version:?}");
    }
}

/// Twenty names that a server does something to.
async fn twenty(web: &Web) -> String {
    let sought: Vec<String> = (10..30).map(|number| format!("site{number}.example")).collect();
    let sought: Vec<&str> = sought.iter().map(String::as_str).collect();
    let mut said: Vec<String> = web.look(&sought).await.lines().map(str::to_owned).collect();
    assert_eq!(said.len(), 20);
    for line in &mut said {
        *line = line.split_once(": ").unwrap().1.to_owned();
    }
    said.dedup();
    said.join("\n")
}

#[tokio::test]
async fn an_address_that_refuses_has_refused_every_name_until_it_is_back() {
    let mut web = Web::new().await;
    web.server.close().await;
    assert_snapshot!(twenty(&web).await, @"HERE refuses connections");
    web.server.open().await.unwrap();
    assert_eq!(web.covered(&["network.example"]).await, ["network.example"]);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_silent_is_asked_once_and_costs_seconds() {
    let web = Web::new().await;
    web.server.shows_for_all(Showing::Silence);
    let began = Instant::now();
    assert_snapshot!(twenty(&web).await, @"HERE does not answer");
    assert_eq!(web.server.connections(), 1);
    assert!(began.elapsed() <= Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_address_without_tls_is_asked_twice() {
    let web = Web::new().await;
    web.server.shows_for_all(Showing::PlainHttp);
    assert_snapshot!(twenty(&web).await, @"HERE does not speak TLS");
    web.server.shows_for_all(Showing::Cut);
    assert_snapshot!(twenty(&web).await, @"HERE cuts the handshake off: tls handshake eof");
    assert_eq!(web.server.connections(), 4);
}

#[tokio::test]
async fn a_look_ends_with_the_word_to_stop() {
    let web = Web::new().await.shows("silent.example", Showing::Silence);
    let stop = async {
        while web.server.handshakes().is_empty() {
            tokio::task::yield_now().await;
        }
        web.stop.request();
    };
    let (said, ()) = tokio::join!(web.look(&["network.example", "silent.example"]), stop);
    assert!(said.ends_with("silent.example: the look was stopped"), "{said}");
    assert_snapshot!(web.look(&["network.example"]).await, @"network.example: the look was stopped");
}

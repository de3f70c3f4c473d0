//! The network behind the API: one server, one web application, and how badly the API behaves.

use std::collections::BTreeSet;
use std::time::Duration;

use super::certificate::{Certificate, Ssl, SslShape};
use super::clock::Clock;
use super::faults::{Effect, Fault, Reply};
use super::gate::Window;
use super::lists::LARGEST_PAGE;
use super::network::{ApiVersion, App, Credential, Domain, Kind, LogLine, RateLimit, Server};
use super::orders::{Order, PlacedBy, Running};

/// Everything that the simulator knows; plain data, except what it needs to keep its own order.
#[derive(Debug, Clone)]
pub struct Model {
    /// Decides the listing order and the random failures; the same seed and calls give the same answers.
    pub seed: u64,
    /// The version in [`super::Simulator::url`]; both versions are served.
    pub version: ApiVersion,
    /// What a client must send to be let in.
    pub credential: Credential,
    /// The one server of the account.
    pub server: Server,
    /// The web application that the calls are about.
    pub app: App,
    /// Other web applications on the server, which can only be looked at.
    pub neighbours: Vec<App>,
    /// The most rows that a list page has, whatever `perPage` asks for.
    pub page_size: usize,
    /// The throttle, if any; with one, the answers of the application carry its headers.
    pub rate_limit: Option<RateLimit>,
    /// By how many seconds the clock behind the `Date` headers is ahead.
    pub clock_ahead: i64,
    /// The share of calls that end in a gateway's 502, half of them after the call took effect.
    pub error_rate: f64,
    /// Failures on order; a call goes to the first one that matches it.
    pub faults: Vec<Fault>,
    /// Names that belong to another web application: adding one answers 422 and it does not appear here.
    pub taken: BTreeSet<String>,
    /// What `www` becomes when an added domain does not say (not documented).
    pub default_www: bool,
    /// Whether `x` with `www` and an own entry `www.x` exclude each other (not documented).
    pub www_entries_conflict: bool,
    /// How `GET …/ssl` looks in basic mode (the record shows both).
    pub ssl_shape: SslShape,
    /// The time from an order to its certificate; 200 comes back before.
    pub issue_delay: Duration,
    /// Names whose DNS points elsewhere: no certificate ever has them.
    pub misdirected: BTreeSet<String>,
    /// Whether one misdirected name fails the whole order, instead of being left out silently.
    pub strict_orders: bool,
    /// How many certificates the authority issues for exactly the same names in a week (Let's Encrypt documents 5).
    pub same_names_limit: usize,
    /// A field without which an SSL installation answers 422, such as `sslProtocolId`.
    pub demanded_ssl_field: Option<String>,
    /// Every certificate order, oldest first.
    pub orders: Vec<Order>,
    /// The web application's activity log, oldest first.
    pub log: Vec<LogLine>,
    /// How many basic installations were sent in advanced mode and came to nothing.
    pub stray_ssl: u32,
    pub(super) running: Vec<Running>,
    pub(super) clock: Clock,
    pub(super) window: Window,
    /// Positions in `app.domains` in the order that lists show, until the domains change.
    pub(super) listing_order: Option<Vec<usize>>,
    last_id: u64,
}

impl Model {
    /// A hostile network with a primary domain and a basic certificate: small pages, a throttle, random 502s, and
    /// certificates that come late.
    pub fn new(seed: u64) -> Model {
        let mut model = Model::bare(seed);
        let primary = model.attach("network.example", Kind::Primary);
        model.app.domains[0].www = true;
        let names = model.served_names();
        let expiry = model.clock.in_days(60);
        model.app.ssl = Ssl::Basic(Certificate::issued(primary + 1, names, expiry));
        model.last_id = primary + 1;
        model
    }

    /// The same network behaving well: full pages, no throttle, no random failures, certificates at once.
    #[must_use]
    pub fn calm(mut self) -> Model {
        self.page_size = LARGEST_PAGE;
        self.rate_limit = None;
        self.error_rate = 0.0;
        self.issue_delay = Duration::ZERO;
        self.same_names_limit = usize::MAX;
        self
    }

    /// Adds a domain as a hand edit in the panel would, and gives its id; with AutoSSL its certificate follows.
    pub fn attach(&mut self, name: &str, kind: Kind) -> u64 {
        let domain = self.new_domain(name, kind);
        self.insert(domain)
    }

    /// Removes the domains of that name as a hand edit would; the basic certificate keeps the name.
    pub fn detach(&mut self, name: &str) {
        while let Some(at) = self.app.domains.iter().position(|domain| domain.name == name) {
            self.remove_at(at);
        }
    }

    /// Puts another web application with one domain onto the server, and gives its id.
    pub fn attach_neighbour(&mut self, app: &str, domain: &str) -> u64 {
        let id = self.fresh_id();
        let domains = vec![self.new_domain(domain, Kind::Primary)];
        self.neighbours.push(App {
            id,
            name: app.to_owned(),
            domains,
            ssl: Ssl::None,
            alias: None,
        });
        id
    }

    /// The domain of that exact name.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.app.domains.iter().find(|domain| domain.name == name)
    }

    /// Every name that the web application serves.
    pub(super) fn served_names(&self) -> BTreeSet<String> {
        self.app.domains.iter().flat_map(Domain::served_names).collect()
    }

    /// A domain that is not added yet.
    pub(super) fn new_domain(&mut self, name: &str, kind: Kind) -> Domain {
        Domain {
            id: self.fresh_id(),
            name: name.to_owned(),
            kind,
            www: false,
            redirection: "none".to_owned(),
            wildcard: false,
            status: None,
            created_at: self.clock.now(),
        }
    }

    /// Adds a domain; with AutoSSL its certificate follows.
    pub(super) fn insert(&mut self, domain: Domain) -> u64 {
        let id = domain.id;
        self.app.domains.push(domain);
        self.forget_listing_order();
        if matches!(self.app.ssl, Ssl::Advanced { auto: true, .. }) {
            self.install_for(id, PlacedBy::AutoSsl);
        }
        id
    }

    pub(super) fn remove_at(&mut self, at: usize) -> Domain {
        let domain = self.app.domains.remove(at);
        // Not documented; an advanced certificate without its domain would have no path left.
        if let Ssl::Advanced { certificates, .. } = &mut self.app.ssl {
            certificates.remove(&domain.id);
        }
        self.forget_listing_order();
        domain
    }

    pub(super) fn forget_listing_order(&mut self) {
        self.listing_order = None;
    }

    pub(super) fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn note(&mut self, kind: &str, content: String) {
        let at = self.clock.now();
        self.log.push(LogLine { kind: kind.to_owned(), content, at });
    }

    /// The `Date` header where the clock is not this machine's; the server sends that one by itself.
    pub(super) fn date_header(&self) -> Option<(String, String)> {
        let ahead = Duration::from_secs(self.clock_ahead.unsigned_abs());
        let now = self.clock.now();
        let date = if self.clock_ahead < 0 { now - ahead } else { now + ahead };
        (!ahead.is_zero()).then(|| ("Date".to_owned(), httpdate::fmt_http_date(date)))
    }

    /// Perhaps a gateway error, by the seed and the call's number.
    pub(super) fn mishap(&self, number: u64) -> Option<Effect> {
        let mut dice = fastrand::Rng::with_seed(mix(self.seed, number));
        if dice.f64() >= self.error_rate {
            return None;
        }
        let page = Reply::html(502);
        Some(if dice.bool() { Effect::AfterStatus(page) } else { Effect::Status(page) })
    }

    fn bare(seed: u64) -> Model {
        Model {
            seed,
            version: ApiVersion::V3,
            credential: Credential::Bearer(
                "simulated-token-that-is-longer-than-fifty-characters-00000".to_owned(),
            ),
            server: Server { id: 1903, ip_address: "127.0.0.2".to_owned(), online: true },
            app: App {
                id: 646,
                name: "app-network".to_owned(),
                domains: Vec::new(),
                ssl: Ssl::None,
                alias: None,
            },
            neighbours: Vec::new(),
            page_size: 7,
            rate_limit: Some(RateLimit { calls: 50, window: Duration::from_secs(1) }),
            clock_ahead: 0,
            error_rate: 0.05,
            faults: Vec::new(),
            taken: BTreeSet::new(),
            default_www: true,
            www_entries_conflict: false,
            ssl_shape: SslShape::Flat,
            issue_delay: Duration::from_millis(50),
            misdirected: BTreeSet::new(),
            strict_orders: false,
            same_names_limit: 5,
            demanded_ssl_field: None,
            orders: Vec::new(),
            log: Vec::new(),
            stray_ssl: 0,
            running: Vec::new(),
            clock: Clock::start(),
            window: Window::default(),
            listing_order: None,
            last_id: 692,
        }
    }
}

/// One number from two, so that neighbouring seeds do not give neighbouring generators.
pub(super) fn mix(seed: u64, number: u64) -> u64 {
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number)
}

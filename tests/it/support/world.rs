//! A world: WordPress's tables, a RunCloud and a ledger, with a pass over them in one line.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use runcloud_domain_sync::clock::{Moment, Timestamp};
use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::{
    Approval, Binding, Cause, CertificateState, Intent, IntentAction, Known, Lease, Ledger, Look,
    Rule,
};
use runcloud_domain_sync::probe::{Resolver, Witness};
use runcloud_domain_sync::reconcile::certificate::{Gate, SslRules};
use runcloud_domain_sync::reconcile::pass;
use runcloud_domain_sync::reconcile::plan::{Plan, PlanText, Policy, Removal, WwwPolicy};
use runcloud_domain_sync::reconcile::{Grace, Network, PassError, Probes, Report};
use runcloud_domain_sync::runcloud::{ApiVersion, Credentials, Endpoint, Patience, Reader};
use runcloud_domain_sync::simulator::{
    self, Call, Certificate, Credential, DnsAnswer, Kind, Model, NameServer, Simulator, Ssl,
    WebServer,
};
use runcloud_domain_sync::stop::Stop;
use runcloud_domain_sync::wordpress::{self, Login, Source, Subdomains, TablePrefix};
use tempfile::TempDir;

use super::mariadb::Database;

/// Short waits: a test shows that a call is repeated, not how long an operator would wait.
const PATIENCE: Patience = Patience {
    first_wait: Duration::from_millis(2),
    total: Duration::from_millis(1_200),
    throttled: Duration::from_millis(1_200),
};
pub const PREFIX: &str = "wp_";
/// The server's address, as RunCloud says it.
pub const HERE: [u8; 4] = [127, 0, 0, 2];
/// The simulated web application.
pub const BINDING: Binding = Binding { server: 1903, app: 646 };

pub struct World {
    pub runcloud: Simulator,
    /// Every name points here, besides those with `www.`, which do not exist.
    pub dns: NameServer,
    /// Where the web server is asked for certificates; nobody listens at the server's own address.
    pub web_server: Option<SocketAddr>,
    web: Option<WebServer>,
    /// Where WordPress is asked over http; its keys are `key` and `salt`.
    pub witness_port: Option<u16>,
    pub tables: Database,
    pub state: TempDir,
    pub policy: Policy,
    /// What the operator decided about certificate orders.
    pub rules: SslRules,
    pub keep: Vec<&'static str>,
    /// Asked, a pass at work stops.
    pub stop: Stop,
    /// When the next pass takes place.
    pub now: Moment,
    pub patience: Patience,
    /// Where the tables are read instead of as the administrator.
    pub database_url: Option<String>,
    /// Where RunCloud is called instead of at the simulator.
    pub api_url: Option<String>,
}

impl World {
    /// A network with two sites (`network.test` and `shop.network.test`) whose names RunCloud has, and
    /// nothing mapped; RunCloud behaves well.
    pub async fn new() -> Self {
        Self::around(Model::new(1).calm()).await
    }

    /// The same with RunCloud as hostile as the seed makes it.
    pub async fn hostile(seed: u64) -> Self {
        Self::around(Model::new(seed)).await
    }

    async fn around(mut model: Model) -> Self {
        model.detach("network.example");
        model.attach("network.test", Kind::Primary);
        model.attach("shop.network.test", Kind::Alias);
        let tables = Database::with_tables(PREFIX).await;
        let dns = NameServer::start().await.unwrap();
        dns.says_of_others(here_without_www);
        tables
            .run(
                "DELETE FROM wp_wu_domain_mappings; DELETE FROM wp_blogs WHERE blog_id > 2; \
                 DELETE FROM wp_site WHERE id > 1",
            )
            .await;
        Self {
            runcloud: Simulator::start(model).await.unwrap(),
            dns,
            web_server: None,
            web: None,
            witness_port: None,
            tables,
            state: tempfile::tempdir().unwrap(),
            policy: Policy {
                removal: Removal::Owned,
                www: WwwPolicy::Auto,
                subdomains: Subdomains::Auto,
                max_removals: None,
                gate: Gate::Auto,
                api: ApiVersion::V3,
            },
            rules: SslRules { min_interval: Duration::ZERO, ..SslRules::default() },
            keep: vec![],
            stop: Stop::new(),
            now: Moment::now(),
            patience: PATIENCE,
            database_url: None,
            api_url: None,
        }
    }

    /// With a web server that shows what RunCloud issued: a certificate for the network's own names.
    pub async fn with_web_server(mut self) -> Self {
        {
            let mut model = self.runcloud.model();
            let names = model.app.domains.iter().map(|domain| domain.name.clone()).collect();
            let until = SystemTime::now() + Duration::from_hours(60 * 24);
            model.app.ssl = Ssl::Basic(Certificate::issued(694, names, until));
        }
        let web = WebServer::start(&self.runcloud, HERE.into()).await.unwrap();
        self.web_server = Some(web.tls_address());
        self.web = Some(web);
        self
    }

    /// The web server, where there is one.
    pub fn web(&self) -> &WebServer {
        self.web.as_ref().unwrap()
    }

    /// Changes the simulated RunCloud.
    pub fn with(self, change: impl FnOnce(&mut Model)) -> Self {
        change(&mut self.runcloud.model());
        self
    }

    /// Maps names to site 2, in the order of their ids.
    pub async fn mapped(self, names: &[&str]) -> Self {
        self.map(names).await;
        self
    }

    pub async fn map(&self, names: &[&str]) {
        for name in names {
            self.row(2, name, 1, "done").await;
        }
    }

    pub async fn row(&self, site: i64, name: &str, active: i64, stage: &str) {
        self.sql(&format!(
            "INSERT INTO wp_wu_domain_mappings (blog_id, domain, active, stage) \
             VALUES ({site}, '{name}', {active}, '{stage}')"
        ))
        .await;
    }

    pub async fn unmap(&self, name: &str) {
        self.sql(&format!("DELETE FROM wp_wu_domain_mappings WHERE domain = '{name}'")).await;
    }

    pub async fn sql(&self, statements: &str) {
        self.tables.run(statements).await;
    }

    /// One pass.
    pub async fn pass(&self) -> Result<Report, PassError> {
        self.pass_with(&mut Grace::none()).await
    }

    /// One pass of a daemon that waits before it removes.
    pub async fn pass_with(&self, grace: &mut Grace) -> Result<Report, PassError> {
        let lease = Lease::acquire(self.state.path()).unwrap();
        let mut ledger = Ledger::open(self.state.path(), BINDING, &lease).await.unwrap();
        let network = self.network();
        let writer = network.reader.writer(&lease);
        let mut report = Report::default();
        pass::run_once(&network, &writer, &mut ledger, grace, &self.now, &mut report)
            .await
            .map(|()| report)
    }

    /// Lets time pass, by every clock.
    pub fn later(&mut self, time: Duration) {
        self.now.wall = self.now.wall.plus(time);
        self.now.uptime.seconds += time.as_secs().cast_signed();
        self.runcloud.model().skip(time);
    }

    /// Moves the wall clock alone, as an operator or a time service does.
    pub fn jump(&mut self, seconds: i64) {
        self.now.wall.0 += seconds;
    }

    /// Starts the machine again after so much time.
    pub fn reboot(&mut self, after: Duration) {
        self.now.wall = self.now.wall.plus(after);
        self.now.uptime.boot.push('\'');
        self.now.uptime.seconds = 60;
    }

    /// One pass that must end well, and a second one that must have nothing to do.
    pub async fn converge(&self) -> Report {
        let report = self.pass().await.unwrap();
        self.rest().await;
        report
    }

    /// One more pass, which must not write.
    pub async fn rest(&self) {
        self.runcloud.forget_calls();
        let second = self.pass().await.unwrap();
        assert_eq!(self.writes(), Vec::<String>::new(), "a second pass wrote: {second}");
    }

    /// Leaves an open call behind, as a crash between it and its outcome does.
    pub async fn intend(&self, name: &str, action: IntentAction) {
        let lease = Lease::acquire(self.state.path()).unwrap();
        let mut ledger = Ledger::open(self.state.path(), BINDING, &lease).await.unwrap();
        let cause = Cause { mapping: Some(1), site: 2 };
        let intent = Intent { action, www: false, cause, rule: Rule::default() };
        ledger.intend(&Domain::parse(name).unwrap(), intent, Timestamp::now()).await.unwrap();
    }

    /// Leaves an order behind of which it is unknown whether it was sent, as a crash does; for one name, or for all.
    pub async fn begin_order(&self, domain: Option<&str>, before: Option<Timestamp>) {
        let lease = Lease::acquire(self.state.path()).unwrap();
        let mut ledger = Ledger::open(self.state.path(), BINDING, &lease).await.unwrap();
        let domain = domain.map(|name| Domain::parse(name).unwrap());
        ledger.begin_order(domain.as_ref(), "", before, self.now.wall).await.unwrap();
    }

    /// When the next pass is due by itself.
    pub async fn next(&self) -> Option<Timestamp> {
        let lease = Lease::acquire(self.state.path()).unwrap();
        let mut ledger = Ledger::open(self.state.path(), BINDING, &lease).await.unwrap();
        let now = self.now.wall;
        let both = [ledger.next_try(now).await.unwrap(), ledger.next_look(now).await.unwrap()];
        both.into_iter().flatten().min()
    }

    pub async fn plan(&self) -> Plan {
        pass::look(&self.network(), self.known().await, &self.now).await.unwrap().plan
    }

    /// What the ledger holds; nothing where there is none of use.
    pub async fn known(&self) -> Known {
        match Ledger::look(self.state.path(), BINDING).await.unwrap() {
            Look::Known(known) => *known,
            Look::Missing | Look::Unusable(_) => Known::default(),
        }
    }

    /// Lets what is blocked now through, as an operator does.
    pub async fn approve(&self, ttl: Duration) {
        let blocked = self.plan().await.blocked.unwrap();
        let mut ledger = Ledger::join(self.state.path(), BINDING).await.unwrap();
        let tick = ledger.known().await.unwrap().clock.tick(&self.now);
        let names = blocked.names.keys().cloned().collect();
        let approval = Approval::new(blocked.hash(), names, ttl, &self.now, tick);
        ledger.approve(&approval, self.now.wall).await.unwrap();
    }

    pub async fn plan_text(&self) -> String {
        PlanText { plan: &self.plan().await, command: "runcloud-domain-sync" }.to_string()
    }

    /// The names RunCloud has, sorted, `+www` where they serve it.
    pub fn names(&self) -> Vec<String> {
        let model = self.runcloud.model();
        let shown = |domain: &simulator::Domain| {
            format!("{}{}", domain.name, if domain.www { "+www" } else { "" })
        };
        let mut names: Vec<_> = model.app.domains.iter().map(shown).collect();
        names.sort();
        names
    }

    /// Write calls that reached RunCloud, as `METHOD last/parts`.
    pub fn writes(&self) -> Vec<String> {
        let shown = |call: &Call| {
            let below = call.path.split("/webapps/646").last().unwrap_or_default();
            format!("{} {below}", call.method)
        };
        self.runcloud.calls().iter().filter(|call| call.is_write()).map(shown).collect()
    }

    /// How many certificate orders RunCloud took.
    pub fn orders(&self) -> usize {
        self.runcloud.model().orders.len()
    }

    /// How many names need an order.
    pub async fn owed(&self) -> usize {
        let known = self.known().await.certificates.into_values();
        let is_owed = |state: &CertificateState| {
            matches!(state, CertificateState::Due { .. } | CertificateState::Failed { .. })
        };
        known.filter(is_owed).count()
    }

    /// Both sides, as a daemon or a pass has them.
    pub fn network(&self) -> Network {
        let url = self.database_url.clone().unwrap_or_else(|| self.tables.url());
        let source = Source::MySql(Login::Url(url.into()));
        let mut endpoint = endpoint(&self.runcloud);
        if let Some(url) = &self.api_url {
            endpoint.base = url.parse().unwrap();
        }
        let prefix = TablePrefix::new(PREFIX).unwrap();
        let mut probes = Probes::new(Resolver::new(&[self.dns.address()]).ok());
        probes.web_server = self.web_server;
        if let Some(port) = self.witness_port {
            probes.witness = Witness::new(&"key".into(), &"salt".into(), port).ok();
        }
        let keep = self.keep.iter().map(|name| Domain::parse(name).unwrap());
        Network {
            database: wordpress::Database::new(source, prefix, self.patience.total),
            reader: Reader::new(&endpoint, self.patience, self.stop.clone()).unwrap(),
            own: vec![],
            keep: keep.collect(),
            policy: self.policy,
            rules: self.rules,
            probes,
            stop: self.stop.clone(),
        }
    }
}

fn here_without_www(name: &str) -> DnsAnswer {
    if name.starts_with("www.") {
        DnsAnswer::NxDomain
    } else {
        DnsAnswer::Addresses(vec![HERE.into()])
    }
}

pub fn endpoint(runcloud: &Simulator) -> Endpoint {
    let model = runcloud.model();
    let credentials = match model.credential.clone() {
        Credential::Bearer(token) => Credentials::Token(token.into()),
        Credential::Basic { key, secret } => {
            Credentials::KeyAndSecret { key: key.into(), secret: secret.into() }
        }
    };
    let (server_id, app_id) = (model.server.id, model.app.id);
    drop(model);
    Endpoint { base: runcloud.url().parse().unwrap(), server_id, app_id, credentials }
}

/// In memory where the system has such a place: what is shown is not what a disk can take.
pub fn state_directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

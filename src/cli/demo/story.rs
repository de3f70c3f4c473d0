//! The story: what customers, administrators and RunCloud do, and what the reconciler makes of it.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::super::args::DemoFlags;
use super::super::exit::{Exit, Failure};
use super::narrator::{say, show, show_commands, tally, title};
use super::network::{self, WordPress};
use super::questions;
use crate::clock::Moment;
use crate::daemon::{Pace, Service, Setup, Words};
use crate::domain::Domain;
use crate::ledger::{Binding, Lease, Ledger};
use crate::probe::Resolver;
use crate::reconcile::certificate::{Gate, SslRules};
use crate::reconcile::plan::{PlanText, Policy, Removal, WwwPolicy};
use crate::reconcile::{Grace, Network, Probes, Report, pass};
use crate::runcloud::{ApiVersion, Credentials, Endpoint, Patience, Reader, Writer};
use crate::simulator::{
    Call, Credential, DnsAnswer, Effect, Fault, Kind, Model, NameServer, RateLimit, Simulator,
    WebServer,
};
use crate::stop::Stop;
use crate::text::counted;
use crate::wordpress::{Database, Source, Subdomains, TablePrefix};

const TOKEN: &str = "demo-token";
/// How many passes a failing RunCloud is given.
const TRIES: u32 = 3;
/// How often a demo that stays up looks.
const PACE: Pace = Pace {
    poll: Duration::from_secs(1),
    interval: Duration::from_mins(1),
    grace: Duration::from_secs(5),
};
/// The burst.
const SHOPS: usize = 40;

/// Plays the story in an empty directory; with `--keep` it ends only when somebody drops it.
pub(super) async fn play(flags: &DemoFlags, directory: &Path) -> Result<Exit, Failure> {
    let wordpress = WordPress::install(directory).await?;
    let runcloud = Simulator::start(model(flags.seed)).await.map_err(Failure::internal)?;
    let state = directory.join("state");
    let lease = Lease::acquire(&state)?;
    let (server, app) = {
        let model = runcloud.model();
        (model.server.id, model.app.id)
    };
    let mut ledger = Ledger::open(&state, Binding { server, app }, &lease).await?;
    let dns = NameServer::start().await.map_err(Failure::internal)?;
    dns.says_of_others(here_without_www);
    let web_server = WebServer::start(&runcloud, Ipv4Addr::LOCALHOST.into()).await;
    let web_server = web_server.map_err(Failure::internal)?;
    let mut network = network(directory, &runcloud)?;
    network.probes = Probes::new(Resolver::new(&[dns.address()]).ok());
    network.probes.web_server = Some(web_server.tls_address());
    let writer = network.reader.writer(&lease);
    let mut story = Story {
        wordpress,
        runcloud: &runcloud,
        network: &network,
        writer: &writer,
        ledger: &mut ledger,
        seed: flags.seed,
        calls: 0,
        lost: 0,
    };
    let clean = quietly(Box::pin(story.tell())).await?;
    questions::ask(directory, &prefix()?).await?;
    if flags.keep {
        invite(directory, &runcloud)?;
        let service = Service {
            setup: Setup { network, pace: PACE, monthly_calls: None, listen: None },
            lease: &lease,
            words: Words::default(),
            reload: Box::new(|| Err("the demo has no settings".to_owned())),
            command: "runcloud-domain-sync".to_owned(),
        };
        service.run(&mut ledger).await;
    } else {
        say_goodbye()?;
    }
    Ok(if clean { Exit::Converged } else { Exit::Partial })
}

/// Hostile, but with room in the rate limit for everything besides the step that is about it.
fn model(seed: u64) -> Model {
    let mut model = Model::new(seed);
    model.credential = Credential::Bearer(TOKEN.to_owned());
    model.rate_limit = Some(RateLimit { calls: 2_000, window: Duration::from_mins(1) });
    model.attach("cafe.example", Kind::Alias);
    model.attach("legacy.example", Kind::Alias);
    model
}

/// Every customer did as told, and nobody thought of `www`.
fn here_without_www(name: &str) -> DnsAnswer {
    if name.starts_with("www.") {
        DnsAnswer::NxDomain
    } else {
        DnsAnswer::Addresses(vec![Ipv4Addr::new(127, 0, 0, 2).into()])
    }
}

fn network(directory: &Path, runcloud: &Simulator) -> Result<Network, Failure> {
    let source = Source::Sqlite(network::file(directory));
    let prefix = prefix()?;
    let (server_id, app_id) = ids(runcloud);
    let endpoint = Endpoint {
        base: runcloud.url().parse().map_err(Failure::internal)?,
        server_id,
        app_id,
        credentials: Credentials::Token(TOKEN.into()),
    };
    Ok(Network {
        database: Database::new(source, prefix, Patience::COMMAND.total),
        reader: Reader::new(&endpoint, Patience::COMMAND, Stop::new())?,
        own: Vec::new(),
        keep: Vec::new(),
        policy: Policy {
            removal: Removal::Owned,
            www: WwwPolicy::Auto,
            subdomains: Subdomains::Auto,
            max_removals: None,
            gate: Gate::Auto,
            api: ApiVersion::V3,
        },
        // Minutes are too long for a story.
        rules: SslRules { min_interval: Duration::ZERO, ..SslRules::default() },
        probes: Probes::new(None),
        stop: Stop::new(),
    })
}

fn prefix() -> Result<TablePrefix, Failure> {
    TablePrefix::new("wp_").ok_or_else(|| Failure::internal("wp_ is no prefix"))
}

fn ids(runcloud: &Simulator) -> (u64, u64) {
    let model = runcloud.model();
    (model.server.id, model.app.id)
}

/// The story tells what the passes do; their own log is for those who ask for it.
async fn quietly<T>(work: impl Future<Output = T>) -> T {
    if std::env::var_os("RUST_LOG").is_some() {
        work.await
    } else {
        work.with_subscriber(NoSubscriber::default()).await
    }
}

struct Story<'a> {
    wordpress: WordPress,
    runcloud: &'a Simulator,
    network: &'a Network,
    writer: &'a Writer<'a>,
    ledger: &'a mut Ledger,
    seed: u64,
    /// Calls that RunCloud took.
    calls: usize,
    /// Those of them that ended in a random 502.
    lost: usize,
}

impl Story<'_> {
    /// Tells it all; true where nothing is left to do.
    async fn tell(&mut self) -> Result<bool, Failure> {
        introduce(self.seed)?;
        self.begin().await?;
        self.somebody_maps_a_name().await?;
        self.somebody_removes_a_name().await?;
        self.a_burst().await?;
        self.a_rate_limit().await?;
        self.a_hand_edit().await?;
        let clean = self.a_quiet_pass().await?;
        self.the_end().await?;
        Ok(clean)
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        title("1. The starting point")?;
        for name in ["bakery.example", "books.example", "florist.example", "cafe.example"] {
            self.wordpress.map(name).await?;
        }
        self.wordpress.map("https://typo.example/").await?;
        say(
            "Customers mapped four names, and a fifth row holds a URL. RunCloud has the network's \
             own name, cafe.example, and legacy.example, which nobody mapped. `plan` looks and \
             changes nothing:",
        )?;
        let known = self.ledger.known().await?;
        let plan = pass::look(self.network, known, &Moment::now()).await?.plan;
        show(&PlanText { plan: &plan, command: "runcloud-domain-sync" })?;
        say("The first pass does just that:")?;
        self.pass().await?;
        say("Adopted means: it goes when its row goes, as if the program had added it.")
    }

    async fn somebody_maps_a_name(&mut self) -> Result<(), Failure> {
        title("2. A customer maps müller-bäckerei.example")?;
        self.wordpress.map("müller-bäckerei.example").await?;
        say("RunCloud and certificates know the name in its ASCII form:")?;
        self.pass().await.map(drop)
    }

    async fn somebody_removes_a_name(&mut self) -> Result<(), Failure> {
        title("3. A customer removes florist.example")?;
        self.wordpress.unmap("florist.example").await?;
        say(
            "The table is read a second time right before the removal. No certificate is ordered: \
             the old one covers every name that is left.",
        )?;
        self.pass().await.map(drop)
    }

    async fn a_burst(&mut self) -> Result<(), Failure> {
        title("4. Forty names at once")?;
        let names: Vec<_> = (1..=SHOPS).map(|n| format!("shop-{n:02}.example")).collect();
        self.wordpress.map_all(&names).await?;
        let orders_before = self.runcloud.model().orders.len();
        self.pass().await?;
        let orders = self.runcloud.model().orders.len() - orders_before;
        let additions = self.runcloud.calls().iter().filter(|call| call.method == "POST").count();
        say(&format!(
            "{} took {} to add, and {} for all of them.",
            counted(names.len(), "name"),
            counted(additions, "call"),
            counted(orders, "certificate order")
        ))?;
        if additions > names.len() {
            say(
                "What a 502 had hit was looked up in RunCloud, and sent again where it was missing.",
            )?;
        }
        if orders > 1 {
            say("The answer to the first order was a 502, so it was sent again.")?;
        }
        Ok(())
    }

    async fn a_rate_limit(&mut self) -> Result<(), Failure> {
        title("5. RunCloud says: too many requests")?;
        self.wordpress.map("garden.example").await?;
        say(
            "A customer maps garden.example while RunCloud answers the next two calls with 429 and \
             Retry-After: 1.",
        )?;
        let retry_after = Some("1".to_owned());
        let refusal = Fault::any().with(Effect::RateLimited { retry_after }).times(2);
        self.runcloud.model().faults.push(refusal);
        let started = Instant::now();
        self.pass().await?;
        let waited = started.elapsed().as_secs_f32();
        say(&format!("It waited as it was told, and was done after {waited:.1} s."))
    }

    async fn a_hand_edit(&mut self) -> Result<(), Failure> {
        title("6. Somebody deletes books.example in RunCloud's panel")?;
        self.runcloud.model().detach("books.example");
        say("The customer's row is still there, so the name comes back:")?;
        self.pass().await.map(drop)
    }

    async fn a_quiet_pass(&mut self) -> Result<bool, Failure> {
        title("7. Nothing happened")?;
        let report = self.pass().await?;
        if !self.runcloud.calls().iter().any(Call::is_write) {
            say("The table and RunCloud agree, so nothing was written.")?;
        }
        Ok(report.is_clean())
    }

    async fn the_end(&mut self) -> Result<(), Failure> {
        title("What RunCloud has now")?;
        let pending = self.runcloud.model().issue_delay;
        tokio::time::sleep(pending).await;
        show(&self.table().await?)?;
        say(
            "network: its own name, never touched. managed: added or adopted, removed when its row \
             goes. unmanaged: only RunCloud has it, left alone.",
        )?;
        say(&format!(
            "\nIn all, RunCloud took {}; {} of them ended in a random 502 (seed {}).",
            counted(self.calls, "call"),
            self.lost,
            self.seed
        ))
    }

    /// One pass with its report; again where RunCloud's failures cut it off.
    async fn pass(&mut self) -> Result<Report, Failure> {
        self.runcloud.forget_calls();
        let mut report = Report::default();
        for tried in 1.. {
            let (now, mut grace) = (Moment::now(), Grace::none());
            let (network, writer) = (self.network, self.writer);
            let ledger = &mut *self.ledger;
            let ran = pass::run_once(network, writer, ledger, &mut grace, &now, &mut report).await;
            match ran {
                Ok(()) => break,
                Err(error) if tried < TRIES => {
                    say(&format!("The pass was cut off ({error}); the next one goes on:"))?;
                    report = Report::default();
                }
                Err(error) => return Err(error.into()),
            }
        }
        show(&report)?;
        let metered = self.network.reader.tally().take().metered();
        self.ledger.count_calls(metered, Moment::now().wall).await?;
        let calls = self.runcloud.calls();
        self.calls += calls.len();
        self.lost += calls.iter().filter(|call| call.status == 502).count();
        say(&tally(&calls))?;
        Ok(report)
    }

    /// Every domain RunCloud has, whose it is, and whether the certificate has it.
    async fn table(&mut self) -> Result<String, Failure> {
        let desired = self.network.desired().await?;
        let known = self.ledger.known().await?;
        let model = self.runcloud.model();
        let covered = model.app.ssl.covered();
        let mut names: Vec<_> = model.app.domains.iter().map(|domain| &*domain.name).collect();
        names.sort_unstable();
        let width = names.iter().map(|name| name.len()).max().unwrap_or_default();
        let mut table = format!("{:width$}  {:9}  certificate", "domain", "whose");
        for name in names {
            let whose = match Domain::parse(name) {
                Ok(domain) if desired.protected.contains(&domain) => "network",
                Ok(domain) if known.owned.contains_key(&domain) => "managed",
                _ => "unmanaged",
            };
            let certificate = if covered.contains(name) { "covered" } else { "not covered" };
            // Writing to a String does not fail.
            let _ = write!(table, "\n{name:width$}  {whose:9}  {certificate}");
        }
        Ok(table)
    }
}

fn introduce(seed: u64) -> Result<(), Failure> {
    title("A WordPress network and a RunCloud, both on this machine")?;
    say(
        "The network is an SQLite file with WordPress's tables. Its customers map their own names \
         to their sites, one row each. RunCloud is simulated on 127.0.0.1. What stands between them is \
         the real program: it makes RunCloud's list of domains equal to the rows.",
    )?;
    say(&format!(
        "\nThe simulated RunCloud is a bad day of the real one: small pages in shuffled order, \
         certificates that come late, and one call in twenty that ends in a 502, half of those \
         after it took effect. The seed is {seed}; --seed gives another day."
    ))
}

fn say_goodbye() -> Result<(), Failure> {
    title("What to try next")?;
    say("Look at a real network; this changes nothing:")?;
    show(&"runcloud-domain-sync --wp-config /home/runcloud/webapps/APP plan")?;
    say("When the plan is right, make one pass:")?;
    show(&"runcloud-domain-sync --wp-config /home/runcloud/webapps/APP --once")?;
    say("Or map names by hand and see them arrive here:")?;
    show(&"runcloud-domain-sync demo --keep")?;
    say("The demo removes its files as it ends.")
}

fn invite(directory: &Path, runcloud: &Simulator) -> Result<(), Failure> {
    let program = std::env::current_exe().unwrap_or_else(|_| "runcloud-domain-sync".into());
    let (program, place) = (program.display(), directory.display());
    let (server, app) = ids(runcloud);
    title("Now you")?;
    say("The table is read every second. In another terminal, be a customer:")?;
    show_commands(&format!(
        "{program} demo --in {place} --map shop.example\n\
         {program} demo --in {place} --unmap shop.example"
    ))?;
    say("What happens is told below. To look at it as an administrator does:")?;
    show_commands(&format!(
        "WU_RUNCLOUD_API_TOKEN={TOKEN} {program} \\\n  \
         --database-url sqlite://{} \\\n  \
         --api-url {} --server-id {server} --app-id {app} \\\n  \
         --state-dir {place}/state plan",
        network::file(directory).display(),
        runcloud.url()
    ))?;
    say("Ctrl-C ends the demo and removes its files.")
}

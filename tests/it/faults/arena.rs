//! A world that many runs use one after the other, with short waits.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use runcloud_domain_sync::clock::Timestamp;
use runcloud_domain_sync::reconcile::certificate::Gate;
use runcloud_domain_sync::runcloud::Patience;
use runcloud_domain_sync::simulator::{DnsAnswer, Kind, Model, Simulator, Ssl};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};

use super::doors::Opened;
use super::kinds::{Bad, Kind as FaultKind};
use super::tables::{Damage, How};
use super::truth::Truth;
use crate::support::world::{HERE, World, state_directory};

const PATIENCE: Patience = Patience {
    first_wait: Duration::from_millis(1),
    total: Duration::from_millis(15),
    throttled: Duration::from_millis(15),
};
const TABLES: [&str; 4] = ["wp_wu_domain_mappings", "wp_blogs", "wp_site", "wp_sitemeta"];

/// What failed is tried again within a day, give or take a fifth.
const LONGEST_WAIT: Duration = Duration::from_hours(30);

pub struct Arena {
    pub world: World,
    reader_url: String,
    hasty_url: String,
    /// A way in to the database that fails.
    door: Option<Opened>,
    /// A transaction, or a lock, that stays open.
    open: Option<MySqlConnection>,
}

impl Arena {
    pub async fn new() -> Self {
        let mut world = World::new().await;
        world.patience = PATIENCE;
        // The rows alone decide here: no name points anywhere, and that holds nothing back.
        world.policy.gate = Gate::Off;
        world.dns.says_of_others(|_| DnsAnswer::NxDomain);
        world.dns.points("network.test", [HERE]);
        let reader_url = world.tables.reader(&TABLES).await;
        let hasty = format!("hasty_{}", world.tables.name);
        world
            .sql(&format!(
                "CREATE USER {hasty}@'%' IDENTIFIED BY 'pass word' WITH MAX_STATEMENT_TIME 0.02; \
                 GRANT SELECT ON * TO {hasty}@'%'"
            ))
            .await;
        let hasty_url = world.tables.url_for(&hasty, "pass%20word");
        Self { world, reader_url, hasty_url, door: None, open: None }
    }

    /// A new RunCloud and a new ledger; what the tables hold is left to the run.
    pub async fn renew(&mut self, seed: u64) {
        let mut model = Model::new(seed).calm();
        model.page_size = 4;
        model.detach("network.example");
        model.attach("network.test", Kind::Primary);
        let certificates = BTreeMap::new();
        match Rng::with_seed(seed).u8(..8) {
            0 => model.app.ssl = Ssl::Advanced { auto: true, certificates },
            1..=3 => model.app.ssl = Ssl::Advanced { auto: false, certificates },
            _ => {}
        }
        // The runs before it took months.
        model.skip(self.world.now.wall.since(Timestamp::now()));
        self.world.runcloud = Simulator::start(model).await.unwrap();
        self.world.state = state_directory();
        self.world.database_url = Some(self.reader_url.clone());
        self.world.api_url = None;
    }

    /// Makes the tables say what is true.
    pub async fn write(&self, truth: &Truth) {
        self.world.sql(&truth.to_sql()).await;
    }

    /// The same after something that may have changed which id is the next.
    pub async fn write_anew(&self, truth: &Truth) {
        self.world.sql(&truth.to_sql_with_next_id()).await;
    }

    /// Lets the waits after failures be over.
    pub fn let_time_pass(&mut self) {
        self.world.later(LONGEST_WAIT);
    }

    /// Lets a fault begin that is no damage of the tables.
    pub fn spoil(&mut self, kind: &FaultKind, rng: &mut Rng) {
        match &kind.bad {
            Bad::Answers { calls, most_skipped, effect, .. } => {
                let skip = rng.u32(..=*most_skipped);
                let times = rng.choice([1, 2, u32::MAX, u32::MAX]).unwrap();
                let faults = calls.iter().map(|on| on.clone().with(effect.clone()));
                let faults = faults.map(|fault| fault.skip(skip).times(times));
                self.world.runcloud.model().faults.extend(faults);
            }
            Bad::Lottery => self.world.runcloud.model().error_rate = 0.3,
            Bad::NoRunCloud => {
                self.world.api_url = Some("http://127.0.0.1:1/api/v3".to_owned());
            }
            Bad::Tables(_) => {}
        }
    }

    /// The faults that wait for calls; one that has hit a call differs from then on.
    pub fn waiting(&self) -> Vec<(String, u32)> {
        let model = self.world.runcloud.model();
        model.faults.iter().map(|fault| (format!("{:?}", fault.on), fault.times)).collect()
    }

    /// Damages the tables, or the way to them.
    pub async fn damage(&mut self, damage: &Damage, long_ago: &Truth, rng: &mut Rng) {
        let door = match &damage.how {
            How::Broken { breaks, .. } => {
                self.sql(breaks).await;
                None
            }
            How::OldCopy => {
                self.write_anew(long_ago).await;
                None
            }
            How::Open { begins, door, .. } => {
                self.open = Some(self.world.tables.run_open(begins).await);
                door.as_ref()
            }
            How::Shut(door) => Some(door),
        };
        if let Some(door) = door {
            let opened = door.open(&self.reader_url, &self.hasty_url, rng).await;
            self.world.database_url = Some(opened.url.clone());
            self.door = Some(opened);
        }
    }

    /// One pass whose tables are damaged as soon as it has read them.
    pub async fn pass_with(&self, damage: &Damage, long_ago: &Truth) {
        self.world.runcloud.forget_calls();
        let is_over = Cell::new(false);
        let pass = async {
            let _ = self.world.pass().await;
            is_over.set(true);
        };
        let onset = async {
            while self.world.runcloud.calls().is_empty() && !is_over.get() {
                tokio::task::yield_now().await;
            }
            match &damage.how {
                How::Broken { breaks, .. } => self.sql(breaks).await,
                _ => self.write_anew(long_ago).await,
            }
        };
        tokio::join!(pass, onset);
    }

    /// Ends every fault.
    pub async fn mend(&mut self, damage: Option<&Damage>, truth: &Truth) {
        self.world.api_url = None;
        self.world.database_url = Some(self.reader_url.clone());
        self.door = None;
        {
            let mut model = self.world.runcloud.model();
            model.faults.clear();
            model.error_rate = 0.0;
        }
        match damage.map(|damage| &damage.how) {
            Some(How::Broken { mends, .. }) => self.sql(mends).await,
            Some(How::Open { ends, .. }) => {
                let mut open = self.open.take().unwrap();
                open.execute(sqlx::raw_sql(AssertSqlSafe(*ends))).await.unwrap();
                open.close().await.unwrap();
            }
            Some(How::OldCopy | How::Shut(_)) | None => {}
        }
        if damage.is_some() {
            self.write_anew(truth).await;
        }
    }

    async fn sql(&self, statements: &str) {
        let reader = format!("reader_{}@'%'", self.world.tables.name);
        if !statements.is_empty() {
            self.world.sql(&statements.replace("{reader}", &reader)).await;
        }
    }
}

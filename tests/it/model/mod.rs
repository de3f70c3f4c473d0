//! The planner, the guard and the ledger against a reference of a page, under random histories: what is
//! removed, and when, and what is blocked.

mod reference;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fastrand::Rng;
use runcloud_domain_sync::reconcile::Grace;
use runcloud_domain_sync::runcloud::Patience;
use runcloud_domain_sync::simulator::{Fault, Kind, Model, Simulator};
use tokio::runtime::Builder;

use crate::support::runs;
use crate::support::seeds::Seeds;
use crate::support::world::{World, state_directory};
use reference::{Expected, OWN, Reference};

const STEPS: usize = 25;
/// How many names there may be.
const NAMES: u64 = 140;
const HOUR: u64 = 3_600;
const PATIENCE: Patience = Patience {
    first_wait: Duration::from_millis(1),
    total: Duration::from_millis(5),
    throttled: Duration::from_millis(5),
};

#[test]
fn what_is_removed_and_when_is_what_the_reference_says() {
    let seeds = Seeds::of("model");
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut world = runtime.block_on(World::new());
    world.patience = PATIENCE;
    let (mut failed, mut tally) = (Vec::new(), Tally::default());
    for seed in seeds.up_to(runs(60, 2_000) as u64) {
        let history = AssertUnwindSafe(|| runtime.block_on(live(&mut world, seed, &mut tally)));
        if catch_unwind(history).is_err() {
            seeds.keep(seed);
            failed.push(seed);
        }
    }
    println!("{tally:?}");
    assert!(failed.is_empty(), "histories that went another way: {failed:?}");
    assert!(tally.removed > 0 && tally.blocked > 0 && tally.approved > 0, "{tally:?}");
}

#[derive(Debug, Default)]
struct Tally {
    histories: usize,
    passes: usize,
    failed_passes: usize,
    removed: usize,
    blocked: usize,
    approved: usize,
}

/// A history: the world, and the reference of it.
struct History<'a> {
    world: &'a mut World,
    reference: Reference,
    grace: Grace,
    wait: Duration,
    rng: Rng,
    /// The rows and the next id as they were, for a restore.
    copy: Option<(Vec<(i64, String)>, i64)>,
}

async fn live(world: &mut World, seed: u64, tally: &mut Tally) {
    let mut rng = Rng::with_seed(seed);
    let wait = Duration::from_secs(rng.choice([0, 0, 600]).unwrap());
    renew(world).await;
    let (wall, uptime) = (world.now.wall.0, world.now.uptime.seconds);
    let reference = Reference::new(wall, uptime, wait.as_secs().cast_signed(), 1);
    let mut history = History { world, reference, grace: Grace::new(wait), wait, rng, copy: None };
    history.map(110).await;
    history.pass(tally).await;
    for _ in 0..STEPS {
        history.step(tally).await;
        history.pass(tally).await;
    }
    tally.histories += 1;
}

/// A new RunCloud, a new ledger and empty tables.
async fn renew(world: &mut World) {
    let mut model = Model::new(1).calm();
    model.detach("network.example");
    model.attach("network.test", Kind::Primary);
    model.attach(OWN, Kind::Alias);
    world.runcloud = Simulator::start(model).await.unwrap();
    world.state = state_directory();
    world
        .sql(
            "TRUNCATE wp_wu_domain_mappings; \
             REPLACE INTO wp_blogs (blog_id, site_id, domain, path) VALUES (2, 1, 'shop.network.test', '/')",
        )
        .await;
}

impl History<'_> {
    async fn step(&mut self, tally: &mut Tally) {
        match self.rng.u32(0..100) {
            0..25 => self.unmap(1, 4).await,
            25..33 => self.unmap(8, 30).await,
            33..50 => {
                let most = self.rng.usize(1..8);
                self.map(most).await;
            }
            50..70 => self.wait_for_a_while(),
            70..75 => self.jump(),
            75..78 => self.reboot(),
            78..82 => self.grace = self.restart(),
            82..85 => self.turn_site().await,
            85..87 => self.truncate().await,
            87..89 => self.empty().await,
            89..92 => self.copy_or_restore().await,
            _ => self.approve(tally).await,
        }
    }

    /// One pass, with an outage now and then, and the comparison.
    async fn pass(&mut self, tally: &mut Tally) {
        tally.passes += 1;
        if self.rng.u32(0..12) == 0 {
            tally.failed_passes += 1;
            let away = Fault::on("GET", "/domains").status(503).always();
            self.world.runcloud.model().faults.push(away);
            assert!(self.world.pass_with(&mut self.grace).await.is_err());
            self.world.runcloud.model().faults.clear();
            return self.reference.failed_pass();
        }
        let report = self.world.pass_with(&mut self.grace).await.unwrap();
        let found = Expected {
            removed: report.removed.iter().map(ToString::to_string).collect(),
            blocked: report
                .blocked
                .iter()
                .flat_map(|b| b.names.keys())
                .map(ToString::to_string)
                .collect(),
        };
        let before = self.reference.clone();
        assert_eq!(found, self.reference.pass(), "{before:#?}");
        let mut names: BTreeSet<String> = self.world.names().into_iter().collect();
        names.remove("network.test");
        assert_eq!(names, self.reference.listed, "{before:#?}");
        tally.removed += found.removed.len();
        tally.blocked += usize::from(!found.blocked.is_empty());
    }

    async fn map(&mut self, most: usize) {
        for _ in 0..most {
            let name = format!("n{}.test", self.rng.u64(..NAMES));
            if !self.reference.rows.values().any(|known| *known == name) {
                self.world.map(&[&name]).await;
                self.reference.rows.insert(self.reference.next_id, name);
                self.reference.next_id += 1;
            }
        }
    }

    async fn unmap(&mut self, least: usize, most: usize) {
        for _ in 0..self.rng.usize(least..=most) {
            let Some(id) = self.rng.choice(self.reference.rows.keys().copied()) else { return };
            self.world.sql(&format!("DELETE FROM wp_wu_domain_mappings WHERE id = {id}")).await;
            self.reference.rows.remove(&id);
        }
    }

    fn wait_for_a_while(&mut self) {
        let seconds = self.rng.choice([60, 700, HOUR / 2, 5 * HOUR, 13 * HOUR, 30 * HOUR]).unwrap();
        self.world.later(Duration::from_secs(seconds));
        self.follow_the_clock();
    }

    fn jump(&mut self) {
        self.world.jump(self.rng.i64(-100_000..200_000));
        self.follow_the_clock();
    }

    fn reboot(&mut self) {
        self.world.reboot(Duration::from_secs(self.rng.u64(..40 * HOUR)));
        self.reference.boot += 1;
        self.follow_the_clock();
        self.grace = self.restart();
    }

    fn follow_the_clock(&mut self) {
        self.reference.wall = self.world.now.wall.0;
        self.reference.uptime = self.world.now.uptime.seconds;
    }

    /// The daemon starts again: how long names were missing is forgotten.
    fn restart(&mut self) -> Grace {
        self.reference.missing.clear();
        Grace::new(self.wait)
    }

    /// Site 2 goes, with every mapping of it; or comes back.
    async fn turn_site(&mut self) {
        self.reference.has_site = !self.reference.has_site;
        let statement = if self.reference.has_site {
            "INSERT INTO wp_blogs (blog_id, site_id, domain, path) VALUES (2, 1, 'shop.network.test', '/')"
        } else {
            "DELETE FROM wp_blogs WHERE blog_id = 2"
        };
        self.world.sql(statement).await;
    }

    async fn truncate(&mut self) {
        self.world.sql("TRUNCATE wp_wu_domain_mappings").await;
        self.reference.rows.clear();
        self.reference.next_id = 1;
    }

    async fn empty(&mut self) {
        self.world.sql("DELETE FROM wp_wu_domain_mappings").await;
        self.reference.rows.clear();
    }

    /// An operator copies the table, and puts the copy back later.
    async fn copy_or_restore(&mut self) {
        let Some((rows, next_id)) = self.copy.take() else {
            let rows = self.reference.rows.iter().map(|(id, name)| (*id, name.clone())).collect();
            self.copy = Some((rows, self.reference.next_id));
            return;
        };
        self.truncate().await;
        for (id, name) in &rows {
            self.world
                .sql(&format!(
                    "INSERT INTO wp_wu_domain_mappings (id, blog_id, domain, active, stage) \
                     VALUES ({id}, 2, '{name}', 1, 'done')"
                ))
                .await;
        }
        self.world
            .sql(&format!("ALTER TABLE wp_wu_domain_mappings AUTO_INCREMENT = {next_id}"))
            .await;
        self.reference.rows = rows.into_iter().collect();
        self.reference.next_id = next_id;
    }

    async fn approve(&mut self, tally: &mut Tally) {
        let Some(blocked) = self.world.plan().await.blocked else { return };
        let ttl = self.rng.choice([60, HOUR, 20 * HOUR]).unwrap();
        self.world.approve(Duration::from_secs(ttl)).await;
        let names = blocked.names.keys().map(ToString::to_string).collect();
        self.reference.approve(names, ttl.cast_signed());
        tally.approved += 1;
    }
}

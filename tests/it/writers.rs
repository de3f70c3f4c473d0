//! Two writers on one state directory, in random schedules: one works, the other says which, and `plan`
//! works beside both.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use runcloud_domain_sync::simulator::{Effect, Fault, Stage};

use crate::support::binary::{Ran, binary, configure, run_for, write_wp_config};
use crate::support::running::Running;
use crate::support::runs;
use crate::support::world::World;

const SEED: u64 = 3;
const STAYING: [&str; 3] = ["a.test", "b.test", "c.test"];
const COMING_AND_GOING: [&str; 6] =
    ["d.test", "e.test", "f.test", "g.test", "h.test", "shop.i.test"];
/// The churn adds and removes a name at least, for which a pass makes so many calls.
const FEWEST_CALLS: u64 = 7;
/// The churn removes more than anybody should without being asked,
const CONFIG: &str = "[sync]\nmax_removals_per_day = 10000\n";
/// and orders more than a week has.
const MORE_ORDERS: &str = "max_per_week = 10000\n";
/// Longer than any test.
const FOR_EVER: Duration = Duration::from_hours(24);

/// When the second writer starts.
#[derive(Clone, Copy, Debug)]
enum Schedule {
    /// With the first.
    Together,
    /// When a call of the first arrives, which goes on meanwhile.
    Behind { call: u64 },
    /// While a call of the first hangs.
    Beside { call: u64 },
    /// When the first was killed in a call.
    AfterDeath { call: u64 },
}

/// What became of the second writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Second {
    Refused,
    Worked,
}

/// Tells the calls of the two apart: each uses a version of the API of its own.
#[derive(Clone, Copy, Debug)]
struct Versions {
    first: &'static str,
    second: &'static str,
}

struct Arena {
    world: World,
    random: Rng,
    mapped: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_never_interleave() {
    let mut arena = Arena::new().await;
    let mut tally = BTreeMap::new();
    for round in 1..=runs(20, 200) {
        arena.churn(round).await;
        let (schedule, versions) = (arena.schedule(), arena.versions());
        let before = arena.calls();
        let second = arena.play(schedule, versions).await;
        *tally.entry((schedule.kind(), second)).or_insert(0) += 1;
        let turns = arena.turns_since(before);
        assert!(turns.len() <= 2, "round {round}, {schedule:?}: writes of {turns:?}");
        assert_eq!(arena.world.names(), arena.wanted(), "round {round}, {schedule:?}");
    }
    println!("two writers, seed {SEED}");
    for ((kind, second), count) in tally {
        println!("{kind}, second writer {second:?}: {count}");
    }
}

impl Schedule {
    fn kind(self) -> &'static str {
        match self {
            Self::Together => "started together",
            Self::Behind { .. } => "started behind a call",
            Self::Beside { .. } => "started beside a hanging call",
            Self::AfterDeath { .. } => "started after a kill in a call",
        }
    }
}

impl Arena {
    async fn new() -> Self {
        let world = World::new().await;
        // Once: a file that is being written is not there for whoever reads it.
        write_wp_config(&world, world.state.path());
        let config = configure(&world, CONFIG);
        let mut config = OpenOptions::new().append(true).open(config).unwrap();
        config.write_all(MORE_ORDERS.as_bytes()).unwrap();
        let mut arena = Self { world, random: Rng::with_seed(SEED), mapped: vec![] };
        for name in STAYING {
            arena.map(name).await;
        }
        arena.map(&of_round(0)).await;
        assert_worked(&arena.start("v3").end().await);
        arena
    }

    /// A name comes, the last round's goes, and some others do either.
    async fn churn(&mut self, round: usize) {
        self.map(&of_round(round)).await;
        self.unmap(&of_round(round - 1)).await;
        for name in COMING_AND_GOING {
            let is_mapped = self.mapped.iter().any(|mapped| mapped == name);
            match (self.random.u8(..4), is_mapped) {
                (0, true) => self.unmap(name).await,
                (0, false) => self.map(name).await,
                _ => {}
            }
        }
    }

    async fn map(&mut self, name: &str) {
        self.world.map(&[name]).await;
        self.mapped.push(name.to_owned());
    }

    async fn unmap(&mut self, name: &str) {
        self.world.unmap(name).await;
        self.mapped.retain(|mapped| mapped != name);
    }

    fn schedule(&mut self) -> Schedule {
        let call = self.random.u64(1..=FEWEST_CALLS);
        match self.random.u8(..4) {
            0 => Schedule::Together,
            1 => Schedule::Behind { call },
            2 => Schedule::Beside { call },
            _ => Schedule::AfterDeath { call },
        }
    }

    fn versions(&mut self) -> Versions {
        let (current, legacy) = ("v3", "v2");
        if self.random.bool() {
            Versions { first: current, second: legacy }
        } else {
            Versions { first: legacy, second: current }
        }
    }

    async fn play(&self, schedule: Schedule, versions: Versions) -> Second {
        match schedule {
            Schedule::Together => self.together(versions).await,
            Schedule::Behind { call } => self.behind(call, versions).await,
            Schedule::Beside { call } => self.beside(call, versions).await,
            Schedule::AfterDeath { call } => self.after_death(call, versions).await,
        }
    }

    async fn together(&self, versions: Versions) -> Second {
        let (one, other) = (self.start(versions.first), self.start(versions.second));
        self.look(versions.first).await;
        let ended = [one.end().await, other.end().await];
        let said = || ended.iter().map(|ran| &*ran.stderr).collect::<String>();
        assert!(ended.iter().any(|ran| ran.code == 0), "{}", said());
        // So early, the holder may not have signed the lease yet.
        ended.iter().map(|ran| outcome(ran, "")).min().unwrap()
    }

    async fn behind(&self, call: u64, versions: Versions) -> Second {
        let arrival = self.calls() + call;
        let mut first = self.start(versions.first);
        first.until(self.world.runcloud.until(arrival, Stage::Arrived)).await;
        let (name, second) = (first.name(), self.start(versions.second));
        self.look(versions.first).await;
        assert_worked(&first.end().await);
        outcome(&second.end().await, &name)
    }

    async fn beside(&self, call: u64, versions: Versions) -> Second {
        let first = self.start_and_hang(versions.first, call).await;
        let before = self.calls();
        let second = outcome(&self.start(versions.second).end().await, &first.name());
        assert_eq!((second, self.calls()), (Second::Refused, before));
        self.look(versions.first).await;
        self.world.runcloud.resume();
        assert_worked(&first.end().await);
        second
    }

    async fn after_death(&self, call: u64, versions: Versions) -> Second {
        self.start_and_hang(versions.first, call).await.kill().await;
        self.look(versions.first).await;
        let second = outcome(&self.start(versions.second).end().await, "");
        assert_eq!(second, Second::Worked);
        second
    }

    async fn start_and_hang(&self, version: &str, call: u64) -> Running {
        let skip = u32::try_from(call - 1).unwrap();
        let hang = Fault::any().with(Effect::Hang(FOR_EVER)).skip(skip);
        self.world.runcloud.model().faults.push(hang);
        let arrival = self.calls() + call;
        let mut first = self.start(version);
        first.until(self.world.runcloud.until(arrival, Stage::Arrived)).await;
        first
    }

    fn start(&self, version: &str) -> Running {
        let mut command = self.command(version);
        command.arg("--once");
        Running::start(command)
    }

    /// `plan` works at any time.
    async fn look(&self, version: &str) {
        let mut command = self.command(version);
        command.arg("plan");
        let plan = run_for(command).await;
        assert!([0, 2].contains(&plan.code), "plan ended with {}: {}", plan.code, plan.stderr);
    }

    fn command(&self, version: &str) -> Command {
        let directory = self.world.state.path();
        let mut command = binary();
        command.arg("--api-url");
        command.arg(format!("http://{}/api/{version}", self.world.runcloud.address()));
        command.arg("--wp-config").arg(directory).arg("--state-dir").arg(directory);
        command.arg("--config").arg(directory.join("config.toml"));
        command
    }

    fn calls(&self) -> u64 {
        self.world.runcloud.calls().len() as u64
    }

    /// The versions of the write calls, in their order and each once in a row.
    fn turns_since(&self, before: u64) -> Vec<String> {
        let calls = self.world.runcloud.calls();
        let writes = calls.iter().filter(|call| call.number > before && call.is_write());
        let mut turns: Vec<_> =
            writes.map(|call| call.path.split('/').nth(2).unwrap().to_owned()).collect();
        turns.dedup();
        turns
    }

    fn wanted(&self) -> Vec<String> {
        let network = ["network.test", "shop.network.test"].map(str::to_owned);
        let mut names: Vec<_> = self.mapped.iter().cloned().chain(network).collect();
        names.sort();
        names
    }
}

fn of_round(round: usize) -> String {
    format!("round-{round}.test")
}

fn outcome(ran: &Ran, holder: &str) -> Second {
    if ran.code == 0 {
        return Second::Worked;
    }
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(ran.stderr.contains("another instance is at work"), "{}", ran.stderr);
    assert!(ran.stderr.contains(holder), "not {holder}: {}", ran.stderr);
    Second::Refused
}

fn assert_worked(ran: &Ran) {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

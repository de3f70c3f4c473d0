//! Where a shape is tried: a world that can be laid out anew as it was right before the interrupted pass.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::{CertificateState, Intent, Known, Owned};
use runcloud_domain_sync::simulator::{self, Call, Kind, Model, Simulator};
use tempfile::TempDir;

use super::shapes::{Edit, Shape};
use crate::support::binary::{Ran, for_world_with, run_for};
use crate::support::world::{World, state_directory};

pub struct Ground {
    pub shape: &'static Shape,
    pub world: World,
    runcloud: Model,
    state: TempDir,
}

/// Where a pass led, together with those that came after it.
pub struct Outcome {
    pub course: Course,
    pub ending: Ending,
}

/// What RunCloud and the ledger have come to once nothing is left to do.
#[derive(Debug, PartialEq)]
pub struct Ending {
    /// The exit codes of a pass and of one more.
    pub codes: (i32, i32),
    /// Every name in RunCloud, sorted, `+www` where it serves it.
    pub names: Vec<String>,
    pub ledger: Books,
}

/// What the ledger holds, without the times.
#[derive(Debug, PartialEq)]
pub struct Books {
    owned: BTreeMap<Domain, Owned>,
    open: BTreeMap<Domain, Intent>,
    due: Vec<Domain>,
    failed: Vec<(Domain, u32)>,
}

/// What was done on the way to an ending.
#[derive(Debug)]
pub struct Course {
    /// How many calls RunCloud got before the last pass.
    pub calls: u64,
    /// The names that were removed, in their order.
    pub removed: Vec<String>,
    pub orders: usize,
    /// Additions of names that RunCloud had already.
    pub repeated: Vec<String>,
    /// Aliases that nobody will ever remove, because the ledger does not know them.
    pub orphans: Vec<String>,
    /// Names that are served without a certificate.
    pub uncertified: Vec<String>,
    /// What the last pass wrote.
    pub restless: Vec<String>,
}

impl Ground {
    pub async fn of(shape: &'static Shape) -> Self {
        let mut world = World::new().await.with(shape.runcloud);
        world.state = state_directory();
        let runcloud = world.runcloud.model().clone();
        let mut ground = Self { shape, world, runcloud, state: state_directory() };
        if !shape.before.is_empty() {
            ground.world.map(shape.before).await;
            let first = ground.once().await;
            assert_eq!(first.code, 0, "{}: {}{}", shape.name, first.stdout, first.stderr);
        }
        for edit in shape.edits {
            ground.edit(edit).await;
        }
        (shape.by_hand)(&mut ground.world.runcloud.model());
        for (name, action) in shape.open {
            ground.world.intend(name, *action).await;
        }
        if shape.approved_beyond.is_some() {
            ground.world.policy.max_removals = shape.approved_beyond;
            ground.world.approve(Duration::from_hours(1)).await;
        }
        ground.runcloud = ground.world.runcloud.model().clone();
        std::mem::swap(&mut ground.state, &mut ground.world.state);
        ground
    }

    /// Everything is as it was before the pass.
    pub async fn lay(&mut self) {
        self.world.runcloud = Simulator::start(self.runcloud.clone()).await.unwrap();
        self.world.state = state_directory();
        copy(self.state.path(), self.world.state.path());
    }

    /// The binary, about to make one pass.
    pub fn command(&self) -> Command {
        self.binary("--once")
    }

    /// `plan`, without any fault.
    pub async fn look(&self) -> Ran {
        self.world.runcloud.model().faults.clear();
        run_for(self.binary("plan")).await
    }

    fn binary(&self, what: &str) -> Command {
        let mut command = for_world_with(&self.world, self.shape.config);
        command.arg(what);
        command
    }

    /// One more pass without any fault, and a last one.
    pub async fn go_on(&self) -> Outcome {
        self.world.runcloud.model().faults.clear();
        let pass = self.once().await;
        let calls = self.world.runcloud.calls().len();
        let last = self.once().await;
        let mut known = self.world.known().await;
        let all = self.world.runcloud.calls();
        let writes = all[calls..].iter().filter(|call| call.is_write());
        let course = Course {
            calls: calls as u64,
            removed: self.removed(),
            orders: self.world.orders(),
            repeated: all.iter().filter_map(|call| self.repeated(call)).collect(),
            orphans: self.orphans(&known),
            uncertified: self.uncertified(),
            restless: writes.map(|call| format!("{} {}", call.method, call.path)).collect(),
        };
        let codes = (pass.code, last.code);
        // What is gone from RunCloud stays in the ledger for a few lists, fewer where its removal was seen to be done.
        known.owned.retain(|name, _| self.world.runcloud.model().domain(name.as_str()).is_some());
        Outcome {
            course,
            ending: Ending { codes, names: self.world.names(), ledger: known.into() },
        }
    }

    async fn once(&self) -> Ran {
        run_for(self.command()).await
    }

    async fn edit(&self, edit: &Edit) {
        match edit {
            Edit::Map(name) => self.world.map(&[name]).await,
            Edit::Unmap(name) => self.world.unmap(name).await,
            Edit::Rename { from, to } => {
                let sql = format!(
                    "UPDATE wp_wu_domain_mappings SET domain = '{to}' WHERE domain = '{from}'"
                );
                self.world.sql(&sql).await;
            }
        }
    }

    fn removed(&self) -> Vec<String> {
        let model = self.world.runcloud.model();
        let new = model.log[self.runcloud.log.len()..].iter();
        new.filter_map(|line| Some(line.content.strip_prefix("Deleted domain ")?.to_owned()))
            .collect()
    }

    /// The simulator takes no name twice; that the program asked for it is bad enough.
    fn repeated(&self, call: &Call) -> Option<String> {
        let name = call.body["name"].as_str()?;
        let was_refused = call.status == 422 && !self.runcloud.taken.contains(name);
        (call.method == "POST" && was_refused).then(|| name.to_owned())
    }

    fn uncertified(&self) -> Vec<String> {
        let model = self.world.runcloud.model();
        let covered = model.app.ssl.covered();
        let served = model.app.domains.iter().flat_map(simulator::Domain::served_names);
        served.filter(|name| !covered.contains(name.as_str())).collect()
    }

    fn orphans(&self, known: &Known) -> Vec<String> {
        let model = self.world.runcloud.model();
        let added = model.app.domains.iter().filter(|domain| {
            domain.kind != Kind::Primary && self.runcloud.domain(&domain.name).is_none()
        });
        let is_owned = |name: &str| known.owned.keys().any(|owned| owned.as_str() == name);
        added.map(|domain| domain.name.clone()).filter(|name| !is_owned(name)).collect()
    }
}

impl From<Known> for Books {
    fn from(known: Known) -> Self {
        let is_due = |state: &CertificateState| {
            matches!(state, CertificateState::Due { .. } | CertificateState::Failed { .. })
        };
        let due = known.certificates.into_iter().filter(|(_, state)| is_due(state));
        let failed = known.failures.into_iter();
        Self {
            owned: known.owned,
            open: known.intents,
            due: due.map(|(name, _)| name).collect(),
            failed: failed.map(|(name, failure)| (name, failure.attempts)).collect(),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let file = entry.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

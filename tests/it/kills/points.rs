//! Points at which the program is killed, and how that is done without waiting for time to pass.

use std::fmt;
use std::process::Command;
use std::time::Duration;

use runcloud_domain_sync::simulator::{Effect, Fault, Simulator, Stage};

use crate::support::binary::run_for;
use crate::support::preload::{LedgerUse, Preload};
use crate::support::running::Running;

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_hours(24);
/// Where an answer stalls; the shortest of them is two bytes long.
const SOME_BYTES: usize = 40;

/// Where the program is killed.
#[derive(Clone, Copy, Debug)]
pub enum Point {
    /// At the N-th API call of the pass, from 1.
    Call(u64, Moment),
    /// In the place of the N-th operation on the ledger's files.
    Operation(u64),
    /// In the middle of the N-th write to the ledger's files.
    TornWrite(u64),
}

/// A moment in a call's life.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    BeforeItIsDone,
    BeforeItsAnswer,
    MidAnswer,
    AfterItsAnswer,
}

impl Point {
    /// Every moment of every call.
    pub fn of_calls(calls: u64) -> Vec<Self> {
        use Moment::{AfterItsAnswer, BeforeItIsDone, BeforeItsAnswer, MidAnswer};
        let moments = [BeforeItIsDone, BeforeItsAnswer, MidAnswer, AfterItsAnswer];
        (1..=calls).flat_map(|call| moments.map(|moment| Self::Call(call, moment))).collect()
    }

    /// Every operation, and every write torn.
    pub fn of_ledger(used: LedgerUse) -> Vec<Self> {
        let torn = (1..=used.writes).map(Self::TornWrite);
        (1..=used.operations).map(Self::Operation).chain(torn).collect()
    }

    /// Runs the command until the point, where it ends.
    pub async fn kill(self, mut command: Command, runcloud: &Simulator, preload: &Preload) {
        match self {
            Self::Call(number, moment) => {
                runcloud.model().faults.extend(moment.fault(number));
                let mut pass = Running::start(command);
                pass.until(runcloud.until(number, moment.stage())).await;
                pass.kill().await;
            }
            Self::Operation(number) => {
                preload.kill_at(&mut command, number);
                self.assert_killed(command).await;
            }
            Self::TornWrite(number) => {
                preload.tear_at(&mut command, number);
                self.assert_killed(command).await;
            }
        }
    }

    async fn assert_killed(self, command: Command) {
        let ran = run_for(command).await;
        assert_eq!(ran.code, -1, "{self} was not reached: {}", ran.stderr);
    }
}

impl Moment {
    pub fn fault(self, call: u64) -> Option<Fault> {
        let effect = match self {
            Self::BeforeItIsDone => Effect::Hang(FOR_EVER),
            Self::BeforeItsAnswer => Effect::HangAfter(FOR_EVER),
            Self::MidAnswer => Effect::StallBody(SOME_BYTES),
            Self::AfterItsAnswer => return None,
        };
        Some(Fault::any().with(effect).skip(u32::try_from(call - 1).unwrap()))
    }

    pub fn stage(self) -> Stage {
        match self {
            Self::BeforeItIsDone => Stage::Arrived,
            Self::BeforeItsAnswer => Stage::Done,
            Self::MidAnswer | Self::AfterItsAnswer => Stage::Sent,
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(number, moment) => write!(f, "call {number} {moment:?}"),
            Self::Operation(number) => write!(f, "ledger operation {number}"),
            Self::TornWrite(number) => write!(f, "half of ledger write {number}"),
        }
    }
}

//! The kill matrix: whatever the pass was doing when it was killed, the next one makes good.
//!
//! Every shape of plan is killed at every moment of every API call and at every write to the ledger. The
//! next pass has to come to what an uninterrupted one comes to, in RunCloud and in the ledger, and to do
//! nothing on the way that was not due; the one after it has nothing to do.

mod ground;
mod points;
mod shapes;
mod signals;
mod tally;

use fastrand::Rng;
use futures_util::{StreamExt, stream};

use crate::support::binary::run_for;
use crate::support::preload::{LedgerUse, Preload};
use crate::support::runs;
use ground::Ground;
use points::Point;
use shapes::{SHAPES, Shape};
use tally::{Tally, Verdict, conclude};

/// Decides which points a short run takes.
const SEED: u64 = 3;
/// How many shapes are tried at a time.
const AT_A_TIME: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_of_any_call_is_made_good() {
    try_all(Kills::AtCalls, runs(8, usize::MAX)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_write_to_the_ledger_is_made_good() {
    try_all(Kills::AtLedgerWrites, runs(8, usize::MAX)).await;
}

#[derive(Clone, Copy)]
enum Kills {
    AtCalls,
    AtLedgerWrites,
}

impl Kills {
    fn title(self) -> &'static str {
        match self {
            Self::AtCalls => "kills at calls",
            Self::AtLedgerWrites => "kills at ledger writes",
        }
    }
}

async fn try_all(kills: Kills, most: usize) {
    let preload = Preload::build();
    let tallies = stream::iter((SEED..).zip(&SHAPES))
        .map(|(seed, shape)| try_shape(shape, kills, Rng::with_seed(seed), most, &preload))
        .buffered(AT_A_TIME)
        .collect::<Vec<Tally>>()
        .await;
    conclude(kills.title(), SEED, &tallies);
}

async fn try_shape(
    shape: &'static Shape,
    kills: Kills,
    mut random: Rng,
    most: usize,
    preload: &Preload,
) -> Tally {
    let mut ground = Ground::of(shape).await;
    ground.lay().await;
    let usual = ground.go_on().await;
    assert!(usual.course.restless.is_empty(), "{}: {:?}", shape.name, usual.course);
    let mut points = match kills {
        Kills::AtCalls => Point::of_calls(usual.course.calls),
        Kills::AtLedgerWrites => Point::of_ledger(ledger_use(&mut ground, preload).await),
    };
    let mut tally = Tally::new(shape.name, points.len());
    random.shuffle(&mut points);
    for point in points.into_iter().take(most) {
        ground.lay().await;
        point.kill(ground.command(), &ground.world.runcloud, preload).await;
        tally.enter_look(point, &ground.look().await);
        let interrupted = ground.go_on().await;
        tally.enter(point, &Verdict::of(&interrupted, &usual));
    }
    tally
}

async fn ledger_use(ground: &mut Ground, preload: &Preload) -> LedgerUse {
    ground.lay().await;
    let file = ground.world.state.path().join("count");
    let mut command = ground.command();
    preload.count(&mut command, &file);
    run_for(command).await;
    LedgerUse::read(&file)
}

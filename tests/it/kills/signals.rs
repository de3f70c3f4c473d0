//! SIGTERM and SIGINT at every call: the first lets the call end and is recorded, the second ends at once.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use runcloud_domain_sync::simulator::{Effect, Fault, Stage};
use tokio::time::timeout;

use super::ground::Ground;
use super::ledger_use;
use super::points::Moment;
use super::shapes::{SHAPES, Shape};
use super::tally::{Tally, Verdict, conclude};
use crate::support::binary::{for_world, run_for};
use crate::support::preload::Preload;
use crate::support::running::Running;
use crate::support::runs;
use crate::support::world::World;

const SEED: u64 = 3;
/// Temporary; nothing is lost.
const STOPPED: i32 = 5;
const SIGINT: u8 = 2;
const SIGTERM: u8 = 15;

/// A signal in the middle of a call.
#[derive(Clone, Copy, Debug)]
struct Point {
    call: u64,
    moment: Moment,
    signal: &'static str,
    manner: Manner,
}

#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Once, and then the call goes on.
    Once,
    /// Twice, and the call never ends.
    Twice,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_any_call_lets_it_end_and_a_second_one_ends_at_once() {
    let mut tallies = Vec::new();
    for (seed, shape) in (SEED..).zip(&SHAPES) {
        tallies.push(try_shape(shape, Rng::with_seed(seed), runs(3, usize::MAX)).await);
    }
    conclude("signals", SEED, &tallies);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_any_write_to_the_ledger_lets_it_end_and_loses_nothing() {
    let (preload, mut tallies) = (Preload::build(), Vec::new());
    for (seed, shape) in (SEED..).zip(&SHAPES) {
        let random = Rng::with_seed(seed);
        tallies.push(try_writes(shape, random, runs(3, usize::MAX), &preload).await);
    }
    conclude("signals at writes", SEED, &tallies);
}

async fn try_writes(
    shape: &'static Shape,
    mut random: Rng,
    most: usize,
    preload: &Preload,
) -> Tally {
    let mut ground = Ground::of(shape).await;
    let operations = ledger_use(&mut ground, preload).await.operations;
    ground.lay().await;
    let usual = ground.go_on().await;
    let mut points: Vec<u64> = (1..=operations).collect();
    let mut tally = Tally::new(shape.name, points.len());
    random.shuffle(&mut points);
    for point in points.into_iter().take(most) {
        ground.lay().await;
        let signal = if point % 2 == 0 { SIGINT } else { SIGTERM };
        let mut command = ground.command();
        preload.signal_at(&mut command, point, signal);
        let ran = run_for(command).await;
        // Before it hears signals it ends as any program, and after its last call the pass is over.
        let ends = [STOPPED, usual.ending.codes.0, -1];
        assert!(ends.contains(&ran.code), "{}, {point}: {}", shape.name, ran.stderr);
        tally.enter(point, &Verdict::of(&ground.go_on().await, &usual));
    }
    tally
}

/// The longest that a call may take which orders no certificate.
const LONGEST_CALL: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_ends_is_given_up_in_its_time_and_made_good() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let hang = Fault::at("POST", "/domains").with(Effect::HangAfter(LONGEST_CALL * 100)).always();
    world.runcloud.model().faults.push(hang);
    let mut command = for_world(&world);
    command.arg("--once");
    let mut pass = Running::start(command);
    let mut number = 1;
    while world.writes().is_empty() {
        pass.until(world.runcloud.until(number, Stage::Arrived)).await;
        number += 1;
    }
    pass.signal("TERM");
    let in_time = timeout(LONGEST_CALL + Duration::from_secs(5), pass.end()).await;
    assert_eq!(in_time.expect("it has ended").code, STOPPED);
    world.runcloud.model().faults.clear();
    world.converge().await;
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.names(), ["a.test", "network.test", "shop.network.test"]);
}

async fn try_shape(shape: &'static Shape, mut random: Rng, most: usize) -> Tally {
    let mut ground = Ground::of(shape).await;
    ground.lay().await;
    let usual = ground.go_on().await;
    let mut points = points(usual.course.calls);
    let mut tally = Tally::new(shape.name, points.len());
    random.shuffle(&mut points);
    for point in points.into_iter().take(most) {
        ground.lay().await;
        point.interrupt(&ground, usual.course.calls).await;
        let interrupted = ground.go_on().await;
        tally.enter(point, &Verdict::of(&interrupted, &usual));
        if matches!(point.manner, Manner::Once) {
            let extra = interrupted.course.orders.saturating_sub(usual.course.orders);
            assert_eq!(extra, 0, "{}, {point}: what a call did was not recorded", shape.name);
        }
    }
    tally
}

fn points(calls: u64) -> Vec<Point> {
    let moments = [Moment::BeforeItIsDone, Moment::BeforeItsAnswer, Moment::MidAnswer];
    let mut points = Vec::new();
    for call in 1..=calls {
        for moment in moments {
            for signal in ["TERM", "INT"] {
                for manner in [Manner::Once, Manner::Twice] {
                    points.push(Point { call, moment, signal, manner });
                }
            }
        }
    }
    points
}

impl Point {
    async fn interrupt(self, ground: &Ground, calls: u64) {
        let runcloud = &ground.world.runcloud;
        runcloud.model().faults.extend(self.moment.fault(self.call));
        let mut pass = Running::start(ground.command());
        pass.until(runcloud.until(self.call, self.moment.stage())).await;
        pass.signal(self.signal);
        pass.until_said("stopping after the call in flight").await;
        let is_read = !runcloud.calls().last().unwrap().is_write();
        match self.manner {
            Manner::Once => runcloud.resume(),
            // A read ends at the first signal already.
            Manner::Twice if is_read => {}
            Manner::Twice => pass.signal(self.signal),
        }
        let ran = pass.end().await;
        // With the last call of all a pass is over, whoever wants it to stop.
        if self.call < calls || matches!(self.manner, Manner::Twice) {
            assert_eq!(ran.code, STOPPED, "{self}: {}", ran.stderr);
        }
        assert_eq!(runcloud.calls().len() as u64, self.call, "{self}: a call was made afterwards");
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, moment, signal, manner } = self;
        write!(f, "SIG{signal} at call {call} {moment:?}, {manner:?}")
    }
}

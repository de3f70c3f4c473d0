//! SIGTERM and SIGINT at every call: the first lets the call end and is recorded, the second ends at once.

use std::fmt;

use fastrand::Rng;

use super::ground::Ground;
use super::points::Moment;
use super::shapes::{SHAPES, Shape};
use super::tally::{Tally, Verdict, table};
use crate::support::running::Running;
use crate::support::runs;

const SEED: u64 = 3;
/// Temporary; nothing is lost.
const STOPPED: i32 = 5;

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
    println!("seed {SEED}\n{}", table("signals", &tallies));
    let findings: Vec<_> = tallies.iter().flat_map(|tally| &tally.findings).cloned().collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
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
    let moments = [Moment::BeforeItIsDone, Moment::BeforeItsAnswer];
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

//! The fault matrix: bad reads and answers of every kind, with rows that change meanwhile. Whatever is wrong, nothing
//! is removed that a row wants or keeps; and once it is over, everything becomes as it should be by itself.

mod answers;
mod arena;
mod churn;
mod doors;
mod kinds;
mod rows;
mod run;
mod tables;
mod truth;
mod watch;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use arena::Arena;
use kinds::{FIRST, KINDS, SECOND};
use run::Outcome;

use crate::support::runs;
use crate::support::seeds::Seeds;

/// A run that takes so long hangs.
const LONGEST_RUN: Duration = Duration::from_mins(2);

#[test]
fn no_fault_removes_what_is_wanted_or_leaves_work_undone() {
    let matrix = try_all(&Seeds::of("faults"), 0..*FIRST, runs(150, 10_000));
    assert!(matrix.failures.is_empty(), "{} runs failed", matrix.failures.len());
}

#[test]
fn no_list_with_other_names_does_either() {
    let matrix = try_all(&Seeds::of("names"), *FIRST..*SECOND, runs(30, 2_000));
    assert!(matrix.failures.is_empty(), "{} runs failed", matrix.failures.len());
}

#[test]
fn nor_does_a_list_in_which_entries_have_changed_places() {
    let turns = *SECOND..KINDS.len();
    let matrix = try_all(&Seeds::of("turned"), turns, runs(30, 2_000));
    assert!(matrix.failures.is_empty(), "{} runs failed", matrix.failures.len());
}

/// Makes the runs of these seeds, and prints what came of them.
fn try_all(seeds: &Seeds, turns: Range<usize>, count: usize) -> Matrix {
    let open = Mutex::new(seeds.up_to(count as u64).into_iter());
    let next = || open.lock().unwrap_or_else(PoisonError::into_inner).next();
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let mut matrix = Matrix::default();
    std::thread::scope(|scope| {
        let work = || work(next, &turns, seeds);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            matrix.add(worker.join().unwrap());
        }
    });
    println!("{matrix}");
    matrix
}

/// Makes runs until there are no more seeds.
fn work(next: impl Fn() -> Option<u64>, turns: &Range<usize>, seeds: &Seeds) -> Matrix {
    let mut matrix = Matrix::default();
    let mut place = Place::new();
    while let Some(seed) = next() {
        let outcome = catch_unwind(AssertUnwindSafe(|| place.run(turns.clone(), seed)));
        if outcome.is_err() {
            // Nobody knows what the tables hold now.
            place = Place::new();
        }
        let failure = matrix.count(outcome.ok());
        if let Some(failure) = failure {
            matrix.failures.push(format!("seed {seed}: {failure}"));
            seeds.keep(seed);
        }
    }
    matrix
}

/// Where runs happen, one after the other.
struct Place {
    runtime: Runtime,
    arena: Arena,
}

impl Place {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let arena = runtime.block_on(Arena::new());
        Self { runtime, arena }
    }

    fn run(&mut self, turns: Range<usize>, seed: u64) -> Outcome {
        let run = run::run(&mut self.arena, turns, seed);
        let bounded = async { Box::pin(tokio::time::timeout(LONGEST_RUN, run)).await };
        self.runtime.block_on(bounded).expect("the run hangs")
    }
}

/// The runs so far.
#[derive(Default)]
struct Matrix {
    /// The kinds that a call ran into.
    met: BTreeSet<usize>,
    runs: usize,
    passes: usize,
    removals: usize,
    unwanted: usize,
    restless: usize,
    failures: Vec<String>,
}

impl Matrix {
    /// Counts a run, nothing where it panicked; says how it failed, if it did.
    fn count(&mut self, outcome: Option<Outcome>) -> Option<String> {
        self.runs += 1;
        let Some(outcome) = outcome else {
            self.restless += 1;
            return Some("it panicked".to_owned());
        };
        let is_bad = !outcome.is_good();
        let Outcome { kinds, met, passes, removals, unwanted, unrest } = outcome;
        self.met.extend(met);
        self.passes += passes;
        self.removals += removals;
        self.unwanted += unwanted.len();
        self.restless += usize::from(unrest.is_some());
        let names: Vec<&str> = kinds.iter().map(|kind| KINDS[*kind].name.as_str()).collect();
        is_bad.then(|| format!("removed {unwanted:?}, {unrest:?}, after {names:?}"))
    }

    fn add(&mut self, other: Self) {
        self.met.extend(other.met);
        self.runs += other.runs;
        self.passes += other.passes;
        self.removals += other.removals;
        self.unwanted += other.unwanted;
        self.restless += other.restless;
        self.failures.extend(other.failures);
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "{failure}")?;
        }
        let Self { met, runs, passes, removals, unwanted, restless, .. } = self;
        writeln!(f, "| kinds | runs | passes | removals | unwanted removals | not converged |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        let kinds = met.len();
        write!(f, "| {kinds} | {runs} | {passes} | {removals} | {unwanted} | {restless} |")
    }
}

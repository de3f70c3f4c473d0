//! One run: rows change, something is wrong for a while, passes happen; then it must come to rest.

use std::ops::Range;

use fastrand::Rng;
use runcloud_domain_sync::reconcile::{PassError, Report};
use runcloud_domain_sync::simulator::Kind;

use super::arena::Arena;
use super::churn::{Churn, Stir};
use super::kinds::{Bad, FIRST, KINDS};
use super::tables::{Damage, How};
use super::truth::Truth;
use super::watch::Watch;

const ROUNDS: u64 = 3;
/// So many passes may follow a fault before everything is as it should be.
const PASSES: usize = 6;
/// Damage that lets names come back that are gone is met so often: each of them is a removal more.
const REVIVALS: usize = 1;

/// What became of a run.
#[derive(Default)]
pub struct Outcome {
    /// The kinds there were, as places in the catalogue.
    pub kinds: Vec<usize>,
    /// Those that a call ran into, as far as another one was not in their way.
    pub met: Vec<usize>,
    pub passes: usize,
    pub removals: usize,
    pub unwanted: Vec<String>,
    /// Why it did not come to rest.
    pub unrest: Option<String>,
}

impl Outcome {
    /// Whether nothing was removed that should not have been, and it came to rest.
    pub fn is_good(&self) -> bool {
        self.unwanted.is_empty() && self.unrest.is_none()
    }
}

struct Run<'a> {
    arena: &'a mut Arena,
    truth: Truth,
    long_ago: Truth,
    churn: Churn,
    watch: Watch,
    rng: Rng,
    /// The kinds that come in their turn, as places in the catalogue.
    turns: Range<usize>,
    revivals: usize,
    outcome: Outcome,
}

pub async fn run(arena: &mut Arena, turns: Range<usize>, seed: u64) -> Outcome {
    arena.renew(seed).await;
    let mut run = Run::new(arena, turns, seed);
    run.populate().await;
    drop(run.pass().await);
    run.settle().await;
    run.long_ago = run.truth.clone();
    for round in 0..ROUNDS {
        if run.outcome.unrest.is_none() {
            run.round(seed * ROUNDS + round).await;
        }
    }
    if run.outcome.unrest.is_none() {
        run.settle().await;
    }
    run.outcome.removals = run.watch.removals;
    run.outcome.unwanted = run.watch.unwanted;
    run.outcome
}

impl<'a> Run<'a> {
    fn new(arena: &'a mut Arena, turns: Range<usize>, seed: u64) -> Self {
        Self {
            arena,
            truth: Truth::new(),
            long_ago: Truth::new(),
            churn: Churn::new(),
            watch: Watch::new(&["hand.test", "away.test"], &["n0.test"]),
            rng: Rng::with_seed(seed),
            turns,
            revivals: 0,
            outcome: Outcome::default(),
        }
    }

    /// A network with some names mapped, one of which RunCloud has already, and two it alone has.
    async fn populate(&mut self) {
        for number in 0..self.rng.u32(9..13) {
            let site = self.rng.i64(2..=4);
            self.truth.map(site, &format!("n{number}.test"));
        }
        {
            let mut model = self.arena.world.runcloud.model();
            model.attach("n0.test", Kind::Alias);
            model.attach("hand.test", Kind::Alias);
            model.attach("away.test", Kind::Redirect);
        }
        self.arena.write_anew(&self.truth).await;
    }

    async fn round(&mut self, number: u64) {
        let kinds = self.choose(number);
        let damage = damage_of(kinds[0]);
        let stir = match (&KINDS[kinds[0]].bad, damage) {
            (_, Some(damage)) if damage.needs_memory() => {
                self.stir(Stir::NewName).await;
                self.stir(Stir::NewWww).await;
                self.settle().await;
                Stir::NoNewName
            }
            (Bad::Answers { stir, .. }, _) => *stir,
            _ => Stir::Any,
        };
        self.meddle(stir).await;
        self.arena.spoil(&KINDS[kinds[0]], &mut self.rng);
        let waiting = self.arena.waiting();
        kinds[1..].iter().for_each(|kind| self.arena.spoil(&KINDS[*kind], &mut self.rng));
        self.pass_under(damage).await;
        // Three odd lists in a row are more than an accident of one.
        for _ in 0..self.rng.choice([0, 0, 1, 1, 2, 4]).unwrap() {
            self.pass_again(damage).await;
        }
        if waiting.is_empty() || !self.arena.waiting().starts_with(&waiting) {
            self.outcome.met.push(kinds[0]);
        }
        self.outcome.kinds.extend(kinds);
        self.arena.mend(damage, &self.truth).await;
        if self.rng.bool() {
            self.settle().await;
        }
    }

    /// Every kind in its turn, and sometimes one more that goes with it.
    fn choose(&mut self, number: u64) -> Vec<usize> {
        let count = self.turns.len() as u64;
        let mut first = self.turns.start + usize::try_from(number % count).unwrap();
        if damage_of(first).is_some_and(|damage| damage.revives) {
            self.revivals += 1;
            if self.revivals > REVIVALS {
                first = 0;
            }
        }
        let second = self.rng.usize(..*FIRST);
        let goes_along = second != first && damage_of(second).is_none() && self.rng.u8(..3) == 0;
        if goes_along { vec![first, second] } else { vec![first] }
    }

    /// Some changes of the rows, the first of them one that matters to the fault.
    async fn meddle(&mut self, stir: Stir) {
        self.churn.stir(&mut self.truth, stir, &mut self.rng);
        let then = if stir == Stir::NoNewName { stir } else { Stir::Any };
        for _ in 0..self.rng.u8(..3) {
            self.churn.stir(&mut self.truth, then, &mut self.rng);
        }
        if self.rng.u8(..4) == 0 {
            let mut model = self.arena.world.runcloud.model();
            let name = self.churn.edit_by_hand(&mut model, &self.truth, &mut self.rng);
            self.watch.by_hand.extend(name);
        }
        self.arena.write(&self.truth).await;
    }

    async fn stir(&mut self, stir: Stir) {
        self.churn.stir(&mut self.truth, stir, &mut self.rng);
        self.arena.write(&self.truth).await;
    }

    /// A pass with the damage done before it, or where that is possible within it.
    async fn pass_under(&mut self, damage: Option<&'static Damage>) {
        let Some(damage) = damage else { return drop(self.pass().await) };
        let can_be_sudden = matches!(damage.how, How::Broken { .. } | How::OldCopy);
        let is_sudden = can_be_sudden && self.rng.u8(..3) == 0;
        if !is_sudden {
            self.arena.damage(damage, &self.long_ago, &mut self.rng).await;
            return drop(self.pass().await);
        }
        self.watch.before_pass(&self.arena.world.runcloud.model());
        self.arena.pass_with(damage, &self.long_ago).await;
        self.judge();
    }

    async fn pass_again(&mut self, damage: Option<&'static Damage>) {
        if self.rng.bool() {
            self.arena.let_time_pass();
        }
        if damage.is_none() && self.rng.bool() {
            self.stir(Stir::Any).await;
        }
        drop(self.pass().await);
    }

    /// Notes why it does not come to rest, if that is so.
    async fn settle(&mut self) {
        let unrest = self.unrest().await;
        let first = self.outcome.unrest.take();
        self.outcome.unrest = first.or(unrest);
    }

    /// Passes without a fault, until one has nothing to do; everything is as it should be then.
    async fn unrest(&mut self) -> Option<String> {
        let mut last = String::new();
        for _ in 0..PASSES {
            self.arena.let_time_pass();
            let outcome = self.pass().await;
            let is_quiet =
                outcome.as_ref().is_ok_and(|(report, writes)| report.is_clean() && *writes == 0);
            // What was learned from a bad list is unlearned by three others.
            if is_quiet && self.arena.world.plan().await.astray.is_empty() {
                let model = self.arena.world.runcloud.model();
                return self.watch.shortcoming(&model, &self.truth);
            }
            last = match outcome {
                Ok((report, _)) => report.to_string(),
                Err(error) => error.to_string(),
            };
        }
        Some(format!("no rest after {PASSES} passes: {last}"))
    }

    /// One pass; its report, and how many writes it made.
    async fn pass(&mut self) -> Result<(Report, usize), PassError> {
        self.watch.before_pass(&self.arena.world.runcloud.model());
        let outcome = self.arena.world.pass().await;
        let writes = self.judge();
        outcome.map(|report| (report, writes))
    }

    /// Looks at the pass that was; how many writes it made.
    fn judge(&mut self) -> usize {
        self.outcome.passes += 1;
        let runcloud = &self.arena.world.runcloud;
        let calls = runcloud.calls();
        self.watch.after_pass(&calls, &runcloud.model(), &self.truth);
        runcloud.forget_calls();
        calls.iter().filter(|call| call.is_write()).count()
    }
}

fn damage_of(kind: usize) -> Option<&'static Damage> {
    match &KINDS[kind].bad {
        Bad::Tables(damage) => Some(damage),
        Bad::Answers { .. } | Bad::Lottery | Bad::NoRunCloud => None,
    }
}

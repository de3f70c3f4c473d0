//! Planning alone, on inputs that are in memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use runcloud_domain_sync::clock::Timestamp;
use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::{Cause, Known, Origin, Owned};
use runcloud_domain_sync::reconcile::certificate::Gate;
use runcloud_domain_sync::reconcile::plan::{Inputs, Policy, Removal, WwwPolicy, plan};
use runcloud_domain_sync::runcloud::{Actual, ApiVersion, Entry, Kind};
use runcloud_domain_sync::wordpress::{Claim, Desired, Stage, Standing, Subdomains};

/// How many names are wanted, and how many are present.
pub(super) const NAMES: usize = 100_000;
/// Of each side, half is on the other side too.
const DIFFERENT: usize = NAMES / 2;
const RUNS: usize = 11;
const POLICY: Policy = Policy {
    removal: Removal::Owned,
    www: WwwPolicy::Auto,
    subdomains: Subdomains::Auto,
    max_removals: None,
    gate: Gate::Auto,
    api: ApiVersion::V3,
};

/// The median time of a plan that adds half of the wanted names and removes half of the present ones.
pub(super) fn median() -> Duration {
    let present = || (0..NAMES).map(name);
    let desired = desired((DIFFERENT..DIFFERENT + NAMES).map(name));
    let (actual, known) = (actual(present()), known(present()));
    let now = Timestamp(1_800_000_000);
    let inputs = Inputs { desired: &desired, actual: &actual, known: &known, policy: &POLICY, now };
    let mut times: Vec<Duration> = (0..RUNS).map(|_| time_of(&inputs)).collect();
    times.sort();
    times[RUNS / 2]
}

fn time_of(inputs: &Inputs<'_>) -> Duration {
    let start = Instant::now();
    let plan = black_box(plan(black_box(inputs)));
    let time = start.elapsed();
    assert_eq!((plan.additions(), plan.removals()), (DIFFERENT, DIFFERENT));
    time
}

fn desired(names: impl Iterator<Item = Domain>) -> Desired {
    let claim = Claim { standing: Standing::Wanted, cause: CAUSE, stage: Stage::Done };
    Desired { claims: names.map(|name| (name, claim)).collect(), ..<_>::default() }
}

/// Every name is owned, so that those no longer wanted are removed.
fn known(names: impl Iterator<Item = Domain>) -> Known {
    let owned = |id| Owned { origin: Origin::Added, www: Some(false), cause: CAUSE, id: Some(id) };
    let owned = (1..).zip(names).map(|(id, name)| (name, owned(id)));
    Known { owned: owned.collect(), ..<_>::default() }
}

fn actual(names: impl Iterator<Item = Domain>) -> Actual {
    let entry =
        |id| Entry { id, kind: Kind::Alias, www: Some(false), redirection: "none".to_owned() };
    Actual::new((1..).zip(names).map(|(id, name)| (name.to_string(), false, entry(id))))
}

const CAUSE: Cause = Cause { mapping: Some(1), site: 2 };

fn name(number: usize) -> Domain {
    Domain::parse(&format!("customer-{number:06}.example")).expect("a host name")
}

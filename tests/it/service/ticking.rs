//! A daemon in virtual time: the real loop over a real world, which waits by moving its clock on.

use std::time::{Duration, Instant};

use runcloud_domain_sync::daemon::{Now, Pace, Service, Setup, Watch, Words};
use runcloud_domain_sync::ledger::{Lease, Ledger};
use runcloud_domain_sync::runcloud::Patience;

use crate::support::world::{BINDING, World};

/// What the loop makes no second try with: its own clocks are what is looked at.
pub const ONE_TRY: Patience = Patience {
    first_wait: Duration::from_millis(1),
    total: Duration::ZERO,
    throttled: Duration::ZERO,
};
pub const PACE: Pace = Pace {
    poll: Duration::from_secs(5),
    interval: Duration::from_mins(15),
    grace: Duration::from_mins(2),
};

/// For what takes days.
pub const SLOW: Pace = Pace { poll: Duration::from_mins(5), ..PACE };

pub struct Ticking<'w> {
    watch: Watch<'w>,
    pub ledger: Ledger,
    start: Now,
    pub now: Now,
    pub words: Words,
}

impl<'w> Ticking<'w> {
    pub async fn start(world: &World, lease: &'w Lease, pace: Pace) -> Self {
        Self::with(world, lease, pace, None).await
    }

    pub async fn with(
        world: &World,
        lease: &'w Lease,
        pace: Pace,
        monthly_calls: Option<u64>,
    ) -> Self {
        let ledger = Ledger::open(world.state.path(), BINDING, lease).await.unwrap();
        let words = Words { stop: world.stop.clone(), ..Words::default() };
        let watch = Watch::new(Service {
            setup: Setup { network: world.network(), pace, monthly_calls, listen: None },
            lease,
            words: words.clone(),
            reload: Box::new(|| Err("nobody asked for it".to_owned())),
            command: "runcloud-domain-sync".to_owned(),
        });
        let now = Now { at: Instant::now(), moment: world.now.clone() };
        Self { watch, ledger, start: now.clone(), now, words }
    }

    /// One look, and a pass where there is a reason; then it is as much later as the loop waits.
    pub async fn step(&mut self) {
        // Words are heard while it rests.
        self.watch.rest(Duration::ZERO).await;
        let began = Instant::now();
        let wait = self.watch.step(&mut self.ledger, &self.now).await;
        // From the start on: the clocks for people have no fractions of a second to add up.
        self.now = self.start.later(self.now.at - self.start.at + began.elapsed() + wait);
    }

    /// Steps until that much time has passed.
    pub async fn run(&mut self, time: Duration) {
        let end = self.now.at + time;
        while self.now.at < end {
            self.step().await;
        }
    }

    /// Steps until something is so, and how long that took.
    pub async fn until(&mut self, is_so: impl Fn() -> bool) -> Duration {
        let began = self.now.at;
        while !is_so() {
            assert!(self.now.at < began + Duration::from_hours(2), "it never came to that");
            self.step().await;
        }
        self.now.at - began
    }
}

//! The loop around passes.
//!
//! The tables are looked at every `poll`, by a fingerprint; RunCloud is asked only when they changed, when
//! something waited for its time ([`Ledger::next_try`]), when somebody asked, or when `interval` is over. What is
//! waited for elsewhere, such as a certificate or a name's DNS, is looked at there ([`Ledger::next_look`]), and
//! RunCloud only once that shows something new. What fails has clocks of its own, and never ends the loop.

mod allowance;
mod attendant;
mod notify;
mod schedule;
mod tell;
mod trouble;
mod watch;
mod work;

pub use attendant::Words;
pub use schedule::Pace;
pub use watch::{Now, Watch};

use crate::admin::Listen;
use crate::ledger::{Lease, Ledger};
use crate::log::events;
use crate::reconcile::Network;

/// What the settings make of the daemon; new settings replace it as a whole.
pub struct Setup {
    /// Both sides.
    pub network: Network,
    /// How often it looks.
    pub pace: Pace,
    /// How many calls a calendar month may have.
    pub monthly_calls: Option<u64>,
    /// Where metrics and health are to be had; none for nowhere.
    pub listen: Option<Listen>,
}

/// Reads the settings again; what is wrong with them is an error in words.
pub type Reload<'a> = Box<dyn Fn() -> Result<Setup, String> + 'a>;

/// What the daemon works with.
pub struct Service<'a> {
    /// What the settings make of it.
    pub setup: Setup,
    /// The right to change RunCloud and the ledger.
    pub lease: &'a Lease,
    /// What it is told while it runs.
    pub words: Words,
    /// Reads the settings again.
    pub reload: Reload<'a>,
    /// How this program is called with its settings, for the commands it suggests.
    pub command: String,
}

impl Service<'_> {
    /// Reconciles until it is asked to stop; then the call in flight ends, and nothing else begins.
    pub async fn run(self, ledger: &mut Ledger) {
        let stop = self.words.stop.clone();
        let poll = humantime::format_duration(self.setup.pace.poll);
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(
            message_id = events::STARTED,
            "version {version}, watching the table every {poll}"
        );
        let mut watch = Watch::new(self);
        watch.begin(ledger).await;
        while !stop.is_requested() {
            let wait = watch.step(ledger, &Now::here()).await;
            watch.rest(wait).await;
        }
        watch.end(ledger).await;
    }
}

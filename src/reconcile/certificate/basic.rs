//! What an order for all names waits for (basic SSL): one certificate, and the limits of its issuer. Pure.

use std::time::Duration;

use super::{Gate, Situation, Wait, WaitingReason};
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{CertificateOrder, CertificateState, Tick, WEEK};
use crate::reconcile::report::some_of;
use crate::text::counted;

/// Let's Encrypt's limit in its default profile.
pub(super) const NAMES_PER_CERTIFICATE: usize = 100;
/// From here on an operator hears of it.
pub(super) const NEARLY_FULL: usize = 90;
/// A batch is whole after a quiet moment of this length,
const QUIET: Duration = Duration::from_secs(30);
/// or after so long at the latest.
const LONGEST_BATCH: Duration = Duration::from_mins(10);
/// Let's Encrypt issues five certificates a week for exactly the same names; the renewal needs one.
const SAME_NAMES_PER_WEEK: usize = 4;
/// Let's Encrypt takes five failed validations of a name an hour: with names attached that fail, orders are at
/// least this far apart.
const INTERVAL_WITH_MISDIRECTED: Duration = Duration::from_mins(15);

impl Situation<'_> {
    /// What an order for all waits for, if it does.
    pub(super) fn wait_of_all(&self, ready: &[Domain]) -> Option<Wait> {
        self.too_many_names()
            .or_else(|| self.in_flight())
            .or_else(|| self.spoiled())
            .or_else(|| self.interval())
            .or_else(|| self.budgets())
            .or_else(|| self.batching(ready))
    }

    fn too_many_names(&self) -> Option<Wait> {
        let count = self.served.count;
        (count > NAMES_PER_CERTIFICATE).then(|| {
            let detail = format!(
                "the web application serves {count} names, and one certificate holds \
                 {NAMES_PER_CERTIFICATE}: switch to advanced SSL in RunCloud"
            );
            Wait::new(WaitingReason::TooManyNames, detail)
        })
    }

    fn in_flight(&self) -> Option<Wait> {
        let ordered = self.states.values().find_map(|state| match state {
            CertificateState::Ordered { since, next, .. } => Some((since, next)),
            _ => None,
        });
        ordered.map(|(since, next)| {
            let at = since.for_reader_at(self.now.wall);
            let detail = format!("the order of {at} is under way");
            Wait::new(WaitingReason::OrderInFlight, detail).until(*next)
        })
    }

    /// Once an order was seen to fail as a whole, none goes out for names that are sure to fail it again; but
    /// once a week it is tried whether that is still so.
    fn spoiled(&self) -> Option<Wait> {
        let misdirected = self.misdirected();
        if self.gate == Gate::Off || self.known.spoilers.is_empty() || misdirected.is_empty() {
            return None;
        }
        let again = self.last_order()?.tick.plus(WEEK);
        self.is_before(again).then(|| {
            let detail = format!(
                "an order for all names failed as a whole while {} did not point here, so it would fail \
                 again: mend its DNS, remove its mapping, or switch to advanced SSL in RunCloud",
                some_of(&misdirected)
            );
            self.wait_until_tick(WaitingReason::Spoiled, detail, again)
        })
    }

    fn interval(&self) -> Option<Wait> {
        let least = self.rules.min_interval;
        let least = if self.misdirected().is_empty() || self.gate == Gate::Off {
            least
        } else {
            least.max(INTERVAL_WITH_MISDIRECTED)
        };
        let next = self.last_order()?.tick.plus(least);
        self.is_before(next).then(|| {
            let detail = format!(
                "the last order was {}, and orders are {} apart (ssl.min_interval)",
                self.last_order()
                    .map(|last| last.at.for_reader_at(self.now.wall))
                    .unwrap_or_default(),
                humantime::format_duration(least)
            );
            self.wait_until_tick(WaitingReason::MinInterval, detail, next)
        })
    }

    fn budgets(&self) -> Option<Wait> {
        let most = self.rules.max_per_week as usize;
        let all: Vec<&CertificateOrder> = self.orders().collect();
        if let Some(wait) = self.budget(&all, most, WaitingReason::WeeklyLimit, "ssl.max_per_week")
        {
            return Some(wait);
        }
        let same = self.orders().filter(|order| order.names == self.served.digest);
        let same: Vec<&CertificateOrder> = same.collect();
        let what = "for exactly these names, of which Let's Encrypt issues few";
        self.budget(&same, SAME_NAMES_PER_WEEK, WaitingReason::SameNamesLimit, what)
    }

    fn budget(
        &self,
        orders: &[&CertificateOrder],
        most: usize,
        reason: WaitingReason,
        what: &str,
    ) -> Option<Wait> {
        let oldest = orders.len().checked_sub(most)?;
        let detail = format!("{} in seven days ({what})", counted(orders.len(), "order"));
        let next = orders.get(oldest).map(|order| order.tick.plus(WEEK));
        Some(match next {
            Some(next) => self.wait_until_tick(reason, detail, next),
            None => Wait::new(reason, detail),
        })
    }

    /// More names may follow in a moment, unless an order was cut off or failed before.
    fn batching(&self, ready: &[Domain]) -> Option<Wait> {
        if self.rules.batch == super::Batch::Pass {
            return None;
        }
        let since = |name: &Domain| match self.states.get(name) {
            Some(CertificateState::Due { since, .. }) => {
                let pointed = self.verdicts.get(name).map(|verdict| verdict.since);
                Some((*since).max(pointed.unwrap_or_default()))
            }
            _ => None,
        };
        let sinces: Option<Vec<Timestamp>> = ready.iter().map(since).collect();
        let sinces = sinces?;
        let (first, last) = (*sinces.iter().min()?, *sinces.iter().max()?);
        if self.is_cut_off_since(first) {
            return None;
        }
        let next = last.plus(QUIET).min(first.plus(LONGEST_BATCH));
        self.now.wall.is_before(next, LONGEST_BATCH).then(|| {
            let detail =
                format!("more names may follow; ordered {}", next.for_reader_at(self.now.wall));
            Wait::new(WaitingReason::Batching, detail).until(next)
        })
    }

    /// Whether an order was cut off since then: it is sent once more.
    fn is_cut_off_since(&self, since: Timestamp) -> bool {
        let mut open = self.known.orders.iter().filter(|order| order.is_open_for_all());
        open.any(|order| order.at >= since)
    }

    /// The orders for all names that were sent for certain.
    fn orders(&self) -> impl Iterator<Item = &CertificateOrder> {
        self.known.orders.iter().filter(|order| order.domain.is_none() && !order.open)
    }

    fn last_order(&self) -> Option<&CertificateOrder> {
        self.orders().last()
    }

    fn tick(&self) -> Tick {
        self.known.clock.tick(self.now)
    }

    fn is_before(&self, point: Tick) -> bool {
        self.tick() < point
    }

    fn wait_until_tick(&self, reason: WaitingReason, detail: String, point: Tick) -> Wait {
        let left =
            Duration::from_secs(point.0.saturating_sub(self.tick().0).max(0).cast_unsigned());
        Wait::new(reason, detail).until(self.now.wall.plus(left))
    }
}

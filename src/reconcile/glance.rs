//! Looks at the world beside RunCloud between passes, so that waiting for it costs no call.

use std::collections::{BTreeMap, BTreeSet};

use super::certificate::states;
use super::look::Names;
use super::network::{Network, PassError};
use super::pointing;
use super::seen::PRIMARY;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{CertificateState, Known, Ledger};
use crate::probe::DnsVerdict;

/// Looks at orders under way, and at names that do not point here, as far as that is due. Returns whether there
/// is anything new, which a pass then sees for itself; where there is not, the next look is later.
///
/// # Errors
/// [`PassError`].
pub async fn glance(
    network: &Network,
    ledger: &mut Ledger,
    now: Timestamp,
) -> Result<bool, PassError> {
    let known = ledger.known().await?;
    Ok(network.orders_have_news(ledger, &known, now).await?
        || network.pointing_has_news(ledger, &known, now).await?)
}

impl Network {
    async fn orders_have_news(
        &self,
        ledger: &mut Ledger,
        known: &Known,
        now: Timestamp,
    ) -> Result<bool, PassError> {
        let is_due = |state: &CertificateState| {
            matches!(state, CertificateState::Ordered { .. }) && states::is_due(state, now)
        };
        let due = known.certificates.iter().filter(|(_, state)| is_due(state));
        let orders: BTreeMap<Domain, CertificateState> =
            due.map(|(name, state)| (name.clone(), state.clone())).collect();
        let www = |name: &Domain| {
            let has_www = known.owned.get(name).is_some_and(|owned| owned.www == Some(true));
            name.with_www().filter(|_| has_www)
        };
        let names: Names = orders.keys().map(|name| (name.clone(), www(name))).collect();
        let sights = self.sights(&names, &orders, now).await?;
        let Some(unchanged) = states::unchanged(&orders, &sights, now) else { return Ok(true) };
        ledger.note_certificates(&unchanged).await?;
        Ok(false)
    }

    async fn pointing_has_news(
        &self,
        ledger: &mut Ledger,
        known: &Known,
        now: Timestamp,
    ) -> Result<bool, PassError> {
        let due = pointing::due_between_passes(&known.verdicts, now);
        if due.is_empty() {
            return Ok(false);
        }
        let desired = self.desired().await?;
        let expected = self.expected().await?;
        let primary = ledger.first_noted(PRIMARY).await?;
        let seen = self.verdicts_of(&due, &desired, primary.as_ref(), &expected).await?;
        let before = |name: &Domain| known.verdicts.get(name);
        let is_new = |(name, seen): (&Domain, &DnsVerdict)| {
            before(name).is_none_or(|before| before.verdict.word() != seen.word())
        };
        if seen.iter().any(is_new) {
            return Ok(true);
        }
        let remembered = seen.into_iter().map(|(name, seen)| {
            let cause = before(&name).map(|before| before.cause.clone()).unwrap_or_default();
            let verdict = pointing::remember(before(&name), seen, cause, now);
            (name, verdict)
        });
        let remembered = remembered.collect();
        ledger.note_verdicts(&remembered, &BTreeSet::new(), now).await?;
        Ok(false)
    }
}

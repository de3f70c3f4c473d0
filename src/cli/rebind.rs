use std::path::Path;
use std::time::Duration;

use super::args::RunFlags;
use super::exit::Failure;
use crate::domain::Domain;
use crate::ledger::{Binding, Lease, Ledger, LedgerError};
use crate::reconcile::{Network, PassError};
use crate::wordpress::Desired;

/// After a read that failed although it was repeated.
const AFTER_ERROR: Duration = Duration::from_secs(10);

/// A daemon is told what to bind to, so that the flag left in its unit permits that change and no other.
pub(super) fn check_named(flags: &RunFlags) -> Result<(), Failure> {
    let is_empty = |named: &str| parts(named).next().is_none();
    match &flags.rebind {
        Some(named) if is_empty(named) && !flags.once => Err(Failure::usage(
            "a --rebind without --once names what to bind to, such as --rebind=1903/646",
        )),
        _ => Ok(()),
    }
}

/// Reads the tables for a daemon, which waits for them as long as it takes; none where it is asked to stop
/// meanwhile.
pub(super) async fn read_patiently(network: &Network) -> Option<Desired> {
    let mut last_error = String::new();
    loop {
        match network.desired().await {
            Ok(desired) => return Some(desired),
            Err(PassError::Stopped) => return None,
            Err(error) => {
                let text = error.to_string();
                if text != last_error {
                    tracing::error!("{text}");
                    last_error = text;
                }
                network.stop.sleep(AFTER_ERROR).await;
            }
        }
    }
}

/// Opens the ledger for this network and web application, whatever it was bound to before, as far as
/// `named` says so.
pub(super) async fn rebind(
    named: &str,
    own: Option<&Domain>,
    state_dir: &Path,
    binding: Binding,
    lease: &Lease,
) -> Result<Ledger, Failure> {
    let Binding { server, app } = binding;
    let is_own = |part: &str| Domain::parse(part).is_ok_and(|name| Some(&name) == own);
    let is_app = |part: &str| part == server.to_string() || part == app.to_string();
    if let Some(other) = parts(named).find(|part| !is_own(part) && !is_app(part)) {
        let own = own.map_or_else(String::new, |own| format!("{own}/"));
        return Err(Failure::usage(format!(
            "--rebind names {other}, and the settings lead to {own}{server}/{app}"
        )));
    }
    let may_change = |error: &LedgerError| match error {
        LedgerError::Bound { .. } => named.is_empty() || parts(named).any(is_app),
        LedgerError::OtherNetwork { .. } => named.is_empty() || parts(named).any(is_own),
        _ => false,
    };
    Ok(Ledger::rebind(state_dir, binding, own, lease, may_change).await?)
}

fn parts(named: &str) -> impl Iterator<Item = &str> {
    named.split('/').filter(|part| !part.is_empty())
}

use std::path::Path;

use super::args::RunFlags;
use super::exit::Failure;
use crate::domain::Domain;
use crate::ledger::{Binding, Lease, Ledger, LedgerError};
use crate::reconcile::Network;

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

/// Opens the ledger for this network and web application, whatever it was bound to before, as far as
/// `named` says so.
pub(super) async fn rebind(
    named: &str,
    network: &Network,
    state_dir: &Path,
    binding: Binding,
    lease: &Lease,
) -> Result<Ledger, Failure> {
    let own = network.desired().await?.network;
    let Binding { server, app } = binding;
    let is_own = |part: &str| Domain::parse(part).is_ok_and(|name| Some(&name) == own.as_ref());
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
    Ok(Ledger::rebind(state_dir, binding, own.as_ref(), lease, may_change).await?)
}

fn parts(named: &str) -> impl Iterator<Item = &str> {
    named.split('/').filter(|part| !part.is_empty())
}

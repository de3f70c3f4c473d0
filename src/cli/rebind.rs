use std::path::Path;

use super::args::RunFlags;
use super::exit::{Exit, Failure};
use crate::domain::Domain;
use crate::ledger::{Binding, Lease, Ledger};
use crate::reconcile::Network;

/// A daemon is told what to bind to, so that the flag left in its unit permits that change and no other.
pub(super) fn undivided(flags: &RunFlags) -> Result<(), Failure> {
    match &flags.rebind {
        Some(named) if named.is_empty() && !flags.once => {
            Err(usage("a --rebind without --once names what to bind to, such as --rebind=1903/646"))
        }
        _ => Ok(()),
    }
}

/// Opens the ledger for this network and web application, whatever it was bound to before.
pub(super) async fn rebind(
    named: &str,
    network: &Network,
    state_dir: &Path,
    binding: Binding,
    lease: &Lease,
) -> Result<Ledger, Failure> {
    let own = network.desired().await?.network;
    let is_true = |part: &str| is_part(part, own.as_ref(), binding);
    if let Some(other) = named.split('/').filter(|part| !part.is_empty()).find(|p| !is_true(p)) {
        let own = own.map_or_else(String::new, |own| format!("{own}/"));
        let Binding { server, app } = binding;
        return Err(usage(&format!(
            "--rebind names {other}, and the settings lead to {own}{server}/{app}"
        )));
    }
    Ok(Ledger::rebind(state_dir, binding, own.as_ref(), lease).await?)
}

/// Whether the part names the network, the server or the web application.
fn is_part(part: &str, network: Option<&Domain>, Binding { server, app }: Binding) -> bool {
    part == server.to_string()
        || part == app.to_string()
        || Domain::parse(part).is_ok_and(|name| Some(&name) == network)
}

fn usage(message: &str) -> Failure {
    Failure::new(Exit::Usage, message.to_owned())
}

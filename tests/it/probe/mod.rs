//! The probes against real packets and handshakes on loopback.

mod dns;
mod quiet;
mod tls;
mod witness;

use std::collections::BTreeSet;

use runcloud_domain_sync::domain::Domain;

pub fn names(names: &[&str]) -> BTreeSet<Domain> {
    names.iter().copied().map(name).collect()
}

pub fn name(name: &str) -> Domain {
    Domain::parse(name).unwrap()
}

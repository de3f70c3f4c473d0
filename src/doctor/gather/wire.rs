use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::clock::Timestamp;
use crate::config::Examined;
use crate::doctor::facts::{Api, Wire, WordPress};
use crate::domain::Domain;
use crate::probe::{Handshakes, Resolver, Witness};
use crate::reconcile::Probes;
use crate::reconcile::certificate::states::Sight;
use crate::runcloud::{Actual, Kind};
use crate::stop::Stop;
use crate::wordpress::Desired;

const HTTP: u16 = 80;
const HTTPS: u16 = 443;
/// So many names are looked at. Each look ends within half a minute, whatever it has seen by then.
const NAMES: usize = 1_000;

/// Looks where the names point that should be served, and which certificates the web server shows for them.
pub(super) async fn look(
    settings: &Examined,
    api: &Api,
    wordpress: &WordPress,
    now: Timestamp,
) -> Wire {
    let (Some(Ok(actual)), Some(desired)) = (&api.domains, &wordpress.desired) else {
        return Wire::default();
    };
    let address = api.server.as_ref().and_then(|server| server.as_ref().ok()?.address);
    let web_server = settings.probe.web_server;
    let here = address.into_iter().chain(web_server.map(|server| server.ip())).collect();
    let web_server = web_server.or(address.map(|address| SocketAddr::new(address, HTTPS)));
    let names = names(actual, desired);
    let asked: BTreeSet<Domain> = names
        .iter()
        .flat_map(|(name, www)| [Some(name), www.as_ref()])
        .flatten()
        .cloned()
        .collect();
    let (probes, no_resolver) = probes(settings);
    let stop = Stop::new();
    let (verdicts, sights) = tokio::join!(
        probes.verdicts(&asked, desired, actual.primary(), &here, &stop),
        sights(web_server, &names, now, &stop),
    );
    Wire { verdicts, sights, web_server, no_resolver }
}

/// The application's own name and those that rows want, each with its `www.` where that is served too.
fn names(actual: &Actual, desired: &Desired) -> BTreeMap<Domain, Option<Domain>> {
    let entries = actual.entries().iter();
    let is_served = |name: &Domain, kind| match kind {
        Kind::Primary => true,
        Kind::Alias | Kind::Unknown => desired.is_wanted(name),
        Kind::Redirect => false,
    };
    let served = entries
        .filter(|(name, entry)| is_served(name, entry.kind))
        .map(|(name, entry)| (name.clone(), name.with_www().filter(|_| entry.www == Some(true))));
    served.take(NAMES).collect()
}

fn probes(settings: &Examined) -> (Probes, Option<String>) {
    let resolver = Resolver::new(&settings.probe.resolvers);
    let why = resolver.as_ref().err().map(ToString::to_string);
    let keys = settings.probe.witness.as_ref();
    let mut probes = Probes::new(resolver.ok());
    probes.accept.clone_from(&settings.probe.accept);
    probes.witness = keys.and_then(|keys| Witness::new(&keys.auth_key, &keys.auth_salt, HTTP).ok());
    (probes, why)
}

async fn sights(
    web_server: Option<SocketAddr>,
    names: &BTreeMap<Domain, Option<Domain>>,
    now: Timestamp,
    stop: &Stop,
) -> BTreeMap<Domain, Sight> {
    let Some(address) = web_server else { return BTreeMap::new() };
    let asked = names.keys().cloned().collect();
    let seen = Handshakes::new(address).look(&asked, stop).await;
    let sight = |(name, seen)| {
        let www = names.get(&name).and_then(Option::as_ref);
        let sight = Sight::of(&seen, &name, www, now);
        (name, sight)
    };
    seen.into_iter().map(sight).collect()
}

//! Looks at the world beside RunCloud's API: where names point, and which certificate the web server shows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use tokio::sync::OnceCell;

use super::certificate::states::{Sight, wants_look};
use super::inputs::Inputs;
use super::network::{Network, PassError};
use super::pointing;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{CertificateState, Known, Verdict};
use crate::probe::{Asked, DnsVerdict, Expected, Handshakes, Hearing, Resolver, Seen, Witness};
use crate::runcloud::{Actual, ApiError};
use crate::stop::Stop;
use crate::wordpress::{Claim, Desired};

const HTTPS: u16 = 443;

/// What the outside world is looked at with.
pub struct Probes {
    /// Says where names point; none where there is none to ask.
    pub resolver: Option<Resolver>,
    /// Networks that count as here, such as a proxy's (`dns.accept`).
    pub accept: Vec<IpNet>,
    /// Where the web server is asked for certificates (`ssl.probe_address`); none for the server's own address.
    pub web_server: Option<SocketAddr>,
    /// Asks names over http whether WordPress answers; none without its keys.
    pub witness: Option<Witness>,
    /// Whether a look that held something back is made again in each pass, as whoever waits for the answer
    /// expects.
    pub eager: bool,
    /// The server's public address, as RunCloud says it; asked once.
    server: OnceCell<Option<IpAddr>>,
}

/// What a look at where names point was about.
pub(super) struct Pointed {
    /// Names that nobody asks about any more.
    pub(super) forgotten: BTreeSet<Domain>,
    /// Where names should point; empty where none was looked up.
    pub(super) expected: BTreeSet<IpAddr>,
}

/// Names to be looked at, each with its `www.` where that is served too.
pub(super) type Names = BTreeMap<Domain, Option<Domain>>;

impl Probes {
    /// Probes that ask the resolver, and nothing else until they are told to.
    pub fn new(resolver: Option<Resolver>) -> Self {
        Self {
            resolver,
            accept: vec![],
            web_server: None,
            witness: None,
            eager: true,
            server: OnceCell::new(),
        }
    }

    /// Where the names point, as DNS says and WordPress behind a proxy. `primary` is RunCloud's, where it is known,
    /// and `server` are the addresses that are here.
    pub(crate) async fn verdicts(
        &self,
        names: &BTreeSet<Domain>,
        desired: &Desired,
        primary: Option<&Domain>,
        server: &BTreeSet<IpAddr>,
        stop: &Stop,
    ) -> BTreeMap<Domain, DnsVerdict> {
        let control = primary.or(desired.network.as_ref());
        let Probes { resolver, accept, .. } = self;
        let expected = Expected { addresses: server.clone(), accept: accept.clone() };
        let mut verdicts = if let Some(resolver) = resolver {
            resolver.look(names, control, &expected, stop).await
        } else {
            let unknown = DnsVerdict::Unknown("there is no resolver to ask".into());
            names.iter().map(|name| (name.clone(), unknown.clone())).collect()
        };
        for name in self.witnessed(&verdicts, desired, &expected, stop).await {
            verdicts.insert(name, DnsVerdict::Here);
        }
        verdicts
    }

    /// The names at which WordPress answers although they point elsewhere, such as to a proxy.
    async fn witnessed(
        &self,
        verdicts: &BTreeMap<Domain, DnsVerdict>,
        desired: &Desired,
        expected: &Expected,
        stop: &Stop,
    ) -> Vec<Domain> {
        let Some(witness) = &self.witness else { return vec![] };
        let asked = |(name, verdict): (&Domain, &DnsVerdict)| {
            let DnsVerdict::Elsewhere(addresses) = verdict else { return None };
            let bare = name.without_www();
            let is_row = |row: &Domain| row == name || bare.as_ref() == Some(row);
            let rows = desired.rows.iter().filter(|(_, row)| is_row(row));
            let ids: BTreeSet<i64> = rows.map(|(id, _)| *id).collect();
            let addresses = expected.askable(addresses);
            (!ids.is_empty()).then(|| (name.clone(), Asked { addresses, ids }))
        };
        let asked: BTreeMap<Domain, Asked> = verdicts.iter().filter_map(asked).collect();
        let heard = witness.look(&asked, stop).await;
        let heard = heard.into_iter().filter(|(_, hearing)| *hearing == Hearing::Heard);
        heard.map(|(name, _)| name).collect()
    }
}

impl Network {
    /// Brings up to now what is known of where names point, of those for which it decides something.
    pub(super) async fn point(
        &self,
        desired: &Desired,
        actual: &Actual,
        known: &mut Known,
        now: Timestamp,
    ) -> Result<Pointed, PassError> {
        let inputs = Inputs { desired, actual, known, policy: &self.policy, now };
        let interesting = pointing::interesting(&inputs);
        let eager = if self.probes.eager { eager(&interesting, desired) } else { BTreeSet::new() };
        let fresh = pointing::to_look_up(&interesting, &known.verdicts, &eager, now);
        let is_over = |name: &Domain, _: &mut Verdict| !interesting.contains_key(name);
        let forgotten = known.verdicts.extract_if(.., is_over).map(|(name, _)| name).collect();
        let mut expected = BTreeSet::new();
        if !fresh.is_empty() {
            expected = self.expected().await?;
            let primary = actual.primary();
            for (name, verdict) in self.verdicts_of(&fresh, desired, primary, &expected).await? {
                let cause = interesting.get(&name).map(pointing::words);
                let before = known.verdicts.get(&name);
                let seen = pointing::remember(before, verdict, cause.unwrap_or_default(), now);
                known.verdicts.insert(name, seen);
            }
        }
        Ok(Pointed { forgotten, expected })
    }

    /// Where names should point.
    pub(super) async fn expected(&self) -> Result<BTreeSet<IpAddr>, PassError> {
        let web_server = self.probes.web_server.map(|address| address.ip());
        Ok(self.server_address().await?.into_iter().chain(web_server).collect())
    }

    pub(super) async fn verdicts_of(
        &self,
        names: &BTreeSet<Domain>,
        desired: &Desired,
        primary: Option<&Domain>,
        server: &BTreeSet<IpAddr>,
    ) -> Result<BTreeMap<Domain, DnsVerdict>, PassError> {
        let verdicts = self.probes.verdicts(names, desired, primary, server, &self.stop).await;
        if self.stop.is_requested() {
            return Err(PassError::Stopped);
        }
        Ok(verdicts)
    }

    /// RunCloud's word on the server's address; where it has none, or none for now, the others have to do.
    async fn server_address(&self) -> Result<Option<IpAddr>, PassError> {
        match self.probes.server.get_or_try_init(|| self.reader.server_address()).await {
            Ok(address) => Ok(*address),
            Err(error @ (ApiError::Stopped | ApiError::Unauthorized(_))) => Err(error.into()),
            Err(error) => {
                tracing::debug!("the server's address is not known: {error}");
                Ok(None)
            }
        }
    }

    /// What the web server shows of the names, those that are to be looked at now.
    pub(super) async fn sights(
        &self,
        names: &Names,
        states: &BTreeMap<Domain, CertificateState>,
        now: Timestamp,
    ) -> Result<BTreeMap<Domain, Sight>, PassError> {
        let wanted = names.keys().filter(|name| wants_look(states.get(*name), now));
        let wanted: BTreeSet<Domain> = wanted.cloned().collect();
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let web_server = match self.probes.web_server {
            Some(address) => Some(address),
            None => self.server_address().await?.map(|address| SocketAddr::new(address, HTTPS)),
        };
        let seen = if let Some(address) = web_server {
            Handshakes::new(address).look(&wanted, &self.stop).await
        } else {
            let unseen = || Seen::Failed("the server's address is not known".to_owned());
            wanted.into_iter().map(|name| (name, unseen())).collect()
        };
        if self.stop.is_requested() {
            return Err(PassError::Stopped);
        }
        let sight = |(name, seen): (Domain, Seen)| {
            let www = names.get(&name).and_then(Option::as_ref);
            let sight = Sight::of(&seen, &name, www, now);
            (name, sight)
        };
        Ok(seen.into_iter().map(sight).collect())
    }
}

/// The names that hold something back, and not just a `www.` that nobody mapped.
fn eager(interesting: &BTreeMap<Domain, Claim>, desired: &Desired) -> BTreeSet<Domain> {
    interesting.keys().filter(|name| desired.claims.contains_key(*name)).cloned().collect()
}

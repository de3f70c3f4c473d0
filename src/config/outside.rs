//! What concerns the world beside WordPress and RunCloud: DNS, certificates, the network's own answers.

use secrecy::SecretString;

use super::resolve::Resolver;
use super::{Probe, WitnessKeys};
use crate::reconcile::certificate::SslRules;

const DNS_PORT: u16 = 53;
const HTTPS_PORT: u16 = 443;

impl Resolver<'_> {
    pub(super) fn rules(&self) -> SslRules {
        let (ssl, default) = (&self.layers.file.ssl, SslRules::default());
        SslRules {
            install: ssl.install,
            min_interval: ssl.min_interval.map_or(default.min_interval, |span| span.0),
            max_per_week: ssl.max_per_week.unwrap_or(default.max_per_week),
            ..default
        }
    }

    pub(super) fn probe(&self, witness: Option<WitnessKeys>) -> Probe {
        let (dns, ssl) = (&self.layers.file.dns, &self.layers.file.ssl);
        Probe {
            resolvers: dns.resolvers.iter().map(|address| address.or_port(DNS_PORT)).collect(),
            accept: dns.accept.iter().map(|network| network.0).collect(),
            web_server: ssl.probe_address.map(|address| address.or_port(HTTPS_PORT)),
            witness,
        }
    }

    /// The keys that sign the plugin's own reachability request. They are no credentials of ours, so not
    /// knowing them is no error.
    pub(super) fn witness(&self, notices: &mut Vec<String>) -> Option<WitnessKeys> {
        let mut key = |name: &'static str| {
            let found = self.layers.constant("reachability request", name, "dns.accept");
            let found = found.unwrap_or_else(|problem| {
                notices.push(problem);
                None
            });
            found.map(|found| SecretString::from(found.value))
        };
        Some(WitnessKeys { auth_key: key("AUTH_KEY")?, auth_salt: key("AUTH_SALT")? })
    }
}

//! Asks DNS where names point.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use tokio::time::{Instant, sleep, timeout_at};

use super::verdict::{Answer, DnsVerdict, Expected, Miss};
use crate::domain::Domain;
use crate::stop::Stop;

/// How long one name may take.
const NAME: Duration = Duration::from_secs(4);
/// How long a question waits before it is asked once more. A resolver that was still looking has the answer by then.
const QUESTION: Duration = Duration::from_secs(2);
/// How long a look goes on while nothing is answered.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a look may take in all.
const LOOK: Duration = Duration::from_secs(30);
/// So many names are asked for at once, each with two questions.
const AT_ONCE: usize = 16;
/// How long an answer is remembered whose TTL is longer. Let's Encrypt's resolvers do the same, and a name that has just
/// moved here is what is waited for.
const LONGEST_MEMORY: Duration = Duration::from_mins(1);
/// How many answers are remembered: enough for the few names that customers' CNAMEs lead to.
const REMEMBERED: u64 = 64;
/// The longest chain of CNAMEs that is followed, which is also the client's limit.
const LONGEST_CHAIN: usize = 8;

/// Asks the resolvers of the operator's choice, and remembers each answer for as long as its TTL says, a minute at most.
///
/// Names are fully qualified: there are no search domains, no /etc/hosts and no multicast.
#[derive(Clone, Debug)]
pub struct Resolver(TokioResolver);

/// Nobody can be asked.
#[derive(Debug, thiserror::Error)]
#[error("the resolvers in /etc/resolv.conf cannot be used ({0}); name some in dns.resolvers")]
pub struct NoResolver(NetError);

impl Resolver {
    /// Asks these resolvers, or the system's where none is named.
    ///
    /// # Errors
    /// [`NoResolver`] where neither names any.
    pub fn new(resolvers: &[SocketAddr]) -> Result<Self, NoResolver> {
        let name_servers = if resolvers.is_empty() {
            let (system, _) = read_system_conf().map_err(NoResolver)?;
            system.name_servers
        } else {
            resolvers.iter().copied().map(name_server).collect()
        };
        let config = ResolverConfig::from_name_servers(name_servers);
        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.timeout = QUESTION;
        options.attempts = 1;
        options.positive_max_ttl = Some(LONGEST_MEMORY);
        options.negative_max_ttl = Some(LONGEST_MEMORY);
        options.cache_size = REMEMBERED;
        options.use_hosts_file = ResolveHosts::Never;
        builder.build().map(Self).map_err(NoResolver)
    }

    /// Verdicts of `names`, one for each.
    ///
    /// The addresses of `control`, the network's own domain, count as here too: behind a proxy or a balancer,
    /// customers point where the network points. A resolver that does not find it is not believed: every verdict is
    /// unknown then, and nobody is asked for the others. Unknown is also what is not answered in time (some 5 s
    /// when nothing is answered, 30 s in any case) or before `stop` comes.
    pub async fn look(
        &self,
        names: &BTreeSet<Domain>,
        control: Option<&Domain>,
        expected: &Expected,
        stop: &Stop,
    ) -> BTreeMap<Domain, DnsVerdict> {
        let mut verdicts = BTreeMap::new();
        if names.is_empty() {
            return verdicts;
        }
        let why = tokio::select! {
            biased;
            () = stop.wait() => "the look was stopped".to_owned(),
            why = self.fill(&mut verdicts, names, control, expected) => why,
        };
        let why: Arc<str> = why.into();
        for name in names {
            verdicts.entry(name.clone()).or_insert_with(|| DnsVerdict::Unknown(Arc::clone(&why)));
        }
        verdicts
    }

    /// Enters each verdict as it comes, and says why there are no more.
    async fn fill(
        &self,
        verdicts: &mut BTreeMap<Domain, DnsVerdict>,
        names: &BTreeSet<Domain>,
        control: Option<&Domain>,
        expected: &Expected,
    ) -> String {
        let mut expected = expected.clone();
        if let Some(control) = control {
            match self.find(control).await {
                Ok(addresses) => expected.addresses.extend(addresses),
                Err(miss) => return format!("the resolver does not find {control} ({miss})"),
            }
        }
        if expected.is_empty() {
            return "there is no address to compare with".to_owned();
        }
        let end = sleep(LOOK);
        tokio::pin!(end);
        let ask = |name: Domain| async move { (self.ask(&name).await, name) };
        let mut answers = stream::iter(names.iter().cloned()).map(ask).buffer_unordered(AT_ONCE);
        let mut heard = Instant::now();
        loop {
            let next = tokio::select! {
                next = timeout_at(heard + SILENCE, answers.next()) => next,
                () = &mut end => return Miss::Silence.to_string(),
            };
            let Ok(Some(((v4, v6), name))) = next else { return Miss::Silence.to_string() };
            if [&v4, &v6].into_iter().any(|answer| *answer != Err(Miss::Silence)) {
                heard = Instant::now();
            }
            let verdict = DnsVerdict::of(v4, v6, &expected);
            tracing::debug!(domain = %name, "looked up: {verdict}");
            verdicts.insert(name, verdict);
        }
    }

    /// Every address of a name, or why some of them may be missing.
    async fn find(&self, name: &Domain) -> Answer {
        let found = match self.ask(name).await {
            (Ok(v4), Ok(v6)) => Ok(&v4 | &v6),
            (Err(Miss::None), found) | (found, Err(Miss::None)) => found,
            (Err(miss), _) | (_, Err(miss)) => Err(miss),
        };
        found.map(|addresses| addresses.iter().map(IpAddr::to_canonical).collect())
    }

    /// The answers for A and for AAAA, each in time or not.
    async fn ask(&self, name: &Domain) -> (Answer, Answer) {
        let Ok(name) = Name::from_ascii(format!("{name}.")) else {
            return (Err(Miss::None), Err(Miss::None));
        };
        let end = Instant::now() + NAME;
        let ask = async |kind| in_time(end, self.ask_for(&name, kind)).await;
        let answers = tokio::join!(ask(RecordType::A), ask(RecordType::AAAA));
        if answers != (Err(Miss::None), Err(Miss::None)) {
            return answers;
        }
        // The client takes a chain that never ends for one without an address at its end.
        let why = in_time(end, self.follow(&name)).await.err();
        (Err(why.unwrap_or(Miss::None)), Err(Miss::None))
    }

    async fn ask_for(&self, name: &Name, kind: RecordType) -> Answer {
        let lookup = self.0.lookup(name.clone(), kind).await.map_err(|error| miss(&error, kind))?;
        let address = |data: &RData| match data {
            RData::A(v4) => Some(IpAddr::V4(v4.0)),
            RData::AAAA(v6) => Some(IpAddr::V6(v6.0)),
            _ => None,
        };
        let found: BTreeSet<IpAddr> =
            lookup.answers().iter().filter_map(|record| address(&record.data)).collect();
        if found.is_empty() { Err(Miss::None) } else { Ok(found) }
    }

    /// Whether the CNAMEs of a name come to an end.
    async fn follow(&self, name: &Name) -> Result<(), Miss> {
        let mut seen = vec![name.clone()];
        while seen.len() <= LONGEST_CHAIN {
            let next = match self.next(&seen[seen.len() - 1]).await {
                Ok(next) => next,
                Err(Miss::None) => return Ok(()),
                Err(miss) => return Err(miss),
            };
            if seen.contains(&next) {
                return Err(Miss::Failed("its CNAMEs lead in a circle".to_owned()));
            }
            seen.push(next);
        }
        Err(Miss::Failed("its chain of CNAMEs is too long".to_owned()))
    }

    /// What a name is another name for.
    async fn next(&self, name: &Name) -> Result<Name, Miss> {
        let kind = RecordType::CNAME;
        let lookup = self.0.lookup(name.clone(), kind).await.map_err(|error| miss(&error, kind))?;
        let mut own = lookup.answers().iter().filter(|record| record.name == *name);
        let target = own.find_map(|record| match &record.data {
            RData::CNAME(target) => Some(target.0.clone()),
            _ => None,
        });
        target.ok_or(Miss::None)
    }
}

async fn in_time<T>(
    end: Instant,
    question: impl Future<Output = Result<T, Miss>>,
) -> Result<T, Miss> {
    timeout_at(end, question).await.unwrap_or(Err(Miss::Silence))
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

fn miss(error: &NetError, kind: RecordType) -> Miss {
    let why = match error {
        NetError::Timeout => return Miss::Silence,
        NetError::Dns(DnsError::NoRecordsFound(answer)) if is_referral(answer) => {
            "a referral to other name servers".to_owned()
        }
        NetError::Dns(DnsError::NoRecordsFound(_)) => return Miss::None,
        NetError::Dns(DnsError::ResponseCode(ResponseCode::ServFail)) => "SERVFAIL".to_owned(),
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => "REFUSED".to_owned(),
        error => error.to_string(),
    };
    Miss::Failed(format!("{why} for {kind}"))
}

/// A server that is lame for a name, or does not look further, names others instead of answering (RFC 2308 §2.2).
fn is_referral(answer: &NoRecords) -> bool {
    let is_empty = answer.response_code == ResponseCode::NoError && answer.soa.is_none();
    is_empty && answer.ns.is_some()
}

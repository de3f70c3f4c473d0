//! What the answers of DNS mean: pure, so that every combination can be tried.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ipnet::IpNet;

/// What a name's DNS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsVerdict {
    /// Every address of the name is here.
    Here,
    /// These addresses of the name are not here, whatever its other ones are.
    Elsewhere(BTreeSet<IpAddr>),
    /// The name does not exist, or has no address.
    NotFound,
    /// Nothing can be said, and why; often the same of many names.
    Unknown(Arc<str>),
}

/// What counts as here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The addresses of the server.
    pub addresses: BTreeSet<IpAddr>,
    /// Networks that count as well, such as a proxy's.
    pub accept: Vec<IpNet>,
}

/// The answer to the question for one kind of address.
pub(super) type Answer = Result<BTreeSet<IpAddr>, Miss>;

/// Why a question brought no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// The name does not exist, or has no address of that kind.
    None,
    /// It was not answered, and why.
    Failed(String),
    /// Nobody answered in time.
    Silence,
}

impl DnsVerdict {
    /// The verdict's name in JSON and in the ledger: `here`, `elsewhere`, `not_found` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            DnsVerdict::Here => "here",
            DnsVerdict::Elsewhere(_) => "elsewhere",
            DnsVerdict::NotFound => "not_found",
            DnsVerdict::Unknown(_) => "unknown",
        }
    }

    /// What the answers for A and AAAA mean.
    ///
    /// An address elsewhere counts whatever the rest says: Let's Encrypt tries IPv6 first, and any one of several
    /// addresses. Only a pair of whole answers says that a name is here or has no address.
    pub(super) fn of(v4: Answer, v6: Answer, expected: &Expected) -> Self {
        let (mut seen, mut failed) = (BTreeSet::new(), None);
        for answer in [v4, v6] {
            match answer {
                Ok(addresses) => seen.extend(addresses),
                Err(Miss::None) => {}
                Err(miss) => failed = failed.or(Some(miss.to_string())),
            }
        }
        let elsewhere: BTreeSet<IpAddr> =
            seen.iter().copied().filter(|address| !expected.has(*address)).collect();
        match failed {
            _ if !elsewhere.is_empty() => DnsVerdict::Elsewhere(elsewhere),
            Some(why) => DnsVerdict::Unknown(why.into()),
            None if seen.is_empty() => DnsVerdict::NotFound,
            None => DnsVerdict::Here,
        }
    }
}

impl fmt::Display for DnsVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DnsVerdict::Here => f.write_str("points here"),
            DnsVerdict::Elsewhere(addresses) => {
                let listed: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                write!(f, "points to {}", listed.join(", "))
            }
            DnsVerdict::NotFound => f.write_str("has no address in DNS"),
            DnsVerdict::Unknown(why) => write!(f, "DNS is not known: {why}"),
        }
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Miss::None => f.write_str("no address"),
            Miss::Failed(why) => f.write_str(why),
            Miss::Silence => f.write_str("no answer in time"),
        }
    }
}

impl Expected {
    /// Whether an address is one of the server's or in an accepted network.
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.addresses.contains(&address) || self.accept.iter().any(|net| net.contains(&address))
    }

    /// Those of `addresses` that are the same machine for everybody. Loopback, private and link-local ones are another
    /// one for each who asks, so that an answer from there proves nothing, unless the server itself is at such a one.
    pub fn askable(&self, addresses: &BTreeSet<IpAddr>) -> BTreeSet<IpAddr> {
        let own: Vec<Reach> = self.addresses.iter().copied().map(Reach::of).collect();
        let is_askable = |address: &IpAddr| {
            let reach = Reach::of(*address);
            reach == Reach::World || own.contains(&reach)
        };
        addresses.iter().copied().filter(is_askable).collect()
    }

    /// Whether there is anything to compare with.
    pub(super) fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.accept.is_empty()
    }
}

/// Who is meant by an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// One machine, whoever asks.
    World,
    /// Some machine of the asker's own network.
    Network,
    /// The asker, or nobody.
    Machine,
}

impl Reach {
    fn of(address: IpAddr) -> Self {
        let (is_local, is_near) = match address.to_canonical() {
            IpAddr::V4(v4) => (
                v4.is_loopback() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast(),
                v4.is_private() || v4.is_link_local() || is_shared(v4),
            ),
            IpAddr::V6(v6) => (
                v6.is_loopback() || v6.is_unspecified() || v6.is_multicast(),
                v6.is_unique_local() || v6.is_unicast_link_local(),
            ),
        };
        match (is_local, is_near) {
            (true, _) => Reach::Machine,
            (_, true) => Reach::Network,
            (false, false) => Reach::World,
        }
    }
}

/// 100.64.0.0/10, between a provider and its customers (RFC 6598).
fn is_shared(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [100, 64..=127, ..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expected() -> Expected {
        let accept = vec!["127.9.0.0/16".parse().unwrap()];
        Expected { addresses: set(&["127.0.0.2"]), accept }
    }

    fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    fn verdict(v4: Answer, v6: Answer) -> String {
        DnsVerdict::of(v4, v6, &expected()).to_string()
    }

    fn failed() -> Answer {
        Err(Miss::Failed("SERVFAIL for AAAA".into()))
    }

    #[test]
    fn both_answers_make_one_verdict() {
        let here = || Ok(set(&["127.0.0.2"]));
        let none = || Err(Miss::None);
        let mixed = || Ok(set(&["127.0.0.2", "127.0.0.3", "127.9.1.1"]));
        for (v4, v6, said) in [
            (here(), none(), "points here"),
            (Ok(set(&["127.9.1.1"])), none(), "points here"),
            (mixed(), none(), "points to 127.0.0.3"),
            (here(), Ok(set(&["::1"])), "points to ::1"),
            (mixed(), Ok(set(&["::1"])), "points to 127.0.0.3, ::1"),
            (none(), none(), "has no address in DNS"),
            (here(), failed(), "DNS is not known: SERVFAIL for AAAA"),
            (none(), failed(), "DNS is not known: SERVFAIL for AAAA"),
            (Err(Miss::Silence), failed(), "DNS is not known: no answer in time"),
            (mixed(), failed(), "points to 127.0.0.3"),
            (failed(), Ok(set(&["::1"])), "points to ::1"),
        ] {
            assert_eq!(verdict(v4, v6), said);
        }
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_ipv4_address() {
        assert!(expected().has("::ffff:127.0.0.2".parse().unwrap()));
        assert!(!expected().has("::ffff:127.0.0.3".parse().unwrap()));
    }

    #[test]
    fn only_addresses_that_mean_one_machine_are_worth_a_question() {
        let near = ["10.0.0.1", "169.254.169.254", "100.100.0.1", "fd00::1", "fe80::1"];
        let local = ["127.0.0.3", "0.0.0.0", "::1", "::ffff:127.0.0.1", "224.0.0.1"];
        let all = [&near[..], &local[..]].concat();
        let at = |own: &[&str]| Expected { addresses: set(own), accept: vec![] };
        assert_eq!(at(&[]).askable(&set(&all)), set(&[]));
        assert_eq!(at(&["127.0.0.2"]).askable(&set(&all)), set(&local));
        assert_eq!(at(&["192.168.0.2"]).askable(&set(&all)), set(&near));
        let world = |first: u8| IpAddr::from([first, 1, 1, 1]);
        assert_eq!(at(&[]).askable(&BTreeSet::from([world(1)])), BTreeSet::from([world(1)]));
    }

    fn answers() -> impl Strategy<Value = Answer> {
        let address = prop_oneof![
            (1_u8..5).prop_map(|last| IpAddr::from([127, 0, 0, last])),
            Just("::1".parse().unwrap()),
        ];
        prop_oneof![
            prop::collection::btree_set(address, 1..4).prop_map(Ok),
            Just(Err(Miss::None)),
            Just(Err(Miss::Silence)),
            Just(failed()),
        ]
    }

    proptest! {
        #[test]
        fn a_verdict_never_says_more_than_the_answers(v4 in answers(), v6 in answers()) {
            let whole = |answer: &Answer| matches!(answer, Ok(_) | Err(Miss::None));
            let all: BTreeSet<IpAddr> = [&v4, &v6].into_iter().flatten().flatten().copied().collect();
            let wrong = |address: &&IpAddr| !expected().has(**address);
            let is_whole = whole(&v4) && whole(&v6);
            match DnsVerdict::of(v4.clone(), v6.clone(), &expected()) {
                DnsVerdict::Here => {
                    prop_assert!(is_whole && !all.is_empty() && !all.iter().any(|one| wrong(&one)));
                }
                DnsVerdict::Elsewhere(addresses) => {
                    let misdirected: BTreeSet<IpAddr> = all.iter().filter(wrong).copied().collect();
                    prop_assert!(!addresses.is_empty());
                    prop_assert_eq!(addresses, misdirected);
                }
                DnsVerdict::NotFound => prop_assert!(is_whole && all.is_empty()),
                DnsVerdict::Unknown(_) => prop_assert!(!is_whole),
            }
        }
    }
}

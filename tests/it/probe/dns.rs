//! Where names point, by packets from an authoritative name server.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use insta::assert_snapshot;
use runcloud_domain_sync::probe::{DnsVerdict, Expected, Resolver};
use runcloud_domain_sync::simulator::{DnsAnswer, NameServer};
use runcloud_domain_sync::stop::Stop;
use tokio::time::Instant;

use super::{name, names};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A name server, and a resolver that asks nobody else.
struct Dns {
    server: NameServer,
    resolver: Resolver,
    expected: Expected,
    control: Option<&'static str>,
    stop: Stop,
}

impl Dns {
    async fn new() -> Self {
        let server = NameServer::start().await.unwrap();
        let resolver = Resolver::new(&[server.address()]).unwrap();
        let expected = Expected { addresses: BTreeSet::from([HERE]), accept: vec![] };
        Self { server, resolver, expected, control: None, stop: Stop::new() }
    }

    fn points<const N: usize>(self, name: &str, to: [IpAddr; N]) -> Self {
        self.server.points(name, to);
        self
    }

    fn says(self, name: &str, answer: DnsAnswer) -> Self {
        self.server.says(name, answer);
        self
    }

    fn says_for_aaaa(self, name: &str, answer: DnsAnswer) -> Self {
        self.server.says_for_aaaa(name, answer);
        self
    }

    fn controlled_by(mut self, name: &'static str) -> Self {
        self.control = Some(name);
        self
    }

    /// A line for each name, in their order.
    async fn look(&self, sought: &[&str]) -> String {
        let control = self.control.map(name);
        let verdicts =
            self.resolver.look(&names(sought), control.as_ref(), &self.expected, &self.stop).await;
        assert_eq!(verdicts.len(), sought.len());
        let line = |(name, verdict)| format!("{name} {verdict}\n");
        verdicts.iter().map(line).collect()
    }
}

#[tokio::test]
async fn every_answer_has_its_verdict() {
    let dns = Dns::new()
        .await
        .points("a-here.test", [HERE])
        .points("b-elsewhere.test", [ELSEWHERE])
        .points("c-one-of-two.test", [HERE, ELSEWHERE])
        .points("d-v6-elsewhere.test", [HERE, V6])
        .points("e-v6-alone.test", [V6])
        .says("g-no-data.test", DnsAnswer::NoData)
        .says("h-servfail.test", DnsAnswer::ServFail)
        .says("i-refused.test", DnsAnswer::Refused)
        .says("j-lame.test", DnsAnswer::Referral);
    let sought = [
        "a-here.test",
        "b-elsewhere.test",
        "c-one-of-two.test",
        "d-v6-elsewhere.test",
        "e-v6-alone.test",
        "f-not-there.test",
        "g-no-data.test",
        "h-servfail.test",
        "i-refused.test",
        "j-lame.test",
    ];
    assert_snapshot!(dns.look(&sought).await, @r"
    a-here.test points here
    b-elsewhere.test points to 127.0.0.3
    c-one-of-two.test points to 127.0.0.3
    d-v6-elsewhere.test points to ::1
    e-v6-alone.test points to ::1
    f-not-there.test has no address in DNS
    g-no-data.test has no address in DNS
    h-servfail.test DNS is not known: SERVFAIL for A
    i-refused.test DNS is not known: REFUSED for A
    j-lame.test DNS is not known: a referral to other name servers for A
    ");
}

#[tokio::test(start_paused = true)]
async fn one_failed_question_hides_nothing_that_the_other_shows() {
    let servfail = || DnsAnswer::ServFail;
    let v6 = DnsAnswer::Addresses(vec![V6]);
    let dns = Dns::new()
        .await
        .points("a-good-half.test", [HERE])
        .says_for_aaaa("a-good-half.test", servfail())
        .points("b-bad-half.test", [ELSEWHERE])
        .says_for_aaaa("b-bad-half.test", servfail())
        .says("c-bad-v6.test", servfail())
        .says_for_aaaa("c-bad-v6.test", v6)
        .says("d-empty-half.test", DnsAnswer::NoData)
        .says_for_aaaa("d-empty-half.test", DnsAnswer::Refused)
        .points("e-silent-half.test", [ELSEWHERE])
        .says_for_aaaa("e-silent-half.test", DnsAnswer::Silence);
    let sought = [
        "a-good-half.test",
        "b-bad-half.test",
        "c-bad-v6.test",
        "d-empty-half.test",
        "e-silent-half.test",
    ];
    assert_snapshot!(dns.look(&sought).await, @r"
    a-good-half.test DNS is not known: SERVFAIL for AAAA
    b-bad-half.test points to 127.0.0.3
    c-bad-v6.test points to ::1
    d-empty-half.test DNS is not known: REFUSED for AAAA
    e-silent-half.test points to 127.0.0.3
    ");
}

#[tokio::test]
async fn cnames_are_followed_to_their_end() {
    let to = |name: &str| DnsAnswer::Cname(name.to_owned());
    let mut dns = Dns::new()
        .await
        .says("a-here.test", to("b-here.test"))
        .says("b-here.test", to("shops.test"))
        .points("shops.test", [HERE])
        .says("c-elsewhere.test", to("other.test"))
        .points("other.test", [ELSEWHERE])
        .says("d-to-nothing.test", to("gone.test"))
        .says("e-to-no-address.test", to("empty.test"))
        .says("empty.test", DnsAnswer::NoData)
        .says("f-to-itself.test", to("f-to-itself.test"))
        .says("g-circle.test", to("h-circle.test"))
        .says("h-circle.test", to("i-circle.test"))
        .says("i-circle.test", to("g-circle.test"));
    for link in 0..12 {
        dns = dns.says(&format!("j{link}.test"), to(&format!("j{}.test", link + 1)));
    }
    dns = dns.says("j12.test", DnsAnswer::NoData);
    let sought = [
        "a-here.test",
        "b-here.test",
        "c-elsewhere.test",
        "d-to-nothing.test",
        "e-to-no-address.test",
        "f-to-itself.test",
        "g-circle.test",
        "j0.test",
    ];
    assert_snapshot!(dns.look(&sought).await, @r"
    a-here.test points here
    b-here.test points here
    c-elsewhere.test points to 127.0.0.3
    d-to-nothing.test has no address in DNS
    e-to-no-address.test has no address in DNS
    f-to-itself.test DNS is not known: its CNAMEs lead in a circle
    g-circle.test DNS is not known: its CNAMEs lead in a circle
    j0.test DNS is not known: its chain of CNAMEs is too long
    ");
}

#[tokio::test]
async fn more_addresses_than_a_packet_holds_come_over_tcp() {
    let many = (0..120).map(|last| IpAddr::from([127, 0, 1, last]));
    let mut dns = Dns::new().await;
    dns.server.points("many.test", many);
    dns.expected.accept = vec!["127.0.1.0/24".parse().unwrap()];
    assert_snapshot!(dns.look(&["many.test"]).await, @"many.test points here");
    assert!(dns.server.questions().iter().any(|question| question.over_tcp));
}

#[tokio::test]
async fn where_the_network_points_is_here() {
    let dns = Dns::new()
        .await
        .points("network.test", [PROXY, V6])
        .points("by-proxy.test", [PROXY])
        .points("by-v6.test", [PROXY, V6])
        .points("direct.test", [HERE])
        .points("lost.test", [ELSEWHERE]);
    let sought = ["by-proxy.test", "by-v6.test", "direct.test", "lost.test", "network.test"];
    assert_snapshot!(dns.look(&sought).await, @r"
    by-proxy.test points to 127.0.0.4
    by-v6.test points to 127.0.0.4, ::1
    direct.test points here
    lost.test points to 127.0.0.3
    network.test points to 127.0.0.4, ::1
    ");
    assert_snapshot!(dns.controlled_by("network.test").look(&sought).await, @r"
    by-proxy.test points here
    by-v6.test points here
    direct.test points here
    lost.test points to 127.0.0.3
    network.test points here
    ");
}

#[tokio::test]
async fn a_resolver_that_does_not_find_the_network_is_not_believed_nor_asked_further() {
    let sought = ["here.test", "lost.test"];
    let dns = Dns::new()
        .await
        .points("here.test", [HERE])
        .points("lost.test", [ELSEWHERE])
        .controlled_by("network.test");
    assert_snapshot!(dns.look(&sought).await, @r"
    here.test DNS is not known: the resolver does not find network.test (no address)
    lost.test DNS is not known: the resolver does not find network.test (no address)
    ");
    dns.server.says("network.test", DnsAnswer::ServFail);
    assert_snapshot!(dns.look(&sought).await, @r"
    here.test DNS is not known: the resolver does not find network.test (SERVFAIL for A)
    lost.test DNS is not known: the resolver does not find network.test (SERVFAIL for A)
    ");
    dns.server.points("network.test", [PROXY]);
    dns.server.says_for_aaaa("network.test", DnsAnswer::Refused);
    assert_snapshot!(dns.look(&sought).await, @r"
    here.test DNS is not known: the resolver does not find network.test (REFUSED for AAAA)
    lost.test DNS is not known: the resolver does not find network.test (REFUSED for AAAA)
    ");
    assert_eq!(dns.server.asked("here.test") + dns.server.asked("lost.test"), 0);
    dns.server.points("network.test", [PROXY]);
    assert_snapshot!(dns.look(&sought).await, @r"
    here.test points here
    lost.test points to 127.0.0.3
    ");
}

#[tokio::test]
async fn nothing_to_compare_with_is_said_and_nobody_is_asked() {
    let mut dns = Dns::new().await.points("here.test", [HERE]);
    dns.expected = Expected::default();
    assert_snapshot!(dns.look(&["here.test"]).await, @"here.test DNS is not known: there is no address to compare with");
    assert_eq!(dns.server.questions(), []);
}

#[tokio::test]
async fn an_answer_is_remembered_for_its_ttl() {
    let sought = ["empty.test", "gone.test", "here.test"];
    let dns = Dns::new().await.points("here.test", [HERE]).says("empty.test", DnsAnswer::NoData);
    let first = dns.look(&sought).await;
    let each = dns.server.asked("here.test");
    assert_eq!(dns.look(&sought).await, first);
    assert_eq!(dns.server.asked("here.test"), 2 * each, "remembered without a TTL");

    dns.server.set_ttl(3_600);
    dns.look(&sought).await;
    dns.server.forget_questions();
    dns.server.points("here.test", [ELSEWHERE]);
    assert_eq!(dns.look(&sought).await, first);
    assert_eq!(dns.server.questions(), []);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_costs_seconds_and_few_packets() {
    let dns = Dns::new().await.says("silent.test", DnsAnswer::Silence);
    let began = Instant::now();
    assert_snapshot!(dns.look(&["silent.test"]).await, @"silent.test DNS is not known: no answer in time");
    assert!(began.elapsed() <= Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(dns.server.asked("silent.test") <= 12, "{} packets", dns.server.asked("silent.test"));
}

#[tokio::test(start_paused = true)]
async fn two_hundred_names_and_a_silent_server_are_one_wait() {
    let many: Vec<String> = (0..200).map(|number| format!("site{number}.test")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut dns = Dns::new().await;
    dns.server.says_of_others(|_| DnsAnswer::Silence);
    let began = Instant::now();
    let said = dns.look(&many).await;
    assert!(said.lines().all(|line| line.ends_with("not known: no answer in time")), "{said}");
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(dns.server.questions().len() <= 200, "{} packets", dns.server.questions().len());

    dns.server.forget_questions();
    dns = dns.controlled_by("network.test");
    let began = Instant::now();
    let said = dns.look(&many).await;
    assert!(said.lines().all(|line| line.contains("does not find network.test")), "{said}");
    assert!(began.elapsed() <= Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(dns.server.questions().len() <= 12, "{} packets", dns.server.questions().len());
}

#[tokio::test(start_paused = true)]
async fn names_without_an_answer_delay_no_other() {
    let mut many: Vec<String> = (0..40).map(|number| format!("good{number}.test")).collect();
    let dns = Dns::new().await.says("dead.test", DnsAnswer::Silence);
    dns.server.says_of_others(|_| DnsAnswer::Addresses(vec![HERE]));
    many.push("dead.test".to_owned());
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let said = dns.look(&many).await;
    assert_eq!(said.lines().filter(|line| line.ends_with("points here")).count(), 40, "{said}");
    assert!(said.contains("dead.test DNS is not known: no answer in time"), "{said}");
}

#[tokio::test]
async fn a_look_ends_with_the_word_to_stop() {
    let dns = Dns::new().await.says("silent.test", DnsAnswer::Silence);
    let look = dns.look(&["silent.test"]);
    let stop = async {
        while dns.server.asked("silent.test") == 0 {
            tokio::task::yield_now().await;
        }
        dns.stop.request();
    };
    let (said, ()) = tokio::join!(look, stop);
    assert_snapshot!(said, @"silent.test DNS is not known: the look was stopped");
    dns.server.forget_questions();
    dns.look(&["silent.test"]).await;
    assert_eq!(dns.server.questions(), []);
}

#[tokio::test(start_paused = true)]
async fn nobody_at_the_resolvers_address_is_unknown() {
    let gone = NameServer::start().await.unwrap().address();
    let resolver = Resolver::new(&[gone]).unwrap();
    let expected = Expected { addresses: BTreeSet::from([HERE]), accept: vec![] };
    let verdicts = resolver.look(&names(&["here.test"]), None, &expected, &Stop::new()).await;
    assert!(matches!(verdicts[&name("here.test")], DnsVerdict::Unknown(_)), "{verdicts:?}");
}

#[tokio::test]
async fn one_dead_resolver_of_two_is_no_matter() {
    let dead: SocketAddr = NameServer::start().await.unwrap().address();
    let dns = Dns::new().await.points("here.test", [HERE]);
    let resolver = Resolver::new(&[dead, dns.server.address()]).unwrap();
    let verdicts = resolver.look(&names(&["here.test"]), None, &dns.expected, &Stop::new()).await;
    assert_eq!(verdicts[&name("here.test")], DnsVerdict::Here);
}

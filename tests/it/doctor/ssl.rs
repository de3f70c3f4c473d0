use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use runcloud_domain_sync::simulator::{Certificate, DnsAnswer, Kind, Model, Ssl};

use super::SetUp;

/// Changes the certificate of basic SSL.
fn certificate(model: &mut Model, change: impl FnOnce(&mut Certificate)) {
    let Ssl::Basic(certificate) = &mut model.app.ssl else { panic!("{:?}", model.app.ssl) };
    change(certificate);
}

fn in_days(days: u64) -> SystemTime {
    SystemTime::now() + Duration::from_hours(24 * days)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_certificate() {
    let set_up = SetUp::fine().await.runcloud(|model| model.app.ssl = Ssl::None);
    set_up.finds("ssl_installed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_s_own_certificate() {
    let set_up = SetUp::fine().await.runcloud(|model| {
        let Ssl::Basic(mut own) = model.app.ssl.clone() else { panic!() };
        own.method = "custom".into();
        model.app.ssl = Ssl::Custom(own);
    });
    set_up.finds("ssl_orderable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_test_environment() {
    let set_up = SetUp::fine().await;
    let set_up = set_up.runcloud(|model| certificate(model, |one| one.is_staging = true));
    set_up.finds("ssl_environment").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_proven_by_dns() {
    let by_dns = |one: &mut Certificate| one.authorization = "dns-01".into();
    let set_up = SetUp::fine().await.runcloud(|model| certificate(model, by_dns));
    let found = set_up.finds("ssl_method").await;
    assert!(found.contains("Set the authorization to http-01"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wildcard_among_names_that_are_proven_by_http() {
    let set_up = SetUp::fine().await.runcloud(|model| model.app.domains[0].wildcard = true);
    let found = set_up.finds("ssl_wildcard").await;
    assert!(found.contains("network.test"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_names_than_a_certificate_holds() {
    let fill = |model: &mut Model, names: usize| {
        // There are three, and one more counts twice.
        for name in 5..names {
            model.attach(&format!("n{name}.other.test"), Kind::Alias);
        }
        model.attach("www-too.other.test", Kind::Alias);
        model.app.domains.last_mut().unwrap().www = true;
    };
    let many = SetUp::fine().await.runcloud(|model| fill(model, 90));
    let found = many.finds("certificate_names").await;
    assert!(found.starts_with("warn: 90 of 100 names"), "{found}");
    let over = SetUp::fine().await.runcloud(|model| fill(model, 101));
    let found = over.finds("certificate_names").await;
    assert!(found.starts_with("fail: 101 of 100 names"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_over() {
    let over = |one: &mut Certificate| {
        one.valid_until = Some(SystemTime::now() - Duration::from_hours(24));
    };
    let set_up = SetUp::fine().await.runcloud(|model| certificate(model, over));
    set_up.finds("certificate_expired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_renewed() {
    // Renewal is due 30 days before.
    let late = |one: &mut Certificate| one.valid_until = Some(in_days(20));
    let set_up = SetUp::fine().await.runcloud(|model| certificate(model, late));
    let found = set_up.finds("certificate_renewal").await;
    assert!(found.contains("port 80"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_points_elsewhere() {
    let set_up = SetUp::fine().await;
    set_up.world.dns.points("shop.example.com", [[127, 0, 0, 3]]);
    let found = set_up.finds("name_elsewhere").await;
    assert!(found.contains("(the first to 127.0.0.3)"), "{found}");
    assert!(found.contains("A record to 127.0.0.2"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_in_dns() {
    let set_up = SetUp::fine().await;
    set_up.world.dns.says("shop.example.com", DnsAnswer::NxDomain);
    let found = set_up.finds("name_without_dns").await;
    assert!(found.contains("1 name (shop.example.com)"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_www_that_is_certified_and_not_in_dns() {
    let set_up = SetUp::fine().await.runcloud(|model| {
        let shop = model.app.domains.iter_mut().find(|domain| domain.name == "shop.example.com");
        shop.unwrap().www = true;
    });
    let found = set_up.finds("www_without_dns").await;
    assert!(found.contains("1 name (shop.example.com) with www"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_does_not_find_the_network_is_worth_a_note() {
    let set_up = SetUp::fine().await;
    set_up.world.dns.says("network.test", DnsAnswer::ServFail);
    let mend = set_up.notes("dns_known").await;
    assert!(mend.contains("dns.resolvers"), "{mend}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_that_does_not_answer_is_worth_a_note() {
    let set_up = SetUp::fine().await;
    let address = set_up.world.web().tls_address().to_string();
    let mend = set_up.configure(&address, "127.0.0.2:1").notes("web_server_seen").await;
    assert!(mend.contains("ssl.probe_address"), "{mend}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_its_order_did_not_cover() {
    let without = |one: &mut Certificate| one.names.retain(|name| name != "shop.example.com");
    let set_up = SetUp::fine().await.runcloud(|model| certificate(model, without));
    let found = set_up.finds("name_not_covered").await;
    assert!(found.contains("1 name (shop.example.com) not covered"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_its_own_certificate() {
    let set_up = SetUp::fine().await.runcloud(|model| {
        let Ssl::Basic(one) = model.app.ssl.clone() else { panic!() };
        let with = model.app.domains.iter().filter(|domain| domain.name != "shop.example.com");
        let certificates: BTreeMap<_, _> =
            with.map(|domain| (domain.id, Certificate { id: domain.id, ..one.clone() })).collect();
        model.app.ssl = Ssl::Advanced { auto: false, certificates };
    });
    let address = set_up.world.web().tls_address().to_string();
    let set_up = set_up.configure(&address, "127.0.0.2:1");
    let found = set_up.finds("name_not_covered").await;
    assert!(found.contains("1 name (shop.example.com)"), "{found}");
}

//! A RunCloud with its DNS and its web server in a process of its own, for tests that cannot have it in theirs. It prints
//! the API's URL, the name server's address and the web server's, a line each, then serves until it is killed; from
//! SIGUSR1 on it answers every call with 503, until SIGUSR2.

use std::io;
use std::net::Ipv4Addr;

use runcloud_domain_sync::simulator::{
    DnsAnswer, Fault, Kind, Model, NameServer, Simulator, WebServer,
};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut outage = signal(SignalKind::user_defined1())?;
    let mut end = signal(SignalKind::user_defined2())?;
    let mut network = Model::new(1).calm();
    network.detach("network.example");
    network.attach("network.test", Kind::Primary);
    let runcloud = Simulator::start(network).await?;
    let dns = NameServer::start().await?;
    dns.says_of_others(here_without_www);
    let web_server = WebServer::start(&runcloud, Ipv4Addr::LOCALHOST.into()).await?;
    println!("{}\n{}\n{}", runcloud.url(), dns.address(), web_server.tls_address());
    loop {
        tokio::select! {
            _ = outage.recv() => runcloud.model().faults.push(Fault::any().status(503).always()),
            _ = end.recv() => runcloud.model().faults.clear(),
        }
    }
}

/// Every customer has pointed the name here, and nobody thought of `www`.
fn here_without_www(name: &str) -> DnsAnswer {
    if name.starts_with("www.") {
        DnsAnswer::NxDomain
    } else {
        DnsAnswer::Addresses(vec![Ipv4Addr::new(127, 0, 0, 2).into()])
    }
}

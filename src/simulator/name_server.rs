//! An authoritative name server on loopback whose answers are scripted while it runs.
//!
//! It answers what it was told for each name, over UDP and TCP, and keeps every question.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hickory_resolver::proto::op::{Edns, Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, NS, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// The largest packet that is sent over UDP, whatever the client would take.
const LARGEST_PACKET: usize = 1_232;

/// A running name server; it stops when it is dropped.
#[derive(Debug)]
pub struct NameServer {
    zone: Arc<Zone>,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

/// What is answered for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsAnswer {
    /// These addresses, each to the question for its kind.
    Addresses(Vec<IpAddr>),
    /// Another name, with what is known of that one.
    Cname(String),
    /// There is no such name.
    NxDomain,
    /// The name has other records, perhaps.
    NoData,
    /// The server failed.
    ServFail,
    /// The server does not want to, as one does that a name was delegated to by mistake.
    Refused,
    /// The names of other servers instead of an answer, as a lame one does.
    Referral,
    /// Nothing at all.
    Silence,
}

/// A question that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name in lower case, without the trailing dot.
    pub name: String,
    /// The kind of record, such as `AAAA`.
    pub kind: String,
    /// Whether it came over TCP.
    pub over_tcp: bool,
}

#[derive(Debug, Default)]
struct Zone(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    answers: BTreeMap<String, DnsAnswer>,
    /// The answer for names that nothing was said of; none for "no such name".
    others: Option<fn(&str) -> DnsAnswer>,
    /// Where the answer for AAAA is another one.
    for_aaaa: BTreeMap<String, DnsAnswer>,
    /// In seconds.
    ttl: u32,
    questions: Vec<Question>,
}

impl NameServer {
    /// Serves a zone without any name on a free port of 127.0.0.1.
    pub async fn start() -> io::Result<NameServer> {
        let (tcp, udp) = sockets().await?;
        let address = udp.local_addr()?;
        let zone = Arc::new(Zone::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(Arc::clone(&zone), udp));
        tasks.spawn(serve_tcp(Arc::clone(&zone), tcp));
        Ok(NameServer { zone, address, _tasks: tasks })
    }

    /// Where it listens, over UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the name has these addresses, and no others.
    pub fn points<A: Into<IpAddr>>(&self, name: &str, to: impl IntoIterator<Item = A>) {
        self.says(name, DnsAnswer::Addresses(to.into_iter().map(Into::into).collect()));
    }

    /// From now on this is the answer for the name, to every question; a name that nothing was said of does not exist.
    pub fn says(&self, name: &str, answer: DnsAnswer) {
        let mut book = self.zone.book();
        book.for_aaaa.remove(name);
        book.answers.insert(name.to_owned(), answer);
    }

    /// From now on names that nothing was said of have these answers.
    pub fn says_of_others(&self, answer: fn(&str) -> DnsAnswer) {
        self.zone.book().others = Some(answer);
    }

    /// From now on this is the answer for the name to the question for AAAA.
    pub fn says_for_aaaa(&self, name: &str, answer: DnsAnswer) {
        self.zone.book().for_aaaa.insert(name.to_owned(), answer);
    }

    /// How many seconds answers may be remembered, those without a record too; none at first.
    pub fn set_ttl(&self, seconds: u32) {
        self.zone.book().ttl = seconds;
    }

    /// Every question since the start or the last [`NameServer::forget_questions`], in order of arrival.
    pub fn questions(&self) -> Vec<Question> {
        self.zone.book().questions.clone()
    }

    /// How many of them were about that name.
    pub fn asked(&self, name: &str) -> usize {
        self.zone.book().questions.iter().filter(|question| question.name == name).count()
    }

    /// Empties the list of questions.
    pub fn forget_questions(&self) {
        self.zone.book().questions.clear();
    }
}

/// Both on one port; one that is free for the first may be taken for the second.
async fn sockets() -> io::Result<(TcpListener, UdpSocket)> {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            udp => return Ok((tcp, udp?)),
        }
    }
}

/// Until the socket fails, which on loopback it does not.
async fn serve_udp(zone: Arc<Zone>, udp: UdpSocket) {
    let mut packet = vec![0; usize::from(u16::MAX)];
    while let Ok((length, peer)) = udp.recv_from(&mut packet).await {
        let Some(answer) = zone.answer(&packet[..length], false) else { continue };
        let room = LARGEST_PACKET.min(answer.max_payload().into());
        let whole = answer.to_vec().unwrap_or_default();
        let fits = whole.len() <= room;
        let bytes = if fits { whole } else { answer.truncate().to_vec().unwrap_or_default() };
        // A client that is gone needs no answer.
        let _ = udp.send_to(&bytes, peer).await;
    }
}

async fn serve_tcp(zone: Arc<Zone>, tcp: TcpListener) {
    let mut clients = JoinSet::new();
    while let Ok((stream, _)) = tcp.accept().await {
        while clients.try_join_next().is_some() {}
        clients.spawn(converse(Arc::clone(&zone), stream));
    }
}

/// Answers until the client goes.
async fn converse(zone: Arc<Zone>, mut stream: TcpStream) -> io::Result<()> {
    loop {
        let mut packet = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut packet).await?;
        let Some(answer) = zone.answer(&packet, true) else { continue };
        let bytes = answer.to_vec().map_err(io::Error::other)?;
        stream.write_u16(u16::try_from(bytes.len()).map_err(io::Error::other)?).await?;
        stream.write_all(&bytes).await?;
    }
}

impl Zone {
    /// The answer to a packet, unless it is no question or silence is the answer.
    fn answer(&self, packet: &[u8], over_tcp: bool) -> Option<Message> {
        let request = Message::from_vec(packet).ok()?;
        let query = request.queries.first()?;
        let (name, kind) = (query.name(), query.query_type());
        let mut response = Message::response(request.id, request.op_code);
        response.metadata.authoritative = true;
        response.metadata.recursion_desired = request.recursion_desired;
        response.add_query(query.clone());
        if request.edns.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(request.max_payload());
            response.set_edns(edns);
        }
        let mut book = self.book();
        let question = Question { name: text(name), kind: kind.to_string(), over_tcp };
        book.questions.push(question);
        book.fill(&mut response, name, kind)?;
        Some(response)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Writes what is known of a name and of those it is another name for; nothing where silence is meant.
    fn fill(&self, response: &mut Message, name: &Name, kind: RecordType) -> Option<()> {
        let mut name = name.clone();
        while let DnsAnswer::Cname(target) = self.answer(&name, kind) {
            let target = Name::from_ascii(format!("{target}.")).ok()?;
            let record = RData::CNAME(CNAME(target.clone()));
            response.add_answer(Record::from_rdata(name, self.ttl, record));
            let is_circle = response.answers.iter().any(|one| one.name == target);
            if kind == RecordType::CNAME || is_circle {
                return Some(());
            }
            name = target;
        }
        self.end(response, &name, kind)
    }

    /// Writes what is known of a name that is its own.
    fn end(&self, response: &mut Message, name: &Name, kind: RecordType) -> Option<()> {
        let record = |data: RData| Record::from_rdata(name.clone(), self.ttl, data);
        let mut code = ResponseCode::NoError;
        match self.answer(name, kind) {
            DnsAnswer::Silence => return None,
            DnsAnswer::ServFail => code = ResponseCode::ServFail,
            DnsAnswer::Refused => code = ResponseCode::Refused,
            DnsAnswer::NxDomain => code = ResponseCode::NXDomain,
            DnsAnswer::Referral => {
                let other = Name::from_ascii("ns.elsewhere.example.").ok()?;
                response.metadata.authoritative = false;
                response.add_authority(record(RData::NS(NS(other))));
            }
            DnsAnswer::Addresses(addresses) => {
                let records = addresses.into_iter().map(RData::from);
                let asked = records.filter(|data| data.record_type() == kind);
                response.add_answers(asked.map(record));
            }
            DnsAnswer::NoData | DnsAnswer::Cname(_) => {}
        }
        response.metadata.response_code = code;
        let is_negative = matches!(code, ResponseCode::NoError | ResponseCode::NXDomain);
        if is_negative && response.answers.is_empty() && response.authorities.is_empty() {
            response.add_authority(record(self.start_of_authority()));
        }
        Some(())
    }

    fn answer(&self, name: &Name, kind: RecordType) -> DnsAnswer {
        let name = text(name);
        let other = if kind == RecordType::AAAA { self.for_aaaa.get(&name) } else { None };
        let told = other.or_else(|| self.answers.get(&name)).cloned();
        told.or_else(|| self.others.map(|answer| answer(&name))).unwrap_or(DnsAnswer::NxDomain)
    }

    /// Tells how long the lack of a record may be remembered; the rest of it nobody here looks at.
    fn start_of_authority(&self) -> RData {
        RData::SOA(SOA::new(Name::root(), Name::root(), 1, 3_600, 600, 86_400, self.ttl))
    }
}

fn text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

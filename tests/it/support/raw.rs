//! A server on loopback that knows no HTTP: whatever is asked, it sends the bytes it was given.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What a request gets.
#[derive(Clone, Debug)]
pub struct Bytes {
    pub bytes: Vec<u8>,
    pub then: Then,
}

/// What becomes of the connection after the bytes.
#[derive(Clone, Debug)]
pub enum Then {
    /// It waits for the next request.
    Stay,
    /// It is closed.
    Close,
    /// It is reset, which may overtake the bytes.
    Reset,
    /// It stays open and silent until the client goes.
    Hang,
    /// This is sent, again and again, until the client goes.
    Repeat(Vec<u8>),
}

/// The server; it stops when it is dropped.
pub struct Raw {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    answered: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

type Answers = dyn Fn(&str) -> Bytes + Send + Sync;

impl Raw {
    /// Answers each request as `answers` says, which sees the whole request.
    pub async fn start(answers: impl Fn(&str) -> Bytes + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (count, answered) = watch::channel(0);
        let requests = Arc::default();
        let shared = (Arc::new(answers) as Arc<Answers>, Arc::clone(&requests), count);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answers, requests, count) = shared.clone();
                connections.spawn(async move {
                    // The client goes when it likes to.
                    let _ = converse(&stream, &*answers, &requests, &count).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, requests, answered, task }
    }

    /// Answers every request the same.
    pub async fn always(bytes: Vec<u8>, then: Then) -> Self {
        Self::start(move |_| Bytes { bytes: bytes.clone(), then: then.clone() }).await
    }

    /// Every request so far, with its head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until the bytes for so many requests are sent.
    pub async fn answered(&self, count: usize) {
        self.answered.clone().wait_for(|answered| *answered >= count).await.unwrap();
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(
    stream: &TcpStream,
    answers: &Answers,
    requests: &Mutex<Vec<String>>,
    answered: &watch::Sender<usize>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(request) = hear(stream).await? {
        let Bytes { bytes, then } = answers(&request);
        requests.lock().unwrap().push(request);
        let sent = say(stream, &bytes).await;
        answered.send_modify(|count| *count += 1);
        sent?;
        match then {
            Then::Stay => {}
            Then::Close => return Ok(()),
            Then::Reset => return stream.set_zero_linger(),
            Then::Hang => while hear(stream).await?.is_some() {},
            Then::Repeat(piece) => loop {
                say(stream, &piece).await?;
            },
        }
    }
    Ok(())
}

/// One request with its body; none where the client went instead.
async fn hear(stream: &TcpStream) -> io::Result<Option<String>> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length_of_body(head)
        {
            return Ok(Some(text.into_owned()));
        }
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(count) => request.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn length_of_body(head: &str) -> usize {
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.map_or(0, |length| length.trim().parse().unwrap())
}

async fn say(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

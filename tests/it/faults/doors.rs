//! Ways in to the database that fail.

use std::ops::Range;

use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A way in that fails.
pub enum Door {
    /// Nothing listens there.
    Nobody,
    /// The connection is closed at once.
    Closing,
    /// What listens speaks another language.
    Stranger,
    /// The server is gone after so many bytes of its answers.
    Cut(Range<usize>),
    WrongPassword,
    UnknownUser,
    UnknownDatabase,
    /// The account waits for nothing.
    Hasty,
}

/// The way in, as long as it is held.
pub struct Opened {
    pub url: String,
    service: Option<JoinHandle<()>>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(service) = &self.service {
            service.abort();
        }
    }
}

impl Door {
    /// Sets the door up in front of what `url` leads to; `hasty` is the account that waits for nothing.
    pub async fn open(&self, url: &str, hasty: &str, rng: &mut Rng) -> Opened {
        let told = |url: String| Opened { url, service: None };
        match self {
            Self::Nobody => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                told(with_port(url, listener.local_addr().unwrap().port()))
            }
            Self::Closing => serve(url, |_| async {}).await,
            Self::Stranger => serve(url, greet).await,
            Self::Cut(range) => {
                let (server, length) = (port(url), rng.usize(range.clone()));
                serve(url, move |client| relay(client, server, length)).await
            }
            Self::WrongPassword => told(url.replace("pass%20word", "password")),
            Self::UnknownUser => told(url.replace("reader_", "nobody_")),
            Self::UnknownDatabase => told(format!("{url}_gone")),
            Self::Hasty => told(hasty.to_owned()),
        }
    }
}

async fn serve<F>(url: &str, each: impl Fn(TcpStream) -> F + Send + 'static) -> Opened
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = with_port(url, listener.local_addr().unwrap().port());
    let service = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(each(client));
        }
    });
    Opened { url, service: Some(service) }
}

async fn greet(mut client: TcpStream) {
    let _ = client.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n").await;
    let _ = client.shutdown().await;
}

/// Passes everything on, until the server has said `length` bytes.
async fn relay(mut client: TcpStream, server: u16, length: usize) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    let mut first = from_server.take(length as u64);
    tokio::select! {
        _ = tokio::io::copy(&mut first, &mut to_client) => {}
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
    }
}

fn port(url: &str) -> u16 {
    let (_, rest) = url.rsplit_once(':').unwrap();
    rest.split('/').next().unwrap().parse().unwrap()
}

fn with_port(url: &str, other: u16) -> String {
    url.replace(&format!(":{}/", port(url)), &format!(":{other}/"))
}

//! A line to a server on this machine that can be cut and mended.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The line; it goes when it is dropped.
pub struct Link {
    pub address: SocketAddr,
    is_whole: watch::Sender<bool>,
    refused: watch::Receiver<usize>,
    service: JoinHandle<()>,
}

impl Link {
    /// A whole line to a port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_whole, line) = watch::channel(true);
        let (count, refused) = watch::channel(0);
        let service = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *line.borrow() {
                    tokio::spawn(relay(client, port, line.clone()));
                } else {
                    count.send_modify(|count| *count += 1);
                }
            }
        });
        Self { address, is_whole, refused, service }
    }

    /// Whoever uses the line, or tries to, loses the connection.
    pub fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    /// Waits until it was tried so many times more while it is cut.
    pub async fn refuses(&self, count: usize) {
        let mut refused = self.refused.clone();
        let enough = *refused.borrow() + count;
        refused.wait_for(|refused| *refused >= enough).await.unwrap();
    }

    pub fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.service.abort();
    }
}

async fn relay(mut client: TcpStream, port: u16, mut line: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = line.wait_for(|is_whole| !is_whole) => {}
    }
}

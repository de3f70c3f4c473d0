//! Connections that can be made to die: a listener whose streams stop writing on command.
//!
//! A handler can only choose an answer. To send nothing at all, or half an answer, it tells its own connection so
//! through the [`Cut`] that came with it. The connection in turn tells the journal when the answer is out.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::journal::{Journal, Stage};

/// Accepts connections as cuttable streams.
#[derive(Debug)]
pub(super) struct Loopback {
    tcp: TcpListener,
    journal: Arc<Journal>,
    stopped: watch::Receiver<bool>,
}

/// A connection that its handler can cut; it reads nothing more once the simulator has stopped.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TcpStream,
    cut: Cut,
    journal: Arc<Journal>,
    stopped: watch::Receiver<bool>,
}

/// A connection's own handle; it works on the answer that is written next.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut(Arc<Mutex<Answering>>);

/// What is known of the answer that is written next.
#[derive(Debug, Default)]
struct Answering {
    fate: Fate,
    /// The call that it is for, until it is out.
    call: Option<u64>,
}

/// What may still be written.
#[derive(Debug, Clone, Copy, Default)]
enum Fate {
    #[default]
    Everything,
    Nothing,
    HeadAnd {
        body: usize,
    },
    Bytes(usize),
}

impl Loopback {
    pub(super) fn new(
        tcp: TcpListener,
        journal: Arc<Journal>,
        stopped: watch::Receiver<bool>,
    ) -> Loopback {
        Loopback { tcp, journal, stopped }
    }
}

impl Cut {
    /// The answer that comes next is for that call.
    pub(super) fn answers(&self, call: u64) {
        self.answering().call = Some(call);
    }

    /// The connection is reset in place of the answer.
    pub(super) fn before_answer(&self) {
        self.answering().fate = Fate::Nothing;
    }

    /// The connection is closed after that many bytes of the answer's body.
    pub(super) fn within_body(&self, body: usize) {
        self.answering().fate = Fate::HeadAnd { body };
    }

    fn answering(&self) -> MutexGuard<'_, Answering> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of the buffer may be written; an error once that is nothing.
    fn allowance(&self, buffer: &[u8]) -> io::Result<usize> {
        let mut answering = self.answering();
        if let Fate::HeadAnd { body } = answering.fate {
            answering.fate = Fate::Bytes(head_length(buffer) + body);
        }
        match answering.fate {
            Fate::Nothing | Fate::Bytes(0) => Err(io::ErrorKind::ConnectionReset.into()),
            Fate::Bytes(left) => Ok(left.min(buffer.len())),
            Fate::Everything | Fate::HeadAnd { .. } => Ok(buffer.len()),
        }
    }

    fn wrote(&self, count: usize) {
        if let Fate::Bytes(left) = &mut self.answering().fate {
            *left -= count;
        }
    }

    fn is_before_answer(&self) -> bool {
        matches!(self.answering().fate, Fate::Nothing)
    }
}

impl Stream {
    /// Tells the journal, once for each answer.
    fn is_out(&self) {
        let call = self.cut.answering().call.take();
        if let Some(number) = call {
            self.journal.reached(number, Stage::Sent);
        }
    }
}

/// The answer's head comes in one piece, at the start of the first buffer.
fn head_length(buffer: &[u8]) -> usize {
    let end = buffer.windows(4).position(|window| window == b"\r\n\r\n");
    end.map_or(buffer.len(), |at| at + 4)
}

impl Listener for Loopback {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        loop {
            match self.tcp.accept().await {
                Ok((tcp, peer)) => {
                    // Small answers must not wait for the peer's delayed acknowledgement; slower is all it is without.
                    let _ = tcp.set_nodelay(true);
                    let stopped = self.stopped.clone();
                    let journal = Arc::clone(&self.journal);
                    return (Stream { tcp, cut: Cut::default(), journal, stopped }, peer);
                }
                // Out of file descriptors, most likely: asking again at once would spin.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Cut {
        stream.io().cut.clone()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if *self.stopped.borrow() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let allowed = match self.cut.allowance(buffer) {
            Ok(allowed) => allowed,
            Err(error) => {
                if self.cut.is_before_answer() {
                    // Turns the coming close into a reset; an orderly close is nearly as good.
                    let _ = self.tcp.set_zero_linger();
                } else {
                    self.is_out();
                }
                return Poll::Ready(Err(error));
            }
        };
        let written = ready!(Pin::new(&mut self.tcp).poll_write(context, &buffer[..allowed]))?;
        self.cut.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tcp).poll_flush(context))?;
        self.is_out();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

//! Serving: a listener whose connections can be broken on purpose.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use http_body::{Body, Frame};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long to wait when the system has no file left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A TCP listener that bounds its connections and can reset each of them.
#[derive(Debug)]
pub(crate) struct Door {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

impl Door {
    pub(crate) fn new(listener: TcpListener, most: usize) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(most)) }
    }
}

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let permit = Arc::clone(&self.room).acquire_owned().await.ok();
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Without it small answers wait for the peer's acknowledgement; failing costs only speed.
                    stream.set_nodelay(true).ok();
                    let line = Line::to(&stream);
                    return (Wire { stream, line, _permit: permit }, address);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The handle that breaks one connection, and where the connection arrived.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    broken: Arc<AtomicBool>,
    is_loopback: bool,
}

impl Line {
    fn to(stream: &TcpStream) -> Self {
        // An address that cannot be told counts as this machine's own: the stricter of the two.
        let is_loopback = stream.local_addr().map_or(true, |here| here.ip().to_canonical().is_loopback());
        Self { broken: Arc::default(), is_loopback }
    }

    /// Whether the caller came in by an address that only this machine can reach.
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Resets the connection instead of writing anything more.
    pub(crate) fn reset(&self) {
        self.broken.store(true, Ordering::Release);
    }

    fn is_reset(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }
}

impl Connected<IncomingStream<'_, Door>> for Line {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().line.clone()
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    line: Line,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Wire {
    fn check(&self) -> io::Result<()> {
        if self.line.is_reset() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.line.is_reset() {
            // Closing with nothing to linger for sends a reset, so that no client takes it for an orderly end;
            // should the option fail, the connection still ends without an answer.
            self.stream.set_zero_linger().ok();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A body that breaks: some bytes, one pause in which they are sent, then an error.
#[derive(Debug)]
pub(crate) struct Broken {
    bytes: Option<Bytes>,
    paused: bool,
}

impl Broken {
    pub(crate) fn at_once() -> Self {
        Self { bytes: None, paused: true }
    }

    pub(crate) fn after(body: Vec<u8>, bytes: usize) -> Self {
        let body = Bytes::from(body);
        let bytes = body.slice(..bytes.min(body.len()));
        Self { bytes: Some(bytes).filter(|bytes| !bytes.is_empty()), paused: false }
    }
}

impl Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.paused {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        // The server flushes what it has when a body is not ready; without the pause the bytes would be lost.
        self.paused = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Serves until the future is done, then lets the open requests end.
pub(crate) async fn serve(
    router: axum::Router,
    door: Door,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<Line>();
    axum::serve(door, service).with_graceful_shutdown(shutdown).await
}

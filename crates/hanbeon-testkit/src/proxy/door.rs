//! The door: one port that is listened on, or not. It stays ours while nobody listens, because a second socket is
//! bound to it for good: the system then refuses connections, as it does for a server that is down.
use super::line::{self, Way};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections at once; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 512;
const BACKLOG: u32 = 1_024;
/// How long to wait when the system has no file or no port left.
const PAUSE: Duration = Duration::from_millis(50);

/// The handle by which the door is opened and closed.
#[derive(Clone, Debug)]
pub(super) struct Door {
    /// How many want it closed.
    refusals: watch::Sender<usize>,
    listening: watch::Receiver<bool>,
}

/// While it lives, connections are refused.
#[derive(Debug)]
#[must_use = "the door opens again when this is dropped"]
pub struct Refusing(watch::Sender<usize>);

/// The side that accepts.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    placeholder: TcpSocket,
    address: SocketAddr,
    refusals: watch::Receiver<usize>,
    listening: watch::Sender<bool>,
}

impl Door {
    pub(super) fn new() -> io::Result<(Self, SocketAddr, Doorkeeper)> {
        let placeholder = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = placeholder.local_addr()?;
        let (refusals, wanted) = watch::channel(0);
        let (listening, is_listening) = watch::channel(false);
        let accepting = Doorkeeper { placeholder, address, refusals: wanted, listening };
        Ok((Self { refusals, listening: is_listening }, address, accepting))
    }

    /// Closes it; returns when it is closed.
    pub(super) async fn refuse(&self) -> Refusing {
        self.refusals.send_modify(|count| *count += 1);
        let refusing = Refusing(self.refusals.clone());
        self.listening.clone().wait_for(|listening| !listening).await.ok();
        refusing
    }

    pub(super) async fn is_open(&self) {
        self.listening.clone().wait_for(|listening| *listening).await.ok();
    }

    /// Waits until somebody closes it.
    pub(super) async fn is_closed(&self) {
        self.refusals.subscribe().wait_for(|count| *count > 0).await.ok();
    }
}

impl Drop for Refusing {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Doorkeeper {
    /// Accepts whenever the door is open. Ending this ends every connection.
    pub(super) async fn accept(mut self, way: Way) {
        let mut connections = JoinSet::new();
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let opened = match self.refusals.wait_for(|count| *count == 0).await {
                // The guard keeps the count as it is until everybody can see that the door is open.
                Ok(_guard) => listen(self.address).inspect(|_| tell(&self.listening, true)),
                Err(_) => break,
            };
            let Ok(listener) = opened else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            tokio::select! {
                closed = self.refusals.wait_for(|count| *count > 0) => drop(closed),
                () = welcome(&listener, &room, &way, &mut connections) => {}
            }
            drop(listener);
            tell(&self.listening, false);
        }
        drop(self.placeholder);
    }
}

async fn welcome(listener: &TcpListener, room: &Arc<Semaphore>, way: &Way, connections: &mut JoinSet<()>) {
    while let Ok(permit) = Arc::clone(room).acquire_owned().await {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((client, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let way = way.clone();
        connections.spawn(async move {
            line::serve(client, way).await;
            drop(permit);
        });
    }
}

fn tell(listening: &watch::Sender<bool>, is_open: bool) {
    listening.send_replace(is_open);
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    bound(address)?.listen(BACKLOG)
}

/// A socket on this address. Reuse lets two sockets share it as long as one of them listens.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

//! An address that stays while servers come and go: whoever connects reaches the one that serves now.
use crate::doors::Doors;
use std::net::SocketAddr;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Toss sends its webhooks to one address, and each life of the server listens elsewhere.
pub(crate) struct Relay {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn start(doors: Doors) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        Self { address, accepting: tokio::spawn(accept(listener, doors)) }
    }

    pub(crate) fn webhooks(&self) -> String {
        format!("http://{}/webhooks/toss", self.address)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, doors: Doors) {
    loop {
        let Ok((caller, _)) = listener.accept().await else { continue };
        let server = doors.open().map(|api| api.url);
        tokio::spawn(carry(caller, server));
    }
}

/// When nobody serves, or dies over it, the caller's connection ends without an answer.
async fn carry(mut caller: TcpStream, server: Option<String>) -> Option<()> {
    let url = server?;
    let mut server = TcpStream::connect(url.strip_prefix("http://")?).await.ok()?;
    // However that ended: each side has heard as much as there was.
    let _ = copy_bidirectional(&mut caller, &mut server).await;
    Some(())
}

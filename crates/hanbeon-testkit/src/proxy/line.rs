//! One connection: read a request, decide, carry out, and so on until one side ends it.
use super::carry::{Exchange, Next};
use super::door::Door;
use super::fault::Fault;
use super::http;
use super::script::Script;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;

/// What every connection knows.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) upstream: SocketAddr,
    pub(super) script: Arc<Script>,
    pub(super) door: Door,
}

pub(super) async fn serve(mut client: TcpStream, way: Way) {
    // Without it a small answer waits for the peer's acknowledgement; failing costs only speed.
    client.set_nodelay(true).ok();
    let mut unread = Vec::new();
    loop {
        let request = tokio::select! {
            request = http::request(&mut client, &mut unread) => request,
            () = way.door.is_closed() => return,
        };
        let Ok(Some(request)) = request else { return };
        let met = way.script.meet(&request);
        if let Some((_, Fault::Refuse(how_long))) = met.fate {
            let refusing = way.door.refuse().await;
            reset(&client);
            drop(client);
            way.script.note(met.seq, |record| record.done = true);
            tokio::time::sleep(how_long).await;
            drop(refusing);
            return;
        }
        let mut exchange = Exchange { client: &mut client, request, met, way: &way };
        let next = exchange.carry_out().await;
        match next {
            Ok(next) => {
                way.script.note(met.seq, |record| record.done = true);
                match next {
                    Next::Request => {}
                    Next::End => return,
                    Next::Reset => return reset(&client),
                }
            }
            // The upstream or the client broke; the client must not take what it has for an orderly end.
            Err(_) => return reset(&client),
        }
    }
}

/// Dropping the client then sends a reset, since there is nothing to linger for; should the option fail, the connection ends all the same.
fn reset(client: &TcpStream) {
    client.set_zero_linger().ok();
}

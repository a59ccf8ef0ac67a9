//! How many confirms a second, over kept-alive connections of this machine: `speed [COUNT] [CONNECTIONS]`.
//!
//! The client runs in the same process and on the same cores. It writes a prepared request, reads one whole answer,
//! and sees to it that each of them is a 200; nothing is pipelined.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use toss_sandbox::{Config, EffectKind, NewPayment, Sandbox};

/// Confirms at most: each leaves a payment, an idempotency key and a journal entry in memory.
const MOST: usize = 1_000_000;
/// `base64(secret key + ":")` of the first merchant.
const BASIC: &str = "Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg==";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().map_or(Ok(200_000), |text| text.parse())?;
    let connections: usize = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let (count, connections) = (count.clamp(1, MOST), connections.clamp(1, 1_000));

    let sandbox = Sandbox::new(Config::default())?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let served = sandbox.clone();
    tokio::spawn(async move { served.serve(listener, std::future::pending()).await });

    let requests: Vec<Vec<u8>> = (0..count).map(|at| request(&sandbox, at)).collect::<Result<_, _>>()?;
    let mut clients = JoinSet::new();
    let begun = Instant::now();
    for share in requests.chunks(count.div_ceil(connections)) {
        clients.spawn(confirm_all(address, share.to_vec()));
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let took = begun.elapsed().as_micros().max(1);
    let memory = peak_memory();
    if approved(&sandbox) != count {
        return Err("the journal does not say that each was approved".into());
    }
    let rate = u128::try_from(count)? * 1_000_000 / took;
    println!("{count} confirms over {connections} connections in {} ms: {rate}/s", took / 1_000);
    println!("peak memory of the process, client and its requests included: {memory}");
    Ok(())
}

/// What really happened, whatever the client believes.
fn approved(sandbox: &Sandbox) -> usize {
    let journal = sandbox.journal(0, MOST);
    journal.entries.iter().filter(|entry| entry.effect == EffectKind::Approved).count()
}

/// Opens a payment, and words its confirm.
fn request(sandbox: &Sandbox, at: usize) -> Result<Vec<u8>, toss_sandbox::Refused> {
    let order = format!("speed-{at:07}");
    let key = sandbox.authenticate(&NewPayment::card(&order, 1_000))?;
    let body = format!(r#"{{"paymentKey":"{key}","orderId":"{order}","amount":1000}}"#);
    let request = format!(
        "POST /v1/payments/confirm HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {BASIC}\r\n\
         idempotency-key: {order}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Ok(request.into_bytes())
}

async fn confirm_all(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answer = Vec::with_capacity(8 * 1024);
    for request in requests {
        stream.write_all(&request).await?;
        answer.clear();
        while !is_whole(&answer) {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err("the connection was closed".into());
            }
        }
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&answer).into());
        }
    }
    Ok(())
}

/// Whether an answer has come to the end that its `Content-Length` promises.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| answer.len() >= end + 4 + length)
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| String::from("unknown on this system"), |peak| peak.trim().to_owned())
}

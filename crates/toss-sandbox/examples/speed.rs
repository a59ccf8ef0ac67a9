//! How many confirms a second, over kept-alive connections of this machine: `speed [COUNT] [CONNECTIONS] [KEPT]`.
//!
//! The client runs in the same process and on the same cores. It writes a prepared request, reads one whole answer,
//! and sees to it that each of them is a 200; nothing is pipelined. At most `KEPT` payments are kept, a million by default.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use toss_sandbox::{Config, EffectKind, NewPayment, Sandbox};

/// Confirms at most.
const MOST: usize = 10_000_000;
/// Requests that are prepared at a time.
const BATCH: usize = 50_000;
/// `base64(secret key + ":")` of the first merchant.
const BASIC: &str = "Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg==";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let count = arguments.next().unwrap_or(Ok(200_000))?.clamp(1, MOST);
    let connections = arguments.next().unwrap_or(Ok(64))?.clamp(1, 1_000);
    let mut config = Config::default();
    let kept = arguments.next().unwrap_or(Ok(config.max_payments))?.max(2);
    config.keep_payments(kept);

    let sandbox = Sandbox::new(config)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let served = sandbox.clone();
    tokio::spawn(async move { served.serve(listener, std::future::pending()).await });

    // What is prepared is not finished, and would not make room for more.
    let batch = BATCH.min(kept / 2);
    let (mut took, mut approved) = (Duration::ZERO, 0);
    for first in (0..count).step_by(batch) {
        let numbers = first..count.min(first + batch);
        let requests: Vec<_> = numbers.map(|at| request(&sandbox, at)).collect::<Result<_, _>>()?;
        let seen = sandbox.journal(u64::MAX, 0).last_seq;
        let mut clients = JoinSet::new();
        let begun = Instant::now();
        for share in requests.chunks(requests.len().div_ceil(connections)) {
            clients.spawn(confirm_all(address, share.to_vec()));
        }
        while let Some(client) = clients.join_next().await {
            client??;
        }
        took += begun.elapsed();
        approved += approvals(&sandbox, seen);
    }
    if approved != count {
        return Err("the journal does not say that each was approved".into());
    }
    let rate = u128::try_from(count)? * 1_000_000 / took.as_micros().max(1);
    println!("{count} confirms over {connections} connections in {} ms: {rate}/s", took.as_millis());
    println!("peak memory of the process, client and its requests included: {}", peak_memory());
    Ok(())
}

/// What really happened since then, whatever the client believes.
fn approvals(sandbox: &Sandbox, seen: u64) -> usize {
    let journal = sandbox.journal(seen, BATCH);
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

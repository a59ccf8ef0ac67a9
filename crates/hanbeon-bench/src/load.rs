//! The process that confirms and counts. N connections, each with one request under way: the next payment is
//! confirmed when the one before has been answered (a closed loop; a slow server is asked less often).
//!
//! 1. connect all;
//! 2. warm up: confirm without counting;
//! 3. count for some seconds, or until the prepared payments are used up;
//! 4. wait for what is under way, which must succeed too, but counts no more.
use crate::http::{self, Answer, Connection};
use crate::{Failure, children};
use clap::Args;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Longest latency that the histogram tells apart, in µs: a minute, longer than [`DRAIN`].
const LATENCY_MAX_US: u64 = 60_000_000;
/// How long the last answers may take after the counting has ended.
const DRAIN: Duration = Duration::from_secs(20);
/// How many wrong answers are shown.
const SHOWN_MAX: usize = 5;
/// After so many wrong answers there is nothing left to measure.
const ERRORS_MAX: u64 = 100;

#[derive(Args, Debug)]
pub(crate) struct LoadArgs {
    /// Where to confirm: `http://ADDRESS:PORT/PATH`.
    #[arg(long)]
    url: String,
    /// How many connections.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4096))]
    connections: u32,
    /// How long to count.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How long to confirm before that, in ms.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    warm_up_ms: u64,
    /// The bodies to send, one a line, each for a payment of its own.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
}

/// What was counted. Latencies are in µs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// Answers of 200 `DONE` in the counted time.
    pub(crate) confirms: u64,
    /// Any other answers, counted time or not.
    pub(crate) errors: u64,
    /// The counted time.
    pub(crate) seconds: f64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) max_us: u64,
    /// Good answers with warm-up and tail: what the processes' own counters are divided by.
    pub(crate) answered: u64,
    /// The prepared payments were used up before the time was.
    pub(crate) ran_dry: bool,
    /// Processor time of this process from the first request to the last answer, in µs.
    pub(crate) cpu_us: u64,
}

/// How long and how wide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) connections: u32,
    pub(crate) warm_up: Duration,
    pub(crate) counted: Duration,
}

/// Confirms, and prints the count as one line of JSON.
pub(crate) async fn run(args: LoadArgs) -> Result<(), Failure> {
    let (address, path) = parse_url(&args.url)?;
    let text = std::fs::read_to_string(&args.input)
        .map_err(|e| format!("cannot read {}: {e}", args.input.display()))?;
    let requests = text.lines().map(|body| http::post(address, path, "", body)).collect();
    let plan = Plan {
        connections: args.connections,
        warm_up: Duration::from_millis(args.warm_up_ms),
        counted: Duration::from_secs(args.seconds),
    };
    println!("{}", serde_json::to_string(&drive(address, requests, plan).await?)?);
    Ok(())
}

fn parse_url(url: &str) -> Result<(SocketAddr, &str), Failure> {
    let rest = url.strip_prefix("http://").ok_or("--url must begin with http://")?;
    let slash = rest.find('/').ok_or("--url must have a path")?;
    Ok((rest[..slash].parse().map_err(|e| format!("--url {url}: {e}"))?, &rest[slash..]))
}

/// Sends the requests, each once, and counts the answers.
///
/// # Errors
/// When no connection can be made, or answers do not come.
pub(crate) async fn drive(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    plan: Plan,
) -> Result<Counted, Failure> {
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        connections
            .push(Connection::open(address).await.map_err(|e| format!("cannot connect to {address}: {e}"))?);
    }
    let cpu_before_us = children::cpu_us("self");
    let from = Instant::now() + plan.warm_up;
    let until = from + plan.counted;
    let tally = Arc::new(Mutex::new(Tally::new(requests, from, until)?));
    let mut clients = JoinSet::new();
    for connection in connections {
        clients.spawn(client(connection, Arc::clone(&tally)));
    }
    let all = async { while clients.join_next().await.is_some() {} };
    let bound = plan.warm_up + plan.counted + DRAIN;
    timeout(bound, all)
        .await
        .map_err(|_| format!("answers were still missing after {} s", bound.as_secs()))?;
    let cpu_us = children::cpu_us("self").saturating_sub(cpu_before_us);
    let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(tally.counted(cpu_us))
}

async fn client(mut connection: Connection, tally: Arc<Mutex<Tally>>) {
    let lock = || tally.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let Some(request) = lock().next(Instant::now()) else { return };
        let started = Instant::now();
        let answer = connection.exchange(&request).await;
        let ended = Instant::now();
        match answer {
            Ok(answer) if is_done(&answer) => lock().good(ended, ended - started),
            Ok(answer) => lock().wrong(&answer.text()),
            Err(error) => return lock().wrong(&format!("the connection broke: {error}")),
        }
    }
}

fn is_done(answer: &Answer<'_>) -> bool {
    const DONE: &[u8] = br#""tossPaymentStatus":"DONE""#;
    answer.status == 200 && answer.body.windows(DONE.len()).any(|window| window == DONE)
}

struct Tally {
    requests: std::vec::IntoIter<Vec<u8>>,
    from: Instant,
    /// Moves forward to the moment when the requests are used up.
    until: Instant,
    latencies: Histogram<u64>,
    answered: u64,
    errors: u64,
    ran_dry: bool,
}

impl Tally {
    fn new(requests: Vec<Vec<u8>>, from: Instant, until: Instant) -> Result<Self, Failure> {
        let latencies = Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)?;
        let requests = requests.into_iter();
        Ok(Self { requests, from, until, latencies, answered: 0, errors: 0, ran_dry: false })
    }

    fn next(&mut self, now: Instant) -> Option<Vec<u8>> {
        if now >= self.until || self.errors >= ERRORS_MAX {
            return None;
        }
        let next = self.requests.next();
        if next.is_none() {
            // From here on fewer connections than asked for are busy.
            (self.until, self.ran_dry) = (now, true);
        }
        next
    }

    fn good(&mut self, at: Instant, took: Duration) {
        self.answered += 1;
        if self.from <= at && at <= self.until {
            let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            self.latencies.saturating_record(took_us.max(1));
        }
    }

    fn wrong(&mut self, what: &str) {
        self.errors += 1;
        if usize::try_from(self.errors).is_ok_and(|errors| errors <= SHOWN_MAX) {
            eprintln!("not a 200 DONE: {what}");
        }
    }

    fn counted(&self, cpu_us: u64) -> Counted {
        Counted {
            confirms: self.latencies.len(),
            errors: self.errors,
            seconds: self.until.saturating_duration_since(self.from).as_secs_f64(),
            p50_us: self.latencies.value_at_quantile(0.50),
            p99_us: self.latencies.value_at_quantile(0.99),
            max_us: self.latencies.max(),
            answered: self.answered,
            ran_dry: self.ran_dry,
            cpu_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit;
    use crate::prepare::{self, Doors};
    use tokio::net::TcpListener;
    use toss_sandbox::{Config, Sandbox};

    const PLAN: Plan = Plan { connections: 4, warm_up: Duration::ZERO, counted: Duration::from_secs(30) };

    /// A sandbox, the limit in front of it, and 40 bodies to confirm.
    async fn limit_with_payments() -> (SocketAddr, Vec<String>, Sandbox) {
        let sandbox = Sandbox::new(Config::default()).expect("a sandbox");
        let door = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let toss = door.local_addr().expect("its address");
        let serving = sandbox.clone();
        tokio::spawn(async move { serving.serve(door, std::future::pending()).await });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let router = limit::router(&format!("http://{toss}")).expect("a router");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let doors = Doors { sandbox: toss, hanbeon: None };
        (address, prepare::pool(&doors, 40).await.expect("payments"), sandbox)
    }

    fn requests(address: SocketAddr, bodies: &[String]) -> Vec<Vec<u8>> {
        bodies.iter().map(|body| http::post(address, "/payments/confirm", "", body)).collect()
    }

    #[tokio::test]
    async fn every_prepared_payment_is_confirmed_once_and_counted() {
        let (address, bodies, sandbox) = limit_with_payments().await;
        let counted = drive(address, requests(address, &bodies), PLAN).await.expect("a count");
        assert_eq!((counted.answered, counted.errors, counted.ran_dry), (40, 0, true), "{counted:?}");
        assert!((37..=40).contains(&counted.confirms), "only the tail is not counted: {counted:?}");
        assert!(
            counted.seconds > 0.0 && counted.p50_us <= counted.p99_us && counted.p99_us <= counted.max_us
        );
        let mut charged: Vec<_> =
            sandbox.journal(0, 1_000).entries.iter().filter_map(|entry| entry.order_id.clone()).collect();
        charged.sort_unstable();
        charged.dedup();
        assert_eq!(charged.len(), 40);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_done_is_an_error() {
        let (address, bodies, _sandbox) = limit_with_payments().await;
        let mut requests = requests(address, &bodies[..3]);
        requests.push(http::post(address, "/payments/confirm", "", &bodies[3].replace("12900", "1")));
        requests.push(http::post(address, "/nowhere", "", "{}"));
        let counted = drive(address, requests, PLAN).await.expect("a count");
        assert_eq!((counted.answered, counted.errors), (3, 2), "{counted:?}");
    }

    #[tokio::test]
    async fn warm_up_is_answered_but_not_counted() {
        let (address, bodies, _sandbox) = limit_with_payments().await;
        let plan = Plan { warm_up: Duration::from_secs(30), ..PLAN };
        let counted = drive(address, requests(address, &bodies), plan).await.expect("a count");
        assert_eq!((counted.answered, counted.confirms), (40, 0), "{counted:?}");
    }

    #[test]
    fn the_url_is_an_address_and_a_path() {
        let (address, path) = parse_url("http://127.0.0.1:8080/payments/confirm").expect("a URL");
        assert_eq!((address.port(), path), (8080, "/payments/confirm"));
        for url in ["127.0.0.1:8080/x", "http://127.0.0.1:8080", "http://example.com/x"] {
            assert!(parse_url(url).is_err(), "{url}");
        }
    }
}

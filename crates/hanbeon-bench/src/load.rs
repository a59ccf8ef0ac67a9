//! The process that asks and counts. N connections, each with one request under way. Either the next request is sent when
//! the one before has been answered (a closed loop; a slow server is asked less often), or at a pace (an open loop; what
//! waits because all connections are busy has begun when its turn came, and its waiting counts).
//!
//! 1. connect all, and let them begin one after the other;
//! 2. warm up: ask without counting;
//! 3. count for some seconds, or until the prepared payments are used up;
//! 4. wait for what is under way, which must be answered too, but counts no more.
use crate::http::{self, Answer, Connection};
use crate::{Failure, children};
use clap::Args;
use hdrhistogram::Histogram;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// Longest latency that the histogram tells apart, in µs: a minute, longer than [`DRAIN`].
const LATENCY_MAX_US: u64 = 60_000_000;
/// How long the last answers may take after the counting has ended.
const DRAIN: Duration = Duration::from_secs(20);
/// How many wrong answers are shown.
const SHOWN_MAX: usize = 5;

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
    /// Requests per second, evenly [default: as fast as they are answered].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pace: Option<u64>,
    /// The bodies to send, one a line, each for a payment of its own.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// The lines are paths to get, again and again.
    #[arg(long)]
    reads: bool,
}

/// What was counted. Latencies are in µs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// Answers of 200 `DONE` in the counted time.
    pub(crate) confirms: u64,
    /// Answers of 503 that say when to come again, counted time or not, and how long 99 % of them took at most.
    pub(crate) shed: u64,
    pub(crate) shed_p99_us: u64,
    /// Answers of 202: under way, counted time or not.
    pub(crate) pending: u64,
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
    /// Requests per second.
    pub(crate) pace: Option<u64>,
    /// The requests are sent again and again, and any 200 is good.
    pub(crate) reads: bool,
}

/// Confirms, and prints the count as one line of JSON.
pub(crate) async fn run(args: LoadArgs) -> Result<(), Failure> {
    let (address, path) = parse_url(&args.url)?;
    let text = std::fs::read_to_string(&args.input)
        .map_err(|e| format!("cannot read {}: {e}", args.input.display()))?;
    let request =
        |line| if args.reads { http::get(address, line) } else { http::post(address, path, "", line) };
    let requests = text.lines().map(request).collect();
    allow_connections();
    let plan = Plan {
        connections: args.connections,
        warm_up: Duration::from_millis(args.warm_up_ms),
        counted: Duration::from_secs(args.seconds),
        pace: args.pace,
        reads: args.reads,
    };
    println!("{}", serde_json::to_string(&drive(address, requests, plan).await?)?);
    Ok(())
}

/// As many files as the system lets us have.
pub(crate) fn allow_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Whoever may not raise it hears of it when a connection cannot be made.
    let _ = setrlimit(Resource::Nofile, limit);
}

fn parse_url(url: &str) -> Result<(SocketAddr, &str), Failure> {
    let rest = url.strip_prefix("http://").ok_or("--url must begin with http://")?;
    let slash = rest.find('/').ok_or("--url must have a path")?;
    Ok((rest[..slash].parse().map_err(|e| format!("--url {url}: {e}"))?, &rest[slash..]))
}

/// Sends the requests and counts the answers.
///
/// # Errors
/// When no connection can be made; answers that never come are wrong ones.
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
    let requests: Arc<[Vec<u8>]> = requests.into();
    let begin = Instant::now();
    let tally = Arc::new(Mutex::new(Tally::new(requests.len(), begin, plan)?));
    let mut clients = JoinSet::new();
    for (at, connection) in (0..plan.connections).zip(connections) {
        // A thousand at once is what no shop sees.
        let first = begin + plan.warm_up / 2 * at / plan.connections;
        clients.spawn(client(connection, Arc::clone(&requests), Arc::clone(&tally), first));
    }
    let all = async { while clients.join_next().await.is_some() {} };
    let bound = plan.warm_up + plan.counted + DRAIN;
    let in_time = timeout(bound, all).await.is_ok();
    let cpu_us = children::cpu_us("self").saturating_sub(cpu_before_us);
    let missing = clients.len();
    clients.shutdown().await;
    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    if !in_time {
        eprintln!("{missing} answers were still missing after {} s", bound.as_secs());
        tally.errors += u64::try_from(missing)?;
    }
    Ok(tally.counted(cpu_us))
}

async fn client(
    mut connection: Connection,
    requests: Arc<[Vec<u8>]>,
    tally: Arc<Mutex<Tally>>,
    first: Instant,
) {
    let lock = || tally.lock().unwrap_or_else(PoisonError::into_inner);
    sleep_until(first).await;
    loop {
        let Some(Turn { at, due }) = lock().next(Instant::now()) else { return };
        let mut started = due;
        if Instant::now() < due {
            sleep_until(due).await;
            // That the timer is late is our own doing.
            started = Instant::now();
        }
        let answer = connection.exchange(&requests[at]).await;
        let ended = Instant::now();
        match answer {
            Ok(answer) => lock().answered(&answer, ended, ended - started),
            Err(error) => return lock().wrong(&format!("the connection broke: {error}")),
        }
    }
}

/// hanbeon's word, or Toss's own, which the sample passes on.
fn is_done(answer: &Answer<'_>) -> bool {
    const OURS: &[u8] = br#""tossPaymentStatus":"DONE""#;
    const TOSS: &[u8] = br#""status":"DONE""#;
    let says = |words: &[u8]| answer.body.windows(words.len()).any(|window| window == words);
    answer.status == 200 && (says(OURS) || says(TOSS))
}

/// Which request, and when.
struct Turn {
    at: usize,
    due: Instant,
}

struct Tally {
    plan: Plan,
    requests: usize,
    next: usize,
    begin: Instant,
    from: Instant,
    /// Moves forward to the moment when the requests are used up.
    until: Instant,
    latencies: Histogram<u64>,
    shed: Histogram<u64>,
    answered: u64,
    pending: u64,
    errors: u64,
    ran_dry: bool,
}

impl Tally {
    fn new(requests: usize, begin: Instant, plan: Plan) -> Result<Self, Failure> {
        let from = begin + plan.warm_up;
        Ok(Self {
            plan,
            requests,
            next: 0,
            begin,
            from,
            until: from + plan.counted,
            latencies: Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)?,
            shed: Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)?,
            answered: 0,
            pending: 0,
            errors: 0,
            ran_dry: false,
        })
    }

    fn next(&mut self, now: Instant) -> Option<Turn> {
        if now >= self.until {
            return None;
        }
        let turn = u64::try_from(self.next).unwrap_or(u64::MAX);
        let due = match self.plan.pace {
            Some(pace) => self.begin + Duration::from_nanos(turn.saturating_mul(1_000_000_000) / pace),
            None => now,
        };
        if due >= self.until {
            return None;
        }
        let at = if self.plan.reads { self.next % self.requests.max(1) } else { self.next };
        if at >= self.requests {
            // From here on fewer connections than asked for are busy.
            (self.until, self.ran_dry) = (now, true);
            return None;
        }
        self.next += 1;
        Some(Turn { at, due })
    }

    fn answered(&mut self, answer: &Answer<'_>, ended: Instant, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        match answer.status {
            200 if self.plan.reads || is_done(answer) => {
                self.answered += 1;
                if self.from <= ended && ended <= self.until {
                    self.latencies.saturating_record(took_us);
                }
            }
            202 => self.pending += 1,
            503 if answer.header("retry-after").is_some() => self.shed.saturating_record(took_us),
            _ => self.wrong(&answer.text()),
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
            shed: self.shed.len(),
            shed_p99_us: self.shed.value_at_quantile(0.99),
            pending: self.pending,
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

    const PLAN: Plan = Plan {
        connections: 4,
        warm_up: Duration::ZERO,
        counted: Duration::from_secs(30),
        pace: None,
        reads: false,
    };

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
        let doors = Doors { name: "load".to_owned(), sandbox: toss, orders: None };
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

    #[tokio::test]
    async fn a_pace_is_kept_and_what_is_read_is_read_again() {
        let (address, _bodies, _sandbox) = limit_with_payments().await;
        let reads = Plan { counted: Duration::from_millis(500), pace: Some(200), reads: true, ..PLAN };
        let counted = drive(address, vec![http::get(address, "/payments/x")], reads).await.expect("a count");
        assert_eq!((counted.answered, counted.errors, counted.ran_dry), (100, 0, false), "{counted:?}");
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

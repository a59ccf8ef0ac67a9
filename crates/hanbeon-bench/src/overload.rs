//! hanbeon on SQLite, with its default limits, when more is asked of it than it can do, or when what it stands on is slow.
//! After each load the books are compared: what Toss has charged must be what the store calls paid, key by key.
use crate::Failure;
use crate::children::Child;
use crate::figures::{grouped, per_second, thousandths};
use crate::http::{self, Connection};
use crate::measure::{Bench, Load, Measured, Stage};
use crate::prepare::POOL_MAX;
use crate::run::Plan;
use crate::systems::{Changes, System};
use rusqlite::OpenFlags;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How many measurements that are.
pub(crate) const MEASUREMENTS: u64 = 7;
/// So many buyers stand at the door: four times the room for charges.
const CONNECTIONS: u32 = 2_048;
/// Clients that send a byte now and then.
const DRIBBLERS: u32 = 300;
/// How often such a client sends a byte.
const DRIBBLE_EVERY: Duration = Duration::from_millis(100);
/// A Toss that is slow, in ms.
const SLOW_TOSS_MS: u64 = 3_000;
/// A disk that is slow: so many ms for each flush.
const SLOW_FLUSH_MS: u64 = 20;
/// Payments in one page of the sandbox's list.
const PAGE: usize = 200;
/// How long what is under way may take to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(60);

/// Everything about more load than there is room for.
#[derive(Clone, Debug)]
pub(crate) struct Overload {
    /// Confirms per second that it can do, buyers waiting for each other.
    pub(crate) capacity: u64,
    pub(crate) rows: Vec<Row>,
}

/// One load, and the books after it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    /// Confirms per second that are asked for.
    pub(crate) pace: u64,
    pub(crate) measured: Measured,
    /// Payments that Toss has charged.
    pub(crate) charged: usize,
    /// Payments that Toss has charged and the store does not call paid, or the other way round.
    pub(crate) differ: usize,
}

/// What is tried.
struct Trial {
    what: String,
    pace: u64,
    latency_ms: u64,
    flush_ms: Option<u64>,
    dribblers: u32,
}

/// Measures all of it.
///
/// # Errors
/// When something does not run; what is lost is in the rows.
pub(crate) async fn measure(bench: &Bench, plan: &Plan) -> Result<Overload, Failure> {
    let capacity = capacity(bench, plan).await?;
    println!("capacity: {}/s", grouped(capacity));
    let usual =
        |what: &str, pace| Trial { what: what.to_owned(), pace, latency_ms: 0, flush_ms: None, dribblers: 0 };
    let trials = [
        usual("half the capacity", capacity / 2),
        usual("nine tenths of the capacity", capacity * 9 / 10),
        usual("twice the capacity", capacity * 2),
        Trial {
            latency_ms: SLOW_TOSS_MS,
            ..usual(&format!("Toss takes {SLOW_TOSS_MS} ms, a quarter of the capacity"), capacity / 4)
        },
        Trial {
            dribblers: DRIBBLERS,
            ..usual(&format!("{DRIBBLERS} clients that dribble, half the capacity"), capacity / 2)
        },
        Trial {
            flush_ms: Some(SLOW_FLUSH_MS),
            ..usual(&format!("each flush takes {SLOW_FLUSH_MS} ms longer, half the capacity"), capacity / 2)
        },
    ];
    let mut rows = Vec::new();
    for trial in trials {
        let row = row(bench, plan, trial).await?;
        println!("{}", row.said());
        rows.push(row);
    }
    Ok(Overload { capacity, rows })
}

impl Row {
    fn said(&self) -> String {
        let counted = &self.measured.counted;
        format!(
            "{}: {}/s asked, {}/s done (p99 {} ms), {} turned away, {} wrong, {} charged, {} differ",
            self.what,
            grouped(self.pace),
            grouped(per_second(counted.confirms, counted.seconds)),
            thousandths(counted.p99_us),
            grouped(counted.shed),
            counted.errors,
            self.charged,
            self.differ,
        )
    }
}

async fn capacity(bench: &Bench, plan: &Plan) -> Result<u64, Failure> {
    let load = Load {
        connections: plan.full(),
        seconds: plan.seconds,
        warm_up_ms: plan.warm_up_ms,
        pace: None,
        reads: false,
    };
    let stage = bench.stage(System::Sqlite, 0, &Changes::default()).await?;
    // It ends when they are used up, and counts until then.
    let pool = usize::try_from(plan.seconds * 10_000)?.min(POOL_MAX / 2);
    Ok(bench.confirms(stage, (pool, load)).await?.rate)
}

async fn row(bench: &Bench, plan: &Plan, trial: Trial) -> Result<Row, Failure> {
    let Trial { what, pace, latency_ms, flush_ms, dribblers } = trial;
    let pace = pace.max(1);
    let changes = Changes { flush_ms, ..Changes::default() };
    let stage = bench.stage(System::Sqlite, latency_ms, &changes).await?;
    let warm_up_ms = plan.warm_up_ms + 2 * latency_ms;
    let needed = pace.saturating_mul(plan.seconds * 1_000 + warm_up_ms) / 1_000 + 1;
    let bodies = stage.prepare(usize::try_from(needed)?.min(POOL_MAX)).await?;
    let load =
        Load { connections: CONNECTIONS, seconds: plan.seconds, warm_up_ms, pace: Some(pace), reads: false };
    let mut slow = JoinSet::new();
    for _ in 0..dribblers {
        slow.spawn(dribble(stage.server.child.address, bodies[0].clone()));
    }
    let measured = stage.load(&bench.place, &bodies, load).await?;
    slow.shutdown().await;
    let paid = paid(&stage).await?;
    let charged = charged(&stage.sandbox).await?;
    let differ = paid.symmetric_difference(&charged).count();
    stage.close().await?;
    Ok(Row { what, pace, measured, charged: charged.len(), differ })
}

/// Sends a request a byte at a time, for as long as it is let.
async fn dribble(server: SocketAddr, body: String) -> std::io::Result<()> {
    let request = http::post(server, "/payments/confirm", "", &body);
    let mut stream = TcpStream::connect(server).await?;
    // The last byte never comes.
    for byte in request.split_last().map(|(_, all)| all).unwrap_or_default() {
        stream.write_all(&[*byte]).await?;
        sleep(DRIBBLE_EVERY).await;
    }
    Ok(())
}

/// The keys of all payments that the store calls paid, once none is under way.
async fn paid(stage: &Stage) -> Result<BTreeSet<String>, Failure> {
    let url = stage.server.database_url.as_deref().unwrap_or_default();
    let file = url.strip_prefix("sqlite://").ok_or("only SQLite can be looked into")?;
    let db = rusqlite::Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let until = Instant::now() + REST_WITHIN;
    let under_way = "SELECT count(*) FROM payments WHERE state IN ('confirming', 'canceling')";
    while db.query_row(under_way, [], |row| row.get::<_, i64>(0))? > 0 {
        if Instant::now() > until {
            return Err("payments are still under way a minute after the load".into());
        }
        sleep(Duration::from_millis(50)).await;
    }
    let mut keys = db.prepare("SELECT toss_payment_key FROM payments WHERE state = 'paid'")?;
    let keys = keys.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(keys)
}

/// The keys of all payments that Toss has charged.
async fn charged(sandbox: &Child) -> Result<BTreeSet<String>, Failure> {
    let mut connection = Connection::open(sandbox.address).await?;
    let mut charged = BTreeSet::new();
    for page in 0.. {
        let path = format!("/sandbox/payments?offset={}&limit={PAGE}", page * PAGE);
        let request = http::get(sandbox.address, &path);
        let answer = connection.exchange(&request).await?;
        if answer.status != 200 {
            return Err(format!("the sandbox's list: {}", answer.text()).into());
        }
        let list: Value = serde_json::from_slice(answer.body)?;
        let payments = list["payments"].as_array().ok_or("the sandbox's list has no payments")?;
        if payments.is_empty() {
            break;
        }
        let done = payments.iter().filter(|payment| payment["status"] == "DONE");
        charged.extend(done.filter_map(|payment| payment["paymentKey"].as_str().map(str::to_owned)));
    }
    Ok(charged)
}

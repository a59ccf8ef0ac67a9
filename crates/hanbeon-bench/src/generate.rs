//! Fills a database with payments: hanbeon itself makes the first one, from `saveAmount` to `confirm`, and the others are
//! cast from it, with names, times and seals of their own. The file is ours alone, so nothing waits for the disk before the
//! end; the copies keep every rule of the schema that is not a CHECK, and `hanbeon verify` finds nothing wrong with them.
use crate::figures::{grouped, per_second};
use crate::http::{self, Connection};
use crate::load::allow_connections;
use crate::measure::Bench;
use crate::mould::{Mould, Names};
use crate::systems::{Changes, Place, System};
use crate::{Failure, databases::Databases};
use clap::Args;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Payments in one transaction.
const AT_ONCE: u64 = 100_000;
/// How many payments are remembered, to be read later.
const REMEMBERED: u64 = 20_000;

#[derive(Args, Debug)]
pub(crate) struct GenerateArgs {
    /// How many.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    payments: u64,
    /// The database, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    database: PathBuf,
    /// The binary that makes the first one [default: `hanbeon` beside this program].
    #[arg(long, value_name = "FILE")]
    hanbeon: Option<PathBuf>,
}

/// What was made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generated {
    /// Where some of the payments are read, in no order.
    pub(crate) paths: Vec<String>,
    pub(crate) took: Duration,
}

/// Generates, and says how fast.
pub(crate) async fn run(args: GenerateArgs) -> Result<(), Failure> {
    allow_connections();
    let bench = std::env::current_exe()?;
    let folder = bench.parent().ok_or("this program is in no folder")?.to_owned();
    let hanbeon = args.hanbeon.unwrap_or_else(|| folder.join("hanbeon"));
    let place = Place { bench, hanbeon, folder };
    let bench = Bench { databases: Databases::start(&place, &[]).await?, place };
    generate(&bench, &args.database, args.payments).await?;
    Ok(())
}

/// Makes a database with so many payments.
///
/// # Errors
/// When there is one already, or something cannot be written.
pub(crate) async fn generate(bench: &Bench, file: &Path, payments: u64) -> Result<Generated, Failure> {
    if file.exists() {
        return Err(format!("there is a {} already", file.display()).into());
    }
    first(bench, file).await?;
    let file = file.to_owned();
    let generated = tokio::task::spawn_blocking(move || cast(&file, payments)).await??;
    println!(
        "generated {} payments in {} s, {}/s",
        grouped(payments),
        generated.took.as_secs(),
        grouped(per_second(payments, generated.took.as_secs_f64()))
    );
    Ok(generated)
}

/// Lets hanbeon make the first one.
async fn first(bench: &Bench, file: &Path) -> Result<(), Failure> {
    let changes = Changes { database: Some(file.to_owned()), ..Changes::default() };
    let stage = bench.stage(System::Sqlite, 0, &changes).await?;
    let body = stage.prepare(1).await?.remove(0);
    let confirm: Value = serde_json::from_str(&body)?;
    let save = json!({"orderId": confirm["orderId"], "amount": confirm["amount"]}).to_string();
    let server = stage.server.child.address;
    let mut connection = Connection::open(server).await?;
    let answer = connection.exchange(&http::post(server, "/payments/saveAmount", "", &save)).await?;
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.ok_or_else(|| format!("saveAmount gave no session: {}", answer.text()))?.to_owned();
    let answer = connection.exchange(&with_cookie(server, &cookie, &body)).await?;
    if answer.status != 200 {
        return Err(format!("the first payment: {}", answer.text()).into());
    }
    stage.close().await
}

fn with_cookie(server: SocketAddr, cookie: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /payments/confirm HTTP/1.1\r\nhost: {server}\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The others.
fn cast(file: &Path, payments: u64) -> Result<Generated, Failure> {
    let db = rusqlite::Connection::open(file)?;
    db.set_prepared_statement_cache_capacity(32);
    db.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; \
         PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -4000000;",
    )?;
    let mould = Mould::take(&db)?;
    let began = Instant::now();
    let mut generated = Generated::default();
    let others = payments.saturating_sub(1);
    let every = (others / REMEMBERED).max(1);
    for number in 0..others {
        if number % AT_ONCE == 0 {
            db.execute_batch("BEGIN")?;
        }
        let names = Names::numbered(number, others, mould.first.at);
        mould.cast(&db, &names)?;
        if number % every == 0 {
            generated.paths.push(format!("/payments/{}", names.order.as_simple()));
        }
        if number % AT_ONCE == AT_ONCE - 1 || number == others - 1 {
            db.execute_batch("COMMIT")?;
        }
    }
    // By the random end of the id: the order of the ids is the order in the file.
    generated.paths.sort_by_cached_key(|path| path.chars().rev().collect::<String>());
    db.execute_batch("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL;")?;
    std::fs::File::open(file)?.sync_all()?;
    generated.took = began.elapsed();
    Ok(generated)
}

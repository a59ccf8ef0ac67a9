//! Fills a database with payments: hanbeon itself makes the first one, from `saveAmount` to `confirm`, and the others are
//! cast from it.
use crate::figures::{grouped, per_second};
use crate::http::{self, Connection};
use crate::load::allow_connections;
use crate::measure::Bench;
use crate::systems::{Changes, Place, System, file_url};
use crate::{Failure, databases::Databases};
use clap::Args;
use hanbeon_bench::fill::{Filled, fill};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

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

/// Generates, and says how fast.
pub(crate) async fn run(args: GenerateArgs) -> Result<(), Failure> {
    allow_connections();
    let bench = std::env::current_exe()?;
    let folder = bench.parent().ok_or("this program is in no folder")?.to_owned();
    let hanbeon = args.hanbeon.unwrap_or_else(|| folder.join("hanbeon"));
    let place = Place { bench, hanbeon, folder };
    let bench = Bench { databases: Databases::start(&place, &[], None).await?, place };
    generate(&bench, &args.database, args.payments).await?;
    Ok(())
}

/// Makes a database with so many payments.
///
/// # Errors
/// When there is one already, or something cannot be written.
pub(crate) async fn generate(bench: &Bench, file: &Path, payments: u64) -> Result<Filled, Failure> {
    if file.exists() {
        return Err(format!("there is a {} already", file.display()).into());
    }
    first(bench, file).await?;
    let file = file.to_owned();
    let filled = tokio::task::spawn_blocking(move || fill(&file, payments)).await??;
    println!(
        "generated {} payments in {} s, {}/s",
        grouped(payments),
        filled.took.as_secs(),
        grouped(per_second(payments, filled.took.as_secs_f64()))
    );
    Ok(filled)
}

/// Lets hanbeon make the first one.
async fn first(bench: &Bench, file: &Path) -> Result<(), Failure> {
    let changes = Changes { database_url: Some(file_url(file)), ..Changes::default() };
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

//! hanbeon on SQLite with a heap of rows that are past their date: while it archives and forgets them, and while it keeps them,
//! in turn.
use crate::Failure;
use crate::figures::{grouped, median, per_second};
use crate::growth::pool;
use crate::measure::{Bench, Load, Measured};
use crate::run::Plan;
use crate::systems::{Changes, System, file_url, make_key};
use std::path::Path;
use std::time::Instant;

/// hanbeon forgets no more in a second: 500 rows, and a pause of 200 ms.
const ROWS_PER_SECOND: u64 = 2_500;
/// A turn with its preparations takes so much longer than its load, in s.
const AROUND: u64 = 10;

/// What was measured beside a heap.
#[derive(Clone, Debug)]
pub(crate) struct Retention {
    /// Rows past their date, at the beginning.
    pub(crate) heap: u64,
    /// The median of the rounds.
    pub(crate) archived_per_second: u64,
    /// While they are kept.
    pub(crate) still: Vec<Measured>,
    /// While they are archived and forgotten.
    pub(crate) archiving: Vec<Measured>,
}

/// How many measurements that are.
pub(crate) fn measurements(plan: &Plan) -> u64 {
    2 * u64::from(plan.rounds)
}

/// Heaps and measures.
///
/// # Errors
/// The first that fails.
pub(crate) async fn measure(bench: &Bench, plan: &Plan, load: Load) -> Result<Retention, Failure> {
    let folder = tempfile::Builder::new().prefix("hanbeon-bench-").tempdir_in(&bench.place.folder)?;
    let (file, archive) = (folder.path().join("heap.db"), folder.path().join("archive"));
    let each = u64::from(plan.rounds) * (plan.seconds + AROUND) * ROWS_PER_SECOND / 2;
    heap_up(bench, &file, each).await?;
    let keeps = "saved_amounts_days = 3650\nanswers_days = 3650";
    let archives = format!("archive = '{}'", archive.display());
    let (mut still, mut archiving, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=plan.rounds {
        let (confirms, none) = turn(bench, (&file, &archive), (keeps, load)).await?;
        still.push(confirms);
        let (confirms, rows) = turn(bench, (&file, &archive), (&archives, load)).await?;
        archiving.push(confirms);
        rates.push(rows);
        println!(
            "retention, round {round} of {}: {} rows/s archived, and {} while they are to be kept",
            plan.rounds,
            grouped(rows),
            grouped(none),
        );
    }
    Ok(Retention { heap: 2 * each, archived_per_second: median(rates), still, archiving })
}

/// Confirms, and how many rows were archived in a second meanwhile.
async fn turn(
    bench: &Bench,
    (file, archive): (&Path, &Path),
    (retention, load): (&str, Load),
) -> Result<(Measured, u64), Failure> {
    let (database_url, retention) = (Some(file_url(file)), Some(retention.to_owned()));
    let changes = Changes { database_url, retention, ..Changes::default() };
    let stage = bench.stage(System::Sqlite, 0, &changes).await?;
    let bodies = stage.prepare(pool(load)?).await?;
    let (before, began) = (lines(archive)?, Instant::now());
    let confirms = stage.load(&bench.place, &bodies, load).await?;
    let took = began.elapsed().as_secs_f64();
    confirms.complain();
    stage.close().await?;
    Ok((confirms, per_second(lines(archive)? - before, took)))
}

/// Lines of all files in a folder, if it is there.
fn lines(folder: &Path) -> Result<u64, Failure> {
    if !folder.exists() {
        return Ok(0);
    }
    let mut lines = 0;
    for file in std::fs::read_dir(folder)? {
        let text = std::fs::read(file?.path())?;
        lines += text.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
    }
    Ok(lines)
}

/// A database of hanbeon's with so many rows of each kind, from a hundred days ago: amounts with their sessions, and answers as
/// long as a payment.
async fn heap_up(bench: &Bench, file: &Path, each: u64) -> Result<(), Failure> {
    make_key(&bench.place, &file_url(file)).await?;
    let db = rusqlite::Connection::open(file)?;
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {each})");
    let at = "CAST(strftime('%s', 'now', '-100 days') AS INTEGER) * 1000000 + i";
    db.execute_batch(&format!(
        "PRAGMA synchronous = OFF;
         BEGIN;
         {numbers} INSERT INTO sessions SELECT CAST(printf('%032d', i) AS BLOB), {at} FROM n;
         {numbers} INSERT INTO saved_amounts (session_id, toss_order_id, amount, saved_at)
           SELECT CAST(printf('%032d', i) AS BLOB), 'heap-' || i, 1000, {at} FROM n;
         {numbers} INSERT INTO claims (idempotency_key, request, operation, until, answer_status, answer_body)
           SELECT 'heap-' || hex(randomblob(16)), randomblob(32), randomblob(16), {at}, 200,
             CAST(printf('%0800d', i) AS BLOB) FROM n;
         COMMIT;"
    ))?;
    drop(db);
    std::fs::File::open(file)?.sync_all()?;
    Ok(())
}

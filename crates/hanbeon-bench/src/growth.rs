//! hanbeon with an empty database, and with millions of payments in it: each size in turn, at half of what the empty one can
//! do. On PostgreSQL they get there as a shop's would: generated into an SQLite file, and moved by `hanbeon migrate`.
use crate::Failure;
use crate::children::{self, command};
use crate::figures::{self, grouped, median};
use crate::generate::generate;
use crate::measure::{Bench, Load, Measured};
use crate::retention::{self, Retention};
use crate::run::Plan;
use crate::speed::paths;
use crate::systems::{Changes, System, file_url};
use hanbeon_bench::fill::in_no_order;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// Payments that are generated in a second, at least.
const GENERATED_PER_SECOND: u64 = 20_000;
/// Payments that are moved in a second, at least.
const MOVED_PER_SECOND: u64 = 2_000;
/// How long a backup, or a restore, may take.
const COPY_WITHIN: Duration = Duration::from_secs(600);
/// What is confirmed to find the pace, and how often: the middle one counts.
const FIRST_POOL: usize = 20_000;
const FIRST_TRIES: u64 = 3;
/// One in so many of the payments that were just confirmed is not read: the last ones, whose turn never came if the machine was
/// too slow for the pace.
const LATE: usize = 10;

/// Everything about a store that grows.
#[derive(Clone, Debug)]
pub(crate) struct Growth {
    /// hanbeon on SQLite, or on PostgreSQL.
    pub(crate) system: System,
    /// Confirms per second.
    pub(crate) pace: u64,
    pub(crate) sizes: Vec<Size>,
    /// Of SQLite.
    pub(crate) retention: Option<Retention>,
}

/// What was measured with so many payments stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Size {
    pub(crate) payments: u64,
    /// Of the database.
    pub(crate) bytes: u64,
    /// How long it took to generate the payments, or to move them.
    pub(crate) filled_in: Duration,
    /// Where some of them are read; of an empty database none.
    paths: Vec<String>,
    database_url: Option<String>,
    pub(crate) confirms: Vec<Measured>,
    pub(crate) reads: Vec<Measured>,
    pub(crate) backup: Option<Backup>,
}

/// What was measured while the database was copied, and how long its way back took.
#[derive(Clone, Debug)]
pub(crate) struct Backup {
    /// `hanbeon backup`, with its check of the copy, beside the load.
    pub(crate) took: Duration,
    pub(crate) confirms: Measured,
    /// `hanbeon restore`, with nothing beside it.
    pub(crate) restored: Duration,
}

impl Size {
    /// The median of a figure over the rounds.
    pub(crate) fn middle(turns: &[Measured], figure: fn(&Measured) -> u64) -> u64 {
        median(turns.iter().map(figure))
    }
}

/// p99 ÷ the empty database's of each round, in thousandths: a machine that is slow for a minute is slow for both.
pub(crate) fn beside(turns: &[Measured], empty: &[Measured]) -> Vec<u64> {
    let both = turns.iter().zip(empty);
    both.map(|(turn, empty)| figures::share(turn.counted.p99_us, empty.counted.p99_us, 1_000)).collect()
}

/// How many measurements that are.
pub(crate) fn measurements(system: System, plan: &Plan, sizes: &[u64]) -> u64 {
    let sizes = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
    let retention = if system == System::Sqlite { retention::measurements(plan) } else { 0 };
    FIRST_TRIES + (sizes + 1) * u64::from(plan.rounds + 1) * 2 + retention
}

/// How long generating takes at most, and moving.
pub(crate) fn expected_ms(system: System, sizes: &[u64]) -> u64 {
    let payments = sizes.iter().sum::<u64>() * 1_000;
    let moved = if system == System::Postgres { payments / MOVED_PER_SECOND } else { 0 };
    payments / GENERATED_PER_SECOND + moved
}

/// Generates and measures.
///
/// # Errors
/// The first that fails; a disk that is too small is one.
pub(crate) async fn measure(
    bench: &Bench,
    plan: &Plan,
    (system, payments): (System, &[u64]),
) -> Result<Growth, Failure> {
    let folder = tempfile::Builder::new().prefix("hanbeon-bench-").tempdir_in(&bench.place.folder)?;
    let load = Load {
        connections: plan.full(),
        seconds: plan.seconds,
        warm_up_ms: plan.warm_up_ms,
        pace: None,
        reads: false,
    };
    let pace = pace(bench, system, load).await?;
    let load = Load { pace: Some(pace), ..load };
    let mut sizes = vec![Size::default()];
    for &payments in payments {
        let file = folder.path().join(format!("{payments}.db"));
        let generated = generated(bench, &file, payments).await?;
        sizes.push(if system == System::Postgres {
            moved(bench, &file, generated).await?
        } else {
            generated
        });
    }
    rounds(bench, (system, load), plan.rounds, &mut sizes).await?;
    let mut retention = None;
    if system == System::Sqlite {
        // One size says it; ten times as much takes ten times as long.
        let filled = sizes.iter_mut().find_map(|size| size.database_url.clone().map(|url| (size, url)));
        if let Some((size, url)) = filled {
            size.backup = Some(backup(bench, (url, load), folder.path()).await?);
        }
        retention = Some(retention::measure(bench, plan, load).await?);
    }
    Ok(Growth { system, pace, sizes, retention })
}

/// So many payments in an SQLite file.
async fn generated(bench: &Bench, file: &Path, payments: u64) -> Result<Size, Failure> {
    let filled = generate(bench, file, payments).await?;
    Ok(Size {
        payments,
        bytes: std::fs::metadata(file)?.len(),
        filled_in: filled.took,
        paths: filled.paths,
        database_url: Some(file_url(file)),
        ..Size::default()
    })
}

/// The same in PostgreSQL; the file goes. Its statistics are made at once, as autovacuum would within minutes.
async fn moved(bench: &Bench, file: &Path, generated: Size) -> Result<Size, Failure> {
    let postgres = bench.databases.postgres()?;
    let url = postgres.create().await?;
    let mut migrate = command(&bench.place.hanbeon, ["migrate", "--from", &file_url(file)]);
    migrate.env("HANBEON_MIGRATE_TO", &url);
    let within = COPY_WITHIN + Duration::from_secs(generated.payments / MOVED_PER_SECOND);
    let took = timed("hanbeon migrate", migrate, within).await?;
    println!("moved {} payments in {} s", grouped(generated.payments), took.as_secs());
    std::fs::remove_file(file)?;
    postgres.query(&url, "VACUUM ANALYZE", within).await?;
    let bytes = postgres.query(&url, "SELECT pg_database_size(current_database())", within).await?;
    Ok(Size { bytes: bytes.trim().parse()?, filled_in: took, database_url: Some(url), ..generated })
}

/// The first round is not counted: in it, what was just generated makes the machine slow.
async fn rounds(
    bench: &Bench,
    (system, load): (System, Load),
    rounds: u32,
    sizes: &mut [Size],
) -> Result<(), Failure> {
    for round in 0..=rounds {
        for size in sizes.iter_mut() {
            let (confirms, reads) = turn(bench, (system, load), size).await?;
            println!(
                "{} stored, round {round} of {rounds}: confirm p99 {} ms, read p99 {} ms",
                grouped(size.payments),
                figures::thousandths(confirms.counted.p99_us),
                figures::thousandths(reads.counted.p99_us),
            );
            if round > 0 {
                size.confirms.push(confirms);
                size.reads.push(reads);
            }
        }
    }
    Ok(())
}

/// Half of what an empty database can do.
async fn pace(bench: &Bench, system: System, load: Load) -> Result<u64, Failure> {
    let mut rates = Vec::new();
    for _ in 0..FIRST_TRIES {
        let stage = bench.stage(system, 0, &Changes::default()).await?;
        rates.push(bench.confirms(stage, (FIRST_POOL, load)).await?.rate);
    }
    Ok((median(rates) / 2).max(1))
}

/// Copies the database while payments are confirmed, and puts the copy in another one's place.
async fn backup(bench: &Bench, (url, load): (String, Load), folder: &Path) -> Result<Backup, Failure> {
    let changes = Changes { database_url: Some(url.clone()), ..Changes::default() };
    let stage = bench.stage(System::Sqlite, 0, &changes).await?;
    let bodies = stage.prepare(pool(load)?).await?;
    let (copy, restored) = (folder.join("copy.db"), folder.join("restored.db"));
    let hanbeon = |verb, option: &str, copy: &Path, database_url: &str| {
        let mut command = command(&bench.place.hanbeon, [verb, option]);
        command.arg(copy).args(["--database-url", database_url]);
        command
    };
    let copied = timed("hanbeon backup", hanbeon("backup", "--to", &copy, &url), COPY_WITHIN);
    let (confirms, took) = tokio::join!(stage.load(&bench.place, &bodies, load), copied);
    let (confirms, took) = (confirms?, took?);
    confirms.complain();
    stage.close().await?;
    let restored =
        timed("hanbeon restore", hanbeon("restore", "--from", &copy, &file_url(&restored)), COPY_WITHIN)
            .await?;
    println!("backup: {} ms, restore: {} ms", took.as_millis(), restored.as_millis());
    Ok(Backup { took, confirms, restored })
}

async fn timed(name: &str, command: Command, within: Duration) -> Result<Duration, Failure> {
    let began = Instant::now();
    children::finish_quietly(name, command, within).await?;
    Ok(began.elapsed())
}

/// How many payments a load at a pace can confirm.
pub(crate) fn pool(load: Load) -> Result<usize, Failure> {
    let pace = load.pace.unwrap_or(1);
    Ok(usize::try_from(pace.saturating_mul(load.seconds * 1_000 + load.warm_up_ms) / 1_000 + 1)?)
}

/// Confirms and reads; of an empty size, in a database of its own.
async fn turn(
    bench: &Bench,
    (system, load): (System, Load),
    size: &Size,
) -> Result<(Measured, Measured), Failure> {
    let changes = Changes { database_url: size.database_url.clone(), ..Changes::default() };
    let stage = bench.stage(system, 0, &changes).await?;
    let bodies = stage.prepare(pool(load)?).await?;
    let confirms = stage.load(&bench.place, &bodies, load).await?;
    confirms.complain();
    let read = match size.paths.as_slice() {
        [] => in_no_order(paths(&bodies[..bodies.len() - bodies.len() / LATE])?),
        generated => generated.to_vec(),
    };
    let reads = stage.load(&bench.place, &read, Load { reads: true, ..load }).await?;
    reads.complain();
    stage.close().await?;
    Ok((confirms, reads))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Counted;

    #[test]
    fn a_size_is_compared_with_the_empty_database_round_by_round() {
        let turns = |p99s: [u64; 3]| {
            p99s.map(|p99_us| Measured {
                counted: Counted { p99_us, ..Counted::default() },
                ..Measured::default()
            })
        };
        // Slow in the last round, and slow for both.
        assert_eq!(beside(&turns([12, 15, 60]), &turns([10, 10, 50])), [1_200, 1_500, 1_200]);
    }
}

//! hanbeon on SQLite with an empty database, and with millions of payments in it: each size in turn, at half of what the
//! empty one can do.
use crate::Failure;
use crate::children::{self, command};
use crate::figures::{self, grouped, median};
use crate::generate::generate;
use crate::measure::{Bench, Load, Measured};
use crate::retention::{self, Retention};
use crate::run::Plan;
use crate::speed::paths;
use crate::systems::{Changes, System};
use hanbeon_bench::fill::{Filled, in_no_order};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Command;

/// Payments that are generated in a second, at least.
const GENERATED_PER_SECOND: u64 = 20_000;
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
    /// Confirms per second.
    pub(crate) pace: u64,
    pub(crate) retention: Retention,
    pub(crate) sizes: Vec<Size>,
}

/// What was measured with so many payments stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Size {
    pub(crate) payments: u64,
    /// Of the database's file.
    pub(crate) bytes: u64,
    pub(crate) generated: Filled,
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
pub(crate) fn measurements(plan: &Plan, sizes: &[u64]) -> u64 {
    let sizes = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
    FIRST_TRIES + (sizes + 1) * u64::from(plan.rounds + 1) * 2 + retention::measurements(plan)
}

/// How long generating takes at most.
pub(crate) fn expected_ms(sizes: &[u64]) -> u64 {
    sizes.iter().sum::<u64>() * 1_000 / GENERATED_PER_SECOND
}

/// Generates and measures.
///
/// # Errors
/// The first that fails; a disk that is too small is one.
pub(crate) async fn measure(bench: &Bench, plan: &Plan, payments: &[u64]) -> Result<Growth, Failure> {
    let folder = tempfile::Builder::new().prefix("hanbeon-bench-").tempdir_in(&bench.place.folder)?;
    let file = |payments: u64| folder.path().join(format!("{payments}.db"));
    let load = Load {
        connections: plan.full(),
        seconds: plan.seconds,
        warm_up_ms: plan.warm_up_ms,
        pace: None,
        reads: false,
    };
    let pace = pace(bench, load).await?;
    let load = Load { pace: Some(pace), ..load };
    let mut sizes = vec![Size::default()];
    for &payments in payments {
        let generated = generate(bench, &file(payments), payments).await?;
        let bytes = std::fs::metadata(file(payments))?.len();
        sizes.push(Size { payments, bytes, generated, ..Size::default() });
    }
    // The first is not counted: in it, what was just generated makes the machine slow.
    for round in 0..=plan.rounds {
        for size in &mut sizes {
            let stored = (size.payments > 0).then(|| file(size.payments));
            let (confirms, reads) = turn(bench, (stored, load), size).await?;
            println!(
                "{} stored, round {round} of {}: confirm p99 {} ms, read p99 {} ms",
                grouped(size.payments),
                plan.rounds,
                figures::thousandths(confirms.counted.p99_us),
                figures::thousandths(reads.counted.p99_us),
            );
            if round > 0 {
                size.confirms.push(confirms);
                size.reads.push(reads);
            }
        }
    }
    // One says it; ten times as much takes ten times as long.
    if let Some(size) = sizes.iter_mut().find(|size| size.payments > 0) {
        size.backup = Some(backup(bench, (&file(size.payments), load), folder.path()).await?);
    }
    let retention = retention::measure(bench, plan, load).await?;
    Ok(Growth { pace, retention, sizes })
}

/// Half of what an empty database can do.
async fn pace(bench: &Bench, load: Load) -> Result<u64, Failure> {
    let mut rates = Vec::new();
    for _ in 0..FIRST_TRIES {
        let stage = bench.stage(System::Sqlite, 0, &Changes::default()).await?;
        rates.push(bench.confirms(stage, (FIRST_POOL, load)).await?.rate);
    }
    Ok((median(rates) / 2).max(1))
}

/// Copies the database while payments are confirmed, and puts the copy in another one's place.
async fn backup(bench: &Bench, (file, load): (&Path, Load), folder: &Path) -> Result<Backup, Failure> {
    let changes = Changes { database: Some(file.to_owned()), ..Changes::default() };
    let stage = bench.stage(System::Sqlite, 0, &changes).await?;
    let bodies = stage.prepare(pool(load)?).await?;
    let (copy, restored) = (folder.join("copy.db"), folder.join("restored.db"));
    let hanbeon = |verb, option: &str, copy: &Path, database: &Path| {
        let mut command = command(&bench.place.hanbeon, [verb, option]);
        command.arg(copy).args(["--database-url", &format!("sqlite://{}", database.display())]);
        command
    };
    let copied = timed("hanbeon backup", hanbeon("backup", "--to", &copy, file));
    let (confirms, took) = tokio::join!(stage.load(&bench.place, &bodies, load), copied);
    let (confirms, took) = (confirms?, took?);
    confirms.complain();
    stage.close().await?;
    let restored = timed("hanbeon restore", hanbeon("restore", "--from", &copy, &restored)).await?;
    println!("backup: {} ms, restore: {} ms", took.as_millis(), restored.as_millis());
    Ok(Backup { took, confirms, restored })
}

async fn timed(name: &str, command: Command) -> Result<Duration, Failure> {
    let began = Instant::now();
    children::finish_quietly(name, command, COPY_WITHIN).await?;
    Ok(began.elapsed())
}

/// How many payments a load at a pace can confirm.
pub(crate) fn pool(load: Load) -> Result<usize, Failure> {
    let pace = load.pace.unwrap_or(1);
    Ok(usize::try_from(pace.saturating_mul(load.seconds * 1_000 + load.warm_up_ms) / 1_000 + 1)?)
}

/// Confirms and reads; with no file, in a database of its own.
async fn turn(
    bench: &Bench,
    (file, load): (Option<PathBuf>, Load),
    size: &Size,
) -> Result<(Measured, Measured), Failure> {
    let changes = Changes { database: file, ..Changes::default() };
    let stage = bench.stage(System::Sqlite, 0, &changes).await?;
    let bodies = stage.prepare(pool(load)?).await?;
    let confirms = stage.load(&bench.place, &bodies, load).await?;
    confirms.complain();
    let read = match size.generated.paths.as_slice() {
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

//! hanbeon on SQLite with an empty database, and with millions of payments in it: each size in turn, at half of what the
//! empty one can do.
use crate::Failure;
use crate::figures::{self, grouped, median};
use crate::generate::generate;
use crate::measure::{Bench, Load, Measured};
use crate::run::Plan;
use crate::speed::paths;
use crate::systems::{Changes, System};
use hanbeon_bench::fill::Filled;
use std::path::Path;

/// Payments that are generated in a second, at least.
const GENERATED_PER_SECOND: u64 = 20_000;
/// What is confirmed to find the pace.
const FIRST_POOL: usize = 20_000;

/// Everything about a store that grows.
#[derive(Clone, Debug)]
pub(crate) struct Growth {
    /// Confirms per second.
    pub(crate) pace: u64,
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
}

impl Size {
    /// The median of a figure over the rounds.
    pub(crate) fn middle(turns: &[Measured], figure: fn(&Measured) -> u64) -> u64 {
        median(turns.iter().map(figure))
    }
}

/// How many measurements that are.
pub(crate) fn measurements(plan: &Plan, sizes: &[u64]) -> u64 {
    let sizes = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
    1 + (sizes + 1) * u64::from(plan.rounds) * 2
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
    let stage = bench.stage(System::Sqlite, 0, &Changes::default()).await?;
    let pace = (bench.confirms(stage, (FIRST_POOL, load)).await?.rate / 2).max(1);
    let mut sizes = vec![Size::default()];
    for &payments in payments {
        let generated = generate(bench, &file(payments), payments).await?;
        let bytes = std::fs::metadata(file(payments))?.len();
        sizes.push(Size { payments, bytes, generated, ..Size::default() });
    }
    for round in 1..=plan.rounds {
        for size in &mut sizes {
            let load = Load { pace: Some(pace), ..load };
            turn(bench, (&file(size.payments), load), size).await?;
            let last =
                |turns: &[Measured]| figures::thousandths(turns.last().map_or(0, |m| m.counted.p99_us));
            println!(
                "{} stored, round {round} of {}: confirm p99 {} ms, read p99 {} ms",
                grouped(size.payments),
                plan.rounds,
                last(&size.confirms),
                last(&size.reads),
            );
        }
    }
    Ok(Growth { pace, sizes })
}

async fn turn(bench: &Bench, (file, load): (&Path, Load), size: &mut Size) -> Result<(), Failure> {
    let changes = Changes { database: Some(file.to_owned()), ..Changes::default() };
    let stage = bench.stage(System::Sqlite, 0, &changes).await?;
    let pace = load.pace.unwrap_or(1);
    let needed = pace.saturating_mul(load.seconds * 1_000 + load.warm_up_ms) / 1_000 + 1;
    let bodies = stage.prepare(usize::try_from(needed)?).await?;
    let confirms = stage.load(&bench.place, &bodies, load).await?;
    confirms.complain();
    let generated = size.generated.paths.clone();
    let read = if generated.is_empty() { paths(&bodies)? } else { generated };
    let reads = stage.load(&bench.place, &read, Load { pace: Some(pace), reads: true, ..load }).await?;
    reads.complain();
    stage.close().await?;
    size.confirms.push(confirms);
    size.reads.push(reads);
    Ok(())
}

//! The rounds.
//!
//! 1. look at the machine;
//! 2. for each number of connections: a short measurement of both, to know how much to prepare;
//! 3. then rounds of limit, hanbeon, limit, hanbeon …;
//! 4. write the report.
use crate::machine::{self, Machine};
use crate::measure::{Measured, Place, Setting, Target, measure};
use crate::prepare::POOL_MAX;
use crate::{Failure, figures, report};
use clap::Args;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

/// Payments for the first, short measurement, which ends when they are used up.
const FIRST_POOL: usize = 3_000;
/// The longest that it takes, in seconds.
const FIRST_SECONDS: u64 = 2;

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Rounds; each measures limit and hanbeon once. The medians count.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) rounds: u32,
    /// How long each measurement counts.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,
    /// How long it confirms before that, in ms.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub(crate) warm_up_ms: u64,
    /// How many connections, one report line each.
    #[arg(long, value_delimiter = ',', default_value = "1,32,128", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) connections: Vec<u32>,
    /// Where databases are made; must be a disk for "durable" to mean anything [default: beside this program].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The binary to measure [default: `hanbeon` beside this program].
    #[arg(long, value_name = "FILE")]
    hanbeon: Option<PathBuf>,
    /// The date of the report [default: today, UTC].
    #[arg(long)]
    date: Option<String>,
    /// The report.
    #[arg(long, value_name = "FILE", default_value = "docs/benchmarks.md")]
    output: PathBuf,
}

/// What was measured at one number of connections.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub(crate) connections: u32,
    pub(crate) rounds: Vec<Round>,
}

/// One turn of each.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) limit: Measured,
    pub(crate) hanbeon: Measured,
}

/// A whole run.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) date: String,
    pub(crate) command: String,
    pub(crate) rounds: u32,
    pub(crate) seconds: u64,
    pub(crate) warm_up_ms: u64,
    pub(crate) levels: Vec<Level>,
}

/// Measures, writes the report and prints its table. A signal ends it; then, as on every other way out, the
/// processes that it started are killed and the databases removed.
pub(crate) async fn run(args: RunArgs) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        ended = rounds(args) => ended,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        _ = terminate.recv() => Err("terminated".into()),
        _ = hang_up.recv() => Err("the terminal is gone".into()),
    }
}

async fn rounds(args: RunArgs) -> Result<(), Failure> {
    let place = place(&args)?;
    let mut results = Results {
        machine: machine::look(&place.folder)?,
        date: args.date.clone().unwrap_or_else(machine::today),
        command: "cargo xtask bench".to_owned(),
        rounds: args.rounds,
        seconds: args.seconds,
        warm_up_ms: args.warm_up_ms,
        levels: Vec::new(),
    };
    for arg in std::env::args().skip(2) {
        results.command.push(' ');
        results.command.push_str(&arg);
    }
    for &connections in &args.connections {
        results.levels.push(level(&place, &args, connections).await?);
    }
    let page = report::page(&results);
    std::fs::write(&args.output, page).map_err(|e| format!("cannot write {}: {e}", args.output.display()))?;
    println!("\n{}\nwritten: {}", report::table(&results), args.output.display());
    Ok(())
}

fn place(args: &RunArgs) -> Result<Place, Failure> {
    let bench = std::env::current_exe()?;
    let beside = bench.parent().ok_or("this program is in no folder")?.to_owned();
    let hanbeon = args.hanbeon.clone().unwrap_or_else(|| beside.join("hanbeon"));
    if !hanbeon.is_file() {
        let hint = "build it with `cargo build --release -p hanbeon`, or name it with --hanbeon";
        return Err(format!("there is no {}: {hint}", hanbeon.display()).into());
    }
    Ok(Place { bench, hanbeon, folder: args.dir.clone().unwrap_or(beside) })
}

async fn level(place: &Place, args: &RunArgs, connections: u32) -> Result<Level, Failure> {
    let mut limit = Turn::new(Target::Limit, args, connections);
    let mut hanbeon = Turn::new(Target::Hanbeon, args, connections);
    limit.first(place).await?;
    hanbeon.first(place).await?;
    let mut rounds = Vec::new();
    for round in 1..=args.rounds {
        let measured = Round { limit: limit.take(place).await?, hanbeon: hanbeon.take(place).await? };
        let share = figures::share(measured.hanbeon.rate, measured.limit.rate, 100);
        println!(
            "{connections} connections, round {round} of {}: limit {}/s, hanbeon {}/s, ratio {}",
            args.rounds,
            figures::grouped(measured.limit.rate),
            figures::grouped(measured.hanbeon.rate),
            figures::hundredths(share),
        );
        rounds.push(measured);
    }
    Ok(Level { connections, rounds })
}

/// One of the two, and how fast it has been so far: that decides how much is prepared.
struct Turn {
    setting: Setting,
    fastest: u64,
}

impl Turn {
    fn new(target: Target, args: &RunArgs, connections: u32) -> Self {
        let RunArgs { seconds, warm_up_ms, .. } = *args;
        Self { setting: Setting { target, connections, seconds, warm_up_ms, pool: FIRST_POOL }, fastest: 0 }
    }

    async fn first(&mut self, place: &Place) -> Result<(), Failure> {
        let setting = Setting { seconds: FIRST_SECONDS, warm_up_ms: 0, ..self.setting };
        self.fastest = measure(place, setting).await?.rate;
        Ok(())
    }

    async fn take(&mut self, place: &Place) -> Result<Measured, Failure> {
        let measured = measure(place, Setting { pool: self.pool(), ..self.setting }).await?;
        self.fastest = self.fastest.max(measured.rate);
        Ok(measured)
    }

    /// Half as much again as the fastest measurement so far would have used.
    fn pool(&self) -> usize {
        let ms = self.setting.seconds * 1_000 + self.setting.warm_up_ms;
        let needed = figures::share(self.fastest.saturating_mul(ms), 2_000, 3);
        usize::try_from(needed).unwrap_or(POOL_MAX).clamp(FIRST_POOL.min(1_000), POOL_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_has_a_margin_and_a_bound() {
        let setting =
            Setting { target: Target::Limit, connections: 1, seconds: 4, warm_up_ms: 500, pool: FIRST_POOL };
        for (fastest, pool) in [(0, 1_000), (2_000, 13_500), (u64::MAX, POOL_MAX)] {
            assert_eq!(Turn { setting, fastest }.pool(), pool, "{fastest}");
        }
    }
}

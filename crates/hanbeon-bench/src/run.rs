//! A whole run: what is measured, how long that takes, and the page that comes of it.
//!
//! 1. say how long it takes; 2. start what is compared; 3. measure in turns; 4. write the page.
use crate::growth::{self, Growth};
use crate::machine::{self, Machine};
use crate::measure::Bench;
use crate::overload::{self, Overload};
use crate::speed::{self, Speed};
use crate::systems::{self, Changes, Place, System};
use crate::{Failure, databases::Databases, load, report};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, timeout};

/// A measurement of so many seconds takes so many times as long with its preparation, in tenths …
const WITH_PREPARATION: u64 = 22;
/// … and so long with its processes, in ms.
const WITH_PROCESSES_MS: u64 = 2_000;
/// A run that takes so many times as long as it should is given up.
const PATIENCE: u32 = 3;

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// How thorough; the options below win over it.
    #[arg(long, value_enum, default_value = "full")]
    preset: Preset,
    /// The same as `--preset quick`.
    #[arg(long)]
    quick: bool,
    /// Rounds; each measures every system once. The medians count.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: Option<u32>,
    /// How long each measurement counts.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: Option<u64>,
    /// How long it confirms before that, in ms, beside six answers of Toss.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    warm_up_ms: u64,
    /// How many connections when Toss answers at once, a line each.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=4096))]
    connections: Option<Vec<u32>>,
    /// How long Toss takes to answer, in ms.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(0..=10_000))]
    latency: Option<Vec<u64>>,
    /// What is compared.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Option<Vec<System>>,
    /// Measure only how hanbeon does with more than it can do.
    #[arg(long)]
    overload: bool,
    /// Measure only how hanbeon does with so many payments in its database: on SQLite, or on what `--only` names.
    #[arg(long, conflicts_with = "overload")]
    growth: bool,
    /// Measure every part: `--preset evening --all` takes some forty minutes.
    #[arg(long, conflicts_with_all = ["overload", "growth"])]
    all: bool,
    /// How many payments are stored, with `--growth` or `--all`, beside none.
    #[arg(long, value_delimiter = ',', default_value = "1000000,10000000", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    payments: Vec<u64>,
    /// Where databases are made; must be a disk for "durable" to mean anything [default: beside this program].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The binary to measure [default: `hanbeon` beside this program].
    #[arg(long, value_name = "FILE")]
    hanbeon: Option<PathBuf>,
    /// The date of the report [default: today, UTC].
    #[arg(long)]
    date: Option<String>,
    /// The report; its pictures go to the folder `images` beside it.
    #[arg(long, value_name = "FILE", default_value = "docs/benchmarks.md")]
    output: PathBuf,
}

/// How thorough a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// A few minutes, to see that everything works.
    Quick,
    /// Some twenty minutes: five rounds of 3 s.
    Evening,
    /// Five rounds of 10 s.
    Full,
}

/// What a run measures.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) seconds: u64,
    pub(crate) warm_up_ms: u64,
    pub(crate) connections: Vec<u32>,
    pub(crate) latencies_ms: Vec<u64>,
    pub(crate) systems: Vec<System>,
}

/// Where, when and how a part of the page was measured.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) machine: Machine,
    pub(crate) date: String,
    pub(crate) command: String,
    pub(crate) plan: Plan,
}

/// What was measured; the other parts of the page stay as they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) speed: Option<Speed>,
    pub(crate) overload: Option<Overload>,
    pub(crate) growth: Option<Growth>,
}

/// Measures and writes the report. A signal ends it; then, as on every other way out, the processes that it started
/// are killed and the databases removed.
pub(crate) async fn run(args: RunArgs) -> Result<(), Failure> {
    load::allow_connections();
    let plan = args.plan();
    let expected = Duration::from_millis(args.measurements_ms(&plan));
    let minutes = |time: Duration| time.as_secs().div_ceil(60);
    println!(
        "this takes about {} minutes; after {} it is given up",
        minutes(expected),
        minutes(expected * PATIENCE)
    );
    let began = Instant::now();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        ended = timeout(expected * PATIENCE, parts(&args, plan)) => ended.map_err(|_| "it took too long")??,
        _ = tokio::signal::ctrl_c() => return Err("interrupted".into()),
        _ = terminate.recv() => return Err("terminated".into()),
        _ = hang_up.recv() => return Err("the terminal is gone".into()),
    }
    println!("it took {} s", began.elapsed().as_secs());
    Ok(())
}

async fn parts(args: &RunArgs, plan: Plan) -> Result<(), Failure> {
    if args.growth && args.growing(&plan).is_empty() {
        return Err("only hanbeon grows: --only sqlite, --only postgres".into());
    }
    let place = args.place()?;
    let mut made = Made {
        machine: machine::look(&place.folder)?,
        date: args.date.clone().unwrap_or_else(machine::today),
        command: "cargo xtask bench".to_owned(),
        plan,
    };
    for arg in std::env::args().skip(2) {
        made.command.push(' ');
        made.command.push_str(&arg);
    }
    systems::install(&made.plan.systems).await?;
    // A quarter of the memory, with which PostgreSQL's documentation says to begin where there is something to keep there.
    let buffers_mib = args.growth.then_some(made.machine.memory_mib / 4);
    let databases = Databases::start(&place, &made.plan.systems, buffers_mib).await?;
    let bench = Bench { place, databases };
    if args.only.is_none() {
        leave_out(&bench, &mut made.plan).await;
    }
    // Each part is on the page before the next one begins: what fails later takes nothing away.
    let plan = &made.plan;
    let write = |parts: Parts| report::write(&args.output, &made, &parts);
    let mut failed = Vec::new();
    if !args.growth && !args.overload {
        match speed::measure(&bench, plan).await {
            Ok(speed) => write(Parts { speed: Some(speed), ..Parts::default() })?,
            Err(error) => failed.push(format!("speed: {error}")),
        }
    }
    if !args.growth && plan.systems.contains(&System::Sqlite) {
        match overload::measure(&bench, plan).await {
            Ok(overload) => write(Parts { overload: Some(overload), ..Parts::default() })?,
            Err(error) => failed.push(format!("overload: {error}")),
        }
    }
    for system in args.growing(plan) {
        match growth::measure(&bench, plan, (system, &args.payments)).await {
            Ok(growth) => write(Parts { growth: Some(growth), ..Parts::default() })?,
            Err(error) => failed.push(format!("growth of {}: {error}", system.name())),
        }
    }
    bench.databases.stop().await?;
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

/// A hanbeon that does not know PostgreSQL is measured without it, unless it was asked for by name.
async fn leave_out(bench: &Bench, plan: &mut Plan) {
    if plan.systems.contains(&System::Postgres)
        && let Err(error) = bench.stage(System::Postgres, 0, &Changes::default()).await
    {
        println!("**PostgreSQL is left out**, for hanbeon does not start on it: {error}");
        plan.systems.retain(|system| *system != System::Postgres);
    }
}

impl RunArgs {
    fn plan(&self) -> Plan {
        let preset = if self.quick { Preset::Quick } else { self.preset };
        let (rounds, seconds) = match preset {
            Preset::Quick => (2, 1),
            Preset::Evening => (5, 3),
            Preset::Full => (5, 10),
        };
        let systems = match &self.only {
            _ if self.overload => vec![System::Sqlite],
            None if self.growth => vec![System::Sqlite],
            Some(only) => System::ALL.into_iter().filter(|system| only.contains(system)).collect(),
            None => System::ALL.to_vec(),
        };
        let mut connections = self.connections.clone().unwrap_or_else(|| match preset {
            Preset::Quick => vec![128],
            Preset::Evening | Preset::Full => vec![1, 32, 128],
        });
        connections.sort_unstable();
        let mut latencies_ms = self.latency.clone().unwrap_or_else(|| vec![0, 50, 300]);
        latencies_ms.sort_unstable();
        Plan {
            rounds: self.rounds.unwrap_or(rounds),
            seconds: self.seconds.unwrap_or(seconds),
            warm_up_ms: self.warm_up_ms,
            connections,
            latencies_ms,
            systems,
        }
    }

    /// Whose growth is measured.
    fn growing(&self, plan: &Plan) -> Vec<System> {
        match (self.growth, self.all) {
            (true, _) => plan.systems.iter().copied().filter(|system| system.is_hanbeon()).collect(),
            (_, true) => vec![System::Sqlite],
            _ => Vec::new(),
        }
    }

    /// How long it should take.
    fn measurements_ms(&self, plan: &Plan) -> u64 {
        let of = |measurements: u64| {
            let counted_ms = plan.seconds * 1_000 + plan.warm_up_ms;
            measurements * (counted_ms * WITH_PREPARATION / 10 + WITH_PROCESSES_MS)
        };
        let grow = |system| {
            let measurements = growth::measurements(system, plan, &self.payments);
            growth::expected_ms(system, &self.payments) + of(measurements)
        };
        let growth = self.growing(plan).into_iter().map(grow).sum::<u64>();
        if self.growth {
            return growth;
        }
        let speed = if self.overload { 0 } else { of(speed::measurements(plan)) };
        speed + of(overload::MEASUREMENTS) + growth
    }

    fn place(&self) -> Result<Place, Failure> {
        let bench = std::env::current_exe()?;
        let beside = bench.parent().ok_or("this program is in no folder")?.to_owned();
        let hanbeon = self.hanbeon.clone().unwrap_or_else(|| beside.join("hanbeon"));
        if !hanbeon.is_file() {
            let hint = "build it with `cargo build --release -p hanbeon`, or name it with --hanbeon";
            return Err(format!("there is no {}: {hint}", hanbeon.display()).into());
        }
        let folder = self.dir.clone().unwrap_or(beside).canonicalize()?;
        Ok(Place { bench, hanbeon, folder })
    }
}

impl Plan {
    /// The most connections when Toss answers at once: what is meant by "full load".
    pub(crate) fn full(&self) -> u32 {
        self.connections.last().copied().unwrap_or(1)
    }
}

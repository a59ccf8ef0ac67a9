//! The systems side by side: confirms, the overhead at half load, reads. Each round measures every system once, in turn.
use crate::Failure;
use crate::figures::{self, median};
use crate::measure::{Bench, Load, Measured};
use crate::prepare::POOL_MAX;
use crate::run::Plan;
use crate::systems::{Changes, System};
use serde_json::Value;
use std::collections::BTreeMap;

/// Payments for the first, short measurement of a system, which ends when they are used up.
const FIRST_POOL: usize = 3_000;
/// The longest that it takes, in seconds.
const FIRST_SECONDS: u64 = 2;
/// From so long an answer of Toss on, in ms …
const SLOW_MS: u64 = 100;
/// … so many confirms are under way at once.
const IN_FLIGHT: u32 = 2_000;
/// What hanbeon is told then: room for all of them.
const CHARGES_AT_ONCE: u32 = 4_096;
/// How many different payments are read.
const READ: usize = 2_000;

/// Figures of each system, a measurement a round.
pub(crate) type Turns = BTreeMap<System, Vec<Measured>>;

/// Everything that is compared between systems.
#[derive(Clone, Debug)]
pub(crate) struct Speed {
    pub(crate) cells: Vec<Cell>,
    pub(crate) half: Vec<Half>,
    pub(crate) reads: Turns,
    /// The size of hanbeon's binary in bytes.
    pub(crate) binary: u64,
}

/// Confirms at one latency of Toss and one number of connections.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) latency_ms: u64,
    pub(crate) connections: u32,
    pub(crate) turns: Turns,
}

/// hanbeon on one store at half of what it can do, and the limit at the same pace.
#[derive(Clone, Debug)]
pub(crate) struct Half {
    pub(crate) system: System,
    pub(crate) pace: u64,
    pub(crate) turns: Turns,
}

/// How many measurements that are.
pub(crate) fn measurements(plan: &Plan) -> u64 {
    let count = |systems: Vec<System>| u64::try_from(systems.len()).unwrap_or(u64::MAX);
    let rounds = u64::from(plan.rounds);
    let cells: u64 = places(plan)
        .into_iter()
        .map(|(latency, connections)| count(compared(plan, latency, connections)) * rounds)
        .sum();
    let stores = count(stores(plan));
    cells + stores * 2 * rounds + (stores + 1) * rounds
}

/// Measures all of it.
///
/// # Errors
/// The first measurement that fails.
pub(crate) async fn measure(bench: &Bench, plan: &Plan) -> Result<Speed, Failure> {
    let mut cells = Vec::new();
    for (latency_ms, connections) in places(plan) {
        let systems = compared(plan, latency_ms, connections);
        cells.push(cell(bench, plan, (latency_ms, connections), &systems).await?);
    }
    let mut half = Vec::new();
    for system in stores(plan) {
        let full = cells.iter().find(|cell| cell.latency_ms == 0 && cell.connections == plan.full());
        let rate = full.map_or(0, |cell| rate(&cell.turns, system));
        if rate > 1 {
            half.push(at_half(bench, plan, (system, rate / 2)).await?);
        }
    }
    let reads = reads(bench, plan).await?;
    let binary = std::fs::metadata(&bench.place.hanbeon)?.len();
    Ok(Speed { cells, half, reads, binary })
}

/// The median rate of a system, 0 if it was not measured.
pub(crate) fn rate(turns: &Turns, system: System) -> u64 {
    middle(turns, system, |measured| measured.rate)
}

/// The median of a figure over the rounds.
pub(crate) fn middle(turns: &Turns, system: System, figure: fn(&Measured) -> u64) -> u64 {
    median(turns.get(&system).into_iter().flatten().map(figure))
}

/// `system` ÷ `base` of each round, in thousandths; none, if one of them was not measured.
pub(crate) fn ratios(turns: &Turns, system: System, base: System) -> Vec<u64> {
    let of = |system| turns.get(&system).into_iter().flatten();
    of(system).zip(of(base)).map(|(one, other)| figures::share(one.rate, other.rate, 1_000)).collect()
}

fn stores(plan: &Plan) -> Vec<System> {
    let stores = [System::Sqlite, System::Postgres];
    stores.into_iter().filter(|system| plan.systems.contains(system)).collect()
}

/// Where confirms are measured: a latency of Toss, and connections.
fn places(plan: &Plan) -> Vec<(u64, u32)> {
    let mut places = Vec::new();
    for &latency in &plan.latencies_ms {
        match latency {
            0 => places.extend(plan.connections.iter().map(|&connections| (0, connections))),
            1..SLOW_MS => places.push((latency, plan.full())),
            SLOW_MS.. => places.push((latency, IN_FLIGHT)),
        }
    }
    places
}

/// With few connections the peers show nothing that they do not show with many.
fn compared(plan: &Plan, latency_ms: u64, connections: u32) -> Vec<System> {
    let all = latency_ms > 0 || connections == plan.full();
    let ours = [System::Limit, System::Sqlite, System::Postgres];
    plan.systems.iter().copied().filter(|system| all || ours.contains(system)).collect()
}

async fn cell(
    bench: &Bench,
    plan: &Plan,
    (latency_ms, connections): (u64, u32),
    systems: &[System],
) -> Result<Cell, Failure> {
    let changes =
        Changes { charges_at_once: (connections > 256).then_some(CHARGES_AT_ONCE), ..Changes::default() };
    let load = Load {
        connections,
        seconds: plan.seconds,
        warm_up_ms: plan.warm_up_ms + 6 * latency_ms,
        pace: None,
        reads: false,
    };
    let take = async |system, (pool, load)| {
        bench.confirms(bench.stage(system, latency_ms, &changes).await?, (pool, load)).await
    };
    let mut fastest: BTreeMap<System, u64> = BTreeMap::new();
    for &system in systems {
        // With a slow Toss nobody is faster than its answers.
        let rate = match latency_ms {
            0 => {
                let first = Load { seconds: FIRST_SECONDS, warm_up_ms: 0, ..load };
                taken(system, take(system, (FIRST_POOL, first)).await)?.map(|measured| measured.rate)
            }
            ms => Some(u64::from(connections) * 1_000 / ms * 3 / 4),
        };
        fastest.extend(rate.map(|rate| (system, rate)));
    }
    let mut turns = Turns::new();
    for round in 1..=plan.rounds {
        for &system in systems {
            let Some(known) = fastest.get_mut(&system) else { continue };
            let Some(measured) = taken(system, take(system, (pool(*known, load), load)).await)? else {
                // A round less would be compared with another one's.
                fastest.remove(&system);
                turns.remove(&system);
                continue;
            };
            *known = (*known).max(measured.rate);
            println!(
                "Toss {latency_ms} ms, {connections} connections, round {round} of {}, {}: {}/s, p99 {} ms, {} µs of processor \
                 each ({} in its database)",
                plan.rounds,
                system.name(),
                figures::grouped(measured.rate),
                figures::thousandths(measured.counted.p99_us),
                (measured.server_ns() + measured.database_cpu_ns) / 1_000,
                measured.database_cpu_ns / 1_000,
            );
            turns.entry(system).or_default().push(measured);
        }
    }
    Ok(Cell { latency_ms, connections, turns })
}

/// A peer that fails loses its own figures and nobody else's; without ours or the limit there is nothing to compare.
fn taken(system: System, measured: Result<Measured, Failure>) -> Result<Option<Measured>, Failure> {
    match measured {
        Err(error) if matches!(system, System::Original | System::ExpressSample | System::Postgres) => {
            println!("**{} is left out**: {error}", system.name());
            Ok(None)
        }
        measured => measured.map(Some),
    }
}

/// Half as much again as this rate would use up.
fn pool(rate: u64, load: Load) -> usize {
    let ms = load.seconds * 1_000 + load.warm_up_ms;
    let needed = figures::share(rate.saturating_mul(ms), 2_000, 3);
    usize::try_from(needed).unwrap_or(POOL_MAX).clamp(1_000, POOL_MAX)
}

async fn at_half(bench: &Bench, plan: &Plan, (system, pace): (System, u64)) -> Result<Half, Failure> {
    let load = Load {
        connections: plan.full(),
        seconds: plan.seconds,
        warm_up_ms: plan.warm_up_ms,
        pace: Some(pace),
        reads: false,
    };
    let needed = pace.saturating_mul(plan.seconds * 1_000 + plan.warm_up_ms) / 1_000 + 1;
    let pool = usize::try_from(needed)?.min(POOL_MAX);
    let mut turns = Turns::new();
    for round in 1..=plan.rounds {
        for system in [System::Limit, system] {
            let stage = bench.stage(system, 0, &Changes::default()).await?;
            let measured = bench.confirms(stage, (pool, load)).await?;
            println!(
                "at {}/s, round {round} of {}, {}: p99 {} ms",
                figures::grouped(pace),
                plan.rounds,
                system.name(),
                figures::thousandths(measured.counted.p99_us),
            );
            turns.entry(system).or_default().push(measured);
        }
    }
    Ok(Half { system, pace, turns })
}

async fn reads(bench: &Bench, plan: &Plan) -> Result<Turns, Failure> {
    let full = plan.full();
    let load = Load {
        connections: full,
        seconds: plan.seconds,
        warm_up_ms: plan.warm_up_ms,
        pace: None,
        reads: true,
    };
    let mut turns = Turns::new();
    for round in 1..=plan.rounds {
        for system in [System::Limit].into_iter().chain(stores(plan)) {
            let Some(measured) = taken(system, read(bench, system, load).await)? else { continue };
            println!(
                "reads, round {round} of {}, {}: {}/s",
                plan.rounds,
                system.name(),
                figures::grouped(measured.rate)
            );
            turns.entry(system).or_default().push(measured);
        }
    }
    Ok(turns)
}

/// Confirms some payments, and reads them.
async fn read(bench: &Bench, system: System, load: Load) -> Result<Measured, Failure> {
    let stage = bench.stage(system, 0, &Changes::default()).await?;
    let bodies = stage.prepare(if system == System::Limit { 1 } else { READ }).await?;
    let confirm = Load { connections: 32, seconds: 60, warm_up_ms: 0, pace: None, reads: false };
    stage.load(&bench.place, &bodies, confirm).await?.complain();
    let measured = stage.load(&bench.place, &paths(&bodies)?, load).await?;
    measured.complain();
    stage.close().await?;
    Ok(measured)
}

/// Where the payments that these bodies confirm are read.
pub(crate) fn paths(bodies: &[String]) -> Result<Vec<String>, Failure> {
    let path = |body: &String| {
        let body: Value = serde_json::from_str(body)?;
        Ok(format!("/payments/{}", body["backendOrderId"].as_str().unwrap_or_default()))
    };
    bodies.iter().map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            rounds: 5,
            seconds: 4,
            warm_up_ms: 500,
            connections: vec![1, 128],
            latencies_ms: vec![0, 50, 300],
            systems: System::ALL.to_vec(),
        }
    }

    #[test]
    fn what_is_prepared_has_a_margin_and_a_bound() {
        let load = Load { connections: 1, seconds: 4, warm_up_ms: 500, pace: None, reads: false };
        for (fastest, expected) in [(0, 1_000), (2_000, 13_500), (u64::MAX, POOL_MAX)] {
            assert_eq!(pool(fastest, load), expected, "{fastest}");
        }
    }

    #[test]
    fn a_slow_toss_is_asked_by_two_thousand_at_once() {
        assert_eq!(places(&plan()), [(0, 1), (0, 128), (50, 128), (300, 2_000)]);
        assert_eq!(compared(&plan(), 0, 1).len(), 3);
        assert_eq!(compared(&plan(), 0, 128).len(), 5);
        assert_eq!(measurements(&plan()), (3 + 5 + 5 + 5) * 5 + 2 * 2 * 5 + 3 * 5);
    }

    #[test]
    fn a_peer_that_fails_is_left_out_and_the_limit_is_not() {
        for (system, goes_on) in [(System::Original, true), (System::Postgres, true), (System::Limit, false)]
        {
            assert_eq!(taken(system, Err("it does not start".into())).is_ok(), goes_on, "{system:?}");
            let measured = taken(system, Ok(Measured { rate: 7, ..Measured::default() }));
            assert_eq!(measured.expect("measured").map(|measured| measured.rate), Some(7));
        }
    }

    #[test]
    fn the_ratio_is_each_rounds_own() {
        let of = |rates: [u64; 2]| rates.map(|rate| Measured { rate, ..Measured::default() }).to_vec();
        let turns = Turns::from([(System::Limit, of([1_000, 2_000])), (System::Sqlite, of([500, 500]))]);
        assert_eq!(ratios(&turns, System::Sqlite, System::Limit), [500, 250]);
        assert_eq!(ratios(&turns, System::Postgres, System::Limit), [0; 0]);
        assert_eq!(rate(&turns, System::Limit), 1_500);
    }
}

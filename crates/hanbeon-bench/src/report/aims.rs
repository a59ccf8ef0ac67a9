//! What is aimed at, and whether it is met.
use crate::figures::{hundredths, median, range, share, thousandths};
use crate::measure::Measured;
use crate::speed::{Cell, Half, Speed, Turns, middle, ratios};
use crate::systems::System;
use std::fmt::Write as _;

const MIB: u64 = 1_024;

/// A figure that should be at least, or below, another one; both in hundredths of the unit.
struct Aim {
    what: String,
    wanted: u64,
    least: bool,
    unit: &'static str,
    /// For the comparison, in thousandths of the unit.
    measured: u64,
    /// The lowest and the highest of the rounds.
    range: Option<(u64, u64)>,
}

/// The table of the aims that this run measured.
pub(super) fn table(speed: &Speed) -> String {
    let mut text = String::from("| aim | wanted | measured | met |\n|---|---:|---:|---|\n");
    for aim in
        ratios_of_confirms(speed).into_iter().chain(overheads(speed)).chain(reads(speed)).chain(size(speed))
    {
        let sign = if aim.least { "≥" } else { "<" };
        let reached = aim.measured >= aim.wanted * 10;
        let met = reached == aim.least;
        let range =
            aim.range.map(|(least, most)| format!(" ({} to {})", thousandths(least), thousandths(most)));
        let _ = writeln!(
            text,
            "| {} | {sign} {}{} | {}{}{} | {} |",
            aim.what,
            hundredths(aim.wanted),
            aim.unit,
            thousandths(aim.measured),
            aim.unit,
            range.unwrap_or_default(),
            if met { "yes" } else { "no" },
        );
    }
    text
}

fn ratios_of_confirms(speed: &Speed) -> Vec<Aim> {
    let mut aims = Vec::new();
    for cell in &speed.cells {
        let full = is_full(speed, cell);
        let slow = cell.latency_ms >= 300;
        for (wanted, system, base, at) in [
            (50, System::Sqlite, System::Limit, full),
            (80, System::Sqlite, System::Limit, slow),
            (30, System::Postgres, System::Limit, full),
            (1_000, System::Sqlite, System::Original, full),
        ] {
            let ratios = ratios(&cell.turns, system, base);
            if at && !ratios.is_empty() {
                aims.push(Aim {
                    what: format!("{} ÷ {}, {}", system.name(), base.name(), cell.place()),
                    ..ratio(wanted, &ratios)
                });
            }
        }
    }
    aims
}

/// Is it full load: Toss answers at once, over all connections?
fn is_full(speed: &Speed, cell: &Cell) -> bool {
    let at_once = speed.cells.iter().filter(|cell| cell.latency_ms == 0);
    cell.latency_ms == 0 && at_once.map(|cell| cell.connections).max() == Some(cell.connections)
}

impl Cell {
    /// For people.
    pub(super) fn place(&self) -> String {
        format!(
            "Toss {} ms, {} connections",
            self.latency_ms,
            crate::figures::grouped(self.connections.into())
        )
    }
}

fn ratio(wanted: u64, ratios: &[u64]) -> Aim {
    let measured = median(ratios.iter().copied());
    Aim { what: String::new(), wanted, least: true, unit: "", measured, range: range(ratios) }
}

fn overheads(speed: &Speed) -> Vec<Aim> {
    let of = |half: &Half| {
        let rounds = overhead(half, |m| m.counted.p99_us);
        Some(Aim {
            what: format!(
                "{} − limit, p99 at half load ({}/s)",
                half.system.name(),
                crate::figures::grouped(half.pace)
            ),
            wanted: 500,
            least: false,
            unit: " ms",
            measured: median(rounds.iter().copied()),
            range: range(&rounds),
        })
    };
    speed.half.iter().filter_map(of).collect()
}

/// How much more hanbeon takes than the limit, of each round, in µs.
pub(super) fn overhead(half: &Half, figure: fn(&Measured) -> u64) -> Vec<u64> {
    let of = |system| half.turns.get(&system).into_iter().flatten().map(figure);
    of(half.system).zip(of(System::Limit)).map(|(ours, limit)| ours.saturating_sub(limit)).collect()
}

fn reads(speed: &Speed) -> Vec<Aim> {
    let stores = [System::Sqlite, System::Postgres].into_iter();
    let of = |system| {
        let ratios = ratios(&speed.reads, system, System::Limit);
        let what = format!("reads: {} ÷ a bare handler", system.name());
        // The aim is that of the store inside the process.
        (!ratios.is_empty() && system == System::Sqlite).then(|| Aim { what, ..ratio(70, &ratios) })
    };
    stores.filter_map(of).collect()
}

fn size(speed: &Speed) -> Vec<Aim> {
    let below = |what: &str, wanted, unit, measured| Aim {
        what: what.to_owned(),
        wanted,
        least: false,
        unit,
        measured,
        range: None,
    };
    let mut aims = vec![below("the binary", 4_000, " MiB", share(speed.binary, MIB * MIB, 1_000))];
    let figures = |figure: fn(&Measured) -> u64| sqlite(&speed.cells, figure);
    let idle = figures(|m| m.idle_kib);
    if idle.is_empty() {
        return aims;
    }
    aims.push(below("memory, idle", 2_500, " MiB", share(median(idle), MIB, 1_000)));
    for cell in &speed.cells {
        let most = sqlite([cell], |m| m.peak_kib).into_iter().max().unwrap_or(0);
        if is_full(speed, cell) || cell.latency_ms >= 300 {
            let what = format!("memory, at most: {}", cell.place());
            aims.push(below(&what, 12_800, " MiB", share(most, MIB, 1_000)));
        }
    }
    aims.push(below("start to ready", 15_000, " ms", median(figures(|m| m.ready_us))));
    aims
}

/// A figure of every confirm measurement of hanbeon on SQLite.
fn sqlite<'a>(cells: impl IntoIterator<Item = &'a Cell>, figure: fn(&Measured) -> u64) -> Vec<u64> {
    let turns =
        |turns: &Turns| turns.get(&System::Sqlite).into_iter().flatten().map(figure).collect::<Vec<_>>();
    cells.into_iter().flat_map(|cell| turns(&cell.turns)).collect()
}

/// The median of a figure for people, µs as ms.
pub(super) fn ms(turns: &Turns, system: System, figure: fn(&Measured) -> u64) -> String {
    thousandths(middle(turns, system, figure))
}

//! What there is too little of where hanbeon does less than half of what the limit does, and what else was at work.
use super::aims::ms;
use crate::figures::{median, share, thousandths};
use crate::measure::Measured;
use crate::run::Made;
use crate::speed::{Cell, Speed, middle, ratios};
use crate::systems::System;
use std::fmt::Write as _;

/// Half of the limit, in thousandths.
const AIM: u64 = 500;
/// Up to this share of all cores, in hundredths, goes to the kernel's own threads on a quiet machine.
const QUIET: u64 = 15;
/// From this share of all cores on, in hundredths, the processor is what there is too little of.
const BUSY: u64 = 85;

/// A line for each place where hanbeon on SQLite misses half of the limit.
pub(super) fn missed(made: &Made, speed: &Speed) -> String {
    let mut text = String::new();
    for cell in &speed.cells {
        let ratios = ratios(&cell.turns, System::Sqlite, System::Limit);
        let ratio = median(ratios.iter().copied());
        if !ratios.is_empty() && ratio < AIM {
            let _ =
                writeln!(text, "- {}, SQLite {}: {}", cell.place(), thousandths(ratio), cause(made, cell));
        }
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn cause(made: &Made, cell: &Cell) -> String {
    let of = |system, figure| middle(&cell.turns, system, figure);
    let busy = of(System::Sqlite, |m| m.machine_busy);
    let cpu = |system| of(system, Measured::server_ns) / 1_000;
    if busy >= BUSY {
        return format!(
            "the processor is the bound: the {} cores, which load, sandbox and server share, are {busy} % busy. A confirm \
             takes {} µs of processor in hanbeon and {} µs in the limit. What hanbeon does more: two commits and two \
             reads (the threads of the store below), and on the other threads two log lines, the session, the \
             transition table and the hand-over to and from the store.",
            made.machine.cores,
            cpu(System::Sqlite),
            cpu(System::Limit),
        );
    }
    format!(
        "waiting is the bound, for the cores are only {busy} % busy. A confirm is two commits in a row, the intent before \
         Toss is asked and the result after, and each ends with a flush: {} ms here when nothing else runs; a whole commit \
         took {} ms. With few confirms at once hardly any two share one.",
        thousandths(made.machine.disk.flush_p50_us),
        ms(&cell.turns, System::Sqlite, |m| m.store.map_or(0, |work| work.commit_us)),
    )
}

/// A machine that has other things to do measures those too.
pub(super) fn disturbed(made: &Made, speed: &Speed) -> String {
    let cores = made.machine.cores;
    // A database beside hanbeon is no disturbance, but cannot be told from one.
    let alone = [System::Limit, System::Sqlite];
    let turns = speed.cells.iter().flat_map(|cell| &cell.turns);
    let ours = turns.filter(|(system, _)| alone.contains(system)).flat_map(|(_, rounds)| rounds);
    let others = median(ours.map(|measured| measured.machine_busy.saturating_sub(measured.busy(cores))));
    let said = format!("Other processes and the kernel took {others} % of the cores meanwhile (median). ");
    if others > QUIET { said + "**The machine was not quiet: these figures are too low.** " } else { said }
}

impl Measured {
    /// How much of all cores load, sandbox and server used, in hundredths.
    fn busy(&self, cores: u64) -> u64 {
        let ns = self.server_ns() + self.database_cpu_ns + self.sandbox_cpu_ns + self.load_ns();
        share(ns.saturating_mul(self.rate), cores.saturating_mul(1_000_000_000), 100)
    }
}

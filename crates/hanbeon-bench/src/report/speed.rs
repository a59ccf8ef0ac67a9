//! The part that compares systems.
use super::aims::{self, ms, overhead};
use super::{Part, plot, why};
use crate::figures::{grouped, hundredths, median, share, thousandths, with_range};
use crate::measure::{Measured, StoreWork};
use crate::run::Made;
use crate::speed::{Cell, Speed, middle, rate, ratios};
use crate::systems::System;
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) fn part(made: &Made, speed: &Speed) -> Part {
    let mut text = format!("## The aims\n\n{}\n## Confirms\n\n{}\n", aims::table(speed), confirms(speed));
    text += &why::missed(made, speed);
    text += "![confirms per second](images/bench-confirms.svg)\n\n";
    text += "![latency of a confirm](images/bench-latency.svg)\n\n";
    let _ = write!(text, "### At half load\n\n{}\n### Reads\n\n{}\n", half(speed), reads(speed));
    let _ = write!(text, "{}{}", compared(), method(made, speed));
    let _ = write!(text, "### Where the time goes\n\n{}\n{}", work(speed), threads(speed));
    Part {
        text,
        pictures: vec![("bench-confirms.svg", rates(speed)), ("bench-latency.svg", latencies(speed))],
    }
}

fn systems(cell: &Cell) -> impl Iterator<Item = System> {
    cell.turns.keys().copied()
}

fn confirms(speed: &Speed) -> String {
    let mut text = String::from(
        "| Toss answers after | connections | system | confirms/s | ÷ limit (lowest to highest) | p50 / p99, ms | not `DONE` |\n\
         |---:|---:|---|---:|---:|---:|---:|\n",
    );
    for cell in &speed.cells {
        for system in systems(cell) {
            let ratios = ratios(&cell.turns, system, System::Limit);
            let ratio = if system == System::Limit { String::new() } else { with_range(&ratios) };
            let _ = writeln!(
                text,
                "| {} ms | {} | {} | {} | {ratio} | {} / {} | {} |",
                cell.latency_ms,
                grouped(cell.connections.into()),
                system.name(),
                grouped(rate(&cell.turns, system)),
                ms(&cell.turns, system, |m| m.counted.p50_us),
                ms(&cell.turns, system, |m| m.counted.p99_us),
                cell.turns.get(&system).into_iter().flatten().map(Measured::others).sum::<u64>(),
            );
        }
    }
    text
}

fn rates(speed: &Speed) -> String {
    plot::bars("Confirms per second", &groups(speed, |m| m.rate), grouped)
}

fn latencies(speed: &Speed) -> String {
    plot::bars("Latency of a confirm, p99 in ms", &groups(speed, |m| m.counted.p99_us), thousandths)
}

fn groups(speed: &Speed, figure: fn(&Measured) -> u64) -> Vec<plot::Group> {
    let group = |cell: &Cell| plot::Group {
        title: cell.place(),
        bars: systems(cell)
            .map(|system| (system.name().to_owned(), middle(&cell.turns, system, figure)))
            .collect(),
    };
    speed.cells.iter().map(group).collect()
}

fn half(speed: &Speed) -> String {
    let mut text = String::from(
        "At half of what each did with all connections, both at the same pace; what waits for a free connection has begun \
         when its turn came.\n\n\
         | store | confirms/s | limit p50 / p99, ms | hanbeon p50 / p99, ms | our own p50 / p99, ms |\n|---|---:|---:|---:|---:|\n",
    );
    for half in &speed.half {
        let both = |system| {
            let of = |figure| ms(&half.turns, system, figure);
            format!("{} / {}", of(|m| m.counted.p50_us), of(|m| m.counted.p99_us))
        };
        let own = |figure| thousandths(median(overhead(half, figure)));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} / {} |",
            half.system.name(),
            grouped(half.pace),
            both(System::Limit),
            both(half.system),
            own(|m| m.counted.p50_us),
            own(|m| m.counted.p99_us),
        );
    }
    text
}

fn reads(speed: &Speed) -> String {
    let mut text = String::from(
        "`GET /payments/{id}` beside a handler of the same server that answers as many bytes and asks nobody.\n\n\
         | system | reads/s | ÷ bare handler | p50 / p99, ms |\n|---|---:|---:|---:|\n",
    );
    for system in speed.reads.keys().copied() {
        let ratio = thousandths(median(ratios(&speed.reads, system, System::Limit)));
        let name = if system == System::Limit { "a bare handler" } else { system.name() };
        let _ = writeln!(
            text,
            "| {name} | {} | {ratio} | {} / {} |",
            grouped(rate(&speed.reads, system)),
            ms(&speed.reads, system, |m| m.counted.p50_us),
            ms(&speed.reads, system, |m| m.counted.p99_us),
        );
    }
    text
}

fn compared() -> &'static str {
    "### What is compared\n\n\
     **hanbeon** is the release binary, `hanbeon serve` with its default settings, log lines included (to a file). Its SQLite \
     database is new, with `synchronous = FULL`; its PostgreSQL is a new cluster with its defaults (`fsync` and \
     `synchronous_commit` on). The intent is on disk before Toss is asked, the result before the buyer is answered. **The \
     limit** is the same HTTP server (axum) and the same client of Toss (`toss-client`) on the same runtime with the store left \
     out: it reads the body, confirms at Toss, answers the same four fields, remembers nothing, logs nothing, and so could \
     charge twice. **The original design** is the tutorial's server on Express with `express-session` in memory and MariaDB \
     (`innodb_flush_log_at_trx_commit = 1`): Toss is asked, then one row is inserted. **The Express sample** forwards to Toss and \
     stores nothing. Both run on one Node.js process, as their documents start them. All confirm at `hanbeon sandbox`, in \
     the order in which the payments were authenticated, each for a buyer whose browser has no session yet. With more than 256 \
     connections hanbeon runs with `limits.charges_at_once = 4096`, for its default turns away what is beyond 512.\n\n"
}

fn method(made: &Made, speed: &Speed) -> String {
    let plan = &made.plan;
    let all = speed.cells.iter().flat_map(|cell| cell.turns.values().flatten());
    let dry = match all.filter(|measured| measured.counted.ran_dry).count() {
        0 => "No measurement ran out of prepared payments.".to_owned(),
        dry => format!("{dry} measurement(s) ran out of prepared payments and counted for a shorter time."),
    };
    format!(
        "### Method\n\n\
         The systems take turns, {} round(s) each; figures are medians over the rounds, a ratio is the median of each round's \
         own. Every measurement has a fresh sandbox, a fresh server and a fresh database. Orders and authenticated payments \
         are prepared before; then one more process, on one thread, confirms each of them once over N kept connections, one \
         request under way on each, for {} ms (and six answers of Toss) that are not counted and {} s that are. An answer that \
         is not `200` with `DONE` is no confirm; how many there were in all rounds is in the last column. Latencies are from \
         the first byte sent to the last byte read, in a histogram of three digits. {}{dry}\n\n",
        plan.rounds,
        plan.warm_up_ms,
        plan.seconds,
        why::disturbed(made, speed),
    )
}

fn work(speed: &Speed) -> String {
    let mut text = String::from(
        "Processor time per confirm in µs, the server's memory at most, and what hanbeon's store does (medians):\n\n\
         | | system | server | its database | sandbox | load | cores busy, % | memory, MiB | commits per confirm | writes per commit | ms per commit | KiB to disk per confirm |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for cell in &speed.cells {
        for system in systems(cell) {
            let of = |figure| middle(&cell.turns, system, figure);
            let told: Vec<_> =
                cell.turns.get(&system).into_iter().flatten().filter_map(|round| round.store).collect();
            let store = |figure: fn(&StoreWork) -> u64, show: fn(u64) -> String| {
                if told.is_empty() { String::new() } else { show(median(told.iter().map(figure))) }
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                cell.place(),
                system.name(),
                of(Measured::server_ns) / 1_000,
                of(|m| m.database_cpu_ns) / 1_000,
                of(|m| m.sandbox_cpu_ns) / 1_000,
                of(Measured::load_ns) / 1_000,
                of(|m| m.machine_busy),
                of(|m| m.peak_kib) / 1_024,
                store(|work| work.commits, hundredths),
                store(|work| work.writes, hundredths),
                store(|work| work.commit_us, thousandths),
                hundredths(share(of(|m| m.written_bytes), 1_024, 100)),
            );
        }
    }
    text
}

fn threads(speed: &Speed) -> String {
    let ours = |cell: &Cell| cell.turns.get(&System::Sqlite).cloned().unwrap_or_default();
    let of = |rounds: &[Measured], name: &str| {
        median(rounds.iter().map(|round| round.server_cpu_ns.get(name).copied().unwrap_or(0)))
    };
    let names: BTreeSet<String> = speed
        .cells
        .iter()
        .flat_map(ours)
        .flat_map(|round| {
            round.server_cpu_ns.into_iter().filter(|(_, ns)| *ns >= 1_000).map(|(name, _)| name)
        })
        .collect();
    if names.is_empty() {
        return String::new();
    }
    let mut text = String::from("hanbeon on SQLite by thread, in µs per confirm:\n\n| |");
    for name in &names {
        let _ = write!(text, " {name} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---:|".repeat(names.len()));
    for cell in speed.cells.iter().filter(|cell| cell.turns.contains_key(&System::Sqlite)) {
        let _ = write!(text, "| {} |", cell.place());
        for name in &names {
            let _ = write!(text, " {} |", of(&ours(cell), name) / 1_000);
        }
        text.push('\n');
    }
    text
}

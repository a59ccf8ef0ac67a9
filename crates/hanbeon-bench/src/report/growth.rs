//! The part about a store that grows.
use super::{Part, plot};
use crate::figures::{grouped, hundredths, median, per_second, thousandths, with_range};
use crate::growth::{Growth, Size, beside};
use crate::measure::Measured;
use crate::retention::Retention;
use crate::systems::System;
use std::fmt::Write as _;
use std::time::Duration;

/// What differs on PostgreSQL.
const MOVED: &str = "; moved there by `hanbeon migrate`, which compares each row; PostgreSQL's own buffers have a quarter of the \
                     memory";

/// p99 may grow so far beside the empty database, in hundredths.
const AIM: u64 = 130;

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Which part of the page it is.
pub(super) fn name(growth: &Growth) -> &'static str {
    if growth.system == System::Postgres { "growth-postgres" } else { "growth" }
}

pub(super) fn part(growth: &Growth) -> Part {
    let (on, got_there, filled, file) = match growth.system {
        System::Postgres => (" on PostgreSQL", MOVED, "moved", "bench-growth-postgres.svg"),
        _ => ("", "", "generated", "bench-growth.svg"),
    };
    let p99 = |turns: &[Measured]| Size::middle(turns, |m| m.counted.p99_us);
    let empty = growth.sizes.first().cloned().unwrap_or_default();
    let mut text = format!(
        "## Growth{}\n\n\
         {} with an empty database and with generated payments in it (each with its order, session, journal and event{}), at {} \
         confirms/s and as many reads of stored payments in no order. The sizes take turns, and the empty database is new in each; \
         the round before the first is not counted. Aim: p99 within {} of the empty database (round by round: the median, the lowest \
         and the highest), and a start that does not change.\n\n\
         | stored | database, MiB | {}/s | start to ready, ms | confirm p50 / p99, ms | p99 ÷ empty | read p50 / p99, ms | p99 ÷ empty | met |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---|\n",
        on,
        growth.system.name(),
        got_there,
        grouped(growth.pace),
        hundredths(AIM),
        filled,
    );
    for size in &growth.sizes {
        let both = |turns: &[Measured]| {
            let p50 = Size::middle(turns, |m| m.counted.p50_us);
            format!("{} / {}", thousandths(p50), thousandths(p99(turns)))
        };
        let confirms = beside(&size.confirms, &empty.confirms);
        let reads = beside(&size.reads, &empty.reads);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            grouped(size.payments),
            grouped(size.bytes >> 20),
            grouped(per_second(size.payments, size.filled_in.as_secs_f64())),
            thousandths(Size::middle(&size.confirms, |m| m.ready_us)),
            both(&size.confirms),
            with_range(&confirms),
            both(&size.reads),
            with_range(&reads),
            if median(confirms).max(median(reads)) <= AIM * 10 { "yes" } else { "no" },
        );
    }
    text += &growth.retention.as_ref().map(retention).unwrap_or_default();
    for size in &growth.sizes {
        let Some(backup) = &size.backup else { continue };
        let _ = writeln!(
            text,
            "\n**Backup.** With {} stored, `hanbeon backup` copied and checked {} MiB in {} s beside {} confirms/s (p50 / p99 {} / {} ms, \
             {} not `DONE`); `hanbeon restore` put the copy into another place in {} s.",
            grouped(size.payments),
            grouped(size.bytes >> 20),
            thousandths(milliseconds(backup.took)),
            grouped(backup.confirms.rate),
            thousandths(backup.confirms.counted.p50_us),
            thousandths(backup.confirms.counted.p99_us),
            backup.confirms.others(),
            thousandths(milliseconds(backup.restored)),
        );
    }
    let _ = writeln!(text, "\n![p99 as the store grows](images/{file})");
    let group = |title: &str, figure: fn(&Size) -> &[Measured]| plot::Group {
        title: title.to_owned(),
        bars: growth
            .sizes
            .iter()
            .map(|size| (format!("{} stored", grouped(size.payments)), p99(figure(size))))
            .collect(),
    };
    let groups = [group("confirm", |size| &size.confirms), group("read", |size| &size.reads)];
    let picture = plot::bars("p99 in ms as the store grows", &groups, thousandths);
    Part { text, pictures: vec![(file, picture)] }
}

fn retention(Retention { heap, archived_per_second, still, archiving }: &Retention) -> String {
    format!(
        "\n**Retention.** Of a heap of {} rows past their date (saved amounts with their sessions, answers to idempotency keys) hanbeon \
         archived and forgot {} rows/s, 500 in a step, beside {} confirms/s: p50 / p99 {} / {} ms, p99 {} of what it is while it keeps \
         them.\n",
        grouped(*heap),
        grouped(*archived_per_second),
        grouped(Size::middle(archiving, |m| m.rate)),
        thousandths(Size::middle(archiving, |m| m.counted.p50_us)),
        thousandths(Size::middle(archiving, |m| m.counted.p99_us)),
        with_range(&beside(archiving, still)),
    )
}

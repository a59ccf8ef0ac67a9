//! The part about more load than there is room for.
use super::{Part, plot};
use crate::figures::{grouped, per_second, thousandths};
use crate::overload::Overload;
use std::fmt::Write as _;

pub(super) fn part(overload: &Overload) -> Part {
    let mut text = format!(
        "## Overload\n\n\
         hanbeon on SQLite with its default limits can do {} confirms/s here. Buyers come at a pace, whether there is room or \
         not, over 2,048 connections. Who is turned away hears 503 with `Retry-After`, before anything is written or Toss is \
         asked. Afterwards the books are compared, key by key: what Toss has charged, and what the store calls paid. A slow \
         Toss is the sandbox answering late, a slow disk is a thread that sleeps after each `fsync` and `fdatasync` (slow-disk/flush.c), clients that \
         dribble send a byte of a confirm every 100 ms.\n\n\
         | | asked/s | accepted/s | p50 / p99 of the accepted, ms | turned away | p99 of that, ms | pending | wrong | charged | books differ |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        grouped(overload.capacity)
    );
    for row in &overload.rows {
        let counted = &row.measured.counted;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} / {} | {} | {} | {} | {} | {} | {} |",
            row.what,
            grouped(row.pace),
            grouped(per_second(counted.confirms, counted.seconds)),
            thousandths(counted.p50_us),
            thousandths(counted.p99_us),
            grouped(counted.shed),
            thousandths(counted.shed_p99_us),
            grouped(counted.pending),
            grouped(counted.errors),
            grouped(u64::try_from(row.charged).unwrap_or(u64::MAX)),
            row.differ,
        );
    }
    text += "\n![p99 of accepted confirms](images/bench-overload.svg)\n";
    let bars = overload.rows.iter().map(|row| (row.what.clone(), row.measured.counted.p99_us)).collect();
    let group = plot::Group { title: "accepted".to_owned(), bars };
    let picture = plot::bars("p99 of accepted confirms in ms", &[group], thousandths);
    Part { text, pictures: vec![("bench-overload.svg", picture)] }
}

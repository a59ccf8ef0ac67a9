//! Fills a database that holds one payment with others, cast from it. The file is ours alone, so nothing waits for the disk
//! before the end; CHECKs and references are not looked at, for every row is of a form that hanbeon wrote.
use crate::Failure;
use crate::mould::{Mould, Names};
use std::path::Path;
use std::time::{Duration, Instant};

/// Payments in one transaction.
const AT_ONCE: u64 = 100_000;
/// How many payments are remembered, to be read later.
const REMEMBERED: u64 = 20_000;

/// What was made.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    /// Where some of the payments are read, in no order.
    pub paths: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Casts payments until there are so many.
///
/// # Errors
/// When the database holds no payment, or refuses one.
pub fn fill(file: &Path, payments: u64) -> Result<Filled, Failure> {
    let db = rusqlite::Connection::open(file)?;
    db.set_prepared_statement_cache_capacity(32);
    db.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; \
         PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -8000000;",
    )?;
    let mould = Mould::take(&db)?;
    let began = Instant::now();
    let mut filled = Filled::default();
    let others = payments.saturating_sub(1);
    let every = (others / REMEMBERED).max(1);
    for number in 0..others {
        if number % AT_ONCE == 0 {
            db.execute_batch("BEGIN")?;
        }
        let names = Names::numbered(number, others, mould.first.at);
        mould.cast(&db, &names)?;
        if number % every == 0 {
            filled.paths.push(format!("/payments/{}", names.order.as_simple()));
        }
        if number % AT_ONCE == AT_ONCE - 1 || number == others - 1 {
            db.execute_batch("COMMIT")?;
        }
    }
    filled.paths = in_no_order(filled.paths);
    db.execute_batch("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL;")?;
    std::fs::File::open(file)?.sync_all()?;
    filled.took = began.elapsed();
    Ok(filled)
}

/// Where payments are read, by the random end of their ids: the order of the ids is the order in the file, where neighbours
/// share their pages.
#[must_use]
pub fn in_no_order(mut paths: Vec<String>) -> Vec<String> {
    paths.sort_by_cached_key(|path| path.chars().rev().collect::<String>());
    paths
}

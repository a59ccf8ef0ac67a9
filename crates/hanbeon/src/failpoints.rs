//! For tests only: the cargo feature `failpoints` compiles this file, and without it nothing of it exists in the
//! binary (`cargo xtask test` looks).
//!
//! * `HANBEON_FAILPOINT=NAME:COUNT`: the process is gone, as by `kill -9`, when the point is reached for the
//!   COUNT-th time. The names are [`hanbeon_app::env::POINTS`], [`hanbeon_store_sqlite::POINTS`] and
//!   [`hanbeon_app::retention::POINT`].
//! * `HANBEON_CLOCK_FILE=PATH`: the wall clock is off by the whole seconds in that file, which is read each time,
//!   so that a test can make the clock jump while the server runs.
//! * `HANBEON_TEST_MIGRATION=VERSION:USABLE_FROM:PATH`: the program stands for its own successor, which has this migration
//!   of PostgreSQL, too.
//! * `HANBEON_TEST_SYNCHRONOUS=normal`: commits are answered before the disk has them, which no power cut forgives.
use hanbeon_app::Env;
use hanbeon_app::env::{POINTS, SystemEnv};
use hanbeon_app::retention;
use hanbeon_domain::Timestamp;
use hanbeon_store_postgres::Migration;
use rustix::process::{Signal, getpid, kill_process};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static FAILPOINT: OnceLock<Failpoint> = OnceLock::new();
static CLOCK_FILE: OnceLock<PathBuf> = OnceLock::new();

struct Failpoint {
    name: String,
    /// How often it may be reached and nothing happens; the count begins at the process's start.
    passes: AtomicU64,
}

/// Reads the environment, once, before anything else.
///
/// # Errors
/// For a point that there is not: a test that waits for it would prove nothing.
pub(crate) fn arm() -> Result<(), String> {
    if let Some(path) = std::env::var_os("HANBEON_CLOCK_FILE") {
        CLOCK_FILE.get_or_init(|| path.into());
    }
    let Ok(wish) = std::env::var("HANBEON_FAILPOINT") else { return Ok(()) };
    let (name, count) = wish.rsplit_once(':').ok_or("HANBEON_FAILPOINT must be NAME:COUNT")?;
    if !names().any(|known| known == name) {
        let known: Vec<_> = names().collect();
        return Err(format!("HANBEON_FAILPOINT: there is no point {name:?}, only {known:?}"));
    }
    let count: u64 = count.parse().map_err(|e| format!("HANBEON_FAILPOINT: {count:?}: {e}"))?;
    let passes = AtomicU64::new(count.saturating_sub(1));
    FAILPOINT.get_or_init(|| Failpoint { name: name.to_owned(), passes });
    Ok(())
}

/// Ends the process here if that was wished.
pub(crate) fn reached(point: &'static str) {
    assert!(names().any(|known| known == point), "{point:?} is missing in the list of points");
    let Some(failpoint) = FAILPOINT.get().filter(|failpoint| failpoint.name == point) else { return };
    let passed = failpoint.passes.fetch_update(Relaxed, Relaxed, |passes| passes.checked_sub(1));
    if passed.is_err() {
        // What `kill -9` does, and not an `abort`: the kernel ends every thread, and nothing of ours runs again.
        kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
    }
}

/// Is the store to answer before the disk has it?
pub(crate) fn unsynced() -> bool {
    let wish = std::env::var("HANBEON_TEST_SYNCHRONOUS").ok();
    assert!(matches!(wish.as_deref(), None | Some("normal")), "HANBEON_TEST_SYNCHRONOUS is not {wish:?}");
    wish.is_some()
}

/// What the next version has to migrate, if this program is to stand for it.
///
/// # Errors
/// For a wish that cannot be read.
pub(crate) fn later_migrations() -> Result<&'static [Migration], String> {
    let Ok(wish) = std::env::var("HANBEON_TEST_MIGRATION") else { return Ok(&[]) };
    let wrong = || format!("HANBEON_TEST_MIGRATION: {wish:?} must be VERSION:USABLE_FROM:PATH");
    let (version, rest) = wish.split_once(':').ok_or_else(wrong)?;
    let (usable_from, path) = rest.split_once(':').ok_or_else(wrong)?;
    let sql = std::fs::read_to_string(path).map_err(|e| format!("HANBEON_TEST_MIGRATION: {path}: {e}"))?;
    // Once in the life of the process.
    Ok(vec![Migration {
        version: version.parse().map_err(|_| wrong())?,
        usable_from: usable_from.parse().map_err(|_| wrong())?,
        name: "of the next version",
        sql: sql.leak(),
    }]
    .leak())
}

/// The real environment, with these two holes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultyEnv;

/// In the place of [`SystemEnv`].
pub(crate) const ENV: FaultyEnv = FaultyEnv;

impl Env for FaultyEnv {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemEnv.now().as_micros() + clock_is_off_by_micros())
    }

    fn random(&self) -> [u8; 32] {
        SystemEnv.random()
    }

    fn reached(&self, point: &'static str) {
        reached(point);
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    POINTS.into_iter().chain(hanbeon_store_sqlite::POINTS).chain([retention::POINT])
}

fn clock_is_off_by_micros() -> i64 {
    let Some(path) = CLOCK_FILE.get() else { return 0 };
    let text = std::fs::read_to_string(path).expect("HANBEON_CLOCK_FILE can be read");
    let seconds: i64 = text.trim().parse().expect("HANBEON_CLOCK_FILE holds whole seconds");
    seconds * 1_000_000
}

//! The embedded store: one SQLite file, one writer that groups commits, and readers beside it.
//!
//! **Writes** go through one thread. It takes every verb that waits, runs all of them inside
//! one transaction, commits once (one flush to disk for all of them), and only then answers. A verb that fails
//! is undone alone. While a commit is being flushed the next group gathers, so the flushes per second stay flat
//! while the payments per second grow; a lone verb waits for nobody.
//!
//! **Reads** of a few rows by their names happen on the caller's thread; longer ones go through a thread of their own. All
//! have read-only connections; each read verb sees one consistent snapshot, and no read waits for a write.
//!
//! A verb whose caller has gone away is still carried out: an approval must be written even when the buyer
//! has closed the browser. Both queues are bounded; a full one answers so at once.
//!
//! It will never: decide anything, read a clock (`now` is an argument), keep a transaction open between two
//! verbs, or answer `Ok` for a write that the disk has not confirmed.
//!
//! In reading order:
//! 1. [`open`]: the file, its lock, its pragmas;
//! 2. [`migrate`]: which schema it must have (`migrations/*.sql`), forward only;
//! 3. [`writer`]: the group commit, with its [`checkpoint`]s; 4. [`readers`] and [`glances`]: the snapshots;
//! 5. [`undo`]: the few bytes that can be written when the database takes nothing;
//! 6. [`verbs`]: one small function per verb of [`Store`](hanbeon_store::Store);
//! 7. [`rows`]: rows are parsed, never trusted; 8. [`error`]: SQLite's words as store errors;
//! 9. [`backup`]: a copy of the file while it is in use, and its way back; 10. [`leaving`]: its way to another store.

mod backup;
mod checkpoint;
mod error;
mod glances;
mod leaving;
mod migrate;
mod open;
mod readers;
mod rows;
mod stats;
mod undo;
mod verbs;
mod writer;

#[cfg(test)]
mod tests;

pub use backup::{Copied, CopyError, Restoring, back_up};
pub use leaving::Leaving;
pub use migrate::SCHEMA_VERSION;
pub use open::{OpenError, Options, POINTS, Role, SqliteStore};
pub use stats::Stats;

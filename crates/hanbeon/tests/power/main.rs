//! Power loss. The real binary runs on the real kernel under `strace`; every file operation on its database folder
//! and every byte on its sockets becomes a line of a log. The log is then replayed as a disk that forgets: at each
//! instant, what could be left of the database if the power went just then is written out, opened with SQLite, and
//! compared with what had left the house by then. A call to Toss whose intent is gone, or a buyer who heard something
//! that is on no record, is an objection; none may be raised with `synchronous=FULL`, and some must be with `NORMAL`.
//!
//! What the disk may do, and what it must:
//!
//! * `fsync` and `fdatasync` that have returned keep every write and every resize of that file from before they began.
//!   A disk that lies about this is outside of what any program can survive.
//! * Of everything younger, any part may be left, in any order: nothing, all, a beginning, or single sectors of 512
//!   bytes. The length of a file is such a part.
//! * A new or removed name is certain only after an `fsync` of the *folder*. (ext4 and XFS also keep the name of a new
//!   file that was synced itself; POSIX does not say so, and nothing here counts on it.)
//! * The `-shm` file is an index in memory and is never left.
//!
//! An operation that this model does not know stops the test: it must not be overlooked.
//!
//! In reading order: [`i2`] (the tests), [`traced`] (a server under `strace`), [`load`] (what buyers do to it),
//! [`trace`] (the log), [`claims`] (what had left the house, from the bytes on the sockets), [`disk`] (the disk that
//! forgets), [`story`] (what SQLite finds on an image), [`replay`] (all cuts of one log).

mod claims;
mod disk;
mod i2;
mod load;
mod replay;
mod story;
mod trace;
mod traced;

#[expect(dead_code, reason = "the world and the buyers of the target `it`; this one needs half of them")]
#[path = "../it/buyer.rs"]
mod buyer;
#[expect(dead_code, reason = "see above")]
#[path = "../it/support.rs"]
mod support;

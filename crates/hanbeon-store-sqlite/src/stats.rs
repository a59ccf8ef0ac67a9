//! What the store has done since it was opened, for metrics.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Counters since the store was opened. Each is exact; together they are not one instant's picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions that were committed, each with one flush to disk (none if the group wrote nothing).
    pub groups: u64,
    /// Transactions that could not be committed; every verb in them was told that the store is unavailable.
    pub failed_groups: u64,
    /// Write verbs that were carried out, whatever they answered.
    pub verbs: u64,
    /// Most verbs in one transaction so far.
    pub largest_group: u64,
    /// Time spent in COMMIT, flush included.
    pub commit_time: Duration,
    /// The longest COMMIT so far.
    pub longest_commit: Duration,
    /// Read verbs that were carried out.
    pub reads: u64,
    /// Verbs, read or write, that found their queue full.
    pub turned_away: u64,
    /// Verbs that panicked: a bug, and contained.
    pub panics: u64,
    /// Pages in the write-ahead log after the last commit.
    pub wal_pages: u64,
}

/// The same, while it is being counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) groups: AtomicU64,
    pub(crate) failed_groups: AtomicU64,
    pub(crate) verbs: AtomicU64,
    pub(crate) largest_group: AtomicU64,
    pub(crate) commit_ns: AtomicU64,
    pub(crate) longest_commit_ns: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) turned_away: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) wal_pages: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Relaxed);
    }

    pub(crate) fn committed(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.groups.fetch_add(1, Relaxed);
        self.commit_ns.fetch_add(took, Relaxed);
        self.longest_commit_ns.fetch_max(took, Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            groups: self.groups.load(Relaxed),
            failed_groups: self.failed_groups.load(Relaxed),
            verbs: self.verbs.load(Relaxed),
            largest_group: self.largest_group.load(Relaxed),
            commit_time: Duration::from_nanos(self.commit_ns.load(Relaxed)),
            longest_commit: Duration::from_nanos(self.longest_commit_ns.load(Relaxed)),
            reads: self.reads.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
            panics: self.panics.load(Relaxed),
            wal_pages: self.wal_pages.load(Relaxed),
        }
    }
}

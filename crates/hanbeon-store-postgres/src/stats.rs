//! What the store has done since it was opened, for metrics.
use crate::pool::Mode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Counters of this server since it opened the store. Each is exact; together they are not one instant's picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions that wrote and were committed.
    pub commits: u64,
    /// Commits of which nobody knows whether they happened, and those that the database refused.
    pub failed_commits: u64,
    /// Time spent in COMMIT, the flush and a synchronous standby included.
    pub commit_time: Duration,
    /// Verbs that wrote, and were carried out.
    pub verbs: u64,
    /// Verbs that read.
    pub reads: u64,
    /// Transactions that were run again, because of others or of a lost connection.
    pub again: u64,
    /// Verbs that found no connection, or too many before them.
    pub turned_away: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    failed_commits: AtomicU64,
    commit_ns: AtomicU64,
    verbs: AtomicU64,
    reads: AtomicU64,
    again: AtomicU64,
    turned_away: AtomicU64,
}

impl Counters {
    pub(crate) fn committed(&self, took: Duration) {
        self.commits.fetch_add(1, Relaxed);
        self.commit_ns.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(crate) fn not_committed(&self) {
        self.failed_commits.fetch_add(1, Relaxed);
    }

    pub(crate) fn carried_out(&self, mode: Mode, verbs: usize) {
        let counter = match mode {
            Mode::Write => &self.verbs,
            Mode::Read | Mode::Glance => &self.reads,
        };
        counter.fetch_add(u64::try_from(verbs).unwrap_or(u64::MAX), Relaxed);
    }

    pub(crate) fn run_again(&self) {
        self.again.fetch_add(1, Relaxed);
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            commits: self.commits.load(Relaxed),
            failed_commits: self.failed_commits.load(Relaxed),
            commit_time: Duration::from_nanos(self.commit_ns.load(Relaxed)),
            verbs: self.verbs.load(Relaxed),
            reads: self.reads.load(Relaxed),
            again: self.again.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
        }
    }
}

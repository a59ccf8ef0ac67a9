//! Checkpoints: a thread of its own moves the write-ahead log into the file, beside the writer, so that no payment waits
//! for that.
//!
//! 1. whenever it has grown by [`STEP_PAGES`], the thread moves what is in the log, while the writer goes on writing;
//! 2. from [`TURN_PAGES`] on the log is to start over, which it does only when nothing is left to be moved: when little has
//!    come meanwhile, the writer moves the rest between two groups, and everybody waits for that flush;
//! 3. a log that grows faster than it is moved makes the writer wait, at [`WAIT_PAGES`].
use crate::error::unavailable;
use crate::open::BUSY_TIMEOUT;
use hanbeon_store::StoreError;
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// After so many pages (4 KiB each) more, the log is moved into the file: 8 MiB.
const STEP_PAGES: u64 = 2_048;
/// From this many pages on, the log is to start over: 48 MiB. The longer it is, the more rarely the writer has to see to that,
/// and the more there is to search for whoever reads.
const TURN_PAGES: u64 = 12_288;
/// What the writer moves itself: 1 MiB, some tenths of a millisecond and a flush.
const REST_PAGES: u64 = 256;
/// From this many pages on, the writer waits for the thread, and moves whatever is left: 64 MiB.
const WAIT_PAGES: u64 = 16_384;
/// From this many pages on, new readers wait out the old ones, so that the log can start over: 128 MiB.
const RESTART_PAGES: u64 = 32_768;
/// How long to wait for them: our reads take microseconds, a page of a long one a few milliseconds, and one that lasts for minutes
/// (a backup) must not stop payments.
const RESTART_PATIENCE: Duration = Duration::from_millis(10);

/// The writer's side. Dropping it waits for the thread.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    orders: Option<SyncSender<()>>,
    /// How many pages of the log are in the file, once an order is carried out.
    done: Receiver<u64>,
    thread: Option<JoinHandle<()>>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing is to be moved before the log has so many pages.
    Resting { until: u64 },
    /// The thread moves the log.
    Moving,
}

const RESTING: State = State::Resting { until: STEP_PAGES };

impl Checkpoints {
    /// Starts the thread, with a connection of its own.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(db: Connection) -> Result<Self, StoreError> {
        let (orders, ordered) = sync_channel(1);
        let (tell, done) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while let Ok(()) = ordered.recv() {
                    if tell.send(move_log(&db)).is_err() {
                        return;
                    }
                }
            })
            .map_err(|e| unavailable(e.to_string()))?;
        Ok(Self { orders: Some(orders), done, thread: Some(thread), state: RESTING })
    }

    /// After a group has been answered, with so many pages in the log.
    pub(crate) fn after_group(&mut self, db: &Connection, pages: u64) {
        match self.state {
            // It has started over.
            State::Resting { .. } if pages < STEP_PAGES => self.state = RESTING,
            State::Resting { until } if pages < until => {}
            State::Resting { .. } if pages >= RESTART_PAGES => {
                restart_log(db);
                // Somebody may read one snapshot for minutes (a backup): waiting for it again and again would be all we did.
                self.state = State::Resting { until: pages.saturating_add(pages / 2) };
            }
            State::Resting { .. } => self.order(),
            State::Moving => {
                if let Some(moved) = self.moved(pages >= WAIT_PAGES) {
                    self.finish(db, pages, moved);
                }
            }
        }
    }

    fn order(&mut self) {
        // There is room: one order at a time. Without its thread, the writer moves everything.
        let _ = self.orders.as_ref().map(|orders| orders.try_send(()));
        self.state = State::Moving;
    }

    /// What the thread has moved; `None` while it is at work.
    fn moved(&self, wait: bool) -> Option<u64> {
        if wait {
            return Some(self.done.recv().unwrap_or(0));
        }
        match self.done.try_recv() {
            Ok(moved) => Some(moved),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(0),
        }
    }

    fn finish(&mut self, db: &Connection, pages: u64, moved: u64) {
        if pages < moved {
            self.state = RESTING;
        } else if pages < TURN_PAGES {
            self.state = State::Resting { until: moved.saturating_add(STEP_PAGES) };
        } else if pages - moved > REST_PAGES && pages < WAIT_PAGES {
            // Much has come meanwhile, and there is time.
            self.order();
        } else {
            move_log(db);
            // Somebody who reads an old snapshot keeps the log from starting over; then it is moved again in a while.
            self.state = State::Resting { until: pages.saturating_add(STEP_PAGES) };
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell any more.
            let _ = thread.join();
        }
    }
}

/// Moves what is in the log into the file, waiting for nobody; says how many pages of it are there.
fn move_log(db: &Connection) -> u64 {
    let moved = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(2));
    match moved {
        Ok(pages) => u64::try_from(pages).unwrap_or(0),
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log could not be moved into the file");
            0
        }
    }
}

fn restart_log(db: &Connection) {
    let restart = || {
        db.busy_timeout(RESTART_PATIENCE)?;
        let moved = db.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        db.busy_timeout(BUSY_TIMEOUT)?;
        moved
    };
    if let Err(error) = restart() {
        tracing::warn!(%error, "the write-ahead log could not start over");
    }
}

//! The readers: a few threads, each with a read-only connection; each verb sees one snapshot.
use crate::error::{sql, unavailable};
use crate::stats::Counters;
use hanbeon_store::StoreError;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

type Read = Box<dyn FnOnce(&Connection, &Counters) + Send>;

/// The door to the reader threads. Dropping it lets the queue drain and waits for them.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: Option<SyncSender<Read>>,
    threads: Vec<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Readers {
    /// Starts one thread per connection.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(
        connections: Vec<Connection>,
        queue_max: usize,
        counters: Arc<Counters>,
    ) -> Result<Self, StoreError> {
        let (queue, waiting) = sync_channel(queue_max);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::with_capacity(connections.len());
        for (at, db) in connections.into_iter().enumerate() {
            let (waiting, counters) = (Arc::clone(&waiting), Arc::clone(&counters));
            let thread = std::thread::Builder::new()
                .name(format!("store-reader-{at}"))
                .spawn(move || serve(&db, &waiting, &counters))
                .map_err(|e| unavailable(e.to_string()))?;
            threads.push(thread);
        }
        Ok(Self { queue: Some(queue), threads, counters })
    }

    /// Carries a read out, in one snapshot.
    ///
    /// # Errors
    /// The verb's own; or [`StoreError::Full`].
    pub(crate) async fn run<T, V>(&self, verb: V) -> Result<T, StoreError>
    where
        T: Send + 'static,
        V: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let read: Read = Box::new(move |db, counters| {
            // Nobody waits for it any more, and a read leaves nothing behind.
            if answer.is_closed() {
                return;
            }
            let _ = answer.send(contained(db, counters, |db| snapshot(db, verb)));
        });
        let queue = self.queue.as_ref().ok_or_else(|| unavailable("the readers have ended"))?;
        match queue.try_send(read) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                Counters::add(&self.counters.turned_away, 1);
                return Err(StoreError::Full);
            }
            Err(TrySendError::Disconnected(_)) => return Err(unavailable("the readers have ended")),
        }
        answered.await.unwrap_or_else(|_| Err(unavailable("the readers have ended")))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            // Every panic is contained in the loop.
            let _ = thread.join();
        }
    }
}

fn serve(db: &Connection, waiting: &Mutex<Receiver<Read>>, counters: &Counters) {
    loop {
        // The lock is held while waiting: whoever holds it is the next to get work.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(read) = next else { return };
        read(db, counters);
    }
}

/// Runs a read, and lets go of its snapshot however that ended.
pub(crate) fn contained<T>(
    db: &Connection,
    counters: &Counters,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let result = catch_unwind(AssertUnwindSafe(|| read(db))).unwrap_or_else(|_| {
        Counters::add(&counters.panics, 1);
        Err(unavailable("the read panicked"))
    });
    Counters::add(&counters.reads, 1);
    if !db.is_autocommit()
        && let Err(error) = db.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a read's snapshot could not be let go");
    }
    result
}

/// Runs the verb in one snapshot; on an early end it is still there.
pub(crate) fn snapshot<T>(
    db: &Connection,
    verb: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    execute(db, "BEGIN")?;
    let value = verb(db)?;
    execute(db, "COMMIT")?;
    Ok(value)
}

fn execute(db: &Connection, statement: &str) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(statement).map_err(sql("snapshot"))?;
    statement.execute([]).map(drop).map_err(sql("snapshot"))
}

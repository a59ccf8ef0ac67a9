//! The group commit: one thread, one connection, many verbs per flush.
//!
//! 1. run every verb that waits (at least one, at most a group) in one transaction, with those that come meanwhile;
//! 2. if one of them failed after it had written, roll back and run the same group again, each in a savepoint of its
//!    own, so that the one that fails is undone alone;
//! 3. commit once;
//! 4. answer all of them;
//! 5. see to it that the write-ahead log is [moved into the file](crate::checkpoint) when it has grown.
use crate::checkpoint::Checkpoints;
use crate::error::unavailable;
use crate::open::Options;
use crate::stats::Counters;
use hanbeon_store::StoreError;
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::oneshot;

/// The door to the writer thread. Dropping it lets the queue drain and waits for the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Option<SyncSender<Entry>>,
    /// Verbs that wait and begin something.
    beginning: Arc<AtomicUsize>,
    beginning_max: usize,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

/// Whose room in the queue a verb takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// It begins something. Whoever finds no room has changed nothing, and may come again.
    Beginning,
    /// It ends what has begun: money may have moved. What comes new never takes its room.
    Ending,
}

struct Entry {
    work: Box<dyn Work>,
    room: Room,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give, or SQLite refuses the log's hook.
    pub(crate) fn start(
        mut db: Connection,
        mut checkpoints: Checkpoints,
        options: Options,
        counters: Arc<Counters>,
    ) -> Result<Self, StoreError> {
        let (queue, waiting) = sync_channel(options.queue_max.saturating_mul(2));
        let beginning = Arc::new(AtomicUsize::new(0));
        let waiting = Waiting { queue: waiting, beginning: Arc::clone(&beginning) };
        let pages = Arc::clone(&counters);
        // The hook replaces SQLite's own checkpointing, which would make a caller wait for it.
        let hook = move |_: &mut Wal, in_log: std::ffi::c_int| {
            pages.wal_pages.store(u64::try_from(in_log).unwrap_or(0), Relaxed);
            Ok(())
        };
        db.wal_hook(Some(hook)).map_err(|e| unavailable(e.to_string()))?;
        let counted = Arc::clone(&counters);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                serve(&db, &waiting, &mut checkpoints, options, &counted);
                // The last connection to go tidies the log away, and must be the writer's.
                drop(checkpoints);
                drop(db);
            })
            .map_err(|e| unavailable(e.to_string()))?;
        let (queue, beginning_max) = (Some(queue), options.queue_max);
        Ok(Self { queue, beginning, beginning_max, thread: Some(thread), counters })
    }

    /// Carries a verb out that begins something, and answers when the disk has it. An `Err` of the verb undoes what it
    /// wrote, and nothing else. It may be run twice, with all that the first run wrote undone before the second.
    ///
    /// # Errors
    /// The verb's own; [`StoreError::Full`] when there is no room; [`StoreError::Unavailable`] when the commit failed.
    pub(crate) async fn run<T, V>(&self, verb: V) -> Result<T, StoreError>
    where
        T: Send + 'static,
        V: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.queued(Room::Beginning, verb).await
    }

    /// The same, for a verb that ends what has begun.
    ///
    /// # Errors
    /// As [`Writer::run`].
    pub(crate) async fn finish<T, V>(&self, verb: V) -> Result<T, StoreError>
    where
        T: Send + 'static,
        V: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.queued(Room::Ending, verb).await
    }

    async fn queued<T, V>(&self, room: Room, verb: V) -> Result<T, StoreError>
    where
        T: Send + 'static,
        V: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(|| unavailable("the writer has ended"))?;
        if room == Room::Beginning && self.beginning.fetch_add(1, Relaxed) >= self.beginning_max {
            return Err(self.turn_away(room));
        }
        match queue.try_send(Entry { work: Box::new(Task { verb, result: None, answer }), room }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(self.turn_away(room)),
            Err(TrySendError::Disconnected(_)) => return Err(unavailable("the writer has ended")),
        }
        answered.await.unwrap_or_else(|_| Err(unavailable("the writer has ended")))
    }

    fn turn_away(&self, room: Room) -> StoreError {
        if room == Room::Beginning {
            self.beginning.fetch_sub(1, Relaxed);
        }
        Counters::add(&self.counters.turned_away, 1);
        StoreError::Full
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // The loop contains every panic; were one to escape, there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

/// A verb with its answer, in the two halves that the group needs.
trait Work: Send {
    /// Runs the verb; says why it must be undone, if it must.
    fn run(&mut self, db: &Connection) -> Result<(), String>;
    /// Tells the caller how it ended; `failure` is why the group was not committed.
    fn answer(self: Box<Self>, failure: Option<&str>);
}

struct Task<T, V> {
    verb: V,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, V> Work for Task<T, V>
where
    T: Send,
    V: Fn(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), String> {
        // Were it to panic now, it has no result, whatever it had the first time.
        self.result = None;
        let result = (self.verb)(db);
        let end = result.as_ref().map(|_| ()).map_err(ToString::to_string);
        self.result = Some(result);
        end
    }

    fn answer(self: Box<Self>, failure: Option<&str>) {
        let answer = match (failure, self.result) {
            // An own error stands in both cases: nothing of this verb was written.
            (_, Some(Err(own))) => Err(own),
            (None, Some(Ok(done))) => Ok(done),
            (Some(why), _) => Err(unavailable(why)),
            (None, None) => Err(unavailable("the verb panicked; nothing of it was written")),
        };
        // The caller may have gone away; what is written stays written.
        let _ = self.answer.send(answer);
    }
}

/// The thread's end of the queue.
struct Waiting {
    queue: Receiver<Entry>,
    beginning: Arc<AtomicUsize>,
}

impl Waiting {
    /// The next verb, when there is one; `None` when there will be none.
    fn wait(&self) -> Option<Box<dyn Work>> {
        self.queue.recv().ok().map(|entry| self.taken(entry))
    }

    fn one(&self) -> Option<Box<dyn Work>> {
        self.queue.try_recv().ok().map(|entry| self.taken(entry))
    }

    fn taken(&self, Entry { work, room }: Entry) -> Box<dyn Work> {
        if room == Room::Beginning {
            self.beginning.fetch_sub(1, Relaxed);
        }
        work
    }
}

fn serve(
    db: &Connection,
    waiting: &Waiting,
    checkpoints: &mut Checkpoints,
    options: Options,
    counters: &Counters,
) {
    let group_max = options.group_max.max(1);
    let mut group = Vec::with_capacity(group_max);
    while let Some(first) = waiting.wait() {
        group.push(first);
        let failure = transact(db, &mut group, (waiting, group_max), counters, options.reached).err();
        let size = u64::try_from(group.len()).unwrap_or(u64::MAX);
        Counters::add(&counters.verbs, size);
        counters.largest_group.fetch_max(size, Relaxed);
        if let Some(why) = &failure {
            Counters::add(&counters.failed_groups, 1);
            tracing::error!(store.group = size, error = why, "a group of writes was not committed");
            give_up(db);
        }
        for work in group.drain(..) {
            work.answer(failure.as_deref());
        }
        checkpoints.after_group(db, counters.wal_pages.load(Relaxed));
    }
}

/// Runs the group, which begins with one verb and grows meanwhile, in one transaction.
///
/// # Errors
/// Why nothing of it is written.
fn transact(
    db: &Connection,
    group: &mut Vec<Box<dyn Work>>,
    (waiting, group_max): (&Waiting, usize),
    counters: &Counters,
    reached: fn(&'static str),
) -> Result<(), String> {
    let began = execute(db, "BEGIN IMMEDIATE");
    let mut clean = began.is_ok();
    while let Some(work) = group.last_mut() {
        if clean {
            clean = runs_clean(db, work.as_mut())?;
        }
        if group.len() >= group_max {
            break;
        }
        match waiting.one() {
            Some(work) => group.push(work),
            None => break,
        }
    }
    began?;
    if !clean {
        execute(db, "ROLLBACK")?;
        run_apart(db, group, counters)?;
    }
    reached("before COMMIT");
    let start = Instant::now();
    execute(db, "COMMIT")?;
    counters.committed(start.elapsed());
    reached("after COMMIT");
    Ok(())
}

/// Runs a verb without a savepoint, which would cost as much as a small verb. False when something of it may have to be
/// undone: it failed after it had written, or panicked. Most that fail have written nothing: somebody was faster.
///
/// # Errors
/// When SQLite has given the whole transaction up.
fn runs_clean(db: &Connection, work: &mut dyn Work) -> Result<bool, String> {
    let before = db.total_changes();
    let end = catch_unwind(AssertUnwindSafe(|| work.run(db)));
    let panicked = end.is_err();
    let end = end.unwrap_or_else(|_| Err("a verb panicked".to_owned()));
    still_open(db, &end)?;
    Ok(end.is_ok() || (!panicked && db.total_changes() == before))
}

/// Runs the group from its beginning, each verb in a savepoint of its own.
///
/// # Errors
/// As [`runs_clean`].
fn run_apart(db: &Connection, group: &mut [Box<dyn Work>], counters: &Counters) -> Result<(), String> {
    execute(db, "BEGIN IMMEDIATE")?;
    for work in group {
        execute(db, "SAVEPOINT verb")?;
        let end = catch_unwind(AssertUnwindSafe(|| work.run(db))).unwrap_or_else(|_| {
            Counters::add(&counters.panics, 1);
            Err("a verb panicked".to_owned())
        });
        still_open(db, &end)?;
        if end.is_err() {
            execute(db, "ROLLBACK TO verb")?;
        }
        execute(db, "RELEASE verb")?;
    }
    Ok(())
}

/// A full disk or an I/O error makes SQLite give the whole transaction up.
fn still_open(db: &Connection, end: &Result<(), String>) -> Result<(), String> {
    if !db.is_autocommit() {
        return Ok(());
    }
    Err(end.clone().err().unwrap_or_else(|| "SQLite rolled the transaction back".to_owned()))
}

/// After a failure: no transaction may stay open, whatever state SQLite left it in.
fn give_up(db: &Connection) {
    if !db.is_autocommit()
        && let Err(error) = db.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "the failed group could not be rolled back");
    }
}

fn execute(db: &Connection, statement: &str) -> Result<(), String> {
    let mut statement = db.prepare_cached(statement).map_err(|e| e.to_string())?;
    statement.execute([]).map(drop).map_err(|e| e.to_string())
}

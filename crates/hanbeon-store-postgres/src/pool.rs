//! A few connections, and a transaction on one of them.
use crate::address::Address;
use crate::connect::Connection;
use crate::error::{Trouble, sql, unavailable};
use crate::stats::Counters;
use crate::tx::Tx;
use hanbeon_store::StoreError;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

/// Longest a verb waits for a connection.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(2);
/// Longest a transaction may take, all its statements together.
const VERB_MAX: Duration = Duration::from_secs(15);
/// How often a transaction that others made fail is run again.
const TRIES: u32 = 8;
/// The first wait before that; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(2);

/// The future of a verb.
pub(crate) type Running<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;
/// A verb: what it is to do with its arguments in a transaction.
pub(crate) type Verb<A, T> = for<'t> fn(&'t Tx<'t>, &'t A) -> Running<'t, T>;

/// How a transaction begins.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Write,
    /// One snapshot for all that is read.
    Read,
    /// One statement, which is a snapshot of its own, and two ways to the server less.
    Glance,
}

impl Mode {
    /// How its transaction begins, if it needs one.
    const fn begin(self) -> Option<&'static str> {
        match self {
            Self::Write => Some("BEGIN ISOLATION LEVEL READ COMMITTED"),
            Self::Read => Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            Self::Glance => None,
        }
    }

    /// How it is undone. Where nothing was begun, nothing is said, and the server's answer to that tells that it is still there.
    const fn undo(self) -> &'static str {
        if self.begin().is_some() { "ROLLBACK" } else { "" }
    }
}

/// How a transaction ended.
pub(crate) enum Ended<T> {
    /// It was carried out, durably.
    Done(T),
    /// A verb, or a statement of one, said no: all of it was rolled back.
    Refused(StoreError),
    /// There was no connection, or nobody knows whether it happened.
    Failed(StoreError),
}

impl<T> From<Ended<T>> for Result<T, StoreError> {
    fn from(ended: Ended<T>) -> Self {
        match ended {
            Ended::Done(given) => Ok(given),
            Ended::Refused(error) | Ended::Failed(error) => Err(error),
        }
    }
}

pub(crate) struct Pool {
    address: Address,
    idle: Mutex<Vec<Connection>>,
    free: Semaphore,
    pub(crate) counters: Counters,
}

impl Pool {
    pub(crate) fn new(address: Address, first: Connection, connections: usize) -> Self {
        let free = Semaphore::new(connections.max(1));
        Self { address, idle: Mutex::new(vec![first]), free, counters: Counters::default() }
    }

    /// Runs a verb to its end, also when its caller goes away.
    pub(crate) async fn run<A, T>(
        self: &Arc<Self>,
        mode: Mode,
        args: A,
        verb: Verb<A, T>,
    ) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let pool = Arc::clone(self);
        let running = tokio::spawn(async move { pool.run_here(mode, &args, 1, verb).await });
        running.await.map_err(|error| unavailable(error.to_string()))?.into()
    }

    /// Runs a verb, which stands for so many, as long as it is waited for, and again as long as others make it fail.
    pub(crate) async fn run_here<A, T>(
        &self,
        mode: Mode,
        args: &A,
        verbs: usize,
        verb: Verb<A, T>,
    ) -> Ended<T> {
        let turn = timeout(WAIT_MAX, self.free.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            self.counters.turned_away();
            return Ended::Failed(StoreError::Full);
        };
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            let idle = self.idle().pop();
            let connection = match idle {
                Some(connection) if !connection.client.is_closed() => connection,
                _ => match self.address.connect_again().await {
                    Ok(connection) => connection,
                    Err(error) => return Ended::Failed(error.into()),
                },
            };
            let Ok((ended, trouble)) = timeout(VERB_MAX, self.once(&connection, mode, args, verb)).await
            else {
                self.counters.not_committed();
                // It may have happened. The connection ends here, and with it whatever it was at.
                return Ended::Failed(unavailable("PostgreSQL does not answer"));
            };
            if trouble != Some(Trouble::Lost) {
                self.idle().push(connection);
            }
            match trouble {
                Some(Trouble::Again | Trouble::Lost) => {}
                Some(Trouble::Failed) | None => {
                    if let Ended::Done(_) = ended {
                        self.counters.carried_out(mode, verbs);
                    }
                    return ended;
                }
            }
            self.counters.run_again();
            sleep(wait).await;
            wait *= 2;
        }
        Ended::Failed(unavailable("others were faster again and again"))
    }

    /// One transaction. [`Trouble::Lost`] and [`Trouble::Again`] mean that surely nothing has happened.
    async fn once<A, T>(
        &self,
        connection: &Connection,
        mode: Mode,
        args: &A,
        verb: Verb<A, T>,
    ) -> (Ended<T>, Option<Trouble>) {
        let client = &connection.client;
        let tx = Tx::new(connection);
        let opening = async {
            match mode.begin() {
                Some(statement) => client.batch_execute(statement).await,
                None => Ok(()),
            }
        };
        // One way to the server for both.
        let (begun, done) = tokio::join!(biased; opening, verb(&tx, args));
        let trouble = begun.as_ref().err().and_then(Trouble::of).or(tx.trouble());
        let given = match (begun, done, trouble) {
            (Ok(()), Ok(given), None) => given,
            (begun, done, _) => {
                let gone = client.batch_execute(mode.undo()).await.is_err();
                let why = begun.map_err(|error| sql("transaction", &error)).and(done.map(drop)).err();
                // What fails is not forgiven by its verb: nothing of it was written.
                let why = why.unwrap_or_else(|| unavailable("a statement failed"));
                return (Ended::Refused(why), if gone { Some(Trouble::Lost) } else { trouble });
            }
        };
        if mode.begin().is_none() {
            return (Ended::Done(given), None);
        }
        let asked = Instant::now();
        let Err(error) = client.batch_execute("COMMIT").await else {
            if let Mode::Write = mode {
                self.counters.committed(asked.elapsed());
            }
            return (Ended::Done(given), None);
        };
        self.counters.not_committed();
        let why = sql("transaction", &error);
        match Trouble::of(&error) {
            Some(Trouble::Again) => (Ended::Refused(why), Some(Trouble::Again)),
            // A constraint that is looked at last.
            _ if matches!(why, StoreError::Corrupt { .. } | StoreError::OrderTaken) => {
                (Ended::Refused(why), None)
            }
            // It may have happened.
            _ => (Ended::Failed(why), None),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

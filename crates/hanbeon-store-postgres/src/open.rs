//! The database: where it is, and what is asked of it.
use crate::address::Address;
use crate::error::unavailable;
use crate::group::{Alone, Groups, Key, Together};
use crate::migrate::{Migration, migrate, newest};
use crate::pool::{Mode, Pool, Verb};
use crate::rows::Cells;
use crate::stats::Stats;
use crate::tx::Tx;
use crate::verbs::generation;
use crate::verbs::undo::{self, Undos};
use hanbeon_domain::Timestamp;
use hanbeon_store::{Store as _, StoreError};
use std::fmt;
use std::sync::Arc;

/// Everything that hanbeon remembers, in a PostgreSQL database that it may share with other servers of its kind.
pub struct PostgresStore {
    pool: Arc<Pool>,
    writes: Arc<Groups>,
    reads: Arc<Groups>,
    glances: Arc<Groups>,
    pub(crate) undos: Undos,
}

/// How to open it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The time, for the record of the migrations.
    pub now: Timestamp,
    /// Most connections.
    pub connections: usize,
    /// Will it carry payments out? Then books that were restored are refused until they have been compared with Toss.
    pub serves: bool,
    /// Migrations of versions to come. For tests, in which a program stands for its own successor.
    pub later: &'static [Migration],
}

impl Options {
    /// For the server.
    #[must_use]
    pub const fn server(now: Timestamp) -> Self {
        Self { now, connections: 8, serves: true, later: &[] }
    }

    /// For a command beside the server.
    #[must_use]
    pub const fn tool(now: Timestamp) -> Self {
        Self { connections: 2, serves: false, ..Self::server(now) }
    }
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none. Its text is not shown: it may hold a password.
    #[error("the database URL is not one of PostgreSQL: {0}")]
    Url(String),
    /// The server cannot be reached, or refuses.
    #[error("cannot connect to PostgreSQL: {}", words(.0))]
    Connect(#[source] tokio_postgres::Error),
    /// The file with the certificates that are to be trusted.
    #[error("cannot read the certificates of sslrootcert: {0}")]
    Certificates(String),
    /// The server does not answer.
    #[error("PostgreSQL does not answer")]
    Silent,
    /// A commit would be answered before it is durable.
    #[error(
        "PostgreSQL has synchronous_commit = {0}: a payment that was answered for could be lost; it must be on"
    )]
    Unsynced(String),
    /// A statement of the set-up failed.
    #[error("PostgreSQL: cannot {what}: {}", words(.source))]
    Sql {
        /// What was tried.
        what: String,
        /// Why.
        #[source]
        source: tokio_postgres::Error,
    },
    /// Written by a newer version.
    #[error(
        "the database has schema {found}, and this program knows schemas up to {known}: use a newer program"
    )]
    NewerSchema {
        /// In the database.
        found: i64,
        /// In the program.
        known: i64,
    },
    /// The schema must change, but somebody works who could not work with it then.
    #[error(
        "the database needs migration {needed}, and a program that knows schemas up to {knows} is connected: upgrade or \
         stop it first"
    )]
    OldServerRuns {
        /// The migration.
        needed: i64,
        /// What the other one knows.
        knows: i64,
    },
    /// History was rewritten.
    #[error(
        "migration {version} ({name}) was applied with another text: the database was made by another program"
    )]
    ChangedMigration {
        /// Which.
        version: i64,
        /// Its name in the database.
        name: String,
    },
    /// Restored, or promoted, and behind Toss.
    #[error("the database was not compared with Toss yet: run `hanbeon resync --since DATE` first")]
    NotResynced,
    /// Not all of another store's books are here.
    #[error("another database is being moved here: run `hanbeon migrate` until it says that it is done")]
    Moving,
    /// The first transaction failed.
    #[error(transparent)]
    Store(StoreError),
    /// A database of another program.
    #[error("the database has tables that are not hanbeon's: give it one of its own")]
    Foreign,
}

impl PostgresStore {
    /// Connects, and brings the schema up to date. Leases of other servers go on: nothing is taken over here.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        let address = Address { knows: newest(options.later), ..Address::of(url)? };
        let mut first = address.connect().await?;
        migrate(&mut first.client, options.later, options.now).await?;
        let pool = Arc::new(Pool::new(address, first, options.connections));
        let lanes = options.connections / 4;
        let groups = |mode| Arc::new(Groups::new(mode, lanes));
        let (writes, reads, glances) = (groups(Mode::Write), groups(Mode::Read), groups(Mode::Glance));
        let store = Self { pool, writes, reads, glances, undos: Undos::default() };
        if options.serves {
            store.may_be_served().await?;
        }
        store.write((), |tx, ()| Box::pin(undo::forget_old(tx))).await.map_err(OpenError::Store)?;
        Ok(store)
    }

    /// What this server has done with it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pool.counters.read()
    }

    async fn may_be_served(&self) -> Result<(), OpenError> {
        if self.read((), |tx, ()| Box::pin(generation::is_moving(tx))).await.map_err(OpenError::Store)? {
            return Err(OpenError::Moving);
        }
        match self.generation().await.map_err(OpenError::Store)?.restored_at {
            Some(_) => Err(OpenError::NotResynced),
            None => Ok(()),
        }
    }

    /// The database's clock, which all its servers share.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn time(&self) -> Result<Timestamp, StoreError> {
        self.read((), |tx, ()| Box::pin(time(tx))).await
    }

    /// A verb that writes.
    pub(crate) async fn write<A, T>(&self, args: A, verb: Verb<A, T>) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.pool.run(Mode::Write, args, verb).await
    }

    /// A verb that writes, and is quick: it may share a transaction with others that have another key.
    pub(crate) async fn write_together<A, T>(
        &self,
        key: Key,
        args: A,
        verb: Verb<A, T>,
    ) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.write_in_set(key, Alone { args, verb }).await
    }

    /// The same, of which many are written as one.
    pub(crate) async fn write_in_set<V: Together>(&self, key: Key, verb: V) -> Result<V::Gives, StoreError> {
        self.writes.run(&self.pool, Some(key), verb).await
    }

    /// A verb that reads a few rows: it may share a snapshot with others.
    pub(crate) async fn read_together<A, T>(&self, args: A, verb: Verb<A, T>) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.read_in_set(Alone { args, verb }).await
    }

    /// The same, of which many are read as one.
    pub(crate) async fn read_in_set<V: Together>(&self, verb: V) -> Result<V::Gives, StoreError> {
        self.reads.run(&self.pool, None, verb).await
    }

    /// A verb that reads a few rows in one statement.
    pub(crate) async fn glance_together<A, T>(&self, args: A, verb: Verb<A, T>) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.glance_in_set(Alone { args, verb }).await
    }

    /// The same, of which many are read as one.
    pub(crate) async fn glance_in_set<V: Together>(&self, verb: V) -> Result<V::Gives, StoreError> {
        self.glances.run(&self.pool, None, verb).await
    }

    /// A verb that reads, all of it in one snapshot.
    pub(crate) async fn read<A, T>(&self, args: A, verb: Verb<A, T>) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.pool.run(Mode::Read, args, verb).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

async fn time(tx: &Tx<'_>) -> Result<Timestamp, StoreError> {
    let now = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
    let row = tx.row("clock", now, &[]).await?;
    row.map_or_else(
        || Err(unavailable("the database does not tell the time")),
        |row| Cells::new("clock", &row).time(),
    )
}

/// PostgreSQL's own words, which `Display` of its error leaves out.
fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned())
}

//! The file: who may open it, and how its connections are set up.
use crate::checkpoint::Checkpoints;
use crate::glances::Glances;
use crate::migrate::{MIGRATIONS, Migration, migrate, pending};
use crate::readers::Readers;
use crate::stats::{Counters, Stats};
use crate::undo::Undo;
use crate::writer::Writer;
use hanbeon_domain::Timestamp;
use hanbeon_store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for another process (`hanbeon keys create`) that writes at the same moment.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared: more than there are, so none is ever compiled twice.
const STATEMENTS_MAX: usize = 128;

/// Everything that hanbeon remembers, in one SQLite file. Dropping it finishes what is queued, then lets the
/// file and its lock go.
#[derive(Debug)]
pub struct SqliteStore {
    // In the order in which they end: the last connection to go tidies the log away, and must be the writer's.
    pub(crate) glances: Glances,
    pub(crate) readers: Readers,
    pub(crate) writer: Writer,
    /// Only a server promises anything.
    pub(crate) undo: Option<Arc<Undo>>,
    counters: Arc<Counters>,
    _lock: Option<File>,
}

/// What a process wants with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Carries payments out: holds the lock on `<file>.lock`, one process at a time.
    Server,
    /// In the server's place: compares a database that was restored with Toss, and may open it before a server may.
    Resync,
    /// A command beside the server, which never carries a payment out.
    Tool,
}

/// How to open the file.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What for.
    pub role: Role,
    /// The time, for the record of the migrations and for the payments that a crashed server held.
    pub now: Timestamp,
    /// Reader threads, at least 1.
    pub readers: usize,
    /// Connections for reads of a few rows, which need no thread; with none, they go to the readers.
    pub glances: usize,
    /// Most verbs that may wait in each of the two queues; beyond that they are turned away at once. 1,024 are
    /// some 50 ms of work: who would wait longer had better be told. Verbs that end what has begun have as much room
    /// again, of their own.
    pub queue_max: usize,
    /// Most verbs in one transaction: it bounds how long the first of them waits for the last.
    pub group_max: usize,
    /// Most pages (4 KiB each) that the file may have, if it is to be bounded.
    pub pages_max: Option<u32>,
    /// A commit is answered before the disk has it (`synchronous=NORMAL`). Never but in the test that shows that
    /// a power cut then costs payments.
    pub unsynced: bool,
    /// Told when one of [`POINTS`] is reached. For tests, which may end the process there.
    pub reached: fn(&'static str),
}

/// The points at which a crash leaves a transaction begun, or done and not yet answered for.
pub const POINTS: [&str; 3] = ["in a migration", "before COMMIT", "after COMMIT"];

impl Options {
    /// For the server.
    #[must_use]
    pub const fn server(now: Timestamp) -> Self {
        Self {
            role: Role::Server,
            now,
            readers: 1,
            glances: 4,
            queue_max: 1_024,
            group_max: 256,
            pages_max: None,
            unsynced: false,
            reached: |_| {},
        }
    }

    /// For the command that compares a restored database with Toss.
    #[must_use]
    pub const fn resync(now: Timestamp) -> Self {
        Self { role: Role::Resync, ..Self::server(now) }
    }

    /// For a command beside the server.
    #[must_use]
    pub const fn tool(now: Timestamp) -> Self {
        Self { role: Role::Tool, glances: 0, ..Self::server(now) }
    }
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// `:memory:` or an empty name.
    #[error("payments must be kept in a file; {0:?} does not name one")]
    NotAFile(PathBuf),
    /// Two servers on one file would carry out each other's payments.
    #[error("another hanbeon server holds {}; two servers must not share one database file", .0.display())]
    Held(PathBuf),
    /// The schema must change, but a server runs.
    #[error("the database needs migration {needed}, and a running server of an older version holds it")]
    OldServerRuns {
        /// The first migration that is missing.
        needed: u32,
    },
    /// Restored, and behind Toss.
    #[error(
        "the database was restored from a backup and not compared with Toss yet: run `hanbeon resync --since DATE` first"
    )]
    NotResynced,
    /// The books live elsewhere.
    #[error(
        "these books were moved to another database, and live there: start the server with its URL (docs/runbooks/move.md)"
    )]
    Moved,
    /// No such file.
    #[error("there is no database {}", .0.display())]
    NotThere(PathBuf),
    /// A database of another program.
    #[error("{} is a database, but not one of hanbeon", .0.display())]
    Foreign(PathBuf),
    /// Written by a newer version.
    #[error(
        "the database has schema {found}, and this program knows schemas up to {known}: use a newer program"
    )]
    NewerSchema {
        /// In the file.
        found: u32,
        /// In the program.
        known: u32,
    },
    /// History was rewritten.
    #[error(
        "migration {version} ({name}) was applied with another text: the file was made by another program"
    )]
    ChangedMigration {
        /// Which.
        version: u32,
        /// Its name in the file.
        name: String,
    },
    /// The file system refused.
    #[error("cannot use {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("SQLite: cannot {what}")]
    Sqlite {
        /// What was tried.
        what: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file system cannot keep a write-ahead log (a network share, for example).
    #[error("the database cannot use a write-ahead log here, only {0:?}; put it on a local disk")]
    NoWriteAheadLog(String),
    /// The threads could not be started.
    #[error(transparent)]
    Start(#[from] StoreError),
}

impl OpenError {
    pub(crate) fn sqlite(what: impl Into<String>) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { what: what.into(), source }
    }
}

impl SqliteStore {
    /// Opens the file, makes it if it is new, and brings its schema up to date.
    ///
    /// As a [`Role::Server`] it takes the lock on `<file>.lock`, and because it thereby knows that nobody else
    /// carries payments out, every payment that a crashed server had leased is due at once.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        Self::open_with(path.as_ref(), options, MIGRATIONS)
    }

    pub(crate) fn open_with(path: &Path, options: Options, known: &[Migration]) -> Result<Self, OpenError> {
        if path.as_os_str().is_empty() || path == Path::new(":memory:") {
            return Err(OpenError::NotAFile(path.to_owned()));
        }
        let mut lock = match options.role {
            Role::Server | Role::Resync => {
                Some(take_lock(path)?.ok_or_else(|| OpenError::Held(path.to_owned()))?)
            }
            Role::Tool => None,
        };
        make_private(path)?;
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Looked at before anything is set: another program's file stays as it is.
        let pending = pending(&db, path, known)?;
        set_writer_up(&db, options)?;
        if let Some(needed) = pending {
            if lock.is_none() {
                lock = Some(take_lock(path)?.ok_or(OpenError::OldServerRuns { needed })?);
            }
            migrate(&db, path, known, &options)?;
        }
        let undo = match options.role {
            Role::Server | Role::Resync if is_moved(&db)? => return Err(OpenError::Moved),
            Role::Server if is_restored(&db)? => return Err(OpenError::NotResynced),
            Role::Server | Role::Resync => {
                take_over(&db, options.now)?;
                Some(Arc::new(Undo::open(path, &db)?))
            }
            Role::Tool => {
                // Only for the migration: a server may start now.
                lock = None;
                None
            }
        };
        let counters = Arc::new(Counters::default());
        let readers = connect_readers(path, options.readers.max(1))?;
        let readers = Readers::start(readers, options.queue_max, Arc::clone(&counters))?;
        let glances = Glances::over(connect_readers(path, options.glances)?, Arc::clone(&counters));
        let checkpoints = Checkpoints::start(connect_mover(path, options)?)?;
        let writer = Writer::start(db, checkpoints, options, Arc::clone(&counters))?;
        Ok(Self { glances, readers, writer, undo, counters, _lock: lock })
    }

    /// What it has done since it was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.read()
    }
}

/// Takes the server's lock; `None` when another process has it. The system lets it go with the process,
/// however that ends.
pub(crate) fn take_lock(path: &Path) -> Result<Option<File>, OpenError> {
    let mut name = OsString::from(path);
    name.push(".lock");
    let path = PathBuf::from(name);
    let file = private().create(true).open(&path);
    let file = file.map_err(|source| OpenError::File { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(OpenError::File { path, source }),
    }
}

/// Makes the file if it is new. One that exists is not even opened here: closing it would let go of the locks
/// that SQLite holds on it elsewhere in this process (that is how POSIX locks work).
pub(crate) fn make_private(path: &Path) -> Result<(), OpenError> {
    match private().create_new(true).open(path) {
        Err(source) if source.kind() != ErrorKind::AlreadyExists => {
            Err(OpenError::File { path: path.to_owned(), source })
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Readable by its owner only: it holds personal data. SQLite gives its log the same mode.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(crate) fn set_writer_up(db: &Connection, options: Options) -> Result<(), OpenError> {
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(OpenError::sqlite("turn the write-ahead log on"))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(OpenError::NoWriteAheadLog(mode));
    }
    make_durable(db, options)?;
    db.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -8192;",
    )
    .map_err(OpenError::sqlite("set the writer up"))?;
    if let Some(pages) = options.pages_max {
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(OpenError::sqlite("bound the file"))?;
    }
    Ok(())
}

/// FULL: a commit is on the disk, not on its way there. The fullfsync pair means the same on macOS.
fn make_durable(db: &Connection, options: Options) -> Result<(), OpenError> {
    let full = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;";
    let normal = "PRAGMA synchronous = NORMAL;";
    let statements = if options.unsynced { normal } else { full };
    db.execute_batch(statements).map_err(OpenError::sqlite("have commits reach the disk"))
}

/// The connection that moves the log into the file: what is moved must be on the disk before the log starts over.
pub(crate) fn connect_mover(path: &Path, options: Options) -> Result<Connection, OpenError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    make_durable(&db, options)?;
    Ok(db)
}

fn connect_readers(path: &Path, count: usize) -> Result<Vec<Connection>, OpenError> {
    let connect = |_| {
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.execute_batch("PRAGMA query_only = ON").map_err(OpenError::sqlite("set a reader up"))?;
        Ok(db)
    };
    (0..count).map(connect).collect()
}

pub(crate) fn connect(path: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    // Each connection stays on one thread, so SQLite's own mutexes are not needed.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let set_up = || {
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        // A file that somebody has tampered with must not run code through its schema.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        // Plans do not depend on bound values. Without this, a partial index makes SQLite compile a prepared
        // statement again at every execution (it compares the values with the index's WHERE).
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        db.execute_batch(
            "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;",
        )?;
        Ok(db)
    };
    set_up().map_err(OpenError::sqlite(format!("open {}", path.display())))
}

fn is_moved(db: &Connection) -> Result<bool, OpenError> {
    let statement = "SELECT moved_at IS NOT NULL FROM generation";
    db.query_row(statement, [], |row| row.get(0))
        .map_err(OpenError::sqlite("see whether the books were moved"))
}

fn is_restored(db: &Connection) -> Result<bool, OpenError> {
    let statement = "SELECT restored_at IS NOT NULL FROM generation";
    db.query_row(statement, [], |row| row.get(0)).map_err(OpenError::sqlite("see which copy this is"))
}

/// Ends every lease: its holder is gone, because we hold the lock. What is under way is due, held or not.
fn take_over(db: &Connection, now: Timestamp) -> Result<(), OpenError> {
    let statement = "UPDATE payments SET held = 0, due_at = min(due_at, ?1) WHERE due_at IS NOT NULL
        AND (held = 1 OR (state IN ('confirming', 'canceling') AND due_at > ?1))";
    let ended = db.execute(statement, [now.as_micros()]).map_err(OpenError::sqlite("end the old leases"))?;
    for table in ["charges", "billing_keys"] {
        let statement = format!("UPDATE {table} SET due_at = min(due_at, ?1) WHERE due_at IS NOT NULL");
        db.execute(&statement, [now.as_micros()]).map_err(OpenError::sqlite("end the old leases"))?;
    }
    // A lease of a subscription looks like a wait; who is looked at too early rests again until its day.
    let statement =
        "UPDATE subscriptions SET due_at = ?1 WHERE due_at BETWEEN ?1 AND ?1 + 2 * 60 * 60 * 1000000";
    db.execute(statement, [now.as_micros()]).map_err(OpenError::sqlite("end the old leases"))?;
    if ended > 0 {
        tracing::info!(
            store.leases = ended,
            "payments that were under way when the last server ended are due"
        );
    }
    let receipts = "UPDATE receipts SET due_at = ?1 WHERE due_at > ?1";
    db.execute(receipts, [now.as_micros()]).map_err(OpenError::sqlite("end the old leases"))?;
    Ok(())
}

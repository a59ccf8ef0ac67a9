//! The schema: a list of migrations, forward only, each applied once and in one transaction. A process that is
//! killed half way leaves nothing of the one that it was in, and the next start goes on from there.
use crate::open::{OpenError, Options};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The schema that this program reads and writes.
pub const SCHEMA_VERSION: u32 = 12;

/// One change of the schema. Once released, its text is history and never changes again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    pub(crate) version: u32,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// In order, without gaps, from 1 to [`SCHEMA_VERSION`].
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "init", sql: include_str!("../migrations/0001_init.sql") },
    Migration { version: 2, name: "turns", sql: include_str!("../migrations/0002_turns.sql") },
    Migration { version: 3, name: "deposits", sql: include_str!("../migrations/0003_deposits.sql") },
    Migration { version: 4, name: "billing", sql: include_str!("../migrations/0004_billing.sql") },
    Migration { version: 5, name: "receipts", sql: include_str!("../migrations/0005_receipts.sql") },
    Migration { version: 6, name: "tax", sql: include_str!("../migrations/0006_tax.sql") },
    Migration { version: 7, name: "news", sql: include_str!("../migrations/0007_news.sql") },
    Migration { version: 8, name: "checks", sql: include_str!("../migrations/0008_checks.sql") },
    Migration { version: 9, name: "generation", sql: include_str!("../migrations/0009_generation.sql") },
    Migration { version: 10, name: "move", sql: include_str!("../migrations/0010_move.sql") },
    Migration { version: 11, name: "order_free", sql: include_str!("../migrations/0011_order_free.sql") },
    Migration { version: 12, name: "sessions_go", sql: include_str!("../migrations/0012_sessions_go.sql") },
];

/// "hnbn": how `file(1)` and we tell this database from another program's.
const APPLICATION_ID: i32 = 0x686e_626e;

/// The first migration that the file does not have yet, if any.
///
/// # Errors
/// [`OpenError::Foreign`], [`OpenError::NewerSchema`], [`OpenError::ChangedMigration`], or SQLite's.
pub(crate) fn pending(db: &Connection, path: &Path, known: &[Migration]) -> Result<Option<u32>, OpenError> {
    let applied = applied(db, path)?;
    let newest = known.last().map_or(0, |migration| migration.version);
    for (version, name, checksum) in &applied {
        let Some(migration) = known.iter().find(|migration| migration.version == *version) else {
            return Err(OpenError::NewerSchema { found: *version, known: newest });
        };
        if *checksum != checksum_of(migration) {
            return Err(OpenError::ChangedMigration { version: *version, name: name.clone() });
        }
    }
    let has = |migration: &&Migration| applied.iter().any(|(version, ..)| *version == migration.version);
    Ok(known.iter().find(|migration| !has(migration)).map(|migration| migration.version))
}

/// Applies what is pending.
///
/// # Errors
/// As [`pending`].
pub(crate) fn migrate(
    db: &Connection,
    path: &Path,
    known: &[Migration],
    options: &Options,
) -> Result<(), OpenError> {
    while let Some(version) = pending(db, path, known)? {
        let Some(migration) = known.iter().find(|migration| migration.version == version) else { break };
        apply(db, path, known, migration, options)?;
        tracing::info!(store.schema = version, name = migration.name, "the database was migrated");
    }
    Ok(())
}

fn apply(
    db: &Connection,
    path: &Path,
    known: &[Migration],
    migration: &Migration,
    options: &Options,
) -> Result<(), OpenError> {
    let failed = || OpenError::sqlite(format!("apply migration {} ({})", migration.version, migration.name));
    let transaction =
        rusqlite::Transaction::new_unchecked(db, TransactionBehavior::Immediate).map_err(failed())?;
    // Another process may have been faster while we waited for the write lock.
    if pending(&transaction, path, known)? != Some(migration.version) {
        return Ok(());
    }
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
               version    INTEGER PRIMARY KEY CHECK (version > 0),
               name       TEXT    NOT NULL,
               checksum   BLOB    NOT NULL CHECK (length(checksum) = 32),
               applied_at INTEGER NOT NULL
             ) STRICT",
        )
        .map_err(failed())?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed())?;
    // A migration may change the text of the schema (the words of a CHECK); nothing else may.
    transaction.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).map_err(failed())?;
    let applied = transaction.execute_batch(migration.sql);
    transaction.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(failed())?;
    applied.map_err(failed())?;
    (options.reached)("in a migration");
    transaction
        .execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
            params![migration.version, migration.name, checksum_of(migration), options.now.as_micros()],
        )
        .map_err(failed())?;
    transaction.commit().map_err(failed())
}

type Applied = (u32, String, [u8; 32]);

fn applied(db: &Connection, path: &Path) -> Result<Vec<Applied>, OpenError> {
    let failed = || OpenError::sqlite("read the schema's version");
    let table = "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'";
    let known = db.query_row(table, [], |_| Ok(())).optional().map_err(failed())?.is_some();
    let id: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed())?;
    let empty =
        db.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0)).map_err(failed())?;
    match (known, id) {
        (true, APPLICATION_ID) => {}
        (false, 0) if empty => return Ok(Vec::new()),
        _ => return Err(OpenError::Foreign(path.to_owned())),
    }
    let all = "SELECT version, name, checksum FROM schema_migrations ORDER BY version";
    let mut statement = db.prepare(all).map_err(failed())?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(failed())?;
    rows.collect::<Result<_, _>>().map_err(failed())
}

fn checksum_of(migration: &Migration) -> [u8; 32] {
    Sha256::digest(migration.sql.as_bytes()).into()
}

//! The schema: a list of migrations, forward only, each applied once and in one transaction, whoever comes first.
//!
//! During an upgrade a version and the next one work side by side on one database (ADR 24). So a migration says from which
//! schema on a program may work beside it without knowing it, and keeps that in its row:
//! 1. a program takes a database whose every migration it knows, or may ignore; also later, each time it connects;
//! 2. a migration is applied only if everybody who is connected may work beside it;
//! 3. nobody who works is kept waiting for long: a lock that does not come within a moment is given up, and tried again.
use crate::open::OpenError;
use hanbeon_domain::Timestamp;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// The schema that this program reads and writes.
pub const SCHEMA_VERSION: i64 = 6;

/// One change of the schema. Once released, its text is history and never changes again.
#[derive(Debug)]
pub struct Migration {
    /// Counts from 1, without gaps.
    pub version: i64,
    /// The schema that a program must know to work beside it; its own version, if it takes away or changes what is there.
    pub usable_from: i64,
    /// For people.
    pub name: &'static str,
    /// Statements.
    pub sql: &'static str,
}

/// In order, from 1 to [`SCHEMA_VERSION`].
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, usable_from: 1, name: "init", sql: include_str!("../migrations/0001_init.sql") },
    Migration { version: 2, usable_from: 2, name: "news", sql: include_str!("../migrations/0002_news.sql") },
    Migration {
        version: 3,
        usable_from: 3,
        name: "generation",
        sql: include_str!("../migrations/0003_generation.sql"),
    },
    Migration { version: 4, usable_from: 4, name: "move", sql: include_str!("../migrations/0004_move.sql") },
    Migration {
        version: 5,
        usable_from: 5,
        name: "upgrade",
        sql: include_str!("../migrations/0005_upgrade.sql"),
    },
    // An index: whoever does not know it works beside it.
    Migration {
        version: 6,
        usable_from: 5,
        name: "sessions_go",
        sql: include_str!("../migrations/0006_sessions_go.sql"),
    },
];

/// The first migration whose row says from where on it may be used.
const UPGRADES_SINCE: i64 = 5;
/// How often a migration is looked at that others are at, too, or that does not get its locks.
const TRIES: u32 = 20;
/// How long those who work go on before the next try.
const PAUSE: Duration = Duration::from_millis(200);
/// Whoever comes after a migration that waits for a lock waits behind it.
const LOCK_MAX: &str = "SET LOCAL lock_timeout = '500ms'";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version    BIGINT NOT NULL PRIMARY KEY CHECK (version > 0),
    name       TEXT   NOT NULL,
    checksum   BYTEA  NOT NULL CHECK (length(checksum) = 32),
    applied_at BIGINT NOT NULL)";

/// The newest schema that a program knows which knows these, too.
pub(crate) fn newest(later: &[Migration]) -> i64 {
    later.last().map_or(SCHEMA_VERSION, |migration| migration.version)
}

/// What a program calls itself that knows schemas up to this one; [`apply`] reads it.
pub(crate) fn name_of(known: i64) -> String {
    format!("{NAME}{known}")
}

const NAME: &str = "hanbeon schema ";

/// Applies what is missing.
///
/// # Errors
/// [`OpenError`].
pub(crate) async fn migrate(db: &mut Client, later: &[Migration], now: Timestamp) -> Result<(), OpenError> {
    let known = newest(later);
    for migration in MIGRATIONS.iter().chain(later) {
        let mut tries = TRIES;
        while !is_applied(db, migration, known).await? {
            tries -= 1;
            match apply(db, migration, now).await {
                // Somebody else has just made it: PostgreSQL says so only when they are done.
                Err(OpenError::Sql { source, .. }) if is_there(&source) && tries > 0 => {}
                Err(OpenError::Sql { source, .. }) if is_busy(&source) && tries > 0 => sleep(PAUSE).await,
                done => done?,
            }
        }
    }
    Ok(())
}

fn is_there(error: &Error) -> bool {
    matches!(error.code(), Some(&SqlState::UNIQUE_VIOLATION | &SqlState::DUPLICATE_TABLE))
}

fn is_busy(error: &Error) -> bool {
    let busy =
        [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    error.code().is_some_and(|code| busy.contains(code))
}

async fn is_applied(db: &Client, migration: &Migration, known: i64) -> Result<bool, OpenError> {
    let tables = "SELECT count(*), count(*) FILTER (WHERE table_name = 'schema_migrations')
        FROM information_schema.tables WHERE table_schema = current_schema()";
    let row = db.query_one(tables, &[]).await.map_err(unread)?;
    let (all, ours): (i64, i64) = (row.try_get(0).map_err(unread)?, row.try_get(1).map_err(unread)?);
    match (all, ours) {
        (0, _) => return Ok(false),
        (_, 0) => return Err(OpenError::Foreign),
        _ => {}
    }
    let rows = "SELECT version, name, checksum FROM schema_migrations ORDER BY version DESC";
    for row in db.query(rows, &[]).await.map_err(unread)? {
        let version: i64 = row.try_get(0).map_err(unread)?;
        if version > known {
            may_be_used(db, known).await?;
        }
        if version == migration.version {
            let checksum: Vec<u8> = row.try_get(2).map_err(unread)?;
            let name = row.try_get(1).map_err(unread)?;
            let same = checksum == checksum_of(migration);
            return if same { Ok(true) } else { Err(OpenError::ChangedMigration { version, name }) };
        }
    }
    Ok(false)
}

/// May a program that knows schemas up to this one work here?
///
/// # Errors
/// [`OpenError::NewerSchema`].
pub(crate) async fn may_be_used(db: &Client, known: i64) -> Result<(), OpenError> {
    let newer =
        "SELECT max(version), max(coalesce(usable_from, version)) FROM schema_migrations WHERE version > $1";
    let row = db.query_one(newer, &[&known]).await.map_err(unread)?;
    let found: Option<i64> = row.try_get(0).map_err(unread)?;
    let usable_from: Option<i64> = row.try_get(1).map_err(unread)?;
    match (found, usable_from) {
        (Some(found), Some(usable_from)) if known < usable_from => {
            Err(OpenError::NewerSchema { found, known })
        }
        _ => Ok(()),
    }
}

async fn apply(db: &mut Client, migration: &Migration, now: Timestamp) -> Result<(), OpenError> {
    // Before anybody waits for it; and once more at its end, for whoever came meanwhile.
    nobody_is_older(db, migration).await?;
    let what = || format!("apply migration {} ({})", migration.version, migration.name);
    let failed = |source| OpenError::Sql { what: what(), source };
    let tx = db.transaction().await.map_err(failed)?;
    tx.batch_execute(LOCK_MAX).await.map_err(failed)?;
    tx.batch_execute(TABLE).await.map_err(failed)?;
    // Whoever else is at it waits here, and then finds it done.
    let insert = "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let checksum = checksum_of(migration);
    let applied_at = now.as_micros();
    let written = tx.execute(insert, &[&migration.version, &migration.name, &checksum, &applied_at]).await;
    if written.map_err(failed)? == 0 {
        return Ok(());
    }
    tx.batch_execute(migration.sql).await.map_err(failed)?;
    nobody_is_older(tx.client(), migration).await?;
    if migration.version >= UPGRADES_SINCE {
        let usable = "UPDATE schema_migrations SET usable_from = $2 WHERE version = $1";
        tx.execute(usable, &[&migration.version, &migration.usable_from]).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)?;
    tracing::info!(store.schema = migration.version, name = migration.name, "the database was migrated");
    Ok(())
}

/// Whoever is connected may work beside the migration.
async fn nobody_is_older(db: &Client, migration: &Migration) -> Result<(), OpenError> {
    let connected = "SELECT DISTINCT application_name FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE $1";
    for row in db.query(connected, &[&format!("{NAME}%")]).await.map_err(unread)? {
        let name: String = row.try_get(0).map_err(unread)?;
        let knows = name.strip_prefix(NAME).and_then(|schema| schema.parse().ok());
        if let Some(knows) = knows.filter(|knows| *knows < migration.usable_from) {
            return Err(OpenError::OldServerRuns { needed: migration.version, knows });
        }
    }
    Ok(())
}

fn unread(source: Error) -> OpenError {
    OpenError::Sql { what: "read the schema's version".to_owned(), source }
}

fn checksum_of(migration: &Migration) -> Vec<u8> {
    Sha256::digest(migration.sql.as_bytes()).to_vec()
}

//! The schema: a list of migrations, forward only, each applied once and in one transaction, whoever comes first.
use crate::open::OpenError;
use hanbeon_domain::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// The schema that this program reads and writes.
pub const SCHEMA_VERSION: i64 = 4;

/// One change of the schema. Once released, its text is history and never changes again.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// In order, without gaps, from 1 to [`SCHEMA_VERSION`].
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "init", sql: include_str!("../migrations/0001_init.sql") },
    Migration { version: 2, name: "news", sql: include_str!("../migrations/0002_news.sql") },
    Migration { version: 3, name: "generation", sql: include_str!("../migrations/0003_generation.sql") },
    Migration { version: 4, name: "move", sql: include_str!("../migrations/0004_move.sql") },
];

/// How often a migration is looked at that others are at, too.
const TRIES: u32 = 8;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version    BIGINT NOT NULL PRIMARY KEY CHECK (version > 0),
    name       TEXT   NOT NULL,
    checksum   BYTEA  NOT NULL CHECK (length(checksum) = 32),
    applied_at BIGINT NOT NULL)";

/// Applies what is missing.
///
/// # Errors
/// [`OpenError`].
pub(crate) async fn migrate(db: &mut Client, now: Timestamp) -> Result<(), OpenError> {
    for migration in MIGRATIONS {
        let mut tries = TRIES;
        while !is_applied(db, migration).await? {
            tries -= 1;
            match apply(db, migration, now).await {
                // Somebody else has just made it: PostgreSQL says so only when they are done.
                Err(OpenError::Sql { source, .. }) if is_there(&source) && tries > 0 => {}
                done => done?,
            }
        }
    }
    Ok(())
}

fn is_there(error: &Error) -> bool {
    matches!(error.code(), Some(&SqlState::UNIQUE_VIOLATION | &SqlState::DUPLICATE_TABLE))
}

async fn is_applied(db: &Client, migration: &Migration) -> Result<bool, OpenError> {
    let failed = |source| OpenError::Sql { what: "read the schema's version".to_owned(), source };
    let tables = "SELECT count(*), count(*) FILTER (WHERE table_name = 'schema_migrations')
        FROM information_schema.tables WHERE table_schema = current_schema()";
    let row = db.query_one(tables, &[]).await.map_err(failed)?;
    let (all, ours): (i64, i64) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
    match (all, ours) {
        (0, _) => return Ok(false),
        (_, 0) => return Err(OpenError::Foreign),
        _ => {}
    }
    let rows = "SELECT version, name, checksum FROM schema_migrations ORDER BY version DESC";
    for row in db.query(rows, &[]).await.map_err(failed)? {
        let version: i64 = row.try_get(0).map_err(failed)?;
        if version > SCHEMA_VERSION {
            return Err(OpenError::NewerSchema { found: version, known: SCHEMA_VERSION });
        }
        if version == migration.version {
            let checksum: Vec<u8> = row.try_get(2).map_err(failed)?;
            let name = row.try_get(1).map_err(failed)?;
            let same = checksum == checksum_of(migration);
            return if same { Ok(true) } else { Err(OpenError::ChangedMigration { version, name }) };
        }
    }
    Ok(false)
}

async fn apply(db: &mut Client, migration: &Migration, now: Timestamp) -> Result<(), OpenError> {
    let what = || format!("apply migration {} ({})", migration.version, migration.name);
    let failed = |source| OpenError::Sql { what: what(), source };
    let tx = db.transaction().await.map_err(failed)?;
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
    tx.commit().await.map_err(failed)?;
    tracing::info!(store.schema = migration.version, name = migration.name, "the database was migrated");
    Ok(())
}

fn checksum_of(migration: &Migration) -> Vec<u8> {
    Sha256::digest(migration.sql.as_bytes()).to_vec()
}

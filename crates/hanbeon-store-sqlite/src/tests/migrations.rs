//! The schema: forward only, whole or not at all.
use super::{Place, raw, server};
use crate::migrate::{MIGRATIONS, Migration};
use crate::{OpenError, Options, SCHEMA_VERSION, SqliteStore};
use hanbeon_domain::Timestamp;
use hanbeon_store::Store;
use rusqlite::Connection;

const NEXT: Migration = Migration {
    version: SCHEMA_VERSION + 1,
    name: "next",
    sql: "CREATE TABLE a (x INTEGER) STRICT; CREATE TABLE b (y INTEGER) STRICT",
};

fn with(next: Migration) -> Vec<Migration> {
    MIGRATIONS.iter().copied().chain([next]).collect()
}

fn tables(db: &Connection) -> Vec<String> {
    let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_list_is_the_directory() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let want: Vec<_> = MIGRATIONS.iter().map(|m| format!("{:04}_{}.sql", m.version, m.name)).collect();
    assert_eq!(files, want);
    let versions: Vec<_> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    assert_eq!(versions.last(), Some(&SCHEMA_VERSION));
}

#[test]
fn a_migration_is_applied_once_and_recorded() {
    let place = Place::new();
    drop(place.open_with(Options::server(Timestamp::from_micros(42))));
    drop(place.open_with(Options::server(Timestamp::from_micros(99))));
    let recorded =
        "SELECT version, name, length(checksum), applied_at FROM schema_migrations ORDER BY version";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let db = place.raw();
    let mut recorded = db.prepare(recorded).unwrap();
    let recorded = recorded.query_map([], row).unwrap().collect::<Result<Vec<(u32, String, u32, i64)>, _>>();
    let want: Vec<_> = MIGRATIONS.iter().map(|m| (m.version, m.name.to_owned(), 32, 42)).collect();
    assert_eq!(recorded.unwrap(), want);
}

#[test]
fn a_migration_that_fails_leaves_nothing_and_the_next_start_goes_on() {
    let place = Place::new();
    let broken = Migration { sql: "CREATE TABLE a (x INTEGER) STRICT; CREATE TABLE b (", ..NEXT };
    let end = SqliteStore::open_with(&place.file(), server(), &with(broken)).unwrap_err();
    assert!(end.to_string().contains(&format!("apply migration {} (next)", NEXT.version)), "{end}");
    assert!(!tables(&place.raw()).contains(&"a".to_owned()));
    drop(SqliteStore::open_with(&place.file(), server(), &with(NEXT)).unwrap());
    let tables = tables(&place.raw());
    assert!(tables.contains(&"a".to_owned()) && tables.contains(&"b".to_owned()), "{tables:?}");
}

/// The disk as a kill leaves it: half of a migration is in the log, without a commit.
#[tokio::test]
async fn a_migration_that_was_killed_half_way_is_done_by_the_next_start() {
    let place = Place::new();
    let dying = raw(&place.file());
    dying.execute_batch("PRAGMA journal_mode = WAL; PRAGMA cache_size = 1; PRAGMA cache_spill = 1").unwrap();
    let sql = MIGRATIONS[0].sql;
    let half = sql.find("CREATE TABLE refunds").unwrap();
    dying.execute_batch("BEGIN IMMEDIATE").unwrap();
    dying.execute_batch(&sql[..half]).unwrap();
    let image = Place::new();
    for name in ["hanbeon.db", "hanbeon.db-wal"] {
        std::fs::copy(place.directory.path().join(name), image.directory.path().join(name)).unwrap();
    }
    let log = std::fs::metadata(image.directory.path().join("hanbeon.db-wal")).unwrap().len();
    assert!(log > 4096, "the half-made tables were on their way to the disk: {log} bytes");
    drop(dying);

    let store = image.open();
    store.check().await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None);
    drop(store);
    let tables = tables(&image.raw());
    for name in ["orders", "payments", "refunds", "journal", "api_keys", "schema_migrations"] {
        assert!(tables.contains(&name.to_owned()), "{tables:?}");
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let place = Place::new();
    drop(SqliteStore::open_with(&place.file(), server(), &with(NEXT)).unwrap());
    let end = SqliteStore::open(place.file(), server()).unwrap_err();
    assert!(
        matches!(end, OpenError::NewerSchema { found, known: SCHEMA_VERSION } if found == NEXT.version),
        "{end}"
    );
    assert!(end.to_string().contains("use a newer program"), "{end}");
}

#[test]
fn a_migration_that_was_rewritten_is_refused() {
    let place = Place::new();
    drop(SqliteStore::open_with(&place.file(), server(), &with(NEXT)).unwrap());
    let rewritten = Migration { sql: "CREATE TABLE a (x INTEGER) STRICT", ..NEXT };
    let end = SqliteStore::open_with(&place.file(), server(), &with(rewritten)).unwrap_err();
    assert!(matches!(end, OpenError::ChangedMigration { version, .. } if version == NEXT.version), "{end}");
}

#[test]
fn a_tool_does_not_migrate_under_a_running_server() {
    let place = Place::new();
    let old_server = place.open();
    let tool = Options::tool(Timestamp::default());
    let end = SqliteStore::open_with(&place.file(), tool, &with(NEXT)).unwrap_err();
    assert!(matches!(end, OpenError::OldServerRuns { needed } if needed == NEXT.version), "{end}");
    drop(old_server);
    drop(SqliteStore::open_with(&place.file(), tool, &with(NEXT)).unwrap());
    drop(SqliteStore::open_with(&place.file(), server(), &with(NEXT)).unwrap());
}

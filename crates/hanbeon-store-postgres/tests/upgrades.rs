//! Two versions and two schemas: who may work beside whom, and what a migration does to those who work.
use hanbeon_domain::{Timestamp, TossStatus};
use hanbeon_store::{Store, StoreError};
use hanbeon_store_postgres::{Migration, OpenError, Options, PostgresStore, SCHEMA_VERSION};
use hanbeon_testkit::conformance::world::{TOTAL, World, seen};
use hanbeon_testkit::postgres::{self, Database};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_postgres::NoTls;

const THIS: i64 = SCHEMA_VERSION;
/// Adds, and takes nothing away.
const ADDS: Migration = Migration {
    version: THIS + 1,
    usable_from: THIS,
    name: "adds",
    sql: "ALTER TABLE payments ADD COLUMN channel TEXT; CREATE TABLE channels (channel TEXT NOT NULL PRIMARY KEY)",
};
/// Takes away what nobody uses who knows the one before it.
const TAKES: Migration = Migration {
    version: THIS + 2,
    usable_from: THIS + 1,
    name: "takes",
    sql: "ALTER TABLE payments ALTER COLUMN channel SET DEFAULT 'web'; DROP TABLE channels",
};
/// Less than a lock is waited for by whoever works.
const STOPPED_MAX: Duration = Duration::from_secs(4);
/// The versions of hanbeon, by what they know.
const NOW: &[Migration] = &[];
const NEXT: &[Migration] = &[ADDS];
const AFTER_NEXT: &[Migration] = &[ADDS, TAKES];

async fn open(database: &Database, later: &'static [Migration]) -> Result<Arc<PostgresStore>, OpenError> {
    let options = Options { later, ..Options::server(Timestamp::default()) };
    PostgresStore::open(&database.url(), options).await.map(Arc::new)
}

fn schema(database: &Database) -> String {
    database.query("SELECT max(version) FROM schema_migrations")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_a_version_works_beside_the_next_one_on_the_next_schema() {
    let database = postgres::database();
    let mut world = World::new(open(&database, NOW).await.expect("a new database"));
    let (old, new) = (world.store.clone(), open(&database, NEXT).await.expect("nobody is in the way"));
    assert_eq!(
        schema(&database),
        (THIS + 1).to_string(),
        "the next version has migrated, beside a server that works"
    );
    // What one has begun, the other carries on.
    let begun = {
        let order = world.order().await;
        world.begin(&order).await
    };
    world.store = new;
    world.said(&begun, seen(TossStatus::Done, TOTAL)).await;
    let paid = world.paid().await;
    world.store = old;
    world.canceling(&paid, None).await;
    // And one of the old ones may be started again, or another one added.
    world.store = open(&database, NOW).await.expect("the next version adds, and takes nothing away");
    world.paid().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_a_migration_that_takes_away_waits_until_nobody_needs_it() {
    let database = postgres::database();
    let old = open(&database, NOW).await.expect("a new database");
    let new = open(&database, NEXT).await.expect("the next version");
    let refused = open(&database, AFTER_NEXT).await.err();
    assert!(
        matches!(refused, Some(OpenError::OldServerRuns { needed, knows }) if (needed, knows) == (THIS + 2, THIS)),
        "{refused:?}"
    );
    assert_eq!(schema(&database), (THIS + 1).to_string(), "nothing of it has happened");
    World::new(old.clone()).paid().await;
    drop(old);
    // Its connections end a moment later.
    let newest = until("the last old server has gone", async || open(&database, AFTER_NEXT).await.ok()).await;
    let refused = open(&database, NOW).await.err();
    assert!(
        matches!(refused, Some(OpenError::NewerSchema { found, known }) if (found, known) == (THIS + 2, THIS)),
        "{refused:?}"
    );
    for store in [new, newest, open(&database, NEXT).await.expect("it knows what was taken away")] {
        assert!(store.next_due().await.is_ok());
    }
}

/// A server that was cut off while everybody else went on two versions: it finds out when it connects.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_a_server_that_comes_back_to_a_schema_it_must_not_use_writes_nothing() {
    let database = postgres::database();
    let mut world = World::new(open(&database, NOW).await.expect("a new database"));
    let order = world.unstored_order();
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
           AND application_name LIKE 'hanbeon %'",
    );
    until("the newest version migrates", async || open(&database, AFTER_NEXT).await.ok()).await;
    let refused = world.store.insert_order(&order).await;
    let said = format!("{refused:?}");
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))) && said.contains("use a newer program"),
        "{said}"
    );
    assert_eq!(database.query("SELECT count(*) FROM orders"), "0");
}

/// Somebody reads a long report. A migration that waits for its lock would stop everybody who comes after it: it gives up,
/// lets them pass, and comes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_does_not_get_its_lock_stops_nobody() {
    let database = postgres::database();
    let mut world = World::new(open(&database, NOW).await.expect("a new database"));
    let (report, connection) = tokio_postgres::connect(&database.url(), NoTls).await.expect("a connection");
    tokio::spawn(connection);
    report.batch_execute("BEGIN; LOCK TABLE payments IN ACCESS SHARE MODE").await.expect("a long report");
    let watched = database.url();
    let migrating = tokio::spawn(async { open_at(database, NEXT).await });
    let waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'payments'::regclass AND NOT granted
        AND mode = 'AccessExclusiveLock'";
    until("the migration waits", async || (postgres::query(&watched, waiting) == "1").then_some(())).await;
    for _ in 0..5 {
        timeout(STOPPED_MAX, world.paid()).await.expect("nobody waits until the report has been read");
    }
    assert!(!migrating.is_finished(), "the report is still being read");
    report.batch_execute("COMMIT").await.expect("the end of the report");
    let (migrated, database) = migrating.await.expect("no panic");
    migrated.expect("the next version");
    assert_eq!(schema(&database), (THIS + 1).to_string());
}

async fn open_at(
    database: Database,
    later: &'static [Migration],
) -> (Result<Arc<PostgresStore>, OpenError>, Database) {
    (open(&database, later).await, database)
}

/// Looks until there is something.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "not yet: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

//! The file: who may open it, and what happens when it will not take a write.
use super::{Place, assert_unavailable, raw, server, world};
use crate::{OpenError, Options, SqliteStore};
use hanbeon_domain::{Event, Timestamp, TossStatus, order::Line};
use hanbeon_store::{ApiKey, Hint, Inserted, Store};
use hanbeon_testkit::conformance::world::{LEASE, TOTAL, seen, won};
use rusqlite::Connection;
use std::time::Duration;

#[tokio::test]
async fn two_servers_do_not_share_a_file_and_a_tool_does() {
    let place = Place::new();
    let first = place.open();
    let second = SqliteStore::open(place.file(), server()).unwrap_err();
    assert!(matches!(second, OpenError::Held(_)), "{second}");
    assert!(second.to_string().contains("another hanbeon server holds"), "{second}");

    let tool = place.open_with(Options::tool(Timestamp::default()));
    let hash = hanbeon_domain::ApiKeyHash::from_bytes([1; 32]);
    let key = ApiKey { name: "shop".to_owned(), hash, created_at: Timestamp::default() };
    tool.insert_api_key(&key).await.unwrap();
    assert_eq!(first.api_key(hash).await.unwrap(), Some(key));

    drop((first, tool));
    place.open().check().await.unwrap();
}

#[tokio::test]
async fn what_a_dead_server_held_is_due_when_the_next_one_starts() {
    let place = Place::new();
    let store = place.open();
    let mut w = world(&store);
    let order = w.order().await;
    let confirming = w.begin(&order).await;
    let order = w.order().await;
    let begun = w.begin(&order).await;
    let waiting = w.step(&begun, Event::PspSaid(seen(TossStatus::WaitingForDeposit, TOTAL)));
    store.commit(&waiting, waiting.at.plus(LEASE)).await.unwrap();
    let paid = w.paid().await;
    let noticed = w.paid().await;
    store.notice(&Hint::Key(noticed.key.clone()), noticed.created_at, noticed.created_at).await.unwrap();
    assert!(w.lease(&noticed).await.notice);
    drop((w, store));

    let before = confirming.created_at.plus(Duration::from_secs(5));
    let tool = place.open_with(Options::tool(before));
    assert_eq!(
        tool.next_due().await.unwrap(),
        Some(confirming.created_at.plus(LEASE)),
        "a tool takes nothing"
    );
    drop(tool);
    let store = place.open_with(Options::server(before));
    assert_eq!(store.next_due().await.unwrap(), Some(before));
    let leased = store.lease_due(before, before.plus(LEASE), 9).await.unwrap();
    assert_eq!(leased.iter().map(|turn| turn.payment.id).collect::<Vec<_>>(), [confirming.id, noticed.id]);
    assert!(leased[1].notice, "nobody has looked yet");
    // What waits for a deposit, or for nobody, is as it was.
    assert_eq!(store.payment(waiting.next.id).await.unwrap().unwrap().payment, waiting.next);
    assert_eq!(store.payment(paid.id).await.unwrap().unwrap().payment, paid);
}

#[test]
fn a_memory_database_is_refused() {
    for path in ["", ":memory:"] {
        let end = SqliteStore::open(path, server());
        assert!(matches!(end, Err(OpenError::NotAFile(_))), "{path:?}");
    }
}

#[test]
fn another_programs_file_is_refused_and_stays_as_it_was() {
    let place = Place::new();
    raw(&place.file()).execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    let before = std::fs::read(place.file()).unwrap();
    let end = SqliteStore::open(place.file(), server());
    assert!(matches!(end, Err(OpenError::Foreign(_))), "{end:?}");
    assert_eq!(std::fs::read(place.file()).unwrap(), before);

    let place = Place::new();
    std::fs::write(place.file(), "not a database, but a text of more than sixteen bytes".repeat(30)).unwrap();
    let end = SqliteStore::open(place.file(), server());
    assert!(matches!(end, Err(OpenError::Sqlite { .. })), "{end:?}");
}

#[test]
fn a_missing_directory_is_named() {
    let place = Place::new();
    let end = SqliteStore::open(place.file().join("hanbeon.db"), server()).unwrap_err();
    assert!(matches!(&end, OpenError::File { .. }) && end.to_string().contains("hanbeon.db"), "{end}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_the_file_and_its_log() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let store = place.open();
    world(&store).order().await;
    for name in ["hanbeon.db", "hanbeon.db-wal", "hanbeon.db-shm"] {
        let mode = std::fs::metadata(place.directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn the_writer_is_as_durable_as_it_says() {
    let place = Place::new();
    let store = place.open();
    let pragmas = store.writer.run(|db| {
        let read =
            |name| db.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        let names = ["journal_mode", "synchronous", "foreign_keys", "trusted_schema", "cell_size_check"];
        Ok(names.map(|name| format!("{name} {:?}", read(name))))
    });
    let want = [
        "journal_mode Text(\"wal\")",
        "synchronous Integer(2)",
        "foreign_keys Integer(1)",
        "trusted_schema Integer(0)",
        "cell_size_check Integer(1)",
    ];
    assert_eq!(pragmas.await.unwrap(), want);
}

#[tokio::test]
async fn what_moves_the_log_into_the_file_is_as_durable() {
    let place = Place::new();
    let _store = place.open();
    let mover = crate::open::connect_mover(&place.file(), server()).unwrap();
    let synchronous = mover.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(synchronous, 2);
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    let place = Place::new();
    let store = place.open_with(Options { pages_max: Some(120), ..server() });
    let mut w = world(&store);
    let kept = w.order().await;
    let payment = w.begin(&kept).await;
    let big = |w: &mut hanbeon_testkit::conformance::world::World| {
        let line = Line { name: "가".repeat(100), quantity: 1, unit_price: won(TOTAL / 100) };
        hanbeon_domain::Order { lines: vec![line; 100], ..w.unstored_order() }
    };
    let mut stored = 0;
    let full = loop {
        let order = big(&mut w);
        match store.insert_order(&order).await {
            Ok(end) => assert_eq!(end, Inserted::New),
            Err(error) => break error,
        }
        stored += 1;
        assert!(stored < 100, "120 pages do not hold this");
    };
    assert!(stored > 0);
    assert_unavailable(Err::<(), _>(full), "full");
    // Reading goes on, and nothing that was written is lost.
    assert_eq!(store.order(kept.id).await.unwrap().unwrap().order, kept);
    let later = big(&mut w);
    drop((w, store));
    // With room again, everything goes on.
    let store = place.open();
    world(&store).is_stored(&payment).await;
    assert_eq!(store.insert_order(&later).await.unwrap(), Inserted::New);
    whole(&place.raw());
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_said() {
    let place = Place::new();
    let store = place.open();
    let mut w = world(&store);
    let order = w.order().await;
    // Root may write any file, so it is SQLite that turns read-only.
    let read_only =
        |db: &Connection| db.pragma_update(None, "query_only", true).map_err(crate::error::sql("any"));
    store.writer.run(read_only).await.unwrap();
    assert_unavailable(store.insert_order(&w.unstored_order()).await, "readonly");
    assert_unavailable(store.check().await, "readonly");
    assert_eq!(store.order(order.id).await.unwrap().unwrap().order, order);
}

#[tokio::test]
async fn another_process_that_writes_is_waited_for() {
    let place = Place::new();
    let store = place.open();
    let other = place.raw();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE probe SET spare = 0").unwrap();
    let (order, writes) = {
        let mut w = world(&store);
        let order = w.unstored_order();
        let (store, offered) = (std::sync::Arc::clone(&store), order.clone());
        (order, tokio::spawn(async move { store.insert_order(&offered).await }))
    };
    // The reader gets through; the writer waits.
    assert_eq!(store.order(order.id).await.unwrap(), None);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(writes.await.unwrap().unwrap(), Inserted::New);
}

fn whole(db: &Connection) {
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    assert!(!db.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
}

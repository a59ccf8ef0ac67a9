//! The group commit: verbs share a commit, and nothing else.
use super::{Place, assert_unavailable, server, world};
use crate::{Options, SqliteStore};
use hanbeon_domain::Order;
use hanbeon_store::{Inserted, Store, StoreError};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::{JoinHandle, yield_now};

/// Keeps the writer busy with one verb, inside its transaction, until it is let go. Those that wait then are of its
/// group.
struct Gate {
    shut: SyncSender<()>,
    verb: JoinHandle<Result<(), StoreError>>,
}

impl Gate {
    async fn close(store: &Arc<SqliteStore>) -> Self {
        let (shut, opened) = sync_channel::<()>(0);
        let (inside, mut is_inside) = unbounded_channel();
        let store = Arc::clone(store);
        let verb = tokio::spawn(async move {
            let hold = move |_: &Connection| {
                // Run again with its group, it is open, and nobody listens.
                let _ = inside.send(());
                let _ = opened.recv();
                Ok(())
            };
            store.writer.run(hold).await
        });
        is_inside.recv().await.unwrap();
        Self { shut, verb }
    }

    /// Says how its group ended.
    async fn open(self) -> Result<(), StoreError> {
        drop(self.shut);
        self.verb.await.unwrap()
    }
}

type Offer<T> = JoinHandle<Result<T, StoreError>>;

/// Lets every offer reach the queue: on the tests' single-threaded runtime each yield runs at least one other
/// task, and no test has more than these.
async fn all_queue() {
    for _ in 0..300 {
        yield_now().await;
    }
}

/// Offers the order in a task of its own; see [`all_queue`].
fn offer(store: &Arc<SqliteStore>, order: &Order) -> Offer<Inserted> {
    let (store, order) = (Arc::clone(store), order.clone());
    tokio::spawn(async move { store.insert_order(&order).await })
}

fn run<T: Send + 'static>(
    store: &Arc<SqliteStore>,
    verb: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> Offer<T> {
    let store = Arc::clone(store);
    tokio::spawn(async move { store.writer.run(verb).await })
}

fn planted_panic(_: &Connection) -> Result<(), StoreError> {
    panic!("planted")
}

async fn is_stored(store: &SqliteStore, order: &Order) -> bool {
    store.order(order.id).await.unwrap().is_some()
}

fn insert_probe(db: &Connection, id: i64) -> Result<usize, StoreError> {
    db.execute("INSERT INTO sessions VALUES (randomblob(32), ?1)", [id])
        .map_err(crate::error::sql("sessions"))
}

async fn probes(store: &SqliteStore, id: i64) -> i64 {
    let count = "SELECT count(*) FROM sessions WHERE created_at = ?1";
    let read = move |db: &Connection| Ok(db.query_row(count, [id], |row| row.get(0)).unwrap());
    store.readers.run(read).await.unwrap()
}

#[tokio::test]
async fn verbs_that_wait_share_one_commit() {
    let place = Place::new();
    let store = place.open_with(Options { group_max: 100, ..server() });
    let orders: Vec<_> = (0..250).scan(world(&store), |world, _| Some(world.unstored_order())).collect();
    let gate = Gate::close(&store).await;
    let offers: Vec<_> = orders.iter().map(|order| offer(&store, order)).collect();
    all_queue().await;
    gate.open().await.unwrap();
    for offer in offers {
        assert_eq!(offer.await.unwrap().unwrap(), Inserted::New);
    }
    let stats = store.stats();
    // The gate and 99, 100, and 51.
    assert_eq!((stats.groups, stats.verbs, stats.largest_group), (3, 251, 100));
    assert!(stats.longest_commit <= stats.commit_time && !stats.commit_time.is_zero());
    for order in orders {
        assert!(is_stored(&store, &order).await);
    }
}

#[tokio::test]
async fn a_lone_verb_waits_for_nobody() {
    let place = Place::new();
    let store = place.open();
    let mut world = world(&store);
    for _ in 0..3 {
        world.order().await;
    }
    let stats = store.stats();
    assert_eq!((stats.groups, stats.verbs, stats.largest_group, stats.failed_groups), (3, 3, 1, 0));
}

#[tokio::test]
async fn a_verb_that_fails_is_undone_alone() {
    let place = Place::new();
    let store = place.open();
    let mut world = world(&store);
    let (before, after) = (world.unstored_order(), world.unstored_order());
    let gate = Gate::close(&store).await;
    let first = offer(&store, &before);
    let fails = run(&store, |db| {
        insert_probe(db, 1)?;
        Err::<(), _>(StoreError::Superseded)
    });
    let breaks = run(&store, |db| {
        insert_probe(db, 1)?;
        db.execute("INSERT INTO probe VALUES (2, 0)", []).map_err(crate::error::sql("probe"))
    });
    let panics = run(&store, |db| {
        insert_probe(db, 1)?;
        planted_panic(db)
    });
    let last = offer(&store, &after);
    all_queue().await;
    gate.open().await.unwrap();
    assert_eq!(first.await.unwrap().unwrap(), Inserted::New);
    assert!(matches!(fails.await.unwrap(), Err(StoreError::Superseded)));
    let broken = breaks.await.unwrap();
    assert!(matches!(broken, Err(StoreError::Corrupt { table: "probe", .. })), "{broken:?}");
    assert_unavailable(panics.await.unwrap(), "panicked");
    assert_eq!(last.await.unwrap().unwrap(), Inserted::New);
    assert!(is_stored(&store, &before).await && is_stored(&store, &after).await);
    assert_eq!(probes(&store, 1).await, 0);
    let stats = store.stats();
    assert_eq!((stats.groups, stats.failed_groups, stats.panics), (1, 0, 1), "one group, committed");
}

#[tokio::test]
async fn one_that_fails_among_many_costs_the_others_nothing() {
    for fails_at in [0, 10, 20] {
        let place = Place::new();
        let store = place.open();
        let orders: Vec<_> = (0..20).scan(world(&store), |world, _| Some(world.unstored_order())).collect();
        let gate = Gate::close(&store).await;
        let before: Vec<_> = orders[..fails_at].iter().map(|order| offer(&store, order)).collect();
        let fails = run(&store, |db| {
            insert_probe(db, 1)?;
            Err::<(), _>(StoreError::OrderTaken)
        });
        let after: Vec<_> = orders[fails_at..].iter().map(|order| offer(&store, order)).collect();
        all_queue().await;
        gate.open().await.unwrap();
        assert!(matches!(fails.await.unwrap(), Err(StoreError::OrderTaken)));
        for offer in before.into_iter().chain(after) {
            assert_eq!(offer.await.unwrap().unwrap(), Inserted::New);
        }
        for order in &orders {
            assert!(is_stored(&store, order).await);
        }
        assert_eq!(probes(&store, 1).await, 0, "it left nothing");
        let stats = store.stats();
        assert_eq!((stats.groups, stats.verbs, stats.failed_groups), (1, 22, 0), "failing at {fails_at}");
    }
}

#[tokio::test]
async fn one_that_fails_before_it_has_written_makes_nobody_run_again() {
    let place = Place::new();
    let store = place.open();
    let runs = Arc::new(AtomicU64::new(0));
    let gate = Gate::close(&store).await;
    let counted = Arc::clone(&runs);
    let first = run(&store, move |db| {
        counted.fetch_add(1, Relaxed);
        insert_probe(db, 1)
    });
    let fails = run(&store, |_| Err::<(), _>(StoreError::Superseded));
    all_queue().await;
    gate.open().await.unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 1);
    assert!(matches!(fails.await.unwrap(), Err(StoreError::Superseded)));
    assert_eq!((runs.load(Relaxed), probes(&store, 1).await), (1, 1));
}

#[tokio::test]
async fn a_commit_that_fails_fails_its_whole_group_and_no_other() {
    let place = Place::new();
    let store = place.open();
    let mut world = world(&store);
    let (lost, kept) = (world.unstored_order(), world.unstored_order());
    let gate = Gate::close(&store).await;
    let innocent = offer(&store, &lost);
    // A broken reference that is looked at by COMMIT only.
    let poison = run(&store, |db| {
        let broken = "PRAGMA defer_foreign_keys = ON;
            INSERT INTO saved_amounts (session_id, toss_order_id, amount, saved_at)
            VALUES (zeroblob(32), 'order-1', 1, 1)";
        db.execute_batch(broken).map_err(crate::error::sql("saved_amounts"))
    });
    all_queue().await;
    assert_unavailable(gate.open().await, "FOREIGN KEY");
    assert_unavailable(innocent.await.unwrap(), "FOREIGN KEY");
    assert_unavailable(poison.await.unwrap(), "FOREIGN KEY");
    assert!(!is_stored(&store, &lost).await);
    assert_eq!(offer(&store, &kept).await.unwrap().unwrap(), Inserted::New);
    assert_eq!(store.stats().failed_groups, 1);
}

#[tokio::test]
async fn a_transaction_that_is_given_up_half_way_fails_its_whole_group() {
    let place = Place::new();
    let store = place.open();
    let mut world = world(&store);
    let (early, late) = (world.unstored_order(), world.unstored_order());
    let gate = Gate::close(&store).await;
    let first = offer(&store, &early);
    // As SQLite does by itself after an I/O error.
    let poison = run(&store, |db| {
        db.execute_batch("ROLLBACK").map_err(crate::error::sql("any"))?;
        Err::<(), _>(crate::error::unavailable("disk I/O error"))
    });
    let next = offer(&store, &late);
    all_queue().await;
    assert_unavailable(gate.open().await, "disk I/O error");
    assert_unavailable(first.await.unwrap(), "disk I/O error");
    assert_unavailable(poison.await.unwrap(), "disk I/O error");
    assert!(!is_stored(&store, &early).await);
    assert_eq!(next.await.unwrap().unwrap(), Inserted::New, "of the next group");
    assert_eq!(store.stats().failed_groups, 1);
}

#[tokio::test]
async fn a_full_queue_answers_at_once() {
    let place = Place::new();
    let store = place.open_with(Options { queue_max: 4, ..server() });
    let mut world = world(&store);
    let orders: Vec<_> = (0..5).map(|_| world.unstored_order()).collect();
    let gate = Gate::close(&store).await;
    let mut offers: Vec<_> = orders.iter().map(|order| offer(&store, order)).collect();
    all_queue().await;
    let turned_away = offers.pop().unwrap();
    assert!(matches!(turned_away.await.unwrap(), Err(StoreError::Full)));
    gate.open().await.unwrap();
    for offer in offers {
        assert_eq!(offer.await.unwrap().unwrap(), Inserted::New);
    }
    assert_eq!(store.stats().turned_away, 1);
}

#[tokio::test]
async fn a_write_is_carried_out_although_its_caller_has_gone() {
    let place = Place::new();
    let store = place.open();
    let order = world(&store).unstored_order();
    let gate = Gate::close(&store).await;
    let gone = offer(&store, &order);
    all_queue().await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    gate.open().await.unwrap();
    store.check().await.unwrap();
    assert!(is_stored(&store, &order).await);
}

#[tokio::test]
async fn dropping_the_store_finishes_what_is_queued() {
    let place = Place::new();
    let store = place.open();
    let mut world = world(&store);
    let orders: Vec<_> = (0..20).map(|_| world.unstored_order()).collect();
    drop(world);
    let gate = Gate::close(&store).await;
    let offers: Vec<_> = orders.iter().map(|order| offer(&store, order)).collect();
    all_queue().await;
    for offer in offers {
        offer.abort();
        assert!(offer.await.unwrap_err().is_cancelled());
    }
    gate.verb.abort();
    assert!(gate.verb.await.unwrap_err().is_cancelled());
    drop(gate.shut);
    drop(Arc::into_inner(store).expect("nobody else has it"));
    let store = place.open();
    for order in orders {
        assert!(is_stored(&store, &order).await);
    }
}

#[tokio::test]
async fn a_read_waits_for_no_write() {
    let place = Place::new();
    let store = place.open();
    let mut world = world(&store);
    let old = world.order().await;
    let (shut, opened) = sync_channel::<()>(0);
    let (inside, mut is_inside) = unbounded_channel();
    let write = run(&store, move |db| {
        insert_probe(db, 1)?;
        let _ = inside.send(());
        let _ = opened.recv();
        Ok(())
    });
    is_inside.recv().await.unwrap();
    let reads = async {
        for _ in 0..20 {
            assert!(is_stored(&store, &old).await);
            assert_eq!(probes(&store, 1).await, 0);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reads).await.expect("the reads did not wait");
    assert!(!write.is_finished());
    drop(shut);
    write.await.unwrap().unwrap();
    assert_eq!(probes(&store, 1).await, 1);
}

#[tokio::test]
async fn a_read_that_panics_or_fails_leaves_the_reader_as_it_was() {
    let place = Place::new();
    let store = place.open_with(Options { readers: 1, ..server() });
    let panics = store.readers.run(planted_panic).await;
    assert_unavailable(panics, "panicked");
    let writes = store.readers.run(|db| insert_probe(db, 1)).await;
    assert_unavailable(writes, "readonly");
    let mut world = world(&store);
    let order = world.order().await;
    assert!(is_stored(&store, &order).await, "it sees what was written after its failed snapshot");
    assert_eq!(store.stats().panics, 1);
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_and_starts_over() {
    let place = Place::new();
    let store = place.open();
    // 160 MiB through a log that starts over from 48 MiB on, and that nobody makes longer at 64 MiB.
    for _ in 0..160 {
        let write = |db: &Connection| {
            db.execute("CREATE TABLE IF NOT EXISTS ballast (bytes BLOB)", [])
                .map_err(crate::error::sql("b"))?;
            db.execute("INSERT INTO ballast VALUES (zeroblob(1048576))", []).map_err(crate::error::sql("b"))
        };
        store.writer.run(write).await.unwrap();
    }
    let file = std::fs::metadata(place.file()).unwrap().len();
    let log = std::fs::metadata(place.directory.path().join("hanbeon.db-wal")).unwrap().len();
    assert!(file > 110 << 20, "{file} bytes in the file");
    assert!(log < 66 << 20, "{log} bytes in the log");
}

#[tokio::test]
async fn what_ends_something_finds_room_however_much_would_begin() {
    let place = Place::new();
    let store = place.open_with(Options { queue_max: 4, ..server() });
    let mut world = world(&store);
    let orders: Vec<_> = (0..8).map(|_| world.unstored_order()).collect();
    let gate = Gate::close(&store).await;
    let offers: Vec<_> = orders.iter().map(|order| offer(&store, order)).collect();
    all_queue().await;
    let ends: Vec<_> = (0..4)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.writer.finish(|_| Ok(())).await })
        })
        .collect();
    all_queue().await;
    gate.open().await.unwrap();
    let mut turned_away = 0;
    for offer in offers {
        match offer.await.unwrap() {
            Err(StoreError::Full) => turned_away += 1,
            taken => assert_eq!(taken.unwrap(), Inserted::New),
        }
    }
    assert_eq!(turned_away, 4);
    for end in ends {
        end.await.unwrap().unwrap();
    }
}

//! The undo file: what is in it when the process, the disk or the next server is done with it.
use super::{Place, assert_unavailable, server, world};
use crate::undo::SLOTS;
use crate::{OpenError, Options, SqliteStore};
use hanbeon_domain::{Payment, PaymentId, Timestamp, TossStatus};
use hanbeon_store::Store;
use hanbeon_testkit::conformance::world::{TOTAL, seen};
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

const SIZE: usize = SLOTS * 512;

impl Place {
    fn undo(&self) -> PathBuf {
        self.directory.path().join("hanbeon.db.undo")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.undo()).unwrap()
    }
}

async fn confirming(store: &Arc<SqliteStore>) -> Payment {
    let mut w = world(store);
    let order = w.order().await;
    w.begin(&order).await
}

fn payment(number: u128) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(number))
}

/// Every slot that is not empty.
fn written(bytes: &[u8]) -> usize {
    bytes.chunks(512).filter(|slot| slot.iter().any(|byte| *byte != 0)).count()
}

#[tokio::test]
async fn b7_a_promise_outlives_the_server_that_made_it() {
    let place = Place::new();
    let store = place.open();
    let undone = confirming(&store).await;
    store.promise_undo(undone.id).await.unwrap();
    drop(store);
    // A second start does not use it up.
    for _ in 0..2 {
        assert!(place.open().undo_promised(undone.id).await.unwrap());
    }
    let store = place.open();
    store.forget_undo(undone.id).await;
    drop(store);
    assert!(!place.open().undo_promised(undone.id).await.unwrap());
    assert_eq!(written(&place.bytes()), 0);
}

#[tokio::test]
async fn b7_a_promise_for_a_payment_that_is_on_record_is_dropped_at_the_next_start() {
    let place = Place::new();
    let store = place.open();
    let begun = confirming(&store).await;
    store.promise_undo(begun.id).await.unwrap();
    // Nobody has heard of this one: the database is an older copy.
    store.promise_undo(payment(77)).await.unwrap();
    world(&store).said(&begun, seen(TossStatus::Canceled, 0)).await;
    drop(store);
    assert_eq!(written(&place.bytes()), 2);
    let store = place.open();
    assert!(
        !store.undo_promised(begun.id).await.unwrap() && !store.undo_promised(payment(77)).await.unwrap()
    );
    assert_eq!(written(&place.bytes()), 0);
}

#[tokio::test]
async fn b6_a_promise_is_taken_while_the_database_takes_nothing_and_needs_no_room() {
    let place = Place::new();
    let store = place.open();
    let paid = confirming(&store).await;
    let holder = place.raw();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waits = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.check().await }
    });
    let before = std::fs::metadata(place.undo()).unwrap();
    store.promise_undo(paid.id).await.unwrap();
    assert!(store.undo_promised(paid.id).await.unwrap());
    let after = std::fs::metadata(place.undo()).unwrap();
    let room = |file: &std::fs::Metadata| (file.len(), std::os::unix::fs::MetadataExt::blocks(file));
    assert_eq!(room(&before), room(&after));
    assert_eq!(usize::try_from(after.len()).unwrap(), SIZE);
    assert!(usize::try_from(room(&after).1 * 512).unwrap() >= SIZE, "no hole in it: {after:?}");
    assert!(!waits.is_finished(), "the database is held all the while");
    holder.execute_batch("ROLLBACK").unwrap();
    waits.await.unwrap().unwrap();
}

#[tokio::test]
async fn b7_a_promise_that_was_torn_in_any_byte_is_none() {
    let place = Place::new();
    let store = place.open();
    let begun = confirming(&store).await;
    store.promise_undo(begun.id).await.unwrap();
    drop(store);
    let whole = place.bytes();
    let written = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    assert_eq!(written, 1 + 16 + 32);
    for at in 0..written {
        let (mut flipped, mut cut) = (whole.clone(), whole.clone());
        flipped[at] ^= 1;
        cut[at..].fill(0);
        for torn in [flipped, cut] {
            // A checksum may end in zeros that are missed by nobody.
            if torn == whole {
                continue;
            }
            std::fs::write(place.undo(), torn).unwrap();
            let store = place.open();
            assert!(!store.undo_promised(begun.id).await.unwrap(), "byte {at}");
            // Its slot can be had again.
            store.promise_undo(begun.id).await.unwrap();
            drop(store);
            assert_eq!(place.bytes(), whole);
        }
    }
}

#[tokio::test]
async fn b7_a_file_that_is_too_short_too_long_or_gone_is_made_good_and_keeps_what_it_holds() {
    let place = Place::new();
    let store = place.open();
    let begun = confirming(&store).await;
    store.promise_undo(begun.id).await.unwrap();
    drop(store);
    let whole = place.bytes();
    for bytes in [whole[..512].to_vec(), whole[..700].to_vec(), [&whole[..], &[1; 999]].concat()] {
        std::fs::write(place.undo(), bytes).unwrap();
        assert!(place.open().undo_promised(begun.id).await.unwrap());
        assert_eq!(place.bytes(), whole);
    }
    std::fs::remove_file(place.undo()).unwrap();
    assert!(!place.open().undo_promised(begun.id).await.unwrap());
    assert_eq!(place.bytes(), vec![0; SIZE]);
}

#[tokio::test]
async fn b6_a_full_file_takes_no_promise_until_one_is_forgotten() {
    let place = Place::new();
    let store = place.open();
    let all: Vec<_> = (1_u128..).take(SLOTS).map(payment).collect();
    for payment in &all {
        store.promise_undo(*payment).await.unwrap();
    }
    let another = payment(9_999);
    assert_unavailable(store.promise_undo(another).await, "too many");
    assert!(!store.undo_promised(another).await.unwrap());
    store.promise_undo(all[7]).await.unwrap();
    store.forget_undo(all[7]).await;
    store.promise_undo(another).await.unwrap();
    assert!(
        store.undo_promised(another).await.unwrap()
            && store.undo_promised(all[8]).await.unwrap()
            && !store.undo_promised(all[7]).await.unwrap()
    );
    assert_eq!(written(&place.bytes()), SLOTS);
}

#[tokio::test]
async fn b7_a_tool_neither_makes_the_file_nor_touches_what_is_in_it() {
    let place = Place::new();
    let tool = place.open_with(Options::tool(Timestamp::default()));
    assert!(!place.undo().exists());
    assert_unavailable(tool.promise_undo(payment(1)).await, "only a server");
    let store = place.open();
    let begun = confirming(&store).await;
    store.promise_undo(begun.id).await.unwrap();
    drop(store);
    let before = place.bytes();
    let tool = place.open_with(Options::tool(Timestamp::default()));
    assert!(!tool.undo_promised(begun.id).await.unwrap());
    tool.forget_undo(begun.id).await;
    drop(tool);
    assert_eq!(place.bytes(), before);
}

#[tokio::test]
async fn the_undo_file_lies_beside_the_database_itself_and_is_its_owners() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new();
    drop(place.open());
    let link = place.directory.path().join("link.db");
    symlink(place.file(), &link).unwrap();
    drop(SqliteStore::open(&link, server()).unwrap());
    assert!(!place.directory.path().join("link.db.undo").exists());
    assert_eq!(std::fs::metadata(place.undo()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn b7_a_server_does_not_start_over_promises_that_it_cannot_read() {
    let place = Place::new();
    drop(place.open());
    std::fs::remove_file(place.undo()).unwrap();
    std::fs::create_dir(place.undo()).unwrap();
    let end = SqliteStore::open(place.file(), server()).unwrap_err();
    assert!(matches!(&end, OpenError::File { .. }) && end.to_string().contains(".undo"), "{end}");
}

/// The record of the outcome decides; the promise is forgotten after it, in the disk's own time.
#[tokio::test]
async fn b7_a_promise_that_comes_back_after_its_record_undoes_nothing() {
    let place = Place::new();
    let store = place.open();
    let begun = confirming(&store).await;
    store.promise_undo(begun.id).await.unwrap();
    let unforgotten = place.bytes();
    let paid = world(&store).said(&begun, seen(TossStatus::Done, TOTAL)).await;
    store.forget_undo(begun.id).await;
    drop(store);
    std::fs::write(place.undo(), unforgotten).unwrap();
    let store = place.open();
    assert!(!store.undo_promised(begun.id).await.unwrap());
    world(&store).is_stored(&paid).await;
}

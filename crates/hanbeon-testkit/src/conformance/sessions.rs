//! Sessions, and what they save.
use super::world::{TOTAL, World, at_once, toss_order, won};
use hanbeon_domain::{ConfirmRequest, SessionId, TossOrderId, Won};
use hanbeon_store::{Begun, SAVED_AMOUNTS_MAX, SavedAmount, Store};
use std::sync::Arc;

fn named(at: usize) -> TossOrderId {
    TossOrderId::parse(format!("order-{at:04}")).expect("letters and digits")
}

fn saved(session: SessionId, at: usize, amount: i64) -> SavedAmount {
    SavedAmount { session, toss_order: named(at), amount: won(amount) }
}

async fn save(world: &mut World, saved: &SavedAmount) {
    let now = world.now();
    world.store.save_amount(saved, now).await.expect("save_amount");
}

async fn consume(world: &mut World, saved: &SavedAmount) -> bool {
    let now = world.now();
    world.store.consume_amount(saved, now).await.expect("consume_amount")
}

/// Either makes it.
pub async fn a_session_exists_once_it_saved_or_paid(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (saver, payer, nobody) = (world.session(), world.session(), world.session());
    save(&mut world, &saved(saver, 1, 1_000)).await;
    let order = world.order().await;
    let request = ConfirmRequest { session: Some(payer), ..world.request(&order) };
    let step = world.intent(&order, &request);
    assert!(!world.store.session_exists(payer).await.expect("session_exists"));
    assert_eq!(world.offer(&step).await, Begun::Fresh);
    for (session, exists) in [(saver, true), (payer, true), (nobody, false)] {
        assert_eq!(world.store.session_exists(session).await.expect("session_exists"), exists);
    }
    world.is_stored(&step.next).await;
}

/// Two tabs, or sixty-four.
pub async fn one_of_64_takes_a_saved_amount(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let amount = saved(world.session(), 1, 1_000);
    save(&mut world, &amount).await;
    let now = world.now();
    let ends = at_once(64, |_| {
        let (store, amount) = (Arc::clone(&world.store), amount.clone());
        async move { store.consume_amount(&amount, now).await.expect("consume_amount") }
    })
    .await;
    assert_eq!(ends.into_iter().filter(|taken| *taken).count(), 1);
}

/// Another amount, another order or another session takes nothing, and leaves it to be taken.
pub async fn only_the_saved_amount_itself_is_taken(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (session, other) = (world.session(), world.session());
    save(&mut world, &saved(session, 1, 1_000)).await;
    save(&mut world, &saved(other, 2, 1_000)).await;
    for wrong in [saved(session, 1, 999), saved(session, 2, 1_000), saved(other, 1, 1_000)] {
        assert!(!consume(&mut world, &wrong).await, "{wrong:?}");
    }
    assert!(consume(&mut world, &saved(session, 1, 1_000)).await);
    assert!(!consume(&mut world, &saved(session, 1, 1_000)).await);
}

/// The old amount is gone, and the new one can be taken although the old one was.
pub async fn a_second_save_replaces_the_first(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let session = world.session();
    save(&mut world, &saved(session, 1, 1_000)).await;
    assert!(consume(&mut world, &saved(session, 1, 1_000)).await);
    save(&mut world, &saved(session, 1, 2_000)).await;
    assert!(!consume(&mut world, &saved(session, 1, 1_000)).await);
    assert!(consume(&mut world, &saved(session, 1, 2_000)).await);
}

/// One session cannot fill the disk; what it saved last stays, also what it saved *again*.
pub async fn beyond_the_limit_the_oldest_saved_amount_goes(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (session, other) = (world.session(), world.session());
    save(&mut world, &saved(other, 0, 7)).await;
    let now = world.now();
    for at in (0..SAVED_AMOUNTS_MAX).chain([0, SAVED_AMOUNTS_MAX]) {
        // All at the same instant: the order of the saves counts, not the clock.
        world.store.save_amount(&saved(session, at, 1_000), now).await.expect("save_amount");
    }
    assert!(!consume(&mut world, &saved(session, 1, 1_000)).await, "the oldest has gone");
    for at in [0, 2, SAVED_AMOUNTS_MAX - 1, SAVED_AMOUNTS_MAX] {
        assert!(consume(&mut world, &saved(session, at, 1_000)).await, "{at} is still there");
    }
    assert!(consume(&mut world, &saved(other, 0, 7)).await, "another session's is its own");
}

/// A taken amount still counts; nobody else's does.
pub async fn a_checkout_shows_what_its_session_saved(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (session, other) = (world.session(), world.session());
    let order = world.order().await;
    let amount = SavedAmount { session, toss_order: toss_order(&order), amount: won(TOTAL) };
    let request = ConfirmRequest { session: Some(session), ..world.request(&order) };
    let shows = async |world: &World, request: &ConfirmRequest| {
        world.store.checkout(request).await.expect("checkout").saved.map(Won::get)
    };
    assert_eq!(shows(&world, &request).await, None);
    save(&mut world, &amount).await;
    assert_eq!(shows(&world, &request).await, Some(TOTAL));
    assert!(consume(&mut world, &amount).await);
    assert_eq!(shows(&world, &request).await, Some(TOTAL));
    let elsewhere = ConfirmRequest { toss_order: named(1), ..request.clone() };
    let another = ConfirmRequest { session: Some(other), ..request.clone() };
    let nobody = ConfirmRequest { session: None, ..request };
    for request in [elsewhere, another, nobody] {
        assert_eq!(shows(&world, &request).await, None, "{request:?}");
    }
}

//! What the shop is told: written with the step that makes it true, numbered, and never changed.
use super::world::{LEASE, TOTAL, World, refusal, seen, won};
use hanbeon_domain::{Event, News, Standing, StateName, Step, TossStatus, Verdict};
use hanbeon_store::{Begun, EventRecord, NewEvent, Store, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// An event for each move that changes what is true, with the bytes that follow from its step, and none for the others.
pub async fn each_change_is_told_once(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let intent = world.begin(&order).await;
    let paid = world.step(&intent, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    world.store.commit(&paid, paid.at.plus(LEASE)).await.expect("commit");
    let canceling = world.canceling(&paid.next, Some(1_000)).await;
    let part = world.step(&canceling, Event::PspSaid(seen(TossStatus::PartialCanceled, TOTAL - 1_000)));
    world.store.commit(&part, part.at.plus(LEASE)).await.expect("commit");
    let seen_again = seen(TossStatus::PartialCanceled, TOTAL - 1_000);
    let last = world.said(&part.next, seen_again).await;

    let want: Vec<_> =
        [(&paid, 1), (&part, 2)].map(|(step, at)| NewEvent::of(step, at).expect("news")).into();
    let told = all(&*world.store).await;
    assert_eq!(told.iter().map(|record| record.event.clone()).collect::<Vec<_>>(), want);
    assert_eq!(
        told.iter().filter_map(|record| record.event.about.news()).collect::<Vec<_>>(),
        [News::Paid, News::PartiallyCanceled]
    );
    assert_eq!(world.record(&last).await.events, want, "and with the payment");
    let standing = Standing { state: StateName::PartiallyCanceled, refunded: won(1_000) };
    assert_eq!(world.record(&last).await.payment.told, Some(standing));
}

/// The events of an order count from one, over all its payments.
pub async fn j3_the_events_of_an_order_are_counted_without_gaps(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    for _ in 0..3 {
        let intent = world.begin(&order).await;
        world.said(&intent, Verdict::Refused(refusal())).await;
        // Another order's come between.
        world.paid().await;
    }
    let told = all(&*world.store).await;
    let of_order = told.iter().filter(|record| record.event.about.id() == order.id.uuid());
    assert_eq!(of_order.map(|record| record.event.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    let numbers: Vec<_> = told.iter().map(|record| record.number).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    let bodies: BTreeSet<_> = told.iter().map(|record| record.event.body.as_str()).collect();
    assert_eq!(bodies.len(), told.len(), "no two are the same");
}

/// A page goes on where the one before it ended; read again, it is the same.
pub async fn s14_events_are_read_in_pages_as_often_as_wanted(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    for _ in 0..5 {
        world.paid().await;
    }
    let whole = all(&*world.store).await;
    assert_eq!(whole.len(), 5);
    let mut found: Vec<EventRecord> = Vec::new();
    for size in [2, 2, 1, 0] {
        let after = found.last().map_or(0, |record| record.number);
        let page = world.store.events(after, 2).await.expect("events");
        assert_eq!(page.len(), size);
        found.extend(page);
    }
    assert_eq!(found, whole);
    world.paid().await;
    assert_eq!(all(&*world.store).await[..5], whole, "more come after, and change nothing");
}

/// What was not written is not told: of many who want to, one.
pub async fn b5_only_the_one_whose_step_is_written_tells(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let intent = world.begin(&order).await;
    let paid = world.step(&intent, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    let mut commits = JoinSet::new();
    for _ in 0..16 {
        let (store, step): (_, Step) = (Arc::clone(&world.store), paid.clone());
        commits.spawn(async move { store.commit(&step, step.at.plus(LEASE)).await });
    }
    let ends = commits.join_all().await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
    assert!(ends.iter().all(|end| matches!(end, Ok(()) | Err(StoreError::Superseded))), "{ends:?}");
    // And a begin that is refused tells nothing either.
    let request = world.request(&order);
    let second = world.intent(&order, &request);
    assert_eq!(world.offer(&second).await, Begun::Taken);
    assert_eq!(all(&*world.store).await.len(), 1);
}

async fn all(store: &dyn Store) -> Vec<EventRecord> {
    store.events(0, 1_000).await.expect("events")
}

//! Whose turn it is.
use super::world::{LEASE, TOTAL, World, at_once, seen, unclear};
use hanbeon_domain::{Action, Event, Payment, TossStatus};
use hanbeon_store::{Store, StoreError, Turn};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

fn payments(turns: Vec<Turn>) -> Vec<Payment> {
    turns.into_iter().map(|turn| turn.payment).collect()
}

async fn confirming(world: &mut World) -> Payment {
    let order = world.order().await;
    world.begin(&order).await
}

/// As many as asked for, not one of them early, and not again before the lease is over.
pub async fn what_is_due_is_leased_oldest_first(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let mut begun = Vec::new();
    for _ in 0..5 {
        begun.push(confirming(&mut world).await);
    }
    let due = |at: usize| begun[at].created_at.plus(LEASE);
    assert_eq!(world.store.next_due().await.expect("next_due"), Some(due(0)));
    let early = hanbeon_domain::Timestamp::from_micros(due(0).as_micros() - 1);
    let until = due(4).plus(LEASE);
    assert_eq!(world.store.lease_due(early, until, 99).await.expect("lease_due"), []);
    let next = |at: usize| Payment { version: 2, ..begun[at].clone() };
    // Due at exactly this instant is due.
    let leased = world.store.lease_due(due(3), until, 2).await.expect("lease_due");
    assert_eq!(payments(leased), [next(0), next(1)]);
    let leased = world.store.lease_due(due(3), until, 99).await.expect("lease_due");
    assert_eq!(payments(leased), [next(2), next(3)]);
    assert_eq!(world.store.lease_due(due(3), until, 99).await.expect("lease_due"), []);
    assert_eq!(world.store.next_due().await.expect("next_due"), Some(due(4)));
    assert_eq!(world.store.lease_due(until, until, 0).await.expect("lease_due"), []);
    let leased = world.store.lease_due(until, until.plus(LEASE), 99).await.expect("lease_due");
    assert_eq!(leased[0].payment, next(4), "its time came first");
    assert_eq!(leased.len(), 5);
}

/// The sleeper wakes and writes nothing; the new holder goes on.
pub async fn a_lease_supersedes_its_former_holder(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let sleeper = confirming(&mut world).await;
    let late = world.step(&sleeper, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    let now = sleeper.created_at.plus(LEASE);
    let leased = world.store.lease_due(now, now.plus(LEASE), 1).await.expect("lease_due");
    let [Turn { payment: taken_over, .. }] = &leased[..] else { panic!("one is due, not {leased:?}") };
    world.is_stored(taken_over).await;
    let end = world.store.commit(&late, late.at.plus(LEASE)).await;
    assert!(matches!(end, Err(StoreError::Superseded)), "{end:?}");
    assert_eq!(world.record(&sleeper).await.history.len(), 1);
    assert_eq!(world.store.next_due().await.expect("next_due"), Some(now.plus(LEASE)));
    let paid = world.said(taken_over, seen(TossStatus::Done, TOTAL)).await;
    world.is_stored(&paid).await;
}

/// A call to come: the lease goes on. At rest: when the step says, or never.
pub async fn a_payment_is_due_when_its_step_says(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let payment = confirming(&mut world).await;
    let next_due = async |world: &World| world.store.next_due().await.expect("next_due");
    assert_eq!(next_due(&world).await, Some(payment.created_at.plus(LEASE)));

    let rests = world.step(&payment, Event::PspSaid(unclear(true)));
    let Action::Rest { due: Some(retry_at) } = rests.then else { panic!("{:?}", rests.then) };
    world.store.commit(&rests, rests.at.plus(LEASE)).await.expect("commit");
    assert_eq!(next_due(&world).await, Some(retry_at));

    let goes_on = world.step(&rests.next, Event::PspSaid(seen(TossStatus::InProgress, TOTAL)));
    assert_eq!(goes_on.then, Action::Confirm);
    let until = goes_on.at.plus(Duration::from_secs(77));
    world.store.commit(&goes_on, until).await.expect("commit");
    assert_eq!(next_due(&world).await, Some(until));

    let paid = world.said(&goes_on.next, seen(TossStatus::Done, TOTAL)).await;
    assert_eq!(next_due(&world).await, None);

    let cancel = world.cancel(&paid, Some(1_000));
    let until = cancel.at.plus(Duration::from_secs(66));
    world.store.begin(&cancel, until).await.expect("begin");
    assert_eq!(next_due(&world).await, Some(until));
    world.said(&cancel.next, seen(TossStatus::PartialCanceled, TOTAL - 1_000)).await;
    assert_eq!(next_due(&world).await, None);

    let order = world.order().await;
    let waiting = world.begin(&order).await;
    let waiting = world.step(&waiting, Event::PspSaid(seen(TossStatus::WaitingForDeposit, TOTAL)));
    let Action::Rest { due: Some(poll_at) } = waiting.then else { panic!("{:?}", waiting.then) };
    world.store.commit(&waiting, waiting.at.plus(LEASE)).await.expect("commit");
    assert_eq!(next_due(&world).await, Some(poll_at));
}

/// Several recoveries at once share the work; none is done twice.
pub async fn d9_one_of_64_workers_gets_each_payment(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    for _ in 0..40 {
        confirming(&mut world).await;
    }
    let now = world.now().plus(LEASE);
    let leases = at_once(64, |_| {
        let store = Arc::clone(&world.store);
        async move { store.lease_due(now, now.plus(LEASE), 3).await.expect("lease_due") }
    })
    .await;
    let ids: Vec<_> = leases.iter().flatten().map(|turn| turn.payment.id).collect();
    assert_eq!(ids.len(), 40);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>().len(), 40);
    assert!(leases.iter().flatten().all(|turn| turn.payment.version == 2));
}

/// Nor is anything wrong with that.
pub async fn nothing_is_due_in_an_empty_store(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let now = world.now();
    assert_eq!(world.store.next_due().await.expect("next_due"), None);
    assert_eq!(world.store.lease_due(now, now.plus(LEASE), 10).await.expect("lease_due"), []);
}

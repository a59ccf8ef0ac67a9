//! Refunds that wait for their turn.
use super::world::{LEASE, TOTAL, World, at_once, refusal, seen, seen_with, unclear, won};
use hanbeon_domain::refund::{CancelReason, Cause};
use hanbeon_domain::{
    CancelRequest, Event, OperatorSays, PaymentId, Refund, RefundOutcome, State, StateName, Timestamp,
    TossStatus, Verdict,
};
use hanbeon_store::{
    Begun, NewRefund, Progress, QUEUED_REFUNDS_MAX, Queued, RefundRecord, Store, StoreError, Turn,
};
use std::sync::Arc;

async fn offer(world: &World, wish: &NewRefund) -> Queued {
    world.store.queue_refund(wish, wish.requested_at).await.expect("queue_refund")
}

async fn stored(world: &World, wish: &NewRefund) -> RefundRecord {
    world.store.refund(wish.request.id).await.expect("refund").expect("it is stored")
}

async fn lease_next(world: &World) -> Turn {
    let due = world.next_due().await.expect("something is due");
    world.store.lease_due(due, due.plus(LEASE), 1).await.expect("lease_due").remove(0)
}

/// Durable; due; its turn; under way; done.
pub async fn a_wish_waits_for_its_turn(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let wish = world.queue(&paid, Some(1_000)).await;
    let NewRefund { request, requested_at, .. } = wish.clone();
    let refund = Refund {
        id: request.id,
        amount: won(1_000),
        whole: false,
        reason: request.reason.clone(),
        cause: Cause::Requested,
        requested_at,
        balance_before: won(TOTAL),
        untaxed: None,
    };
    let waits = RefundRecord { refund, payment: paid.id, progress: Progress::Queued, settled_at: None };
    assert_eq!(stored(&world, &wish).await, waits);
    assert_eq!(world.record(&paid).await.refunds, [waits]);
    world.is_stored(&paid).await;
    assert_eq!(world.next_due().await, Some(requested_at));

    let turn = lease_next(&world).await;
    assert_eq!((turn.notice, turn.waiting.as_ref()), (false, Some(&request)));
    let step = world.step(&turn.payment, Event::CancelRequested(request));
    assert_eq!(world.offer(&step).await, Begun::Fresh);
    let State::Canceling { refund, .. } = &step.next.state else { panic!("{:?}", step.next.state) };
    let sends = RefundRecord {
        refund: (**refund).clone(),
        payment: paid.id,
        progress: Progress::Sending,
        settled_at: None,
    };
    assert_eq!(stored(&world, &wish).await, sends);
    world.is_stored(&step.next).await;
    assert_eq!(world.offer(&step).await, Begun::Taken);
    let part = world.said(&step.next, seen_with(&[(1_000, TOTAL - 1_000)])).await;
    assert!(matches!(stored(&world, &wish).await.into_outcome(), Some(RefundOutcome::Done { .. })));
    assert_eq!((world.record(&part).await.refunds.len(), world.next_due().await), (1, None));
    assert_eq!(world.lease(&part).await.waiting, None);
}

/// The holder goes on; when the payment rests, the wish has its turn as soon as the step allows it.
pub async fn a_wish_on_a_payment_that_is_held_comes_after_it(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let held_until = world.next_due().await;
    let wish = world.queue(&canceling, Some(2_000)).await;
    assert_eq!(world.next_due().await, held_until);
    let step = world.step(&canceling, Event::PspSaid(seen_with(&[(1_000, TOTAL - 1_000)])));
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    assert_eq!(world.next_due().await, Some(step.refund_from));
    let turn = lease_next(&world).await;
    assert_eq!(turn.waiting, Some(wish.request));
    // Also when the holder has not begun anything yet.
    let held_until = world.next_due().await;
    world.queue(&turn.payment, Some(3_000)).await;
    assert_eq!(world.next_due().await, held_until);
}

/// A wish made at rest comes no sooner than the last step allows.
pub async fn wishes_are_spaced(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let step = world.step(&canceling, Event::PspSaid(seen_with(&[(1_000, TOTAL - 1_000)])));
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    assert!(step.at < step.refund_from);
    let wish = world.wish(&step.next, Some(2_000));
    world.store.queue_refund(&wish, step.at).await.expect("queue_refund");
    assert_eq!(world.next_due().await, Some(step.refund_from));
}

/// Neither hastened nor handed out while a charge is under way, or while a human is asked.
pub async fn a_wish_has_no_turn_before_the_payment_is_known(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let confirming = world.begin(&order).await;
    let retries = world.said(&confirming, unclear(true)).await;
    let retry_at = world.next_due().await;
    let wish = NewRefund { amount: won(TOTAL), ..world.wish(&retries, None) };
    assert_eq!(offer(&world, &wish).await, Queued::New);
    assert_eq!(world.next_due().await, retry_at);
    let turn = lease_next(&world).await;
    assert_eq!(turn.waiting, None);
    let again = world.step(&turn.payment, Event::PspSaid(unclear(true)));
    world.store.commit(&again, again.at.plus(LEASE)).await.expect("commit");
    assert_eq!(lease_next(&world).await.payment.version, again.next.version + 1);

    let turn = world.step(
        &hanbeon_domain::Payment { version: again.next.version + 1, ..again.next },
        Event::TriesExhausted,
    );
    world.store.commit(&turn, turn.at.plus(LEASE)).await.expect("commit");
    assert_eq!(turn.next.state.name(), StateName::NeedsReview);
    assert_eq!(world.next_due().await, None, "a human is asked first");
    let turn = world.lease(&turn.next).await;
    assert_eq!(turn.waiting, None);
    let says = OperatorSays::GivenBack;
    let step = world.step(&turn.payment, Event::OperatorSaid { says, note: "me".to_owned() });
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    assert_eq!(world.next_due().await, Some(step.refund_from), "to hear that nothing is left");
    assert_eq!(lease_next(&world).await.waiting, Some(wish.request));
}

/// One after the other.
pub async fn wishes_have_their_turns_oldest_first(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let mut payment = world.paid().await;
    let mut wishes = Vec::new();
    for amount in [3_000, 1_000, 2_000] {
        wishes.push(world.queue(&payment, Some(amount)).await);
    }
    let mut cancels = Vec::new();
    for wish in &wishes {
        let turn = lease_next(&world).await;
        let request = turn.waiting.expect("one waits");
        assert_eq!(request, wish.request);
        let step = world.step(&turn.payment, Event::CancelRequested(request));
        assert_eq!(world.offer(&step).await, Begun::Fresh);
        let left = cancels.last().map_or(TOTAL, |(_, left)| *left) - wish.amount.get();
        cancels.push((wish.amount.get(), left));
        payment = world.said(&step.next, seen_with(&cancels)).await;
    }
    assert_eq!(world.next_due().await, None);
    let listed = world.record(&payment).await.refunds;
    let ids: Vec<_> = listed.iter().map(|record| record.refund.id).collect();
    assert_eq!(ids, wishes.iter().map(|wish| wish.request.id).collect::<Vec<_>>());
}

/// Sixty-four at once, and one that is under way already.
pub async fn wishes_together_never_exceed_the_payment(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(8_000)).await;
    let wishes: Vec<_> = (0..64).map(|_| world.wish(&canceling, Some(10_000))).collect();
    let mut offers = wishes.clone().into_iter();
    let ends = at_once(64, |_| {
        let (store, wish) = (Arc::clone(&world.store), offers.next().expect("64 of them"));
        async move { store.queue_refund(&wish, wish.requested_at).await.expect("queue_refund") }
    })
    .await;
    let count = |end: &Queued| ends.iter().filter(|other| *other == end).count();
    assert_eq!((count(&Queued::New), count(&Queued::OverBalance(won(2_000)))), (4, 60));
    assert_eq!(world.record(&canceling).await.refunds.len(), 5);
    // What was given back counts as much as what was promised.
    world.said(&canceling, seen_with(&[(8_000, TOTAL - 8_000)])).await;
    let over = world.wish(&canceling, Some(2_001));
    assert_eq!(offer(&world, &over).await, Queued::OverBalance(won(2_000)));
    let fits = world.wish(&canceling, Some(2_000));
    assert_eq!(offer(&world, &fits).await, Queued::New);
}

/// One payment cannot fill the disk.
pub async fn only_so_many_wishes_wait(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    for _ in 0..QUEUED_REFUNDS_MAX {
        world.queue(&paid, Some(1)).await;
    }
    let wish = world.wish(&paid, Some(1));
    assert_eq!(offer(&world, &wish).await, Queued::Full);
    assert_eq!(world.record(&paid).await.refunds.len(), QUEUED_REFUNDS_MAX);
}

/// By its name always; by what it says only for those who click twice, and only while it is open.
pub async fn the_same_wish_is_one(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let first = world.queue(&paid, Some(1_000)).await;
    let known = |record| Queued::Known(Box::new(record));
    let waits = stored(&world, &first).await;
    assert_eq!(offer(&world, &first).await, known(waits.clone()));
    let joins = |world: &mut World, amount| NewRefund { join_equal: true, ..world.wish(&paid, amount) };
    let click = joins(&mut world, Some(1_000));
    assert_eq!(offer(&world, &click).await, known(waits));
    for other in [Some(2_000), None] {
        let other = joins(&mut world, other);
        let other = NewRefund { amount: other.amount.min(won(9_000)), ..other };
        assert_eq!(offer(&world, &other).await, Queued::New, "another amount");
        let whole = stored(&world, &other).await;
        assert_eq!(whole.refund.whole, other.request.amount.is_none());
        let again = NewRefund {
            request: CancelRequest { id: joins(&mut world, None).request.id, ..other.request.clone() },
            ..other
        };
        assert_eq!(offer(&world, &again).await, known(whole));
    }
    let reason = CancelReason::parse("another reason").expect("short enough");
    let mut other = joins(&mut world, Some(1_000));
    other.request.reason = reason;
    assert_eq!(offer(&world, &other).await, Queued::New);
    let turn = lease_next(&world).await;
    let step = world.step(&turn.payment, Event::CancelRequested(first.request.clone()));
    assert_eq!(world.offer(&step).await, Begun::Fresh);
    assert_eq!(offer(&world, &click).await, known(stored(&world, &first).await), "it is under way");
    world.said(&step.next, Verdict::Refused(refusal())).await;
    assert_eq!(offer(&world, &click).await, Queued::New, "it has ended");
    let shop = world.wish(&paid, Some(1_000));
    assert_eq!(offer(&world, &shop).await, Queued::New, "a shop means what it says");
}

/// Then it waits no more, its money is free, and its name is used.
pub async fn a_waiting_wish_can_be_refused(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let wish = world.queue(&paid, None).await;
    let turn = lease_next(&world).await;
    let at = world.now();
    let refuse =
        async || world.store.refuse_queued(wish.request.id, &refusal(), at).await.expect("refuse_queued");
    assert!(refuse().await);
    assert!(!refuse().await, "it waits no more");
    let record = stored(&world, &wish).await;
    assert_eq!(record.progress, Progress::Settled(RefundOutcome::Refused(refusal())));
    assert_eq!(record.settled_at, Some(at));
    let step = world.step(&turn.payment, Event::CancelRequested(wish.request.clone()));
    assert_eq!(world.offer(&step).await, Begun::Taken);
    let looked = world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
    assert_eq!(world.next_due().await, None);
    world.queue(&looked, None).await;
}

/// A bug of the caller, and nothing is written.
pub async fn a_wish_belongs_to_one_payment(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (first, second) = (world.paid().await, world.paid().await);
    let wish = world.queue(&first, Some(1_000)).await;
    let nobody = PaymentId::from_uuid(world.uuid());
    for payment in [second.id, nobody] {
        let mut stray = NewRefund { payment, ..wish.clone() };
        if payment == nobody {
            stray.request.id = world.wish(&first, None).request.id;
        }
        let end = world.store.queue_refund(&stray, Timestamp::default()).await;
        assert!(matches!(end, Err(StoreError::Corrupt { table: "refunds", .. })), "{end:?}");
    }
    let step = world.step(&second, Event::CancelRequested(wish.request.clone()));
    assert_eq!(world.offer(&step).await, Begun::Taken);
    world.is_stored(&second).await;
    assert_eq!(stored(&world, &wish).await.payment, first.id);
}

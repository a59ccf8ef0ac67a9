//! Refunds: reserved, sent, settled once, with Toss's answer byte for byte.
use super::world::{LEASE, TOTAL, World, at_once, evidence, refusal, seen, snapshot, transaction};
use hanbeon_domain::{
    CancelRequest, Event, Payment, Refund, RefundId, RefundOutcome, State, StateName, Step, TossStatus,
    Verdict, refund::CancelReason,
};
use hanbeon_store::{Begun, Progress, RefundRecord, Store, StoreError};
use std::sync::Arc;

fn refund_of(payment: &Payment) -> Refund {
    match &payment.state {
        State::Canceling { refund, .. } => (**refund).clone(),
        other => unreachable!("a refund is under way, not {other:?}"),
    }
}

async fn stored(world: &World, id: RefundId) -> RefundRecord {
    world.store.refund(id).await.expect("refund").expect("it is stored")
}

/// Under way first, with nothing settled; then done.
pub async fn a_refund_ends_with_the_exact_answer(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    world.is_stored(&canceling).await;
    let refund = refund_of(&canceling);
    let under_way = RefundRecord {
        refund: refund.clone(),
        payment: paid.id,
        progress: Progress::Sending,
        settled_at: None,
    };
    assert_eq!(stored(&world, refund.id).await, under_way);

    let step = world.step(&canceling, Event::PspSaid(seen(TossStatus::PartialCanceled, TOTAL - 1_000)));
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    let outcome =
        RefundOutcome::Done { transaction_key: Some(transaction(TOTAL - 1_000)), evidence: evidence(200) };
    let done = RefundRecord { progress: Progress::Settled(outcome), settled_at: Some(step.at), ..under_way };
    assert_eq!(stored(&world, refund.id).await, done);
    assert_eq!(world.record(&paid).await.refunds, [done]);
    world.is_stored(&step.next).await;
    assert_eq!(step.next.refunded.get(), 1_000);

    // Without a transaction key, and with nothing in the body.
    let canceling = world.canceling(&step.next, None).await;
    let mut shown = snapshot(TossStatus::PartialCanceled, 0);
    shown.last_transaction_key = None;
    shown.evidence.body = [].into();
    let canceled = world.said(&canceling, Verdict::Seen(shown.clone())).await;
    assert_eq!(canceled.state.name(), StateName::Canceled);
    let outcome = stored(&world, refund_of(&canceling).id).await.into_outcome();
    assert_eq!(outcome, Some(RefundOutcome::Done { transaction_key: None, evidence: shown.evidence }));
}

/// The payment is what it was, and the next refund may begin.
pub async fn a_refused_refund_frees_the_budget(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, None).await;
    assert_eq!(canceling.refundable().get(), 0);
    let back = world.said(&canceling, Verdict::Refused(refusal())).await;
    assert_eq!((back.state.name(), back.refundable().get()), (StateName::Paid, TOTAL));
    world.is_stored(&back).await;
    let record = stored(&world, refund_of(&canceling).id).await;
    assert_eq!(record.progress, Progress::Settled(RefundOutcome::Refused(refusal())));
    assert!(record.settled_at.is_some());
    world.canceling(&back, None).await;
}

/// Neither done nor refused.
pub async fn a_refund_that_nobody_can_explain_needs_review(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let lost = world.commit(&canceling, Event::TriesExhausted).await;
    assert_eq!(lost.state.name(), StateName::NeedsReview);
    world.is_stored(&lost).await;
    let record = stored(&world, refund_of(&canceling).id).await;
    assert_eq!(record.progress, Progress::Settled(RefundOutcome::NeedsReview));
    assert!(record.settled_at.is_some());
}

/// Sixty-four buttons pressed at once reserve the money once.
pub async fn one_of_64_cancels_wins(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let steps: Vec<Step> = (0..64).map(|_| world.cancel(&paid, None)).collect();
    let mut offers = steps.clone().into_iter();
    let ends = at_once(64, |_| {
        let (store, step) = (Arc::clone(&world.store), offers.next().expect("64 of them"));
        async move { store.begin(&step, step.at.plus(LEASE)).await.expect("begin") }
    })
    .await;
    assert_eq!(ends.iter().filter(|end| **end == Begun::Fresh).count(), 1);
    let winner = ends.iter().position(|end| *end == Begun::Fresh).expect("one won");
    world.is_stored(&steps[winner].next).await;
    assert_eq!(world.record(&paid).await.refunds.len(), 1);
}

/// Not even the refund.
pub async fn a_stale_cancel_writes_nothing(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let stale = world.cancel(&paid, Some(500));
    let canceling = world.canceling(&paid, Some(1_000)).await;
    world.said(&canceling, seen(TossStatus::PartialCanceled, TOTAL - 1_000)).await;
    let before = world.record(&paid).await;
    assert_eq!(world.offer(&stale).await, Begun::Taken);
    assert_eq!(world.record(&paid).await, before);
    let id = refund_of(&stale.next).id;
    assert_eq!(world.store.refund(id).await.expect("refund"), None);
}

/// A refund id names one refund, of one payment.
pub async fn a_refund_id_is_used_once(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (first, second) = (world.paid().await, world.paid().await);
    let canceling = world.canceling(&first, Some(1_000)).await;
    let reason = CancelReason::parse("again").expect("short enough");
    let request = CancelRequest { id: refund_of(&canceling).id, amount: None, reason, untaxed: None };
    let again = world.step(&second, Event::CancelRequested(request));
    assert_eq!(world.offer(&again).await, Begun::Taken);
    world.is_stored(&second).await;
    let record = world.record(&second).await;
    assert_eq!((record.refunds.len(), record.history.len()), (0, 2));
    assert_eq!(stored(&world, refund_of(&canceling).id).await.payment, first.id);
}

/// By the order in which they began.
pub async fn refunds_are_listed_oldest_first(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let mut payment = world.paid().await;
    let (mut begun, mut left) = (Vec::new(), TOTAL);
    for amount in [3_000, 1_000, 2_000] {
        let canceling = world.canceling(&payment, Some(amount)).await;
        begun.push(refund_of(&canceling));
        left -= amount;
        payment = world.said(&canceling, seen(TossStatus::PartialCanceled, left)).await;
    }
    let listed: Vec<_> =
        world.record(&payment).await.refunds.into_iter().map(|record| record.refund).collect();
    assert_eq!(listed, begun);
}

/// Not a partial one, and not one that a newer whole one followed.
pub async fn the_newest_whole_refund_is_found(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let whole = async |world: &World| {
        let found = world.store.whole_refund(paid.id).await.expect("whole_refund");
        found.map(|record| record.refund.id)
    };
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let part = world.said(&canceling, seen(TossStatus::PartialCanceled, TOTAL - 1_000)).await;
    assert_eq!(whole(&world).await, None);
    let refused = world.canceling(&part, None).await;
    assert_eq!(whole(&world).await, Some(refund_of(&refused).id));
    let part = world.said(&refused, Verdict::Refused(refusal())).await;
    let done = world.canceling(&part, None).await;
    assert_eq!(whole(&world).await, Some(refund_of(&done).id));
    world.said(&done, seen(TossStatus::PartialCanceled, 0)).await;
    assert_eq!(whole(&world).await, Some(refund_of(&done).id));
}

/// A step that settles what is not under way is a bug of the caller, and writes nothing.
pub async fn a_refund_is_settled_once(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let part = world.said(&canceling, seen(TossStatus::PartialCanceled, TOTAL - 1_000)).await;
    let before = world.record(&paid).await;
    let id = refund_of(&canceling).id;
    let next = world.cancel(&part, None);
    let again = Step {
        next: Payment { state: State::NeedsReview { why: "planted".to_owned() }, ..next.next },
        settled: Some((id, RefundOutcome::NeedsReview)),
        ..next
    };
    let end = world.store.commit(&again, again.at.plus(LEASE)).await;
    assert!(matches!(end, Err(StoreError::Corrupt { table: "refunds", .. })), "{end:?}");
    assert_eq!(world.record(&paid).await, before);
}

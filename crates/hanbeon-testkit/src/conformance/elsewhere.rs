//! What Toss shows and we did not do: cancels made elsewhere, and money that turns up late.
use super::world::{
    LEASE, TOTAL, World, cancel, evidence, refusal, seen, seen_with, snapshot, transaction, won,
};
use hanbeon_domain::payment::LateSuccess;
use hanbeon_domain::{
    Actor, Event, Moment, Payment, Policy, RefundOutcome, Snapshot, State, StateName, Step, TossStatus,
    Verdict,
};
use hanbeon_store::{Progress, RefundRecord, Store, StoreError};
use std::sync::Arc;

/// With Toss's facts; not again when it is seen again; and not what is ours.
pub async fn a_cancel_made_elsewhere_is_kept_once(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let turn = world.lease(&paid).await;
    let step = world.step(&turn.payment, Event::PspSaid(seen_with(&[(1_000, TOTAL - 1_000)])));
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    let theirs = RefundRecord::elsewhere(&step.next, &cancel(1_000, TOTAL - 1_000), step.at);
    assert_eq!(world.record(&paid).await.refunds, std::slice::from_ref(&theirs));
    assert_eq!(world.store.refund(theirs.refund.id).await.expect("refund"), Some(theirs.clone()));

    let turn = world.lease(&step.next).await;
    let again = world.said(&turn.payment, seen_with(&[(1_000, TOTAL - 1_000)])).await;
    assert_eq!(world.record(&again).await.refunds.len(), 1);
    let canceling = world.canceling(&again, Some(2_000)).await;
    let shown = [(1_000, TOTAL - 1_000), (2_000, TOTAL - 3_000), (3_000, TOTAL - 6_000)];
    let part = world.said(&canceling, seen_with(&shown)).await;
    let [first, ours, last] = &world.record(&part).await.refunds[..] else { panic!("three cancels") };
    assert_eq!((first, part.refunded), (&theirs, won(6_000)));
    let RefundRecord { progress: Progress::Settled(RefundOutcome::Done { transaction_key, .. }), .. } = ours
    else {
        panic!("ours is done: {ours:?}")
    };
    assert_eq!(*transaction_key, Some(transaction(TOTAL - 3_000)));
    assert_eq!(last.progress, Progress::Elsewhere { transaction_key: transaction(TOTAL - 6_000) });
}

/// Nothing about it is checked: what Toss shows is what there is.
pub async fn a_strange_cancel_does_not_stop_a_step(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let turn = world.lease(&paid).await;
    let mut strange = [cancel(0, TOTAL), cancel(TOTAL + 1, 7), cancel(1_000, TOTAL - 1_000)];
    strange[1].balance_after = None;
    strange[2].canceled_at = None;
    strange[2].reason = String::new();
    let shown =
        Snapshot { cancels: strange.to_vec(), ..*snapshot(TossStatus::PartialCanceled, TOTAL - 1_000) };
    let step = world.step(&turn.payment, Event::PspSaid(Verdict::Seen(Box::new(shown))));
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    let want = strange.each_ref().map(|cancel| RefundRecord::elsewhere(&step.next, cancel, step.at));
    assert_eq!(world.record(&paid).await.refunds, want);
}

/// A refund that nobody could explain stays so: a cancel of its amount may be it, or another.
pub async fn a_refund_that_needs_review_is_not_guessed_at(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let lost = world.commit(&canceling, Event::TriesExhausted).await;
    let turn = world.lease(&lost).await;
    let found = world.said(&turn.payment, seen_with(&[(1_000, TOTAL - 1_000)])).await;
    let [ours, theirs] = &world.record(&found).await.refunds[..] else { panic!("two refunds") };
    assert_eq!(ours.progress, Progress::Settled(RefundOutcome::NeedsReview));
    assert_eq!(theirs.progress, Progress::Elsewhere { transaction_key: transaction(TOTAL - 1_000) });
}

/// Somebody was faster at Toss: what is left of the wish names the new balance, in the payment and in the refund.
pub async fn a_refund_under_way_starts_anew_from_another_balance(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, None).await;
    let anew = world.said(&canceling, seen_with(&[(5_000, TOTAL - 5_000)])).await;
    world.is_stored(&anew).await;
    let State::Canceling { refund, .. } = &anew.state else { panic!("{:?}", anew.state) };
    assert_eq!((refund.amount, refund.balance_before), (won(TOTAL - 5_000), won(TOTAL - 5_000)));
    let [ours, theirs] = &world.record(&anew).await.refunds[..] else { panic!("two refunds") };
    assert_eq!((&ours.refund, &ours.progress), (&**refund, &Progress::Sending));
    assert_eq!(theirs.progress, Progress::Elsewhere { transaction_key: transaction(TOTAL - 5_000) });
    let done = world.said(&anew, seen_with(&[(5_000, TOTAL - 5_000), (TOTAL - 5_000, 0)])).await;
    assert_eq!(done.state.name(), StateName::Canceled);
    world.is_stored(&done).await;
}

/// A transaction is one refund: who would claim it twice writes nothing.
pub async fn a_transaction_is_one_refund(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let turn = world.lease(&paid).await;
    let part = world.said(&turn.payment, seen_with(&[(1_000, TOTAL - 1_000)])).await;
    let canceling = world.canceling(&part, Some(2_000)).await;
    let before = world.record(&canceling).await;
    let step =
        world.step(&canceling, Event::PspSaid(seen_with(&[(1_000, TOTAL - 1_000), (2_000, TOTAL - 3_000)])));
    let Some((id, _)) = step.settled else { panic!("it ends the refund") };
    let transaction_key = Some(transaction(TOTAL - 1_000));
    let twice = Step {
        settled: Some((id, RefundOutcome::Done { transaction_key, evidence: evidence(200) })),
        ..step
    };
    let end = world.store.commit(&twice, twice.at.plus(LEASE)).await;
    assert!(matches!(end, Err(StoreError::Corrupt { table: "refunds", .. })), "{end:?}");
    assert_eq!(world.record(&canceling).await, before);
}

fn keep(world: &mut World, payment: &Payment) -> Step {
    let policy = Policy { late_success: LateSuccess::Keep, ..Policy::default() };
    let moment = Moment { now: world.now(), actor: Actor::Recovery, policy: &policy };
    payment.step(Event::PspSaid(seen(TossStatus::Done, TOTAL)), moment).expect("the table has this move")
}

/// It goes back beside the payment that holds the order; to keep it is refused, and nothing is written.
pub async fn late_money_claims_no_order_that_is_held(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let declined = world.begin(&order).await;
    let declined = world.said(&declined, Verdict::Refused(refusal())).await;
    let holder = world.begin(&order).await;
    let holder = world.said(&holder, seen(TossStatus::Done, TOTAL)).await;

    let turn = world.lease(&declined).await;
    let before = world.record(&declined).await;
    let kept = keep(&mut world, &turn.payment);
    let end = world.store.commit(&kept, kept.at.plus(LEASE)).await;
    assert!(matches!(end, Err(StoreError::OrderTaken)), "{end:?}");
    assert_eq!(world.record(&declined).await, before);

    let goes_back = world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
    assert_eq!((goes_back.state.name(), goes_back.late), (StateName::Canceling, true));
    world.is_stored(&goes_back).await;
    let shown = async |world: &World| world.store.payment_of_order(order.id).await.expect("payment_of_order");
    assert_eq!(shown(&world).await.as_ref(), Some(&holder));
    let gone = world.said(&goes_back, seen(TossStatus::Canceled, 0)).await;
    world.is_stored(&gone).await;
    assert_eq!(shown(&world).await, Some(holder));
}

/// An older payment than the newest, if that has let go as well.
pub async fn late_money_may_claim_an_order_that_is_free(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let first = world.begin(&order).await;
    let first = world.said(&first, Verdict::Refused(refusal())).await;
    let second = world.begin(&order).await;
    world.said(&second, Verdict::Refused(refusal())).await;
    let turn = world.lease(&first).await;
    let kept = keep(&mut world, &turn.payment);
    world.store.commit(&kept, kept.at.plus(LEASE)).await.expect("nobody holds the order");
    world.is_stored(&kept.next).await;
    let holder = world.store.payment_of_order(order.id).await.expect("payment_of_order");
    assert_eq!(holder, Some(kept.next));
    let rival = world.request(&order);
    let rival = world.intent(&order, &rival);
    assert_eq!(world.offer(&rival).await, hanbeon_store::Begun::Taken);
}

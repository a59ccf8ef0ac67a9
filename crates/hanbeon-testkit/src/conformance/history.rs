//! Sealed histories, and the reads that go through many payments.
use super::world::{LEASE, TOTAL, World, refusal, seen, unclear};
use hanbeon_domain::{Event, Payment, StateName, Step, TossStatus, Verdict};
use hanbeon_store::{CHAIN_START, JournalLine, PaymentRecord, Store};
use std::sync::Arc;

/// Every line as the step says, with the digest of Toss's answer; the payment knows the last seal. A lease adds no
/// line and breaks no chain.
pub async fn each_line_is_sealed_after_the_one_before(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let request = world.request(&order);
    let mut steps = vec![world.intent(&order, &request)];
    world.offer(&steps[0]).await;
    let mut payment = steps[0].next.clone();
    let commit = async |world: &mut World, payment: &Payment, verdict| {
        let step = world.step(payment, Event::PspSaid(verdict));
        world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
        step
    };
    for verdict in [unclear(true), seen(TossStatus::Done, TOTAL)] {
        let step = commit(&mut world, &payment, verdict).await;
        payment = world.lease(&step.next).await.payment;
        steps.push(step);
    }
    let cancel = world.cancel(&payment, Some(1_000));
    world.offer(&cancel).await;
    let refused = commit(&mut world, &cancel.next, Verdict::Refused(refusal())).await;
    steps.extend([cancel, refused]);

    let mut last = CHAIN_START;
    let seal = |step: &Step| {
        let line = JournalLine::of(step, &last);
        last = line.seal.expect("a new line is sealed");
        line
    };
    let lines: Vec<_> = steps.iter().map(seal).collect();
    let record = world.record(&steps[0].next).await;
    assert_eq!(record.history, lines);
    assert_eq!(record.seal, Some(last));
    let answers: Vec<_> = lines.iter().map(|line| line.evidence.is_some()).collect();
    assert_eq!(answers, [false, false, true, false, true]);
}

/// Each once, in the order of their ids, with all that belongs to them.
pub async fn records_come_in_pages(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let mut ids = Vec::new();
    for _ in 0..5 {
        let paid = world.paid().await;
        world.canceling(&paid, Some(1_000)).await;
        ids.push(paid.id);
    }
    ids.sort();
    let mut found: Vec<PaymentRecord> = Vec::new();
    for size in [2, 2, 1, 0] {
        let after = found.last().map(|record| record.payment.id);
        let page = world.store.records_after(after, 2).await.expect("records_after");
        assert_eq!(page.len(), size);
        found.extend(page);
    }
    assert_eq!(found.iter().map(|record| record.payment.id).collect::<Vec<_>>(), ids);
    for record in found {
        assert_eq!(world.record(&record.payment).await, record);
    }
}

/// Those that changed last first, and no more than asked for.
pub async fn payments_are_listed_by_their_state(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (first, second) = (world.paid().await, world.paid().await);
    let turn = world.lease(&first).await;
    let first = world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
    let mut lost = Vec::new();
    for _ in 0..2 {
        let order = world.order().await;
        let confirming = world.begin(&order).await;
        lost.insert(0, world.commit(&confirming, Event::TriesExhausted).await);
    }
    let found = async |state, limit| world.store.payments_in(state, limit).await.expect("payments_in");
    assert_eq!(found(StateName::Paid, 9).await, [first, second]);
    assert_eq!(found(StateName::NeedsReview, 9).await, lost);
    assert_eq!(found(StateName::NeedsReview, 1).await, lost[..1]);
    assert_eq!(found(StateName::Canceling, 9).await, []);
}

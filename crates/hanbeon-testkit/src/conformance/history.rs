//! Sealed histories, and the reads that go through many payments.
use super::world::{LEASE, TOTAL, World, refusal, seen, unclear};
use hanbeon_domain::{Event, Payment, StateName, Step, TossStatus, Verdict};
use hanbeon_store::{Begun, CHAIN_START, Hint, JournalLine, PaymentRecord, Store, StoreError};
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

/// A change of state and its line are one: each step that is committed is one line, with the step's version and state;
/// and what is no step, or comes too late, adds none.
pub async fn s13_a_change_of_state_and_its_line_are_one(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let request = world.request(&order);
    let first = world.intent(&order, &request);
    assert_eq!(world.offer(&first).await, Begun::Fresh);
    lines_are(&world, &first.next, 1).await;
    // Offered again, and offered on an order that is held.
    assert_eq!(world.offer(&first).await, Begun::Taken);
    let request = world.request(&order);
    let second = world.intent(&order, &request);
    assert_eq!(world.offer(&second).await, Begun::Taken);
    assert_eq!(world.store.payment(second.next.id).await.expect("payment"), None);
    lines_are(&world, &first.next, 1).await;
    // Whoever takes it over changes no state; whoever comes too late changes nothing.
    let now = first.at.plus(LEASE);
    let turns = world.store.lease_due(now, now.plus(LEASE), 9).await.expect("lease_due");
    let [turn] = &turns[..] else { panic!("it is due: {turns:?}") };
    lines_are(&world, &turn.payment, 1).await;
    let late = world.step(&first.next, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    let end = world.store.commit(&late, late.at.plus(LEASE)).await;
    assert!(matches!(end, Err(StoreError::Superseded)), "{end:?}");
    lines_are(&world, &turn.payment, 1).await;
    // Steps, also one that changes no state.
    let still = world.said(&turn.payment, unclear(true)).await;
    lines_are(&world, &still, 2).await;
    let turn = world.lease(&still).await;
    let paid = world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
    lines_are(&world, &paid, 3).await;
    // A wish and a notice are no steps.
    let wish = world.queue(&paid, Some(1_000)).await;
    let now = world.now();
    assert!(world.store.notice(&Hint::Key(paid.key.clone()), now, now).await.expect("notice"));
    assert!(world.store.refuse_queued(wish.request.id, &refusal(), now).await.expect("refuse_queued"));
    lines_are(&world, &paid, 3).await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    lines_are(&world, &canceling, 4).await;
    let refused = world.said(&canceling, Verdict::Refused(refusal())).await;
    lines_are(&world, &refused, 5).await;
}

/// So many lines; each goes on where the one before it ended, under a higher number; the last one is the payment's.
async fn lines_are(world: &World, payment: &Payment, count: usize) {
    let record = world.record(payment).await;
    assert_eq!(record.payment, *payment);
    let lines = record.history;
    assert_eq!(lines.len(), count, "{lines:?}");
    for pair in lines.windows(2) {
        assert!(pair[0].version < pair[1].version && pair[0].to == pair[1].from, "{lines:?}");
    }
    let last = lines.last().expect("a line");
    assert!(
        last.version <= payment.version && last.to == payment.state.name().as_str(),
        "{lines:?} {payment:?}"
    );
}

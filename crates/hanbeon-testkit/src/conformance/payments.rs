//! One charge per order, and nobody writes over what somebody else wrote.
use super::world::{LEASE, TOTAL, World, at_once, refusal, seen, snapshot, unclear};
use hanbeon_domain::payment::CanceledBy;
use hanbeon_domain::{
    Actor, ConfirmRequest, Event, Moment, OrderId, Payment, Policy, State, StateName, Step, TossStatus,
    Verdict,
};
use hanbeon_store::{Begun, Store, StoreError};
use std::sync::Arc;

/// Nothing is known before; the payment after, for its own key and for any other.
pub async fn a_checkout_shows_the_order_and_its_payment(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let request = world.request(&order);
    let before = world.store.checkout(&request).await.expect("checkout");
    assert_eq!((before.order.as_ref(), before.same_key, before.newest), (Some(&order), None, None));
    let step = world.intent(&order, &request);
    assert_eq!(world.offer(&step).await, Begun::Fresh);
    let after = world.store.checkout(&request).await.expect("checkout");
    assert_eq!((after.same_key.as_ref(), after.newest.as_ref()), (Some(&step.next), Some(&step.next)));
    // Another key on the same order; the same key on another order, which need not exist.
    let other = ConfirmRequest { key: world.key(), ..request.clone() };
    let view = world.store.checkout(&other).await.expect("checkout");
    assert_eq!((view.same_key, view.newest.as_ref()), (None, Some(&step.next)));
    let other = ConfirmRequest { order: OrderId::from_uuid(world.uuid()), ..request };
    let view = world.store.checkout(&other).await.expect("checkout");
    assert_eq!((view.order, view.same_key.as_ref(), view.newest), (None, Some(&step.next), None));
}

/// Sixty-four buyers, tabs or retries, each with a payment key of their own.
pub async fn one_of_64_begins_on_an_order_wins(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let steps: Vec<Step> = (0..64)
        .map(|_| {
            let request = world.request(&order);
            world.intent(&order, &request)
        })
        .collect();
    let mut offers = steps.clone().into_iter();
    let ends = at_once(64, |_| {
        let (store, step) = (Arc::clone(&world.store), offers.next().expect("64 of them"));
        async move { store.begin(&step, step.at.plus(LEASE)).await.expect("begin") }
    })
    .await;
    assert_eq!(ends.iter().filter(|end| **end == Begun::Fresh).count(), 1);
    let winner = ends.iter().position(|end| *end == Begun::Fresh).expect("one won");
    let stored = world.store.order(order.id).await.expect("order").expect("it is stored");
    assert_eq!(stored.payments, [steps[winner].next.clone()]);
}

/// The version is the fencing token.
pub async fn d2_one_of_64_commits_of_a_step_wins(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let payment = world.begin(&order).await;
    let step = world.step(&payment, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    let ends = at_once(64, |_| {
        let (store, step) = (Arc::clone(&world.store), step.clone());
        async move { store.commit(&step, step.at.plus(LEASE)).await }
    })
    .await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
    assert_eq!(ends.iter().filter(|end| matches!(end, Err(StoreError::Superseded))).count(), 63);
    world.is_stored(&step.next).await;
    assert_eq!(world.record(&payment).await.history.len(), 2);
}

/// Neither the row, nor the history, nor the due time, nor a refund.
pub async fn a_stale_commit_writes_nothing(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let payment = world.begin(&order).await;
    let stale = [
        world.step(&payment, Event::PspSaid(Verdict::Refused(refusal()))),
        world.step(&payment, Event::CompensationDue(snapshot(TossStatus::Done, TOTAL))),
        Step {
            next: Payment { version: 9, ..payment.clone() },
            ..world.intent(&order, &request_of(&payment))
        },
    ];
    let paid = world.said(&payment, seen(TossStatus::Done, TOTAL)).await;
    let before = world.record(&payment).await;
    for step in stale {
        let end = world.store.commit(&step, step.at.plus(LEASE)).await;
        assert!(matches!(end, Err(StoreError::Superseded)), "{end:?}");
    }
    assert_eq!(world.record(&paid).await, before);
    assert_eq!(world.store.next_due().await.expect("next_due"), None);
    // A payment that was never begun is somebody else's, too.
    let unknown = {
        let order = world.order().await;
        let request = world.request(&order);
        let begun = world.intent(&order, &request).next;
        world.step(&begun, Event::PspSaid(seen(TossStatus::Done, TOTAL)))
    };
    let end = world.store.commit(&unknown, unknown.at.plus(LEASE)).await;
    assert!(matches!(end, Err(StoreError::Superseded)), "{end:?}");
    assert_eq!(world.store.payment(unknown.next.id).await.expect("payment"), None);
}

fn request_of(payment: &Payment) -> ConfirmRequest {
    ConfirmRequest {
        order: payment.order,
        toss_order: payment.toss_order.clone(),
        key: payment.key.clone(),
        amount: payment.amount,
        session: payment.payer,
    }
}

/// Also when the other order is free.
pub async fn a_payment_key_pays_one_order(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (first, second) = (world.order().await, world.order().await);
    let payment = world.begin(&first).await;
    let request = ConfirmRequest { key: payment.key.clone(), ..world.request(&second) };
    let step = world.intent(&second, &request);
    assert_eq!(world.offer(&step).await, Begun::Taken);
    assert_eq!(world.store.payment(step.next.id).await.expect("payment"), None);
    assert_eq!(world.store.payment_of_order(second.id).await.expect("payment_of_order"), None);
    world.is_stored(&payment).await;
}

/// The receipt was lost; whoever offers it again reads what is stored.
pub async fn a_begin_that_is_offered_twice_is_taken(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let request = world.request(&order);
    let step = world.intent(&order, &request);
    assert_eq!(world.offer(&step).await, Begun::Fresh);
    assert_eq!(world.offer(&step).await, Begun::Taken);
    world.is_stored(&step.next).await;
    assert_eq!(world.record(&step.next).await.history.len(), 1);
}

/// A bug of the caller, and nothing is written.
pub async fn a_payment_of_no_order_is_refused(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.unstored_order();
    let request = ConfirmRequest { session: Some(world.session()), ..world.request(&order) };
    let step = world.intent(&order, &request);
    let end = world.store.begin(&step, step.at.plus(LEASE)).await;
    assert!(matches!(end, Err(StoreError::Corrupt { table: "payments", .. })), "{end:?}");
    assert_eq!(world.store.payment(step.next.id).await.expect("payment"), None);
    let payer = request.session.expect("it has one");
    assert!(!world.store.session_exists(payer).await.expect("session_exists"));
}

/// After a refusal, an expiry or a compensated charge, with the holder and the newest told apart.
pub async fn an_order_is_free_again_when_nothing_was_kept(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let declined = world.begin(&order).await;
    let declined = world.said(&declined, Verdict::Refused(refusal())).await;
    assert_eq!(declined.state.name(), StateName::Declined);

    let expired = world.begin(&order).await;
    let expired = world.said(&expired, seen(TossStatus::Expired, TOTAL)).await;
    assert_eq!(expired.state.name(), StateName::Expired);

    let compensated = world.begin(&order).await;
    let compensated =
        world.commit(&compensated, Event::CompensationDue(snapshot(TossStatus::Done, TOTAL))).await;
    let rival = world.request(&order);
    let rival = world.intent(&order, &rival);
    assert_eq!(world.offer(&rival).await, Begun::Taken, "it holds the order until Toss has cancelled");
    let compensated = world.said(&compensated, seen(TossStatus::Canceled, 0)).await;
    assert_eq!(compensated.state, State::Canceled { by: CanceledBy::Compensation });

    let newest = world.store.payment_of_order(order.id).await.expect("payment_of_order");
    assert_eq!(newest.as_ref(), Some(&compensated));
    let holder = world.begin(&order).await;
    let newest = world.store.payment_of_order(order.id).await.expect("payment_of_order");
    assert_eq!(newest.as_ref(), Some(&holder));
    let stored = world.store.order(order.id).await.expect("order").expect("it is stored");
    assert_eq!(stored.payments, [declined, expired, compensated, holder]);
}

/// Whatever else became of its payment: also when the shop has given everything back.
pub async fn an_order_is_held_by_everything_else(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let mut holders = Vec::new();
    let order = world.order().await;
    holders.push(world.begin(&order).await);
    let order = world.order().await;
    let waiting = world.begin(&order).await;
    holders.push(world.said(&waiting, seen(TossStatus::WaitingForDeposit, TOTAL)).await);
    holders.push(world.paid().await);
    let paid = world.paid().await;
    holders.push(world.canceling(&paid, None).await);
    for (amount, left) in [(Some(1_000), TOTAL - 1_000), (None, 0)] {
        let paid = world.paid().await;
        let canceling = world.canceling(&paid, amount).await;
        holders.push(world.said(&canceling, seen(TossStatus::PartialCanceled, left)).await);
    }
    let order = world.order().await;
    let lost = world.begin(&order).await;
    holders.push(world.commit(&lost, Event::TriesExhausted).await);

    let names: Vec<_> = holders.iter().map(|payment| payment.state.name().as_str()).collect();
    let want = [
        "confirming",
        "waiting_for_deposit",
        "paid",
        "canceling",
        "partially_canceled",
        "canceled",
        "needs_review",
    ];
    assert_eq!(names, want);
    for holder in holders {
        let order = world.store.order(holder.order).await.expect("order").expect("it is stored").order;
        let request = world.request(&order);
        let step = world.intent(&order, &request);
        assert_eq!(world.offer(&step).await, Begun::Taken, "held by {}", holder.state.name());
        world.is_stored(&holder).await;
    }
}

/// Each line is the step's, and a lease adds none.
pub async fn the_history_grows_by_one_line_per_step(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let request = world.request(&order);
    let mut steps = vec![world.intent(&order, &request)];
    assert_eq!(world.offer(&steps[0]).await, Begun::Fresh);
    let mut payment = steps[0].next.clone();
    for verdict in [unclear(true), seen(TossStatus::InProgress, TOTAL), seen(TossStatus::Done, TOTAL)] {
        if payment.version == 2 {
            let far = steps[1].at.plus(LEASE * 100);
            payment =
                world.store.lease_due(far, far.plus(LEASE), 1).await.expect("lease_due").remove(0).payment;
        }
        let policy = Policy::default();
        let moment = Moment { now: world.now(), actor: Actor::Recovery, policy: &policy };
        let step = payment.step(Event::PspSaid(verdict), moment).expect("the table has this move");
        world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
        payment = step.next.clone();
        steps.push(step);
        assert_eq!(world.record(&payment).await.history.len(), steps.len());
    }
    let lines = world.record(&payment).await.history;
    for (line, step) in lines.iter().zip(&steps) {
        assert_eq!((line.version, line.at), (step.next.version, step.at));
        assert_eq!(line.actor, step.actor.as_str());
        assert_eq!(
            (line.from.as_str(), line.to.as_str()),
            (step.from.as_str(), step.next.state.name().as_str())
        );
        assert_eq!(line.event, step.event);
    }
    assert_eq!(lines.iter().map(|line| line.version).collect::<Vec<_>>(), [1, 2, 4, 5]);
}

/// By the order in which they began, although the clock went backwards between them.
pub async fn an_order_shows_its_payments_oldest_first(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let mut later_first = Vec::new();
    for _ in 0..4 {
        let request = world.request(&order);
        later_first.insert(0, world.intent(&order, &request));
    }
    let mut begun = Vec::new();
    for step in later_first {
        assert_eq!(world.offer(&step).await, Begun::Fresh);
        begun.push(world.said(&step.next, Verdict::Refused(refusal())).await);
    }
    let stored = world.store.order(order.id).await.expect("order").expect("it is stored");
    assert_eq!(stored.payments, begun);
    let newest = world.store.payment_of_order(order.id).await.expect("payment_of_order");
    assert_eq!(newest.as_ref(), begun.last());
}

/// And by nothing that is like it.
pub async fn a_payment_is_found_by_its_key(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let payments = [world.paid().await, world.paid().await];
    for payment in &payments {
        world.is_stored(payment).await;
    }
    let upper = payments[0].key.as_str().to_uppercase();
    let upper = hanbeon_domain::PaymentKey::parse(upper).expect("letters and digits");
    assert_eq!(world.store.payment_by_key(&upper).await.expect("payment_by_key"), None);
    let unknown = hanbeon_domain::PaymentId::from_uuid(world.uuid());
    assert_eq!(world.store.payment(unknown).await.expect("payment"), None);
}

//! Notices, and payments that are taken over by their name.
use super::world::{LEASE, TOTAL, World, refusal, seen, unclear};
use hanbeon_domain::{Action, Event, Payment, Step, Timestamp, TossStatus, Verdict};
use hanbeon_store::{Hint, Store, StoreError, Turn};
use std::sync::Arc;
use std::time::Duration;

fn key(payment: &Payment) -> Hint {
    Hint::Key(payment.key.clone())
}

async fn notice(world: &World, hint: &Hint, from: Timestamp) -> bool {
    world.store.notice(hint, from, from).await.expect("notice")
}

async fn lease_at(world: &World, now: Timestamp) -> Vec<Turn> {
    world.store.lease_due(now, now.plus(LEASE), 9).await.expect("lease_due")
}

/// A payment that Toss has just taken, and the step that said so.
async fn just_paid(world: &mut World) -> Step {
    let order = world.order().await;
    let payment = world.begin(&order).await;
    let step = world.step(&payment, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    step
}

/// Not while somebody holds it; whoever held it before is superseded.
pub async fn a_payment_at_rest_is_leased_by_its_name(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let turn = world.lease(&paid).await;
    let leased = Payment { version: paid.version + 1, ..paid.clone() };
    assert_eq!(turn, Turn { payment: leased.clone(), notice: false, waiting: None });
    world.is_stored(&leased).await;
    let over = world.next_due().await.expect("the lease ends");
    let lease = async |at: Timestamp| world.store.lease(paid.id, at, at.plus(LEASE)).await.expect("lease");
    assert_eq!(lease(Timestamp::from_micros(over.as_micros() - 1)).await, None, "it is held");
    let again = lease(over).await.expect("the lease is over");
    assert_eq!(again.payment.version, leased.version + 1);
    let unknown = hanbeon_domain::PaymentId::from_uuid(world.uuid());
    let now = world.now();
    assert_eq!(world.store.lease(unknown, now, now.plus(LEASE)).await.expect("lease"), None);
    let late = world.step(&leased, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    let end = world.store.commit(&late, late.at.plus(LEASE)).await;
    assert!(matches!(end, Err(StoreError::Superseded)), "{end:?}");
}

/// A call that is under way is not; a wait between two tries is a rest.
pub async fn a_payment_under_way_is_leased_between_its_tries(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let payment = world.begin(&order).await;
    let now = world.now();
    assert_eq!(world.store.lease(payment.id, now, now.plus(LEASE)).await.expect("lease"), None);
    let waits = world.said(&payment, unclear(true)).await;
    let turn = world.lease(&waits).await;
    assert_eq!(turn.payment, Payment { version: waits.version + 1, ..waits });
    let goes_on = world.said(&turn.payment, seen(TossStatus::InProgress, TOTAL)).await;
    let now = world.now();
    assert_eq!(world.store.lease(goes_on.id, now, now.plus(LEASE)).await.expect("lease"), None);
}

/// Also to the next one, when whoever took it up died before they had looked.
pub async fn a_notice_is_reported_until_somebody_has_looked(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let far = world.now().plus(Duration::from_secs(3_600));
    assert!(notice(&world, &key(&paid), far).await);
    assert_eq!(world.next_due().await, Some(far));
    let [died] = &lease_at(&world, far).await[..] else { panic!("one is due") };
    assert!(died.notice);
    let over = far.plus(LEASE);
    let [turn] = &lease_at(&world, over).await[..] else { panic!("its lease is over") };
    assert!(turn.notice, "nobody has looked yet");
    let looked = world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
    assert_eq!(world.next_due().await, None);
    assert!(!world.lease(&looked).await.notice);
}

/// Not sooner than the last step allows, and no later than it was due anyway.
pub async fn notices_are_spaced(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let step = just_paid(&mut world).await;
    assert!(step.at < step.notice_from);
    assert!(notice(&world, &key(&step.next), step.at).await);
    assert_eq!(world.next_due().await, Some(step.notice_from));
    assert!(notice(&world, &key(&step.next), step.notice_from.plus(LEASE)).await);
    assert_eq!(world.next_due().await, Some(step.notice_from), "it is not put off");

    let order = world.order().await;
    let begun = world.begin(&order).await;
    let waits = world.step(&begun, Event::PspSaid(seen(TossStatus::WaitingForDeposit, TOTAL)));
    world.store.commit(&waits, waits.at.plus(LEASE)).await.expect("commit");
    let Action::Rest { due: Some(poll_at) } = waits.then else { panic!("{:?}", waits.then) };
    let taken = lease_at(&world, step.notice_from).await;
    let looked = world.said(&taken[0].payment, seen(TossStatus::Done, TOTAL)).await;
    assert_eq!((taken.len(), looked.id, world.next_due().await), (1, step.next.id, Some(poll_at)));
    assert!(notice(&world, &key(&waits.next), poll_at.plus(LEASE)).await);
    assert_eq!(world.next_due().await, Some(poll_at), "the poll comes first");
    assert!(notice(&world, &key(&waits.next), waits.notice_from).await);
    assert_eq!(world.next_due().await, Some(waits.notice_from));
}

/// However many steps they take before they rest.
pub async fn a_notice_of_a_payment_that_is_held_is_followed_after_it(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let payment = world.begin(&order).await;
    let held_until = world.next_due().await;
    let now = world.now();
    assert!(notice(&world, &key(&payment), now).await);
    assert_eq!(world.next_due().await, held_until, "the holder keeps it");
    let goes_on = world.said(&payment, seen(TossStatus::InProgress, TOTAL)).await;
    let step = world.step(&goes_on, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    assert_eq!(world.next_due().await, Some(step.notice_from));
    let [turn] = &lease_at(&world, step.notice_from).await[..] else { panic!("one is due") };
    assert!(turn.notice);
    let looked = world.step(&turn.payment, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    world.store.commit(&looked, looked.at.plus(LEASE)).await.expect("commit");
    assert_eq!(world.next_due().await, None);
}

/// A look that brought nothing is due again, and whoever takes it looks.
pub async fn a_step_that_wants_another_look_is_a_notice(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let turn = world.lease(&paid).await;
    let step = world.step(&turn.payment, Event::PspSaid(unclear(true)));
    let Action::Rest { due: Some(again_at) } = step.then else { panic!("{:?}", step.then) };
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    let [turn] = &lease_at(&world, again_at).await[..] else { panic!("one is due") };
    assert!(turn.notice);
    let looked = world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
    assert!(!world.lease(&looked).await.notice);
}

/// By its key, or by the order's name at Toss, which the newest payment of that order answers to.
pub async fn a_hint_finds_its_payment(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let request = world.request(&order);
    let by_order = Hint::Order(request.toss_order.clone());
    let unknown = Hint::Key(world.key());
    let now = world.now();
    for hint in [&by_order, &unknown] {
        assert_eq!(world.store.payment_of_hint(hint).await.expect("payment_of_hint"), None);
        assert!(!notice(&world, hint, now).await);
    }
    let declined = world.begin(&order).await;
    let declined = world.said(&declined, Verdict::Refused(refusal())).await;
    let newest = world.begin(&order).await;
    let newest = world.said(&newest, seen(TossStatus::Done, TOTAL)).await;
    for (hint, payment) in [(&by_order, &newest), (&key(&declined), &declined), (&key(&newest), &newest)] {
        let found = world.store.payment_of_hint(hint).await.expect("payment_of_hint");
        assert_eq!(found.as_ref(), Some(payment));
    }
    let far = world.now().plus(LEASE);
    assert!(notice(&world, &by_order, far).await);
    let turns = lease_at(&world, far).await;
    assert_eq!(turns.iter().map(|turn| turn.payment.id).collect::<Vec<_>>(), [newest.id]);
}

//! A human's word about a payment, beside a server that is at work.
use hanbeon_app::review::{NOTE_MAX, ResolveError, carry_out, plan};
use hanbeon_domain::{Event, OperatorSays, StateName};
use hanbeon_store::StoreError;
use hanbeon_testkit::conformance::world::{LEASE, World, unclear};
use hanbeon_testkit::memory::MemoryStore;
use std::sync::Arc;

#[tokio::test]
async fn f12_a_plan_is_carried_out_only_on_the_payment_that_it_was_made_for() {
    let mut world = World::new(Arc::new(MemoryStore::new()));
    let order = world.order().await;
    let confirming = world.begin(&order).await;
    let review = world.commit(&confirming, Event::TriesExhausted).await;
    let store = Arc::clone(&world.store);
    let says = OperatorSays::NothingCharged;
    let planned = plan(&*store, world.now(), review.id, says, " Kim ").await.unwrap();
    assert_eq!(world.record(&review).await.payment, review, "a plan writes nothing");

    // Meanwhile the server takes it up, for somebody gave notice.
    let turn = world.lease(&review).await;
    let before = world.record(&turn.payment).await;
    let end = carry_out(&*store, &planned).await;
    assert!(matches!(end, Err(ResolveError::MovedOn(id)) if id == review.id), "{end:?}");
    assert_eq!(world.record(&turn.payment).await, before);

    // Planned anew it is carried out, and then the server's answer comes too late.
    let planned = plan(&*store, world.now(), review.id, says, " Kim ").await.unwrap();
    carry_out(&*store, &planned).await.unwrap();
    let answer = world.step(&turn.payment, Event::PspSaid(unclear(false)));
    let late = store.commit(&answer, answer.at.plus(LEASE)).await;
    assert!(matches!(late, Err(StoreError::Superseded)), "{late:?}");
    let record = world.record(&planned.step.next).await;
    assert_eq!(record.payment.state.name(), StateName::Expired);
    let line = record.history.last().unwrap();
    assert_eq!((line.actor.as_str(), line.event.as_str()), ("operator", "operator_said NothingCharged: Kim"));
    let again = plan(&*store, world.now(), review.id, says, "Kim").await;
    assert!(matches!(again, Err(ResolveError::NotNeeded { .. })), "{again:?}");
}

#[tokio::test]
async fn a_note_says_something_and_has_an_end() {
    let mut world = World::new(Arc::new(MemoryStore::new()));
    let order = world.order().await;
    let confirming = world.begin(&order).await;
    let review = world.commit(&confirming, Event::TriesExhausted).await;
    for (note, good) in
        [("", false), (" \n", false), (&*"가".repeat(NOTE_MAX), true), (&*"a".repeat(NOTE_MAX + 1), false)]
    {
        let planned = plan(&*world.store, review.created_at, review.id, OperatorSays::GivenBack, note).await;
        match planned {
            Ok(_) => assert!(good, "{note:?}"),
            Err(error) => assert!(!good && matches!(error, ResolveError::BadNote), "{error}"),
        }
    }
}

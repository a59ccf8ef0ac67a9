//! Promises to take a charge back.
use super::world::{World, at_once};
use hanbeon_domain::Payment;
use hanbeon_store::Store;
use std::sync::Arc;

async fn confirming(world: &mut World) -> Payment {
    let order = world.order().await;
    world.begin(&order).await
}

/// And concerns nobody else. What is stored stays as it is.
pub async fn a_promise_stands_until_it_is_forgotten(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (payment, other) = (confirming(&mut world).await, confirming(&mut world).await);
    assert!(!world.store.undo_promised(payment.id));
    world.store.promise_undo(payment.id).await.expect("promise_undo");
    assert!(world.store.undo_promised(payment.id));
    assert!(!world.store.undo_promised(other.id));
    world.is_stored(&payment).await;
    world.store.forget_undo(other.id).await;
    assert!(world.store.undo_promised(payment.id));
    world.store.forget_undo(payment.id).await;
    assert!(!world.store.undo_promised(payment.id));
}

/// Two who take the same charge back make the same promise.
pub async fn a_promise_is_made_twice_and_forgotten_once(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let payment = confirming(&mut world).await;
    for _ in 0..2 {
        at_once(8, |_| {
            let store = Arc::clone(&world.store);
            async move { store.promise_undo(payment.id).await.expect("promise_undo") }
        })
        .await;
        assert!(world.store.undo_promised(payment.id));
        world.store.forget_undo(payment.id).await;
        assert!(!world.store.undo_promised(payment.id));
    }
}

/// A store that is down is down for everybody.
pub async fn each_of_64_promises_at_once_stands(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let mut payments = Vec::new();
    for _ in 0..64 {
        payments.push(confirming(&mut world).await);
    }
    let mut each = payments.iter().map(|payment| payment.id).collect::<Vec<_>>().into_iter();
    let seen = at_once(64, |_| {
        let (store, payment) = (Arc::clone(&world.store), each.next().expect("as many as are asked for"));
        async move {
            store.promise_undo(payment).await.expect("promise_undo");
            store.undo_promised(payment)
        }
    })
    .await;
    assert_eq!(seen, [true; 64], "who promises sees the promise");
    assert!(payments.iter().all(|payment| world.store.undo_promised(payment.id)));
}

//! Promises to take a charge back.
use super::world::{World, at_once};
use hanbeon_domain::{Payment, PaymentId};
use hanbeon_store::Store;
use std::sync::Arc;

async fn confirming(world: &mut World) -> Payment {
    let order = world.order().await;
    world.begin(&order).await
}

async fn is_promised(world: &World, payment: PaymentId) -> bool {
    world.store.undo_promised(payment).await.expect("undo_promised")
}

/// And concerns nobody else. What is stored stays as it is.
pub async fn a_promise_stands_until_it_is_forgotten(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (payment, other) = (confirming(&mut world).await, confirming(&mut world).await);
    assert!(!is_promised(&world, payment.id).await);
    world.store.promise_undo(payment.id).await.expect("promise_undo");
    assert!(is_promised(&world, payment.id).await);
    assert!(!is_promised(&world, other.id).await);
    world.is_stored(&payment).await;
    world.store.forget_undo(other.id).await;
    assert!(is_promised(&world, payment.id).await);
    world.store.forget_undo(payment.id).await;
    assert!(!is_promised(&world, payment.id).await);
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
        assert!(is_promised(&world, payment.id).await);
        world.store.forget_undo(payment.id).await;
        assert!(!is_promised(&world, payment.id).await);
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
            store.undo_promised(payment).await.expect("undo_promised")
        }
    })
    .await;
    assert_eq!(seen, [true; 64], "who promises sees the promise");
    for payment in &payments {
        assert!(is_promised(&world, payment.id).await);
    }
}

//! Orders.
use super::world::{World, at_once, won};
use hanbeon_domain::order::TOTAL_MAX;
use hanbeon_domain::{Customer, Order, OrderId};
use hanbeon_store::{Inserted, Store, StoreError};
use std::sync::Arc;

/// Everything in it, or nothing but what must be; and the largest total.
pub async fn an_order_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let full = world.order().await;
    let bare = Order {
        lines: Vec::new(),
        customer: Customer::default(),
        expires_at: None,
        total: won(TOTAL_MAX),
        name: "가".repeat(100),
        ..world.unstored_order()
    };
    assert_eq!(world.store.insert_order(&bare).await.expect("insert_order"), Inserted::New);
    for order in [full, bare] {
        let record = world.store.order(order.id).await.expect("order").expect("it is stored");
        assert_eq!(record.order, order);
        assert_eq!(record.payments, []);
    }
}

/// Not an error.
pub async fn an_unknown_order_is_none(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    world.order().await;
    let id = OrderId::from_uuid(world.uuid());
    assert_eq!(world.store.order(id).await.expect("order"), None);
    assert_eq!(world.store.payment_of_order(id).await.expect("payment_of_order"), None);
}

/// The second order with a reference hears which order has it, and is not written.
pub async fn a_reference_belongs_to_one_order(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let first = world.order().await;
    let second = Order { reference: first.reference.clone(), ..world.unstored_order() };
    let taken = Inserted::ReferenceTaken(first.id);
    assert_eq!(world.store.insert_order(&second).await.expect("insert_order"), taken);
    assert_eq!(world.store.order(second.id).await.expect("order"), None);
    // The same order offered again, after its receipt was lost, is its own answer.
    assert_eq!(world.store.insert_order(&first).await.expect("insert_order"), taken);
}

/// However many ask at once.
pub async fn one_of_64_orders_gets_the_reference(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let model = world.unstored_order();
    let orders: Vec<_> =
        (0..64).map(|_| Order { reference: model.reference.clone(), ..world.unstored_order() }).collect();
    let mut orders = orders.into_iter();
    let ends = at_once(64, |_| {
        let (store, order) = (Arc::clone(&world.store), orders.next().expect("64 of them"));
        async move { (order.id, store.insert_order(&order).await.expect("insert_order")) }
    })
    .await;
    let winners: Vec<_> = ends.iter().filter(|(_, end)| *end == Inserted::New).collect();
    let [(winner, _)] = winners[..] else { panic!("one wins, not {winners:?}") };
    let others = ends.iter().filter(|(_, end)| *end == Inserted::ReferenceTaken(*winner)).count();
    assert_eq!(others, 63);
}

/// Another order under an id that is used is a bug of the caller, and says so.
pub async fn an_order_id_is_never_overwritten(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let first = world.order().await;
    let second = Order { id: first.id, ..world.unstored_order() };
    let end = world.store.insert_order(&second).await;
    assert!(matches!(end, Err(StoreError::Corrupt { table: "orders", .. })), "{end:?}");
    assert_eq!(world.store.order(first.id).await.expect("order").expect("it is stored").order, first);
}

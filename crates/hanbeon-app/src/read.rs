//! Looking things up: from the store only. A read never asks Toss and never changes anything.
use crate::App;
use hanbeon_domain::{OrderId, Payment, PaymentId};
use hanbeon_store::{EventRecord, OrderRecord, PaymentRecord, StoreError};

impl App {
    /// An order with its payments.
    ///
    /// # Errors
    /// What the store says.
    pub async fn order(&self, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        self.store.order(id).await
    }

    /// The payment that holds an order, or the newest one that let go of it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn payment_of_order(&self, order: OrderId) -> Result<Option<Payment>, StoreError> {
        self.store.payment_of_order(order).await
    }

    /// What the shop is told, after the event with the number `after`, at most `limit`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn events(&self, after: u64, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
        self.store.events(after, limit).await
    }

    /// A payment with its refunds and history.
    ///
    /// # Errors
    /// What the store says.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
        self.store.payment(id).await
    }
}

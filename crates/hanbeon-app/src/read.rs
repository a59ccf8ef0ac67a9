//! Looking things up: from the store only. A read never asks Toss and never changes anything.
use crate::App;
use hanbeon_domain::{OrderId, Payment, PaymentId, State};
use hanbeon_psp::AccountDetails;
use hanbeon_store::{EventRecord, OrderRecord, PaymentRecord, StoreError};

/// Toss does not tell where the money is to be paid in.
#[derive(Debug, thiserror::Error)]
#[error("Toss does not tell the virtual account: {0}")]
pub struct AccountUnknown(String);

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

    /// Where the money of a payment that waits for its deposit is to be paid in: asked of Toss each time, kept nowhere.
    /// `None` when it does not wait for one.
    ///
    /// # Errors
    /// When Toss does not tell.
    pub async fn account(&self, payment: &Payment) -> Result<Option<AccountDetails>, AccountUnknown> {
        if payment.state != State::WaitingForDeposit {
            return Ok(None);
        }
        self.psp.account(payment).await.map_err(AccountUnknown)
    }

    /// A payment with its refunds and history.
    ///
    /// # Errors
    /// What the store says.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
        self.store.payment(id).await
    }
}

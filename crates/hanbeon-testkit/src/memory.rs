//! A store in memory, for simulations: the same promises as a database, but no threads, no clock and no disk, so
//! that a run is the same every time. What a verb wrote survives everything but the process.
//!
//! 1. `MemoryStore` holds the tables behind one lock: a verb is one critical section, which is its transaction;
//! 2. `tables` are the tables and the verbs on them.
mod billing;
mod receipts;
mod tables;

use async_trait::async_trait;
use hanbeon_domain::{
    ApiKeyHash, Checkout, ConfirmRequest, Order, OrderId, Payment, PaymentId, PaymentKey, RefundId, Refusal,
    SessionId, StateName, Step, Timestamp, TossOrderId,
};
use hanbeon_store::{
    AnswerRecord, ApiKey, Begun, Claim, Claimed, EventRecord, Expired, Generation, Hint, Horizon, Inserted,
    Kept, NewRefund, NewWebhook, OrderRecord, PaymentRecord, Queued, RefundRecord, SavedAmount, Sealed,
    Store, StoreError, Turn, Webhook, WebhookId,
};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tables::Tables;

/// See the module.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    /// Charges that are to be taken back: a device of its own.
    undos: Mutex<BTreeSet<PaymentId>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every payment with when it is due, in the order in which they were begun: for the checkers that run at
    /// the end of a simulation.
    #[must_use]
    pub fn all_payments(&self) -> Vec<(Payment, Option<Timestamp>)> {
        self.tables().all_payments()
    }

    /// No verb leaves the tables half written, so a panic in another test thread does no harm.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn undos(&self) -> MutexGuard<'_, BTreeSet<PaymentId>> {
        self.undos.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn insert_order(&self, order: &Order) -> Result<Inserted, StoreError> {
        self.tables().insert_order(order)
    }

    async fn order(&self, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        Ok(self.tables().order(id))
    }

    async fn session_exists(&self, session: SessionId) -> Result<bool, StoreError> {
        Ok(self.tables().session_exists(session))
    }

    async fn save_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<(), StoreError> {
        self.tables().save_amount(saved, now);
        Ok(())
    }

    async fn consume_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.tables().consume_amount(saved, now))
    }

    async fn checkout(&self, request: &ConfirmRequest) -> Result<Checkout, StoreError> {
        Ok(self.tables().checkout(request))
    }

    fn failures_are_final(&self) -> bool {
        true
    }

    async fn begin(&self, step: &Step, lease_until: Timestamp) -> Result<Begun, StoreError> {
        self.tables().begin(step, lease_until)
    }

    async fn commit(&self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
        self.tables().commit(step, lease_until)
    }

    async fn promise_undo(&self, payment: PaymentId) -> Result<(), StoreError> {
        self.undos().insert(payment);
        Ok(())
    }

    async fn undo_promised(&self, payment: PaymentId) -> Result<bool, StoreError> {
        Ok(self.undos().contains(&payment))
    }

    async fn forget_undo(&self, payment: PaymentId) {
        self.undos().remove(&payment);
    }

    async fn lease_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Turn>, StoreError> {
        Ok(self.tables().lease_due(now, until, limit))
    }

    async fn lease(
        &self,
        payment: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Turn>, StoreError> {
        Ok(self.tables().lease(payment, now, until))
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables().next_due())
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
        Ok(self.tables().payment(id))
    }

    async fn payment_of_order(&self, order: OrderId) -> Result<Option<Payment>, StoreError> {
        Ok(self.tables().payment_of_order(order))
    }

    async fn payment_by_key(&self, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
        Ok(self.tables().payment_by_key(key))
    }

    async fn payments_in(&self, state: StateName, limit: usize) -> Result<Vec<Payment>, StoreError> {
        Ok(self.tables().payments_in(state, limit))
    }

    async fn records_after(
        &self,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<PaymentRecord>, StoreError> {
        Ok(self.tables().records_after(after, limit))
    }

    async fn refund(&self, id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
        Ok(self.tables().refund(id))
    }

    async fn queue_refund(&self, new: &NewRefund, from: Timestamp) -> Result<Queued, StoreError> {
        self.tables().queue_refund(new, from)
    }

    async fn refund_account(&self, id: RefundId) -> Result<Option<Sealed>, StoreError> {
        Ok(self.tables().refund_account(id))
    }

    async fn refuse_queued(&self, id: RefundId, why: &Refusal, at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.tables().refuse_queued(id, why, at))
    }

    async fn keep_webhook(&self, new: &NewWebhook, from: Timestamp) -> Result<Kept, StoreError> {
        Ok(self.tables().keep_webhook(new, from))
    }

    async fn payment_of_hint(&self, hint: &Hint) -> Result<Option<Payment>, StoreError> {
        Ok(self.tables().payment_of_hint(hint))
    }

    async fn notice(&self, hint: &Hint, _now: Timestamp, from: Timestamp) -> Result<bool, StoreError> {
        Ok(self.tables().notice(hint, from))
    }

    async fn is_charging(&self, order: &TossOrderId) -> Result<bool, StoreError> {
        Ok(self.tables().billing.is_charging(order))
    }

    async fn webhooks(&self, before: Option<WebhookId>, limit: usize) -> Result<Vec<Webhook>, StoreError> {
        Ok(self.tables().webhooks(before, limit))
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
        Ok(self.tables().events(after, limit))
    }

    async fn claim(&self, claim: &Claim, now: Timestamp, until: Timestamp) -> Result<Claimed, StoreError> {
        Ok(self.tables().claim(claim, now, until))
    }

    async fn keep_answer(&self, key: &str, answer: &AnswerRecord) -> Result<AnswerRecord, StoreError> {
        Ok(self.tables().keep_answer(key, answer))
    }

    async fn release_claim(&self, key: &str) -> Result<(), StoreError> {
        self.tables().release_claim(key);
        Ok(())
    }

    async fn whole_refund(&self, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
        Ok(self.tables().whole_refund(payment))
    }

    async fn insert_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.tables().insert_api_key(key)
    }

    async fn api_key(&self, hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.tables().api_key(hash))
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        Ok(self.tables().api_keys())
    }

    async fn revoke_api_key(&self, name: &str, _now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.tables().revoke_api_key(name))
    }

    async fn expired(&self, older: &Horizon, limit: usize) -> Result<Vec<Expired>, StoreError> {
        Ok(self.tables().expired(older, limit))
    }

    async fn purge(&self, expired: Vec<Expired>) -> Result<usize, StoreError> {
        Ok(self.tables().purge(&expired))
    }

    async fn generation(&self) -> Result<Generation, StoreError> {
        Ok(self.tables().generation)
    }

    async fn raise_generation(&self, above: u64, now: Timestamp) -> Result<Generation, StoreError> {
        self.tables().raise_generation(above, now)
    }

    async fn resynced(&self) -> Result<(), StoreError> {
        self.tables().generation.restored_at = None;
        Ok(())
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

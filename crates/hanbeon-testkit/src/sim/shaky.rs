//! The store as a process sees it: behind the gate, and now and then unavailable.
use super::faults::{Hiccup, LATEST_INTENT};
use super::planted::{self, Bug};
use super::process::Process;
use super::world::World;
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
use std::future::pending;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::sleep;

/// One process's way to the store.
pub(super) struct Shaky {
    world: Arc<World>,
    process: Weak<Process>,
}

impl Shaky {
    pub(super) fn new(process: &Arc<Process>) -> Self {
        Self { world: Arc::clone(&process.world), process: Arc::downgrade(process) }
    }

    async fn read<T>(&self, verb: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.call(false, verb).await
    }

    async fn write<T>(&self, verb: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.call(true, verb).await
    }

    async fn call<T>(
        &self,
        writes: bool,
        verb: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        // A call from a process that is gone is never answered.
        let Some(process) = self.process.upgrade() else { return pending().await };
        let verb = async {
            let hiccup = process.hiccup(writes);
            let down = || Err(StoreError::Unavailable("a simulated hiccup".to_owned()));
            if hiccup == Some(Hiccup::Before) {
                return down();
            }
            let done = verb.await;
            if hiccup.is_some() { down() } else { done }
        };
        process.gate(verb).await
    }
}

#[async_trait]
impl Store for Shaky {
    fn failures_are_final(&self) -> bool {
        let may_land_late = self.world.script().odds.late_intents > 0;
        !may_land_late || self.world.bug == Some(Bug::AnEarlyNoIsBelieved)
    }

    async fn begin(&self, step: &Step, lease_until: Timestamp) -> Result<Begun, StoreError> {
        let odds = self.world.script().odds.late_intents;
        if self.world.once_in(odds) {
            self.world.count("store: an intent lands after its connection has ended");
            let (world, step) = (Arc::clone(&self.world), step.clone());
            let at_once = Duration::from_millis(1);
            let lands_after = world.pick(&[at_once, LATEST_INTENT / 50, LATEST_INTENT / 8, LATEST_INTENT]);
            tokio::spawn(async move {
                sleep(lands_after).await;
                // Nobody hears how it ended.
                let _ = planted::begin(&world, &step, lease_until).await;
            });
            return self
                .write(async { Err(StoreError::Unavailable("the connection ended".to_owned())) })
                .await;
        }
        self.write(planted::begin(&self.world, step, lease_until)).await
    }

    async fn commit(&self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
        let approves = step.from == StateName::Confirming && !step.next.is_moving();
        let odds = self.world.script().odds.approvals;
        if approves && self.world.once_in(odds) {
            let span = Duration::from_secs(self.world.pick(&[3, 8, 30, 100]));
            self.world.break_store(span, self.world.roll(4) > 0);
        }
        self.write(planted::commit(&self.world, step, lease_until)).await
    }

    /// A place of its own: it takes a promise as long as the store can be read.
    async fn promise_undo(&self, payment: PaymentId) -> Result<(), StoreError> {
        self.read(planted::promise_undo(&self.world, payment)).await
    }

    async fn undo_promised(&self, payment: PaymentId) -> Result<bool, StoreError> {
        self.read(self.world.store.undo_promised(payment)).await
    }

    async fn forget_undo(&self, payment: PaymentId) {
        let forget = async {
            self.world.store.forget_undo(payment).await;
            Ok(())
        };
        if self.read(forget).await.is_err() {
            self.world.count("undo: not forgotten");
        }
    }

    async fn lease_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Turn>, StoreError> {
        self.write(async {
            let leased = self.world.store.lease_due(now, until, limit).await?;
            for turn in &leased {
                self.world.spy().saw(&self.world, &turn.payment);
            }
            Ok(leased)
        })
        .await
    }

    async fn lease(
        &self,
        payment: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Turn>, StoreError> {
        self.write(async {
            let leased = self.world.store.lease(payment, now, until).await?;
            if let Some(turn) = &leased {
                self.world.spy().saw(&self.world, &turn.payment);
            }
            Ok(leased)
        })
        .await
    }

    async fn payments_in(&self, state: StateName, limit: usize) -> Result<Vec<Payment>, StoreError> {
        self.read(self.world.store.payments_in(state, limit)).await
    }

    async fn records_after(
        &self,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<PaymentRecord>, StoreError> {
        self.read(self.world.store.records_after(after, limit)).await
    }

    async fn queue_refund(&self, new: &NewRefund, from: Timestamp) -> Result<Queued, StoreError> {
        self.write(planted::queue_refund(&self.world, new, from)).await
    }

    async fn refund_account(&self, id: RefundId) -> Result<Option<Sealed>, StoreError> {
        self.read(self.world.store.refund_account(id)).await
    }

    async fn refuse_queued(&self, id: RefundId, why: &Refusal, at: Timestamp) -> Result<bool, StoreError> {
        self.write(self.world.store.refuse_queued(id, why, at)).await
    }

    async fn keep_webhook(&self, new: &NewWebhook, from: Timestamp) -> Result<Kept, StoreError> {
        self.write(self.world.store.keep_webhook(new, from)).await
    }

    async fn payment_of_hint(&self, hint: &Hint) -> Result<Option<Payment>, StoreError> {
        self.read(self.world.store.payment_of_hint(hint)).await
    }

    async fn notice(&self, hint: &Hint, now: Timestamp, from: Timestamp) -> Result<bool, StoreError> {
        self.write(self.world.store.notice(hint, now, from)).await
    }

    async fn is_charging(&self, order: &TossOrderId) -> Result<bool, StoreError> {
        self.read(self.world.store.is_charging(order)).await
    }

    async fn webhooks(&self, before: Option<WebhookId>, limit: usize) -> Result<Vec<Webhook>, StoreError> {
        self.read(self.world.store.webhooks(before, limit)).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
        self.read(self.world.store.events(after, limit)).await
    }

    async fn claim(&self, claim: &Claim, now: Timestamp, until: Timestamp) -> Result<Claimed, StoreError> {
        self.write(self.world.store.claim(claim, now, until)).await
    }

    async fn keep_answer(&self, key: &str, answer: &AnswerRecord) -> Result<AnswerRecord, StoreError> {
        self.write(self.world.store.keep_answer(key, answer)).await
    }

    async fn release_claim(&self, key: &str) -> Result<(), StoreError> {
        self.write(self.world.store.release_claim(key)).await
    }

    async fn insert_order(&self, order: &Order) -> Result<Inserted, StoreError> {
        self.write(self.world.store.insert_order(order)).await
    }

    async fn order(&self, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        self.read(self.world.store.order(id)).await
    }

    async fn session_exists(&self, session: SessionId) -> Result<bool, StoreError> {
        self.read(self.world.store.session_exists(session)).await
    }

    async fn save_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<(), StoreError> {
        self.write(self.world.store.save_amount(saved, now)).await
    }

    async fn consume_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<bool, StoreError> {
        self.write(self.world.store.consume_amount(saved, now)).await
    }

    async fn checkout(&self, request: &ConfirmRequest) -> Result<Checkout, StoreError> {
        self.read(self.world.store.checkout(request)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(self.world.store.next_due()).await
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
        self.read(self.world.store.payment(id)).await
    }

    async fn payment_of_order(&self, order: OrderId) -> Result<Option<Payment>, StoreError> {
        self.read(self.world.store.payment_of_order(order)).await
    }

    async fn payment_by_key(&self, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
        self.read(self.world.store.payment_by_key(key)).await
    }

    async fn refund(&self, id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
        self.read(self.world.store.refund(id)).await
    }

    async fn whole_refund(&self, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
        self.read(self.world.store.whole_refund(payment)).await
    }

    async fn insert_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.write(self.world.store.insert_api_key(key)).await
    }

    async fn api_key(&self, hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError> {
        self.read(self.world.store.api_key(hash)).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.read(self.world.store.api_keys()).await
    }

    async fn revoke_api_key(&self, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.write(self.world.store.revoke_api_key(name, now)).await
    }

    async fn expired(&self, older: &Horizon, limit: usize) -> Result<Vec<Expired>, StoreError> {
        self.read(self.world.store.expired(older, limit)).await
    }

    async fn purge(&self, expired: Vec<Expired>) -> Result<usize, StoreError> {
        self.write(self.world.store.purge(expired)).await
    }

    async fn generation(&self) -> Result<Generation, StoreError> {
        self.read(self.world.store.generation()).await
    }

    async fn raise_generation(&self, above: u64, now: Timestamp) -> Result<Generation, StoreError> {
        self.write(self.world.store.raise_generation(above, now)).await
    }

    async fn resynced(&self) -> Result<(), StoreError> {
        self.write(self.world.store.resynced()).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.write(self.world.store.check()).await
    }
}

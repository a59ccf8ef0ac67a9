//! Which verb goes to the writer, which to the readers, and which needs but a glance; what each does stands in its module.
mod billing;
mod claims;
mod events;
pub(crate) mod generation;
mod keys;
pub(crate) mod orders;
pub(crate) mod payments;
mod receipts;
mod refunds;
pub(crate) mod retention;
mod sessions;
mod steps;
pub(crate) mod turns;
mod webhooks;

use crate::SqliteStore;
use crate::error::{corrupt, sql, unavailable};
use crate::rows::lines_to_json;
use crate::undo::Undo;
use crate::verbs::steps::Prepared;
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

#[async_trait]
impl Store for SqliteStore {
    async fn insert_order(&self, order: &Order) -> Result<Inserted, StoreError> {
        let (order, lines) = (order.clone(), lines_to_json(&order.lines)?);
        self.writer.run(move |db| orders::insert(db, &order, &lines)).await
    }

    async fn order(&self, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        self.readers.run(move |db| orders::record(db, id)).await
    }

    async fn session_exists(&self, session: SessionId) -> Result<bool, StoreError> {
        self.glances.one(&self.readers, move |db| sessions::exists(db, session)).await
    }

    async fn save_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<(), StoreError> {
        let saved = saved.clone();
        self.writer.run(move |db| sessions::save_amount(db, &saved, now)).await
    }

    async fn consume_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<bool, StoreError> {
        let saved = saved.clone();
        self.writer.run(move |db| sessions::consume_amount(db, &saved, now)).await
    }

    async fn checkout(&self, request: &ConfirmRequest) -> Result<Checkout, StoreError> {
        let asked = request.clone();
        if let Some(unpaid) = self.glances.one(&self.readers, move |db| orders::unpaid(db, &asked)).await? {
            return Ok(unpaid);
        }
        let asked = request.clone();
        self.glances.run(&self.readers, move |db| orders::checkout(db, &asked)).await
    }

    /// Whoever is told of a failure is told so after the rollback.
    fn failures_are_final(&self) -> bool {
        true
    }

    async fn begin(&self, step: &Step, lease_until: Timestamp) -> Result<Begun, StoreError> {
        let prepared = Prepared::of(step);
        match self.writer.run(move |db| steps::begin(db, &prepared, lease_until)).await {
            Ok(()) => Ok(Begun::Fresh),
            Err(StoreError::Superseded | StoreError::OrderTaken) => Ok(Begun::Taken),
            Err(error) => Err(error),
        }
    }

    async fn commit(&self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
        let prepared = Prepared::of(step);
        self.writer.finish(move |db| steps::commit(db, &prepared, lease_until)).await
    }

    async fn promise_undo(&self, payment: PaymentId) -> Result<(), StoreError> {
        let undo =
            self.undo.as_ref().ok_or_else(|| unavailable("only a server promises to take a charge back"))?;
        Undo::work(undo, move |undo| undo.promise(payment)).await?
    }

    async fn undo_promised(&self, payment: PaymentId) -> Result<bool, StoreError> {
        Ok(self.undo.as_ref().is_some_and(|undo| undo.is_promised(payment)))
    }

    async fn forget_undo(&self, payment: PaymentId) {
        if let Some(undo) = self.undo.as_ref().filter(|undo| undo.is_promised(payment)) {
            // Were it not done, the promise would be dropped when a server opens the file next.
            let _ = Undo::work(undo, move |undo| undo.forget(payment)).await;
        }
    }

    async fn lease_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Turn>, StoreError> {
        self.writer.run(move |db| turns::lease_due(db, now, until, limit)).await
    }

    async fn lease(
        &self,
        payment: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Turn>, StoreError> {
        self.writer.run(move |db| turns::lease(db, payment, now, until)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers.run(turns::next_due).await
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
        self.readers.run(move |db| payments::record(db, id)).await
    }

    async fn payment_of_order(&self, order: OrderId) -> Result<Option<Payment>, StoreError> {
        self.glances.one(&self.readers, move |db| payments::of_order(db, order)).await
    }

    async fn payment_by_key(&self, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
        let key = key.clone();
        self.glances.one(&self.readers, move |db| payments::by_key(db, &key)).await
    }

    async fn payments_in(&self, state: StateName, limit: usize) -> Result<Vec<Payment>, StoreError> {
        self.readers.run(move |db| payments::in_state(db, state, limit)).await
    }

    async fn records_after(
        &self,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<PaymentRecord>, StoreError> {
        self.readers.run(move |db| payments::records_after(db, after, limit)).await
    }

    async fn refund(&self, id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
        self.readers.run(move |db| refunds::one(db, id)).await
    }

    async fn queue_refund(&self, new: &NewRefund, from: Timestamp) -> Result<Queued, StoreError> {
        let new = new.clone();
        self.writer.run(move |db| refunds::queue(db, &new, from)).await
    }

    async fn refund_account(&self, id: RefundId) -> Result<Option<Sealed>, StoreError> {
        self.readers.run(move |db| refunds::account(db, id)).await
    }

    async fn refuse_queued(&self, id: RefundId, why: &Refusal, at: Timestamp) -> Result<bool, StoreError> {
        let why = why.clone();
        self.writer.run(move |db| refunds::refuse_queued(db, id, &why, at)).await
    }

    async fn keep_webhook(&self, new: &NewWebhook, from: Timestamp) -> Result<Kept, StoreError> {
        let new = new.clone();
        self.writer.run(move |db| webhooks::keep(db, &new, from)).await
    }

    async fn payment_of_hint(&self, hint: &Hint) -> Result<Option<Payment>, StoreError> {
        let hint = hint.clone();
        self.readers.run(move |db| payments::of_hint(db, &hint)).await
    }

    async fn notice(&self, hint: &Hint, now: Timestamp, from: Timestamp) -> Result<bool, StoreError> {
        let hint = hint.clone();
        self.writer.run(move |db| turns::notice(db, &hint, now, from)).await
    }

    async fn is_charging(&self, order: &TossOrderId) -> Result<bool, StoreError> {
        let order = order.clone();
        self.readers.run(move |db| billing::is_charging(db, &order)).await
    }

    async fn webhooks(&self, before: Option<WebhookId>, limit: usize) -> Result<Vec<Webhook>, StoreError> {
        self.readers.run(move |db| webhooks::before(db, before, limit)).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
        self.readers.run(move |db| events::after(db, after, limit)).await
    }

    async fn claim(&self, claim: &Claim, now: Timestamp, until: Timestamp) -> Result<Claimed, StoreError> {
        let claim = claim.clone();
        self.writer.run(move |db| claims::claim(db, &claim, now, until)).await
    }

    async fn keep_answer(&self, key: &str, answer: &AnswerRecord) -> Result<AnswerRecord, StoreError> {
        let (key, answer) = (key.to_owned(), answer.clone());
        self.writer.finish(move |db| claims::answer(db, &key, &answer)).await
    }

    async fn release_claim(&self, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.writer.finish(move |db| claims::release(db, &key)).await
    }

    async fn whole_refund(&self, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
        self.readers.run(move |db| refunds::whole(db, payment)).await
    }

    async fn insert_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.writer.run(move |db| keys::insert(db, &key)).await
    }

    async fn api_key(&self, hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError> {
        self.glances.one(&self.readers, move |db| keys::one(db, hash)).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.readers.run(keys::all).await
    }

    async fn revoke_api_key(&self, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.writer.run(move |db| keys::revoke(db, &name, now)).await
    }

    async fn expired(&self, older: &Horizon, limit: usize) -> Result<Vec<Expired>, StoreError> {
        let older = *older;
        self.readers.run(move |db| retention::expired(db, &older, limit)).await
    }

    async fn purge(&self, expired: Vec<Expired>) -> Result<usize, StoreError> {
        self.writer.run(move |db| retention::purge(db, &expired)).await
    }

    async fn generation(&self) -> Result<Generation, StoreError> {
        self.readers.run(generation::one).await
    }

    async fn raise_generation(&self, above: u64, now: Timestamp) -> Result<Generation, StoreError> {
        self.writer.run(move |db| generation::raise(db, above, now)).await
    }

    async fn resynced(&self) -> Result<(), StoreError> {
        self.writer.run(generation::resynced).await
    }

    /// A read, and a real commit, flush included, of a row that is written as it was.
    async fn check(&self) -> Result<(), StoreError> {
        let reads = |db: &rusqlite::Connection| {
            db.query_row("SELECT spare FROM probe", [], |row| row.get::<_, i64>(0)).map_err(sql("probe"))
        };
        self.readers.run(reads).await?;
        let writes = |db: &rusqlite::Connection| {
            // Another value each time: SQLite does not write a page whose bytes stay the same.
            db.execute("UPDATE probe SET spare = 1 - spare", []).map_err(sql("probe"))
        };
        let rows = self.writer.run(writes).await?;
        if rows == 1 { Ok(()) } else { Err(corrupt("probe", format!("{rows} rows"))) }
    }
}

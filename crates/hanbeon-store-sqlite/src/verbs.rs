//! Which verb goes to the writer and which to the readers; what each does stands in its module.
mod keys;
mod orders;
pub(crate) mod payments;
mod refunds;
mod sessions;

use crate::SqliteStore;
use crate::error::{corrupt, sql};
use crate::rows::lines_to_json;
use async_trait::async_trait;
use hanbeon_domain::{
    ApiKeyHash, Checkout, ConfirmRequest, Order, OrderId, Payment, PaymentId, PaymentKey, RefundId,
    SessionId, Step, Timestamp,
};
use hanbeon_store::{
    ApiKey, Begun, Inserted, OrderRecord, PaymentRecord, RefundRecord, SavedAmount, Store, StoreError,
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
        self.readers.run(move |db| sessions::exists(db, session)).await
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
        let request = request.clone();
        self.readers.run(move |db| orders::checkout(db, &request)).await
    }

    async fn begin(&self, step: &Step, lease_until: Timestamp) -> Result<Begun, StoreError> {
        let step = step.clone();
        match self.writer.run(move |db| payments::begin(db, &step, lease_until)).await {
            Ok(()) => Ok(Begun::Fresh),
            Err(StoreError::Superseded) => Ok(Begun::Taken),
            Err(error) => Err(error),
        }
    }

    async fn commit(&self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
        let step = step.clone();
        self.writer.run(move |db| payments::commit(db, &step, lease_until)).await
    }

    async fn lease_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Payment>, StoreError> {
        self.writer.run(move |db| payments::lease_due(db, now, until, limit)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers.run(payments::next_due).await
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
        self.readers.run(move |db| payments::record(db, id)).await
    }

    async fn payment_of_order(&self, order: OrderId) -> Result<Option<Payment>, StoreError> {
        self.readers.run(move |db| payments::of_order(db, order)).await
    }

    async fn payment_by_key(&self, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
        let key = key.clone();
        self.readers.run(move |db| payments::by_key(db, &key)).await
    }

    async fn refund(&self, id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
        self.readers.run(move |db| refunds::one(db, id)).await
    }

    async fn whole_refund(&self, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
        self.readers.run(move |db| refunds::whole(db, payment)).await
    }

    async fn insert_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.writer.run(move |db| keys::insert(db, &key)).await
    }

    async fn api_key(&self, hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError> {
        self.readers.run(move |db| keys::one(db, hash)).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.readers.run(keys::all).await
    }

    async fn revoke_api_key(&self, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.writer.run(move |db| keys::revoke(db, &name, now)).await
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

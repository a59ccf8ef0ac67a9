//! Which verb writes and which reads; what each does stands in its module.
mod billing;
mod claims;
mod events;
pub(crate) mod generation;
mod keys;
pub(crate) mod numbers;
mod orders;
pub(crate) mod payments;
mod receipts;
mod refunds;
mod retention;
mod sessions;
mod steps;
pub(crate) mod turns;
pub(crate) mod undo;
mod webhooks;

use crate::PostgresStore;
use crate::error::corrupt;
use crate::group::Key;
use crate::tx::Tx;
use crate::verbs::steps::{Begins, Change, Intent};
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
impl Store for PostgresStore {
    async fn insert_order(&self, order: &Order) -> Result<Inserted, StoreError> {
        self.write_together(of_order(order.id), order.clone(), |tx, order| {
            Box::pin(orders::insert(tx, order))
        })
        .await
    }

    async fn order(&self, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        self.read_together(id, |tx, id| Box::pin(orders::record(tx, *id))).await
    }

    async fn session_exists(&self, session: SessionId) -> Result<bool, StoreError> {
        self.glance_together(session, |tx, session| Box::pin(sessions::exists(tx, *session))).await
    }

    async fn save_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<(), StoreError> {
        self.write_together(of_session(saved.session), (saved.clone(), now), |tx, (saved, now)| {
            Box::pin(sessions::save_amount(tx, saved, *now))
        })
        .await
    }

    async fn consume_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<bool, StoreError> {
        self.write_together(of_session(saved.session), (saved.clone(), now), |tx, (saved, now)| {
            Box::pin(sessions::consume_amount(tx, saved, *now))
        })
        .await
    }

    async fn checkout(&self, request: &ConfirmRequest) -> Result<Checkout, StoreError> {
        match self.glance_in_set(orders::Unpaid(request.clone())).await? {
            Some(unpaid) => Ok(unpaid),
            None => self.read_in_set(orders::Look(request.clone())).await,
        }
    }

    /// A connection can end while the server still commits what came over it.
    fn failures_are_final(&self) -> bool {
        false
    }

    async fn begin(&self, step: &Step, lease_until: Timestamp) -> Result<Begun, StoreError> {
        let (key, step) = (of_order(step.next.order), step.clone());
        let written = if step.next.version == 1 {
            self.write_in_set(key, Intent { step, lease_until }).await
        } else {
            self.write_in_set(key, Change { step, lease_until, begins: Begins::Intent }).await
        };
        match written {
            Ok(()) => Ok(Begun::Fresh),
            Err(StoreError::Superseded | StoreError::OrderTaken) => Ok(Begun::Taken),
            Err(error) => Err(error),
        }
    }

    async fn commit(&self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
        let change = Change { step: step.clone(), lease_until, begins: Begins::Outcome };
        self.write_in_set(of_order(step.next.order), change).await
    }

    async fn promise_undo(&self, payment: PaymentId) -> Result<(), StoreError> {
        self.undos.add(payment)?;
        self.write(payment, |tx, payment| Box::pin(undo::promise(tx, *payment))).await
    }

    async fn undo_promised(&self, payment: PaymentId) -> Result<bool, StoreError> {
        let promised =
            self.glance_together(payment, |tx, payment| Box::pin(undo::is_promised(tx, *payment))).await?;
        if promised {
            self.undos.add(payment)?;
        }
        Ok(promised)
    }

    async fn forget_undo(&self, payment: PaymentId) {
        if self.undos.take(payment) {
            // Were it not done, the promise would be dropped when a server starts next.
            let _ = self.write(payment, |tx, payment| Box::pin(undo::forget(tx, *payment))).await;
        }
    }

    async fn lease_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Turn>, StoreError> {
        self.write((now, until, limit), |tx, (now, until, limit)| {
            Box::pin(turns::lease_due(tx, *now, *until, *limit))
        })
        .await
    }

    async fn lease(
        &self,
        payment: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Turn>, StoreError> {
        self.write((payment, now, until), |tx, (payment, now, until)| {
            Box::pin(turns::lease(tx, *payment, *now, *until))
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read((), |tx, ()| Box::pin(turns::next_due(tx))).await
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
        self.read_together(id, |tx, id| Box::pin(payments::record(tx, *id))).await
    }

    async fn payment_of_order(&self, order: OrderId) -> Result<Option<Payment>, StoreError> {
        self.glance_in_set(payments::OfOrder(order)).await
    }

    async fn payment_by_key(&self, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
        self.glance_together(key.clone(), |tx, key| Box::pin(payments::by_key(tx, key))).await
    }

    async fn payments_in(&self, state: StateName, limit: usize) -> Result<Vec<Payment>, StoreError> {
        self.read((state, limit), |tx, (state, limit)| Box::pin(payments::in_state(tx, *state, *limit))).await
    }

    async fn records_after(
        &self,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<PaymentRecord>, StoreError> {
        self.read((after, limit), |tx, (after, limit)| Box::pin(payments::records_after(tx, *after, *limit)))
            .await
    }

    async fn refund(&self, id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
        self.read(id, |tx, id| Box::pin(refunds::one(tx, *id))).await
    }

    async fn queue_refund(&self, new: &NewRefund, from: Timestamp) -> Result<Queued, StoreError> {
        self.write((new.clone(), from), |tx, (new, from)| Box::pin(refunds::queue(tx, new, *from))).await
    }

    async fn refund_account(&self, id: RefundId) -> Result<Option<Sealed>, StoreError> {
        self.read(id, |tx, id| Box::pin(refunds::account(tx, *id))).await
    }

    async fn refuse_queued(&self, id: RefundId, why: &Refusal, at: Timestamp) -> Result<bool, StoreError> {
        self.write((id, why.clone(), at), |tx, (id, why, at)| {
            Box::pin(refunds::refuse_queued(tx, *id, why, *at))
        })
        .await
    }

    async fn keep_webhook(&self, new: &NewWebhook, from: Timestamp) -> Result<Kept, StoreError> {
        self.write((new.clone(), from), |tx, (new, from)| Box::pin(webhooks::keep(tx, new, *from))).await
    }

    async fn payment_of_hint(&self, hint: &Hint) -> Result<Option<Payment>, StoreError> {
        self.read(hint.clone(), |tx, hint| Box::pin(payments::of_hint(tx, hint))).await
    }

    async fn notice(&self, hint: &Hint, now: Timestamp, from: Timestamp) -> Result<bool, StoreError> {
        self.write((hint.clone(), now, from), |tx, (hint, now, from)| {
            Box::pin(turns::notice(tx, hint, *now, *from))
        })
        .await
    }

    async fn is_charging(&self, order: &TossOrderId) -> Result<bool, StoreError> {
        self.read_together(order.clone(), |tx, order| Box::pin(billing::is_charging(tx, order))).await
    }

    async fn webhooks(&self, before: Option<WebhookId>, limit: usize) -> Result<Vec<Webhook>, StoreError> {
        self.read((before, limit), |tx, (before, limit)| Box::pin(webhooks::before(tx, *before, *limit)))
            .await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
        loop {
            let read =
                self.read((after, limit), |tx, (after, limit)| Box::pin(events::after(tx, *after, *limit)));
            match read.await? {
                (page, false) => return Ok(page),
                (_, true) => self.write((), |tx, ()| Box::pin(events::number(tx))).await?,
            }
        }
    }

    async fn claim(&self, claim: &Claim, now: Timestamp, until: Timestamp) -> Result<Claimed, StoreError> {
        self.write((claim.clone(), now, until), |tx, (claim, now, until)| {
            Box::pin(claims::claim(tx, claim, *now, *until))
        })
        .await
    }

    async fn keep_answer(&self, key: &str, answer: &AnswerRecord) -> Result<AnswerRecord, StoreError> {
        self.write((key.to_owned(), answer.clone()), |tx, (key, answer)| {
            Box::pin(claims::answer(tx, key, answer))
        })
        .await
    }

    async fn release_claim(&self, key: &str) -> Result<(), StoreError> {
        self.write(key.to_owned(), |tx, key| Box::pin(claims::release(tx, key))).await
    }

    async fn whole_refund(&self, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
        self.read(payment, |tx, payment| Box::pin(refunds::whole(tx, *payment))).await
    }

    async fn insert_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.write(key.clone(), |tx, key| Box::pin(keys::insert(tx, key))).await
    }

    async fn api_key(&self, hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError> {
        self.glance_together(hash, |tx, hash| Box::pin(keys::one(tx, *hash))).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.read((), |tx, ()| Box::pin(keys::all(tx))).await
    }

    async fn revoke_api_key(&self, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.write((name.to_owned(), now), |tx, (name, now)| Box::pin(keys::revoke(tx, name, *now))).await
    }

    async fn expired(&self, older: &Horizon, limit: usize) -> Result<Vec<Expired>, StoreError> {
        self.read((*older, limit), |tx, (older, limit)| Box::pin(retention::expired(tx, older, *limit))).await
    }

    async fn purge(&self, expired: Vec<Expired>) -> Result<usize, StoreError> {
        self.write(expired, |tx, expired| Box::pin(retention::purge(tx, expired))).await
    }

    async fn generation(&self) -> Result<Generation, StoreError> {
        self.read((), |tx, ()| Box::pin(generation::one(tx))).await
    }

    async fn raise_generation(&self, above: u64, now: Timestamp) -> Result<Generation, StoreError> {
        self.write((above, now), |tx, (above, now)| Box::pin(generation::raise(tx, *above, *now))).await
    }

    async fn resynced(&self) -> Result<(), StoreError> {
        self.write((), |tx, ()| Box::pin(generation::resynced(tx))).await
    }

    /// A real commit, flush included, of a row that is written as it was.
    async fn check(&self) -> Result<(), StoreError> {
        self.write((), |tx, ()| Box::pin(check(tx))).await
    }
}

fn of_order(order: OrderId) -> Key {
    order.uuid().into_bytes()
}

/// Half of a session's random bytes tell it from the others.
fn of_session(session: SessionId) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&session.as_bytes()[..16]);
    key
}

async fn check(tx: &Tx<'_>) -> Result<(), StoreError> {
    let rows = tx.write("probe", "UPDATE probe SET spare = 1 - spare", &[]).await?;
    if rows == 1 { Ok(()) } else { Err(corrupt("probe", format!("{rows} rows"))) }
}

//! Customers, keys, charges and subscriptions: which verb goes where, and what is taken over.
mod charges;
mod keys;
mod subscriptions;

use crate::PostgresStore;
use crate::rows::{Cells as Row, billing as rows};
use crate::tx::{Cells, Tx};
use crate::verbs::events;
use crate::verbs::numbers::most;
use async_trait::async_trait;
pub(crate) use charges::is_charging;
use hanbeon_domain::billing::{Charge, ChargeStep, Customer, Subscription, SubscriptionNews};
use hanbeon_domain::{BillingKeyId, ChargeId, CustomerId, SubscriptionId, Timestamp};
use hanbeon_store::{
    Added, BegunCharge, BillingStore, BillingTurn, CustomerRecord, Fingerprint, KeyRecord, StoreError,
};
use rows::{charge_columns, key_columns, subscription_columns};

#[async_trait]
impl BillingStore for PostgresStore {
    async fn insert_customer(&self, customer: &Customer) -> Result<bool, StoreError> {
        self.write(customer.clone(), |tx, new| Box::pin(keys::insert_customer(tx, new))).await
    }

    async fn customer(&self, id: CustomerId) -> Result<Option<CustomerRecord>, StoreError> {
        self.read(id, |tx, id| Box::pin(keys::customer(tx, *id))).await
    }

    async fn insert_key(&self, new: &KeyRecord, due: Option<Timestamp>) -> Result<Added, StoreError> {
        self.write((new.clone(), due), |tx, (new, due)| Box::pin(keys::insert(tx, new, *due))).await
    }

    async fn billing_key(&self, id: BillingKeyId) -> Result<Option<KeyRecord>, StoreError> {
        self.read(id, |tx, id| Box::pin(keys::one(tx, *id))).await
    }

    async fn commit_key(&self, next: &KeyRecord, due: Option<Timestamp>) -> Result<(), StoreError> {
        self.write((next.clone(), due), |tx, (next, due)| Box::pin(keys::commit(tx, next, *due))).await
    }

    async fn doubt_key(&self, fingerprint: &Fingerprint, at: Timestamp) -> Result<bool, StoreError> {
        self.write((*fingerprint, at), |tx, (fingerprint, at)| Box::pin(keys::doubt(tx, fingerprint, *at)))
            .await
    }

    async fn key_is_in_use(&self, id: BillingKeyId) -> Result<bool, StoreError> {
        self.read(id, |tx, id| Box::pin(keys::is_in_use(tx, *id))).await
    }

    async fn begin_charge(
        &self,
        charge: &Charge,
        subscription: Option<&Subscription>,
        until: Timestamp,
    ) -> Result<BegunCharge, StoreError> {
        self.write((charge.clone(), subscription.cloned(), until), |tx, (charge, subscription, until)| {
            Box::pin(charges::begin(tx, charge, subscription.as_ref(), *until))
        })
        .await
    }

    async fn commit_charge(
        &self,
        step: &ChargeStep,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write((step.clone(), now, until), |tx, (step, now, until)| {
            Box::pin(charges::commit(tx, step, *now, *until))
        })
        .await
    }

    async fn charge(&self, id: ChargeId) -> Result<Option<Charge>, StoreError> {
        self.read(id, |tx, id| Box::pin(charges::one(tx, *id))).await
    }

    async fn last_charge(&self, of: SubscriptionId, period: u32) -> Result<Option<Charge>, StoreError> {
        self.read((of, period), |tx, (of, period)| Box::pin(charges::last(tx, *of, *period))).await
    }

    async fn charges(&self, of: SubscriptionId, limit: usize) -> Result<Vec<Charge>, StoreError> {
        self.read((of, limit), |tx, (of, limit)| Box::pin(charges::of(tx, *of, *limit))).await
    }

    async fn charges_after(&self, after: Option<ChargeId>, limit: usize) -> Result<Vec<Charge>, StoreError> {
        self.read((after, limit), |tx, (after, limit)| Box::pin(charges::after(tx, *after, *limit))).await
    }

    async fn insert_subscription(&self, new: &Subscription) -> Result<(), StoreError> {
        self.write(new.clone(), |tx, new| Box::pin(subscriptions::insert(tx, new))).await
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        self.read(id, |tx, id| Box::pin(subscriptions::one(tx, *id))).await
    }

    async fn commit_subscription(
        &self,
        next: &Subscription,
        news: Option<&SubscriptionNews>,
    ) -> Result<(), StoreError> {
        self.write((next.clone(), news.cloned()), |tx, (next, news)| {
            Box::pin(async move {
                subscriptions::commit(tx, next).await?;
                let Some(news) = news else { return Ok(()) };
                events::tell_of_subscription(tx, next, news).await
            })
        })
        .await
    }

    async fn lease_billing(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<BillingTurn>, StoreError> {
        self.write((now, until, limit), |tx, (now, until, limit)| Box::pin(lease(tx, *now, *until, *limit)))
            .await
    }

    async fn next_billing_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read((), |tx, ()| Box::pin(next_due(tx))).await
    }
}

/// An update that takes over what is due, but what somebody else is taking over or writing.
macro_rules! take_over {
    ($table:literal, $id:literal, $columns:expr) => {
        concat!(
            "UPDATE ",
            $table,
            " SET version = version + 1, due_at = $2 WHERE ",
            $id,
            " = ANY (ARRAY (SELECT ",
            $id,
            " FROM ",
            $table,
            " WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING ",
            $columns
        )
    };
}

async fn lease(
    tx: &Tx<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<BillingTurn>, StoreError> {
    let (now, until) = (now.as_micros(), until.as_micros());
    let left = |taken: usize| most(limit.saturating_sub(taken));
    let charges = take_over!("charges", "charge_id", charge_columns!());
    let charges = all(tx, "charges", charges, &[&now, &until, &left(0)], rows::charge).await?;
    let mut turns: Vec<_> = charges.into_iter().map(BillingTurn::Charge).collect();
    let keys = take_over!("billing_keys", "billing_key_id", key_columns!());
    let keys = all(tx, "billing_keys", keys, &[&now, &until, &left(turns.len())], rows::key).await?;
    turns.extend(keys.into_iter().map(BillingTurn::Key));
    let due = take_over!("subscriptions", "subscription_id", subscription_columns!());
    let due = all(tx, "subscriptions", due, &[&now, &until, &left(turns.len())], rows::subscription).await?;
    turns.extend(due.into_iter().map(BillingTurn::Subscription));
    Ok(turns)
}

async fn next_due(tx: &Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    let earliest = "SELECT min(due_at) FROM (
        SELECT min(due_at) AS due_at FROM charges WHERE due_at IS NOT NULL
        UNION ALL SELECT min(due_at) FROM billing_keys WHERE due_at IS NOT NULL
        UNION ALL SELECT min(due_at) FROM subscriptions WHERE due_at IS NOT NULL) AS due";
    let row = tx.row("charges", earliest, &[]).await?;
    row.as_ref().map_or(Ok(None), |row| Row::new("charges", row).maybe_time())
}

/// Every row that a statement gives.
async fn all<T>(
    tx: &Tx<'_>,
    table: &'static str,
    statement: &'static str,
    cells: Cells<'_>,
    read: impl Fn(&tokio_postgres::Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    tx.rows(table, statement, cells).await?.iter().map(read).collect()
}

/// A write that names the version that it expects.
fn superseded(written: u64) -> Result<(), StoreError> {
    if written == 0 { Err(StoreError::Superseded) } else { Ok(()) }
}

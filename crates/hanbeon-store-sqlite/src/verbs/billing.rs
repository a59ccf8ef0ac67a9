//! Customers, keys, charges and subscriptions: which verb goes where, and what is taken over.
mod charges;
mod keys;
mod subscriptions;

use crate::SqliteStore;
use crate::error::sql;
use crate::rows::billing as rows;
use crate::verbs::events;
use crate::verbs::payments::most;
use async_trait::async_trait;
pub(crate) use charges::is_charging;
use hanbeon_domain::billing::{Charge, ChargeStep, Customer, Subscription, SubscriptionNews};
use hanbeon_domain::{BillingKeyId, ChargeId, CustomerId, SubscriptionId, Timestamp};
use hanbeon_store::{
    Added, BegunCharge, BillingStore, BillingTurn, CustomerRecord, Fingerprint, KeyRecord, StoreError,
};
use rows::{charge_columns, key_columns, subscription_columns};
use rusqlite::{Connection, Params, Row, params};

#[async_trait]
impl BillingStore for SqliteStore {
    async fn insert_customer(&self, customer: &Customer) -> Result<bool, StoreError> {
        let customer = customer.clone();
        self.writer.run(move |db| keys::insert_customer(db, &customer)).await
    }

    async fn customer(&self, id: CustomerId) -> Result<Option<CustomerRecord>, StoreError> {
        self.readers.run(move |db| keys::customer(db, id)).await
    }

    async fn insert_key(&self, new: &KeyRecord, due: Option<Timestamp>) -> Result<Added, StoreError> {
        let new = new.clone();
        self.writer.run(move |db| keys::insert(db, &new, due)).await
    }

    async fn billing_key(&self, id: BillingKeyId) -> Result<Option<KeyRecord>, StoreError> {
        self.readers.run(move |db| keys::one(db, id)).await
    }

    async fn commit_key(&self, next: &KeyRecord, due: Option<Timestamp>) -> Result<(), StoreError> {
        let next = next.clone();
        self.writer.finish(move |db| keys::commit(db, &next, due)).await
    }

    async fn doubt_key(&self, fingerprint: &Fingerprint, at: Timestamp) -> Result<bool, StoreError> {
        let fingerprint = *fingerprint;
        self.writer.run(move |db| keys::doubt(db, &fingerprint, at)).await
    }

    async fn key_is_in_use(&self, id: BillingKeyId) -> Result<bool, StoreError> {
        self.readers.run(move |db| keys::is_in_use(db, id)).await
    }

    async fn begin_charge(
        &self,
        charge: &Charge,
        subscription: Option<&Subscription>,
        until: Timestamp,
    ) -> Result<BegunCharge, StoreError> {
        let (charge, subscription) = (charge.clone(), subscription.cloned());
        self.writer.run(move |db| charges::begin(db, &charge, subscription.as_ref(), until)).await
    }

    async fn commit_charge(
        &self,
        step: &ChargeStep,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let step = step.clone();
        self.writer.finish(move |db| charges::commit(db, &step, now, until)).await
    }

    async fn charge(&self, id: ChargeId) -> Result<Option<Charge>, StoreError> {
        self.readers.run(move |db| charges::one(db, id)).await
    }

    async fn last_charge(&self, of: SubscriptionId, period: u32) -> Result<Option<Charge>, StoreError> {
        self.readers.run(move |db| charges::last(db, of, period)).await
    }

    async fn charges(&self, of: SubscriptionId, limit: usize) -> Result<Vec<Charge>, StoreError> {
        self.readers.run(move |db| charges::of(db, of, limit)).await
    }

    async fn charges_after(&self, after: Option<ChargeId>, limit: usize) -> Result<Vec<Charge>, StoreError> {
        self.readers.run(move |db| charges::after(db, after, limit)).await
    }

    async fn insert_subscription(&self, new: &Subscription) -> Result<(), StoreError> {
        let new = new.clone();
        self.writer.run(move |db| subscriptions::insert(db, &new)).await
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        self.readers.run(move |db| subscriptions::one(db, id)).await
    }

    async fn commit_subscription(
        &self,
        next: &Subscription,
        news: Option<&SubscriptionNews>,
    ) -> Result<(), StoreError> {
        let (next, news) = (next.clone(), news.cloned());
        self.writer
            .run(move |db| {
                subscriptions::commit(db, &next)?;
                news.as_ref().map_or(Ok(()), |news| events::tell_of_subscription(db, &next, news))
            })
            .await
    }

    async fn lease_billing(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<BillingTurn>, StoreError> {
        self.writer.run(move |db| lease(db, now, until, limit)).await
    }

    async fn next_billing_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers.run(next_due).await
    }
}

/// An update that takes over what is due; by the rows of the inner query, so that the index is used.
macro_rules! take_over {
    ($table:literal, $id:literal, $columns:expr) => {
        concat!(
            "UPDATE ",
            $table,
            " SET version = version + 1, due_at = ?2 WHERE ",
            $id,
            " IN (SELECT ",
            $id,
            " FROM ",
            $table,
            " WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3) RETURNING ",
            $columns
        )
    };
}

fn lease(
    db: &Connection,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<BillingTurn>, StoreError> {
    let due = |taken: usize| params_of(now, until, limit.saturating_sub(taken));
    let charges =
        all(db, "charges", take_over!("charges", "charge_id", charge_columns!()), due(0), rows::charge)?;
    let mut turns: Vec<_> = charges.into_iter().map(BillingTurn::Charge).collect();
    let keys = all(
        db,
        "billing_keys",
        take_over!("billing_keys", "billing_key_id", key_columns!()),
        due(turns.len()),
        rows::key,
    )?;
    turns.extend(keys.into_iter().map(BillingTurn::Key));
    let statement = take_over!("subscriptions", "subscription_id", subscription_columns!());
    let subscriptions = all(db, "subscriptions", statement, due(turns.len()), rows::subscription)?;
    turns.extend(subscriptions.into_iter().map(BillingTurn::Subscription));
    Ok(turns)
}

fn params_of(now: Timestamp, until: Timestamp, limit: usize) -> [i64; 3] {
    [now.as_micros(), until.as_micros(), most(limit)]
}

fn next_due(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let earliest = "SELECT min(due_at) FROM (
        SELECT min(due_at) AS due_at FROM charges WHERE due_at IS NOT NULL
        UNION ALL SELECT min(due_at) FROM billing_keys WHERE due_at IS NOT NULL
        UNION ALL SELECT min(due_at) FROM subscriptions WHERE due_at IS NOT NULL)";
    let mut statement = db.prepare_cached(earliest).map_err(sql("charges"))?;
    let due: Option<i64> = statement.query_row(params![], |row| row.get(0)).map_err(sql("charges"))?;
    Ok(due.map(Timestamp::from_micros))
}

/// Every row that a statement gives.
fn all<T>(
    db: &Connection,
    table: &'static str,
    statement: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(statement).map_err(sql(table))?;
    let mut found = statement.query(params).map_err(sql(table))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(sql(table))? {
        rows.push(read(row)?);
    }
    Ok(rows)
}

/// How many rows a statement wrote.
fn write(
    db: &Connection,
    table: &'static str,
    statement: &str,
    params: impl Params,
) -> Result<usize, StoreError> {
    let mut statement = db.prepare_cached(statement).map_err(sql(table))?;
    statement.execute(params).map_err(sql(table))
}

/// A write that names the version that it expects.
fn superseded(written: usize) -> Result<(), StoreError> {
    if written == 0 { Err(StoreError::Superseded) } else { Ok(()) }
}

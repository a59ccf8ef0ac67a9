//! Subscriptions.
use super::{all, superseded};
use crate::rows::billing::{self as rows, subscription_columns};
use crate::tx::{Cells, Tx};
use crate::verbs::numbers::version;
use hanbeon_domain::billing::Subscription;
use hanbeon_domain::{SubscriptionId, Timestamp};
use hanbeon_store::StoreError;

pub(super) async fn insert(tx: &Tx<'_>, new: &Subscription) -> Result<(), StoreError> {
    let insert = concat!(
        "INSERT INTO subscriptions (",
        subscription_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (subscription_id) DO NOTHING"
    );
    let cells: Cells<'_> = &[
        &new.id.uuid(),
        &new.customer.uuid(),
        &new.key.uuid(),
        &new.amount.get(),
        &new.name,
        &new.schedule.start().to_string(),
        &i64::from(new.schedule.anchor()),
        &i64::from(new.schedule.months()),
        &new.created_at.as_micros(),
        &version(new.version)?,
        &i64::from(new.period),
        &new.status.as_str(),
        &new.retry_now,
        &new.due_at.map(Timestamp::as_micros),
    ];
    tx.write("subscriptions", insert, cells).await.map(drop)
}

pub(super) async fn one(tx: &Tx<'_>, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
    let select =
        concat!("SELECT ", subscription_columns!(), " FROM subscriptions WHERE subscription_id = $1");
    Ok(all(tx, "subscriptions", select, &[&id.uuid()], rows::subscription).await?.pop())
}

pub(super) async fn commit(tx: &Tx<'_>, next: &Subscription) -> Result<(), StoreError> {
    let update = "UPDATE subscriptions SET version = $2, billing_key_id = $3, period = $4, status = $5, retry_now = $6,
        due_at = $7 WHERE subscription_id = $1 AND version + 1 = $2";
    let cells: Cells<'_> = &[
        &next.id.uuid(),
        &version(next.version)?,
        &next.key.uuid(),
        &i64::from(next.period),
        &next.status.as_str(),
        &next.retry_now,
        &next.due_at.map(Timestamp::as_micros),
    ];
    superseded(tx.write("subscriptions", update, cells).await?)
}

/// Its charge has ended: somebody has to see what is next. Whoever holds it is superseded.
pub(super) async fn wake(tx: &Tx<'_>, id: SubscriptionId, now: Timestamp) -> Result<(), StoreError> {
    let update = "UPDATE subscriptions SET version = version + 1, due_at = $2
        WHERE subscription_id = $1 AND status IN ('active', 'past_due')";
    tx.write("subscriptions", update, &[&id.uuid(), &now.as_micros()]).await.map(drop)
}

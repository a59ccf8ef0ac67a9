//! Subscriptions.
use super::{all, superseded, write};
use crate::rows::billing::{self as rows, subscription_columns};
use crate::verbs::steps::version;
use hanbeon_domain::billing::Subscription;
use hanbeon_domain::{SubscriptionId, Timestamp};
use hanbeon_store::StoreError;
use rusqlite::{Connection, params};

pub(super) fn insert(db: &Connection, new: &Subscription) -> Result<(), StoreError> {
    let insert = concat!(
        "INSERT INTO subscriptions (",
        subscription_columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (subscription_id) DO NOTHING"
    );
    let cells = params![
        new.id.uuid().into_bytes(),
        new.customer.uuid().into_bytes(),
        new.key.uuid().into_bytes(),
        new.amount.get(),
        new.name,
        new.schedule.start().to_string(),
        new.schedule.anchor(),
        new.schedule.months(),
        new.created_at.as_micros(),
        version(new.version)?,
        new.period,
        new.status.as_str(),
        new.retry_now,
        new.due_at.map(Timestamp::as_micros),
    ];
    write(db, "subscriptions", insert, cells).map(drop)
}

pub(super) fn one(db: &Connection, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
    let statement =
        concat!("SELECT ", subscription_columns!(), " FROM subscriptions WHERE subscription_id = ?1");
    Ok(all(db, "subscriptions", statement, [id.uuid().into_bytes()], rows::subscription)?.pop())
}

pub(super) fn commit(db: &Connection, next: &Subscription) -> Result<(), StoreError> {
    let update = "UPDATE subscriptions SET version = ?2, billing_key_id = ?3, period = ?4, status = ?5, retry_now = ?6,
        due_at = ?7 WHERE subscription_id = ?1 AND version = ?2 - 1";
    let cells = params![
        next.id.uuid().into_bytes(),
        version(next.version)?,
        next.key.uuid().into_bytes(),
        next.period,
        next.status.as_str(),
        next.retry_now,
        next.due_at.map(Timestamp::as_micros),
    ];
    superseded(write(db, "subscriptions", update, cells)?)
}

/// Its charge has ended: somebody has to see what is next. Whoever holds it is superseded.
pub(super) fn wake(db: &Connection, id: SubscriptionId, now: Timestamp) -> Result<(), StoreError> {
    let update = "UPDATE subscriptions SET version = version + 1, due_at = ?2
        WHERE subscription_id = ?1 AND status IN ('active', 'past_due')";
    write(db, "subscriptions", update, params![id.uuid().into_bytes(), now.as_micros()]).map(drop)
}

//! Webhooks: kept, the newest of them, and taken as a reason to look.
use crate::error::sql;
use crate::rows;
use crate::verbs::payments::most;
use crate::verbs::turns;
use hanbeon_domain::Timestamp;
use hanbeon_store::{Kept, NewWebhook, StoreError, WEBHOOKS_KEPT_MAX, Webhook, WebhookId, WebhookVerdict};
use rusqlite::{Connection, params};

/// Most old ones that go when a new one comes. One is enough, unless the bound was lowered.
const TRIMMED_MAX: i64 = 4;

pub(crate) fn keep(db: &Connection, new: &NewWebhook, from: Timestamp) -> Result<Kept, StoreError> {
    let repeated = has_arrived(db, new)?;
    let id = insert(db, new, repeated)?;
    trim(db, id)?;
    let followed = new.hint.as_ref().filter(|_| new.verdict == WebhookVerdict::Hint);
    let noticed = followed.map_or(Ok(false), |hint| turns::notice(db, hint, new.received_at, from))?;
    let id = id.unsigned_abs();
    Ok(match (repeated, noticed) {
        (true, _) => Kept::Repeated(id),
        (false, true) => Kept::Noticed(id),
        (false, false) => Kept::Parked(id),
    })
}

fn has_arrived(db: &Connection, new: &NewWebhook) -> Result<bool, StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM webhooks WHERE transmission_id = ?1)
               OR EXISTS (SELECT 1 FROM webhooks WHERE meaning = ?2)",
        )
        .map_err(sql("webhooks"))?;
    let names = params![new.transmission_id, new.meaning];
    statement.query_row(names, |row| row.get(0)).map_err(sql("webhooks"))
}

fn insert(db: &Connection, new: &NewWebhook, repeated: bool) -> Result<i64, StoreError> {
    let (hint_key, hint_order) = new.hint_names();
    let mut statement = db
        .prepare_cached(
            "INSERT INTO webhooks (received_at, transmission_id, meaning, event_type, hint_key, hint_order, verdict,
               repeated, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .map_err(sql("webhooks"))?;
    statement
        .insert(params![
            new.received_at.as_micros(),
            new.transmission_id,
            new.meaning,
            new.event_type,
            hint_key,
            hint_order,
            new.verdict.as_str(),
            repeated,
            new.body,
        ])
        .map_err(sql("webhooks"))
}

fn trim(db: &Connection, newest: i64) -> Result<(), StoreError> {
    let gone = newest.saturating_sub_unsigned(WEBHOOKS_KEPT_MAX);
    if gone <= 0 {
        return Ok(());
    }
    let mut statement = db
        .prepare_cached(
            "DELETE FROM webhooks WHERE webhook_id IN
             (SELECT webhook_id FROM webhooks WHERE webhook_id <= ?1 ORDER BY webhook_id LIMIT ?2)",
        )
        .map_err(sql("webhooks"))?;
    statement.execute([gone, TRIMMED_MAX]).map(drop).map_err(sql("webhooks"))
}

/// Newest first, each with the payment that it is about by now.
pub(crate) fn before(
    db: &Connection,
    before: Option<WebhookId>,
    limit: usize,
) -> Result<Vec<Webhook>, StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT w.webhook_id, w.received_at, w.transmission_id, w.meaning, w.event_type, w.hint_key,
               w.hint_order, w.verdict, w.body, w.repeated, coalesce(
                 (SELECT payment_id FROM payments WHERE toss_payment_key = w.hint_key),
                 (SELECT payment_id FROM payments WHERE toss_order_id = w.hint_order ORDER BY rowid DESC LIMIT 1))
             FROM webhooks w WHERE w.webhook_id < ?1 ORDER BY w.webhook_id DESC LIMIT ?2",
        )
        .map_err(sql("webhooks"))?;
    let before = before.and_then(|id| i64::try_from(id).ok()).unwrap_or(i64::MAX);
    let mut found = statement.query(params![before, most(limit)]).map_err(sql("webhooks"))?;
    let mut webhooks = Vec::new();
    while let Some(row) = found.next().map_err(sql("webhooks"))? {
        webhooks.push(rows::webhook(row)?);
    }
    Ok(webhooks)
}

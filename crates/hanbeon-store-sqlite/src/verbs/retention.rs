//! Forgetting, in small steps. Numbers grow with time, so the oldest rows are the first ones of their table: a step looks at
//! some of the first, and at nothing else. More than it takes, for a clock that once was ahead leaves younger ones before older.
use crate::error::sql;
use crate::verbs::payments::most;
use hanbeon_domain::{SessionId, Timestamp};
use hanbeon_store::{Expired, ExpiredAmount, ExpiredClaim, ExpiredWebhook, Horizon, StoreError};
use rusqlite::{Connection, Params, Row, params};
use uuid::Uuid;

pub(crate) const SAVED_AMOUNTS: &str =
    "SELECT a.session_id, s.created_at, a.toss_order_id, a.amount, a.saved_at,
     a.consumed_at
   FROM (SELECT * FROM saved_amounts ORDER BY seq LIMIT 8 * ?2) a JOIN sessions s USING (session_id)
   WHERE a.saved_at < ?1 LIMIT ?2";
pub(crate) const CLAIMS: &str =
    "SELECT idempotency_key, request, operation, until, released, answer_status, answer_body
   FROM claims WHERE until < ?1 ORDER BY until LIMIT ?2";
pub(crate) const WEBHOOKS: &str =
    "SELECT webhook_id, received_at, transmission_id, meaning, event_type, hint_key, hint_order,
     verdict, repeated, body
   FROM (SELECT * FROM webhooks ORDER BY webhook_id LIMIT 8 * ?2)
   WHERE received_at < ?1 OR webhook_id <= (SELECT max(webhook_id) FROM webhooks) - ?3 LIMIT ?2";

pub(crate) const FORGET_AMOUNT: &str = "DELETE FROM saved_amounts
   WHERE session_id = ?1 AND toss_order_id = ?2 AND saved_at = ?3 AND consumed_at IS ?4";
/// One that nothing names any more. Every session that has not paid has saved an amount, and goes with its last one.
pub(crate) const FORGET_SESSION: &str = "DELETE FROM sessions WHERE session_id = ?1
   AND NOT EXISTS (SELECT 1 FROM saved_amounts WHERE session_id = ?1)
   AND NOT EXISTS (SELECT 1 FROM payments WHERE payer_session = ?1)";
pub(crate) const FORGET_CLAIM: &str = "DELETE FROM claims
   WHERE idempotency_key = ?1 AND until = ?2 AND released = ?3 AND answer_status IS ?4";
pub(crate) const FORGET_WEBHOOK: &str = "DELETE FROM webhooks WHERE webhook_id = ?1 AND received_at = ?2";

/// The oldest rows of each kind that are past their date, at most `limit` of all.
pub(crate) fn expired(db: &Connection, older: &Horizon, limit: usize) -> Result<Vec<Expired>, StoreError> {
    let mut found = Vec::new();
    let left = |found: &Vec<Expired>| most(limit.saturating_sub(found.len()));
    let before = (older.saved_amounts.as_micros(), left(&found));
    read(db, "saved_amounts", SAVED_AMOUNTS, before, amount, &mut found)?;
    let before = (older.claims.as_micros(), left(&found));
    read(db, "claims", CLAIMS, before, claim, &mut found)?;
    let kept = i64::try_from(older.webhooks_kept).unwrap_or(i64::MAX);
    let before = (older.webhooks.as_micros(), left(&found), kept);
    read(db, "webhooks", WEBHOOKS, before, webhook, &mut found)?;
    Ok(found)
}

fn read(
    db: &Connection,
    table: &'static str,
    select: &str,
    values: impl Params,
    row: fn(&Row<'_>) -> rusqlite::Result<Expired>,
    found: &mut Vec<Expired>,
) -> Result<(), StoreError> {
    let mut select = db.prepare_cached(select).map_err(sql(table))?;
    for row in select.query_map(values, row).map_err(sql(table))? {
        found.push(row.map_err(sql(table))?);
    }
    Ok(())
}

fn amount(row: &Row<'_>) -> rusqlite::Result<Expired> {
    Ok(Expired::SavedAmounts(ExpiredAmount {
        session_id: SessionId::from_bytes(row.get(0)?),
        session_created_at: Timestamp::from_micros(row.get(1)?),
        toss_order_id: row.get(2)?,
        amount: row.get(3)?,
        saved_at: Timestamp::from_micros(row.get(4)?),
        consumed_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
    }))
}

fn claim(row: &Row<'_>) -> rusqlite::Result<Expired> {
    Ok(Expired::Claims(ExpiredClaim {
        idempotency_key: row.get(0)?,
        request: row.get(1)?,
        operation: Uuid::from_bytes(row.get(2)?),
        until: Timestamp::from_micros(row.get(3)?),
        released: row.get(4)?,
        answer_status: row.get(5)?,
        answer_body: row.get(6)?,
    }))
}

fn webhook(row: &Row<'_>) -> rusqlite::Result<Expired> {
    Ok(Expired::Webhooks(ExpiredWebhook {
        webhook_id: row.get(0)?,
        received_at: Timestamp::from_micros(row.get(1)?),
        transmission_id: row.get(2)?,
        meaning: row.get(3)?,
        event_type: row.get(4)?,
        hint_key: row.get(5)?,
        hint_order: row.get(6)?,
        verdict: row.get(7)?,
        repeated: row.get(8)?,
        body: row.get(9)?,
    }))
}

/// These rows, as they were read, and the sessions that nothing names then; says how many without those.
pub(crate) fn purge(db: &Connection, expired: &[Expired]) -> Result<usize, StoreError> {
    let mut gone = 0;
    for row in expired {
        gone += match row {
            Expired::SavedAmounts(amount) => forget_amount(db, amount)?,
            Expired::Claims(ExpiredClaim { idempotency_key, until, released, answer_status, .. }) => {
                let values = params![idempotency_key, until.as_micros(), released, answer_status];
                delete(db, "claims", FORGET_CLAIM, values)?
            }
            Expired::Webhooks(ExpiredWebhook { webhook_id, received_at, .. }) => {
                delete(db, "webhooks", FORGET_WEBHOOK, params![webhook_id, received_at.as_micros()])?
            }
        };
    }
    Ok(gone)
}

fn forget_amount(db: &Connection, amount: &ExpiredAmount) -> Result<usize, StoreError> {
    let ExpiredAmount { session_id, toss_order_id, saved_at, consumed_at, .. } = amount;
    let consumed_at = consumed_at.map(Timestamp::as_micros);
    let values = params![session_id.as_bytes(), toss_order_id, saved_at.as_micros(), consumed_at];
    let gone = delete(db, "saved_amounts", FORGET_AMOUNT, values)?;
    delete(db, "sessions", FORGET_SESSION, [session_id.as_bytes()])?;
    Ok(gone)
}

fn delete(
    db: &Connection,
    table: &'static str,
    delete: &str,
    values: impl Params,
) -> Result<usize, StoreError> {
    let mut delete = db.prepare_cached(delete).map_err(sql(table))?;
    delete.execute(values).map_err(sql(table))
}

//! Forgetting, in small steps: the oldest rows, by an index, but those that another server is just at.
use crate::rows::Cells;
use crate::tx::{Cells as Values, Tx};
use crate::verbs::numbers::most;
use hanbeon_domain::{SessionId, Timestamp};
use hanbeon_store::{Expired, ExpiredAmount, ExpiredClaim, ExpiredWebhook, Horizon, StoreError};
use tokio_postgres::Row;

const SAVED_AMOUNTS: &str =
    "SELECT a.session_id, s.created_at, a.toss_order_id, a.amount, a.saved_at, a.consumed_at
    FROM saved_amounts a JOIN sessions s ON s.session_id = a.session_id
    WHERE a.saved_at < $1 ORDER BY a.saved_at LIMIT $2";
const CLAIMS: &str = "SELECT idempotency_key, request, operation, until, released, answer_status, answer_body
    FROM claims WHERE until < $1 ORDER BY until LIMIT $2";
/// The newest of those that are too many.
const TOO_MANY: &str = "SELECT webhook_id FROM webhooks ORDER BY webhook_id DESC OFFSET $1 LIMIT 1";
/// Numbers grow with time, so the oldest ones are among the first ones.
const WEBHOOKS: &str =
    "SELECT webhook_id, received_at, transmission_id, meaning, event_type, hint_key, hint_order,
      verdict, repeated, body
    FROM (SELECT * FROM webhooks ORDER BY webhook_id LIMIT 8 * $2::BIGINT) AS first
    WHERE received_at < $1 OR webhook_id <= $3 ORDER BY webhook_id LIMIT $2";

const FORGET_AMOUNTS: &str = "WITH old AS (
      SELECT a.session_id, a.toss_order_id FROM saved_amounts a
      JOIN unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[])
        AS e (session_id, toss_order_id, saved_at, consumed_at)
        ON a.session_id = e.session_id AND a.toss_order_id = e.toss_order_id AND a.saved_at = e.saved_at
          AND a.consumed_at IS NOT DISTINCT FROM e.consumed_at
      FOR UPDATE OF a SKIP LOCKED)
    DELETE FROM saved_amounts a USING old
    WHERE a.session_id = old.session_id AND a.toss_order_id = old.toss_order_id";
/// Whoever is just about to name a session holds it, and keeps it.
const HELD_BY_NOBODY: &str =
    "SELECT session_id FROM sessions WHERE session_id = ANY ($1) ORDER BY session_id FOR UPDATE SKIP LOCKED";
/// Those that nothing names any more. Every session that has not paid has saved an amount, and goes with its last one.
const FORGET_SESSIONS: &str = "DELETE FROM sessions s WHERE s.session_id = ANY ($1)
    AND NOT EXISTS (SELECT 1 FROM saved_amounts a WHERE a.session_id = s.session_id)
    AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.payer_session = s.session_id)";
const FORGET_CLAIMS: &str = "DELETE FROM claims WHERE idempotency_key = ANY (ARRAY (
    SELECT c.idempotency_key FROM claims c
    JOIN unnest($1::text[], $2::bigint[], $3::boolean[], $4::bigint[])
      AS e (idempotency_key, until, released, answer_status)
      ON c.idempotency_key = e.idempotency_key AND c.until = e.until AND c.released = e.released
        AND c.answer_status IS NOT DISTINCT FROM e.answer_status
    FOR UPDATE OF c SKIP LOCKED))";
/// What stands in one never changes.
const FORGET_WEBHOOKS: &str = "DELETE FROM webhooks WHERE webhook_id = ANY (ARRAY (
    SELECT webhook_id FROM webhooks WHERE webhook_id = ANY ($1) FOR UPDATE SKIP LOCKED))";

/// The oldest rows of each kind that are past their date, at most `limit` of all.
pub(crate) async fn expired(tx: &Tx<'_>, older: &Horizon, limit: usize) -> Result<Vec<Expired>, StoreError> {
    let left = |found: &Vec<Expired>| most(limit.saturating_sub(found.len()));
    let mut found = Vec::new();
    let before: Values<'_> = &[&older.saved_amounts.as_micros(), &left(&found)];
    found.extend(read(tx, "saved_amounts", SAVED_AMOUNTS, before, amount).await?);
    let before: Values<'_> = &[&older.claims.as_micros(), &left(&found)];
    found.extend(read(tx, "claims", CLAIMS, before, claim).await?);
    let kept = i64::try_from(older.webhooks_kept).unwrap_or(i64::MAX);
    let too_many = tx.row("webhooks", TOO_MANY, &[&kept]).await?;
    let too_many = too_many.map_or(Ok(0), |row| Cells::new("webhooks", &row).take::<i64>())?;
    let before: Values<'_> = &[&older.webhooks.as_micros(), &left(&found), &too_many];
    found.extend(read(tx, "webhooks", WEBHOOKS, before, webhook).await?);
    Ok(found)
}

async fn read(
    tx: &Tx<'_>,
    table: &'static str,
    select: &'static str,
    values: Values<'_>,
    row: fn(&Row) -> Result<Expired, StoreError>,
) -> Result<Vec<Expired>, StoreError> {
    tx.rows(table, select, values).await?.iter().map(row).collect()
}

fn amount(row: &Row) -> Result<Expired, StoreError> {
    let mut cells = Cells::new("saved_amounts", row);
    Ok(Expired::SavedAmounts(ExpiredAmount {
        session_id: SessionId::from_bytes(cells.digest()?),
        session_created_at: cells.time()?,
        toss_order_id: cells.take()?,
        amount: cells.take()?,
        saved_at: cells.time()?,
        consumed_at: cells.maybe_time()?,
    }))
}

fn claim(row: &Row) -> Result<Expired, StoreError> {
    let mut cells = Cells::new("claims", row);
    Ok(Expired::Claims(ExpiredClaim {
        idempotency_key: cells.take()?,
        request: cells.digest()?,
        operation: cells.uuid()?,
        until: cells.time()?,
        released: cells.take()?,
        answer_status: cells.take()?,
        answer_body: cells.take()?,
    }))
}

fn webhook(row: &Row) -> Result<Expired, StoreError> {
    let mut cells = Cells::new("webhooks", row);
    Ok(Expired::Webhooks(ExpiredWebhook {
        webhook_id: cells.take()?,
        received_at: cells.time()?,
        transmission_id: cells.take()?,
        meaning: cells.take()?,
        event_type: cells.take()?,
        hint_key: cells.take()?,
        hint_order: cells.take()?,
        verdict: cells.take()?,
        repeated: cells.take()?,
        body: cells.take()?,
    }))
}

/// These rows, as they were read, and the sessions that nothing names then; says how many without those.
pub(crate) async fn purge(tx: &Tx<'_>, expired: &[Expired]) -> Result<usize, StoreError> {
    let (mut amounts, mut claims, mut webhooks) = (Vec::new(), Vec::new(), Vec::new());
    for row in expired {
        match row {
            Expired::SavedAmounts(amount) => amounts.push(amount),
            Expired::Claims(claim) => claims.push(claim),
            Expired::Webhooks(webhook) => webhooks.push(webhook.webhook_id),
        }
    }
    let gone = forget_amounts(tx, &amounts).await? + forget_claims(tx, &claims).await?;
    let gone = gone + tx.write("webhooks", FORGET_WEBHOOKS, &[&webhooks]).await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

async fn forget_amounts(tx: &Tx<'_>, amounts: &[&ExpiredAmount]) -> Result<u64, StoreError> {
    let sessions: Vec<_> = amounts.iter().map(|row| &row.session_id.as_bytes()[..]).collect();
    let orders: Vec<_> = amounts.iter().map(|row| row.toss_order_id.as_str()).collect();
    let saved: Vec<_> = amounts.iter().map(|row| row.saved_at.as_micros()).collect();
    let consumed: Vec<_> = amounts.iter().map(|row| row.consumed_at.map(Timestamp::as_micros)).collect();
    let gone = tx.write("saved_amounts", FORGET_AMOUNTS, &[&sessions, &orders, &saved, &consumed]).await?;
    let free = tx.rows("sessions", HELD_BY_NOBODY, &[&sessions]).await?;
    let free: Vec<&[u8]> =
        free.iter().map(|row| Cells::new("sessions", row).take()).collect::<Result<_, _>>()?;
    // Only now, for it sees what whoever held them has done.
    tx.write("sessions", FORGET_SESSIONS, &[&free]).await?;
    Ok(gone)
}

async fn forget_claims(tx: &Tx<'_>, claims: &[&ExpiredClaim]) -> Result<u64, StoreError> {
    let keys: Vec<_> = claims.iter().map(|row| row.idempotency_key.as_str()).collect();
    let until: Vec<_> = claims.iter().map(|row| row.until.as_micros()).collect();
    let released: Vec<_> = claims.iter().map(|row| row.released).collect();
    let status: Vec<_> = claims.iter().map(|row| row.answer_status).collect();
    tx.write("claims", FORGET_CLAIMS, &[&keys, &until, &released, &status]).await
}

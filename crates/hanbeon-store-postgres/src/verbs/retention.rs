//! Forgetting, in small steps: the oldest rows, by an index, but those that another server is just at.
use crate::rows::Cells;
use crate::tx::Tx;
use crate::verbs::numbers::most;
use hanbeon_domain::Timestamp;
use hanbeon_store::{Horizon, StoreError};
use tokio_postgres::Row;

const SAVED_AMOUNTS: &str = "WITH old AS (
      SELECT session_id, toss_order_id FROM saved_amounts WHERE saved_at < $1 ORDER BY saved_at LIMIT $2
      FOR UPDATE SKIP LOCKED)
    DELETE FROM saved_amounts s USING old
    WHERE s.session_id = old.session_id AND s.toss_order_id = old.toss_order_id
    RETURNING s.session_id";
/// Whoever is just about to name a session holds it, and keeps it.
const HELD_BY_NOBODY: &str =
    "SELECT session_id FROM sessions WHERE session_id = ANY ($1) ORDER BY session_id FOR UPDATE SKIP LOCKED";
/// Those that nothing names any more. Every session that has not paid has saved an amount, and goes with its last one.
const SESSIONS: &str = "DELETE FROM sessions s WHERE s.session_id = ANY ($1)
    AND NOT EXISTS (SELECT 1 FROM saved_amounts a WHERE a.session_id = s.session_id)
    AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.payer_session = s.session_id)";
const CLAIMS: &str = "DELETE FROM claims WHERE idempotency_key = ANY (ARRAY (
    SELECT idempotency_key FROM claims WHERE until < $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED))";
/// Numbers grow with time, so the oldest ones are the first ones.
const WEBHOOKS: &str = "DELETE FROM webhooks WHERE received_at < $1 AND webhook_id = ANY (ARRAY (
    SELECT webhook_id FROM webhooks ORDER BY webhook_id LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// At most `limit` rows, and the sessions that nothing names then; says how many without those.
pub(crate) async fn purge(tx: &Tx<'_>, older: &Horizon, limit: usize) -> Result<usize, StoreError> {
    let mut gone = saved_amounts(tx, older.saved_amounts, limit).await?;
    for (table, delete, before) in [("claims", CLAIMS, older.claims), ("webhooks", WEBHOOKS, older.webhooks)]
    {
        let left = most(limit.saturating_sub(gone));
        let rows = tx.write(table, delete, &[&before.as_micros(), &left]).await?;
        gone += usize::try_from(rows).unwrap_or(usize::MAX);
    }
    Ok(gone)
}

async fn saved_amounts(tx: &Tx<'_>, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    let deleted = tx.rows("saved_amounts", SAVED_AMOUNTS, &[&before.as_micros(), &most(limit)]).await?;
    let gone = deleted.len();
    let free = tx.rows("sessions", HELD_BY_NOBODY, &[&names(&deleted)?]).await?;
    // Only now, for it sees what whoever held them has done.
    tx.write("sessions", SESSIONS, &[&names(&free)?]).await?;
    Ok(gone)
}

fn names(rows: &[Row]) -> Result<Vec<Vec<u8>>, StoreError> {
    rows.iter().map(|row| Cells::new("sessions", row).digest().map(|name| name.to_vec())).collect()
}

//! Forgetting, in small steps: the oldest rows, by an index, but those that another server is just at.
use crate::tx::Tx;
use crate::verbs::numbers::most;
use hanbeon_store::{Horizon, StoreError};

const SAVED_AMOUNTS: &str = "WITH old AS (
      SELECT session_id, toss_order_id FROM saved_amounts WHERE saved_at < $1 ORDER BY saved_at LIMIT $2
      FOR UPDATE SKIP LOCKED)
    DELETE FROM saved_amounts s USING old
    WHERE s.session_id = old.session_id AND s.toss_order_id = old.toss_order_id";
const CLAIMS: &str = "DELETE FROM claims WHERE idempotency_key = ANY (ARRAY (
    SELECT idempotency_key FROM claims WHERE until < $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED))";
/// Numbers grow with time, so the oldest ones are the first ones.
const WEBHOOKS: &str = "DELETE FROM webhooks WHERE received_at < $1 AND webhook_id = ANY (ARRAY (
    SELECT webhook_id FROM webhooks ORDER BY webhook_id LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// At most `limit` rows; says how many.
pub(crate) async fn purge(tx: &Tx<'_>, older: &Horizon, limit: usize) -> Result<usize, StoreError> {
    let tables = [
        ("saved_amounts", SAVED_AMOUNTS, older.saved_amounts),
        ("claims", CLAIMS, older.claims),
        ("webhooks", WEBHOOKS, older.webhooks),
    ];
    let mut gone = 0;
    for (table, delete, before) in tables {
        let left = most(limit.saturating_sub(gone));
        let rows = tx.write(table, delete, &[&before.as_micros(), &left]).await?;
        gone += usize::try_from(rows).unwrap_or(usize::MAX);
    }
    Ok(gone)
}

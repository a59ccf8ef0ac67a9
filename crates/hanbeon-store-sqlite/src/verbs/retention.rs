//! Forgetting, in small steps. Numbers grow with time, so the oldest rows are the first ones of their table: a step looks at
//! so many of them, and at nothing else.
use crate::error::sql;
use crate::verbs::payments::most;
use hanbeon_store::{Horizon, StoreError};
use rusqlite::{Connection, params};

pub(crate) const SAVED_AMOUNTS: &str = "DELETE FROM saved_amounts WHERE seq IN
   (SELECT seq FROM (SELECT seq, saved_at FROM saved_amounts ORDER BY seq LIMIT ?2) WHERE saved_at < ?1)";
pub(crate) const CLAIMS: &str = "DELETE FROM claims WHERE rowid IN
   (SELECT rowid FROM claims WHERE until < ?1 ORDER BY until LIMIT ?2)";
pub(crate) const WEBHOOKS: &str = "DELETE FROM webhooks WHERE webhook_id IN
   (SELECT webhook_id FROM (SELECT webhook_id, received_at FROM webhooks ORDER BY webhook_id LIMIT ?2)
    WHERE received_at < ?1)";

/// At most `limit` rows; says how many.
pub(crate) fn purge(db: &Connection, older: &Horizon, limit: usize) -> Result<usize, StoreError> {
    let tables = [
        ("saved_amounts", SAVED_AMOUNTS, older.saved_amounts),
        ("claims", CLAIMS, older.claims),
        ("webhooks", WEBHOOKS, older.webhooks),
    ];
    let mut gone = 0;
    for (table, delete, before) in tables {
        let mut statement = db.prepare_cached(delete).map_err(sql(table))?;
        let left = most(limit.saturating_sub(gone));
        gone += statement.execute(params![before.as_micros(), left]).map_err(sql(table))?;
    }
    Ok(gone)
}

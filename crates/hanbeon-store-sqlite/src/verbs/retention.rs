//! Forgetting, in small steps. Numbers grow with time, so the oldest rows are the first ones of their table: a step looks at
//! so many of them, and at nothing else.
use crate::error::sql;
use crate::verbs::payments::most;
use hanbeon_domain::Timestamp;
use hanbeon_store::{Horizon, StoreError};
use rusqlite::{Connection, params};

pub(crate) const SAVED_AMOUNTS: &str = "DELETE FROM saved_amounts WHERE seq IN
   (SELECT seq FROM (SELECT seq, saved_at FROM saved_amounts ORDER BY seq LIMIT ?2) WHERE saved_at < ?1)
   RETURNING session_id";
/// One that nothing names any more. Every session that has not paid has saved an amount, and goes with its last one.
pub(crate) const SESSION: &str = "DELETE FROM sessions WHERE session_id = ?1
   AND NOT EXISTS (SELECT 1 FROM saved_amounts WHERE session_id = ?1)
   AND NOT EXISTS (SELECT 1 FROM payments WHERE payer_session = ?1)";
pub(crate) const CLAIMS: &str = "DELETE FROM claims WHERE rowid IN
   (SELECT rowid FROM claims WHERE until < ?1 ORDER BY until LIMIT ?2)";
pub(crate) const WEBHOOKS: &str = "DELETE FROM webhooks WHERE webhook_id IN
   (SELECT webhook_id FROM (SELECT webhook_id, received_at FROM webhooks ORDER BY webhook_id LIMIT ?2)
    WHERE received_at < ?1)";

/// At most `limit` rows, and the sessions that nothing names then; says how many without those.
pub(crate) fn purge(db: &Connection, older: &Horizon, limit: usize) -> Result<usize, StoreError> {
    let mut gone = saved_amounts(db, older.saved_amounts, limit)?;
    for (table, delete, before) in [("claims", CLAIMS, older.claims), ("webhooks", WEBHOOKS, older.webhooks)]
    {
        let mut statement = db.prepare_cached(delete).map_err(sql(table))?;
        let left = most(limit.saturating_sub(gone));
        gone += statement.execute(params![before.as_micros(), left]).map_err(sql(table))?;
    }
    Ok(gone)
}

fn saved_amounts(db: &Connection, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    let mut delete = db.prepare_cached(SAVED_AMOUNTS).map_err(sql("saved_amounts"))?;
    let sessions =
        delete.query_map(params![before.as_micros(), most(limit)], |row| row.get::<_, [u8; 32]>(0));
    let sessions: Vec<_> = sessions.and_then(Iterator::collect).map_err(sql("saved_amounts"))?;
    let mut delete = db.prepare_cached(SESSION).map_err(sql("sessions"))?;
    for session in &sessions {
        delete.execute([session]).map_err(sql("sessions"))?;
    }
    Ok(sessions.len())
}

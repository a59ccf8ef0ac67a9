//! Buyers' sessions, and what they said they would pay.
use crate::error::sql;
use hanbeon_domain::{SessionId, Timestamp};
use hanbeon_store::{SAVED_AMOUNTS_MAX, SavedAmount, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

pub(crate) fn exists(db: &Connection, session: SessionId) -> Result<bool, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT 1 FROM sessions WHERE session_id = ?1").map_err(sql("sessions"))?;
    let found = statement.query_row([session.as_bytes()], |_| Ok(())).optional();
    found.map(|row| row.is_some()).map_err(sql("sessions"))
}

/// Makes the session if it is new.
pub(crate) fn make(db: &Connection, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
    let mut statement = db
        .prepare_cached(
            "INSERT INTO sessions (session_id, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )
        .map_err(sql("sessions"))?;
    statement.execute(params![session.as_bytes(), now.as_micros()]).map(drop).map_err(sql("sessions"))
}

/// Replaces what was saved for this order, as the newest one, and drops the oldest beyond the limit.
pub(crate) fn save_amount(db: &Connection, saved: &SavedAmount, now: Timestamp) -> Result<(), StoreError> {
    make(db, saved.session, now)?;
    let session = saved.session.as_bytes();
    // REPLACE deletes the old row, so the new one gets the next `seq`.
    let mut replace = db
        .prepare_cached(
            "INSERT OR REPLACE INTO saved_amounts (session_id, toss_order_id, amount, saved_at)
             VALUES (?1, ?2, ?3, ?4)",
        )
        .map_err(sql("saved_amounts"))?;
    replace
        .execute(params![session, saved.toss_order.as_str(), saved.amount.get(), now.as_micros()])
        .map_err(sql("saved_amounts"))?;
    let mut trim = db
        .prepare_cached(
            "DELETE FROM saved_amounts WHERE seq IN
             (SELECT seq FROM saved_amounts WHERE session_id = ?1 ORDER BY seq DESC LIMIT -1 OFFSET ?2)",
        )
        .map_err(sql("saved_amounts"))?;
    let most = i64::try_from(SAVED_AMOUNTS_MAX).unwrap_or(i64::MAX);
    trim.execute(params![session, most]).map(drop).map_err(sql("saved_amounts"))
}

pub(crate) fn consume_amount(
    db: &Connection,
    saved: &SavedAmount,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut statement = db
        .prepare_cached(
            "UPDATE saved_amounts SET consumed_at = ?4
             WHERE session_id = ?1 AND toss_order_id = ?2 AND amount = ?3 AND consumed_at IS NULL",
        )
        .map_err(sql("saved_amounts"))?;
    let SavedAmount { session, toss_order, amount } = saved;
    let taken = statement
        .execute(params![session.as_bytes(), toss_order.as_str(), amount.get(), now.as_micros()])
        .map_err(sql("saved_amounts"))?;
    Ok(taken > 0)
}

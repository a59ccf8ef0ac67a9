//! Buyers' sessions, and what they said they would pay.
use crate::tx::Tx;
use hanbeon_domain::{SessionId, Timestamp};
use hanbeon_store::{SAVED_AMOUNTS_MAX, SavedAmount, StoreError};

pub(crate) async fn exists(tx: &Tx<'_>, session: SessionId) -> Result<bool, StoreError> {
    let select = "SELECT 1 FROM sessions WHERE session_id = $1";
    Ok(tx.row("sessions", select, &[&session.as_bytes().as_slice()]).await?.is_some())
}

/// Makes the session if it is new.
async fn make(tx: &Tx<'_>, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
    let insert = "INSERT INTO sessions (session_id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.write("sessions", insert, &[&session.as_bytes().as_slice(), &now.as_micros()]).await.map(drop)
}

/// Replaces what was saved for this order, as the newest one, and drops the oldest beyond the limit.
pub(crate) async fn save_amount(tx: &Tx<'_>, saved: &SavedAmount, now: Timestamp) -> Result<(), StoreError> {
    let SavedAmount { session, toss_order, amount } = saved;
    let session_id = session.as_bytes().as_slice();
    let save = "INSERT INTO saved_amounts (session_id, toss_order_id, seq, amount, saved_at)
         VALUES ($1, $2, (SELECT coalesce(max(seq), 0) + 1 FROM saved_amounts WHERE session_id = $1), $3, $4)
         ON CONFLICT (session_id, toss_order_id) DO UPDATE SET seq = excluded.seq, amount = excluded.amount,
           saved_at = excluded.saved_at, consumed_at = NULL";
    let trim = "DELETE FROM saved_amounts WHERE session_id = $1 AND toss_order_id IN
         (SELECT toss_order_id FROM saved_amounts WHERE session_id = $1 ORDER BY seq DESC, toss_order_id OFFSET $2)";
    let most = i64::try_from(SAVED_AMOUNTS_MAX).unwrap_or(i64::MAX);
    tokio::try_join!(
        biased;
        make(tx, *session, now),
        async { tx.write("saved_amounts", save, &[&session_id, &toss_order.as_str(), &amount.get(), &now.as_micros()]).await },
        async { tx.write("saved_amounts", trim, &[&session_id, &most]).await },
    )?;
    Ok(())
}

pub(crate) async fn consume_amount(
    tx: &Tx<'_>,
    saved: &SavedAmount,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let update = "UPDATE saved_amounts SET consumed_at = $4
         WHERE session_id = $1 AND toss_order_id = $2 AND amount = $3 AND consumed_at IS NULL";
    let SavedAmount { session, toss_order, amount } = saved;
    let session = session.as_bytes().as_slice();
    let cells = tx
        .write("saved_amounts", update, &[&session, &toss_order.as_str(), &amount.get(), &now.as_micros()])
        .await?;
    Ok(cells > 0)
}

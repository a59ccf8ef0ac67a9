//! Whose turn it is: leases, and what makes a payment due.
use crate::error::sql;
use crate::rows::{self, select_payments};
use crate::verbs::payments::{first, most};
use crate::verbs::refunds;
use hanbeon_domain::{Payment, PaymentId, Timestamp};
use hanbeon_store::{Hint, StoreError, Turn, gives_turns};
use rusqlite::{Connection, params};

/// What is due, oldest first.
pub(crate) const LEASE_DUE: &str =
    select_payments!("WHERE p.due_at <= ?1 ORDER BY p.due_at, p.rowid LIMIT ?2");
/// When something will be.
pub(crate) const NEXT_DUE: &str = "SELECT min(due_at) FROM payments WHERE due_at IS NOT NULL";

/// Takes over what is due, oldest first. A row that cannot be read is logged, and must not stop the others:
/// its turn comes again at `until`.
pub(crate) fn lease_due(
    db: &Connection,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Turn>, StoreError> {
    let mut select = db.prepare_cached(LEASE_DUE).map_err(sql("payments"))?;
    let mut due: Vec<([u8; 16], Result<Payment, StoreError>)> = Vec::new();
    let mut found = select.query(params![now.as_micros(), most(limit)]).map_err(sql("payments"))?;
    while let Some(row) = found.next().map_err(sql("payments"))? {
        due.push((row.get(0).map_err(sql("payments"))?, rows::payment(row)));
    }
    drop(found);
    let mut leased = Vec::with_capacity(due.len());
    for (id, payment) in due {
        let notice = take(db, id, until)?;
        match payment.and_then(|payment| turn(db, payment, notice)) {
            Ok(turn) => leased.push(turn),
            Err(error) => tracing::error!(%error, "a payment is due that cannot be read"),
        }
    }
    Ok(leased)
}

/// Takes over one, if it is free.
pub(crate) fn lease(
    db: &Connection,
    id: PaymentId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Turn>, StoreError> {
    let id = id.uuid().into_bytes();
    let mut select = db
        .prepare_cached(select_payments!("WHERE p.payment_id = ?1 AND (p.held = 0 OR p.due_at <= ?2)"))
        .map_err(sql("payments"))?;
    let Some(payment) = first(&mut select, params![id, now.as_micros()])? else { return Ok(None) };
    let notice = take(db, id, until)?;
    turn(db, payment, notice).map(Some)
}

/// Supersedes the holder; says whether there is a reason to look. It stays until a step rests for good: whoever took
/// it may die before they have looked.
fn take(db: &Connection, id: [u8; 16], until: Timestamp) -> Result<bool, StoreError> {
    let mut statement = db
        .prepare_cached(
            "UPDATE payments SET version = version + 1, due_at = ?2, held = 1,
               look = (look = 1 OR noticed_at IS NOT NULL), noticed_at = NULL
             WHERE payment_id = ?1 RETURNING look",
        )
        .map_err(sql("payments"))?;
    statement.query_row(params![id, until.as_micros()], |row| row.get(0)).map_err(sql("payments"))
}

fn turn(db: &Connection, payment: Payment, notice: bool) -> Result<Turn, StoreError> {
    let payment = Payment { version: payment.version + 1, ..payment };
    let has_turns = gives_turns(payment.state.name());
    let waiting = if has_turns { refunds::oldest_queued(db, payment.id)? } else { None };
    Ok(Turn { payment, notice, waiting })
}

pub(crate) fn next_due(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = db.prepare_cached(NEXT_DUE).map_err(sql("payments"))?;
    let due: Option<i64> = statement.query_row([], |row| row.get(0)).map_err(sql("payments"))?;
    Ok(due.map(Timestamp::from_micros))
}

/// At rest it is due from `from` on, but not before the last step allows it; whoever holds it finds the notice.
macro_rules! notice_where {
    ($which:literal) => {
        concat!(
            "UPDATE payments SET noticed_at = ?2, due_at = iif(held = 1, due_at, \
               min(max(?3, coalesce(notice_from, ?3)), coalesce(due_at, max(?3, coalesce(notice_from, ?3))))) \
             WHERE ",
            $which
        )
    };
}

/// Says whether there is such a payment.
pub(crate) fn notice(
    db: &Connection,
    hint: &Hint,
    at: Timestamp,
    from: Timestamp,
) -> Result<bool, StoreError> {
    let (update, name) = match hint {
        Hint::Key(key) => (notice_where!("toss_payment_key = ?1"), key.as_str()),
        Hint::Order(order) => (
            notice_where!(
                "payment_id = (SELECT payment_id FROM payments WHERE toss_order_id = ?1 ORDER BY rowid DESC LIMIT 1)"
            ),
            order.as_str(),
        ),
    };
    let mut statement = db.prepare_cached(update).map_err(sql("payments"))?;
    let noticed = statement.execute(params![name, at.as_micros(), from.as_micros()]);
    noticed.map(|rows| rows > 0).map_err(sql("payments"))
}

/// A refund waits: at rest the payment is due from `from` on, but not before the last step allows it.
pub(crate) fn make_due(db: &Connection, id: PaymentId, from: Timestamp) -> Result<(), StoreError> {
    let mut statement = db
        .prepare_cached(
            "UPDATE payments SET due_at =
               min(max(?2, coalesce(refund_from, ?2)), coalesce(due_at, max(?2, coalesce(refund_from, ?2))))
             WHERE payment_id = ?1 AND held = 0",
        )
        .map_err(sql("payments"))?;
    let id = id.uuid().into_bytes();
    statement.execute(params![id, from.as_micros()]).map(drop).map_err(sql("payments"))
}

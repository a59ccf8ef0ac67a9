//! Payments, as they are read.
use crate::error::sql;
use crate::rows::{self, select_payments};
use crate::verbs::{events, refunds};
use hanbeon_domain::{OrderId, Payment, PaymentId, PaymentKey, StateName, TossOrderId};
use hanbeon_store::{Hint, JournalLine, PaymentRecord, Seal, StoreError};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, params};

/// A payment, its refunds, its history and its events.
pub(crate) fn record(db: &Connection, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
    let mut statement =
        db.prepare_cached(select_payments!("WHERE p.payment_id = ?1")).map_err(sql("payments"))?;
    let found = first(&mut statement, [id.uuid().into_bytes()])?;
    found.map(|payment| with_all(db, payment)).transpose()
}

/// In the order of their ids.
pub(crate) fn records_after(
    db: &Connection,
    after: Option<PaymentId>,
    limit: usize,
) -> Result<Vec<PaymentRecord>, StoreError> {
    let mut statement = db
        .prepare_cached(select_payments!("WHERE p.payment_id > ?1 ORDER BY p.payment_id LIMIT ?2"))
        .map_err(sql("payments"))?;
    // No bytes come before all others.
    let after = after.map(|id| id.uuid().into_bytes());
    let after: &[u8] = after.as_ref().map_or(&[], |id| id);
    let page = all(&mut statement, params![after, most(limit)])?;
    page.into_iter().map(|payment| with_all(db, payment)).collect()
}

fn with_all(db: &Connection, payment: Payment) -> Result<PaymentRecord, StoreError> {
    let id = payment.id;
    let (refunds, history) = (refunds::of_payment(db, id)?, history(db, id)?);
    let events = events::of_payment(db, &payment)?;
    Ok(PaymentRecord { payment, refunds, history, events, seal: seal(db, id)? })
}

fn seal(db: &Connection, id: PaymentId) -> Result<Option<Seal>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT seal FROM payments WHERE payment_id = ?1").map_err(sql("payments"))?;
    let seal = statement.query_row([id.uuid().into_bytes()], |row| row.get(0)).optional();
    seal.map(Option::flatten).map_err(sql("payments"))
}

fn history(db: &Connection, id: PaymentId) -> Result<Vec<JournalLine>, StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT payment_id, version, at, actor, from_state, to_state, event, evidence, seal FROM journal
             WHERE payment_id = ?1 ORDER BY version",
        )
        .map_err(sql("journal"))?;
    let mut found = statement.query([id.uuid().into_bytes()]).map_err(sql("journal"))?;
    let mut lines = Vec::new();
    while let Some(row) = found.next().map_err(sql("journal"))? {
        lines.push(rows::journal_line(row)?);
    }
    Ok(lines)
}

/// The holder of an order, or the last attempt on it.
pub(crate) fn of_order(db: &Connection, order: OrderId) -> Result<Option<Payment>, StoreError> {
    let mut statement = db
        .prepare_cached(select_payments!(
            "WHERE p.rowid = coalesce(
               (SELECT h.rowid FROM payments h WHERE h.order_id = ?1 AND h.leaves_order_free = 0),
               (SELECT n.rowid FROM payments n WHERE n.order_id = ?1 ORDER BY n.attempt DESC LIMIT 1))"
        ))
        .map_err(sql("payments"))?;
    first(&mut statement, [order.uuid().into_bytes()])
}

pub(crate) fn by_key(db: &Connection, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
    let mut statement =
        db.prepare_cached(select_payments!("WHERE p.toss_payment_key = ?1")).map_err(sql("payments"))?;
    first(&mut statement, [key.as_str()])
}

pub(crate) fn of_hint(db: &Connection, hint: &Hint) -> Result<Option<Payment>, StoreError> {
    match hint {
        Hint::Key(key) => by_key(db, key),
        Hint::Order(order) => of_toss_order(db, order),
    }
}

/// The newest.
fn of_toss_order(db: &Connection, order: &TossOrderId) -> Result<Option<Payment>, StoreError> {
    let mut statement = db
        .prepare_cached(select_payments!("WHERE p.toss_order_id = ?1 ORDER BY p.rowid DESC LIMIT 1"))
        .map_err(sql("payments"))?;
    first(&mut statement, [order.as_str()])
}

/// Those that changed last first.
pub(crate) fn in_state(db: &Connection, state: StateName, limit: usize) -> Result<Vec<Payment>, StoreError> {
    if state == StateName::NeedsReview {
        // Spelled out, so that SQLite sees that the index of those is enough.
        let few = select_payments!(
            "WHERE p.state = 'needs_review' ORDER BY p.updated_at DESC, p.rowid DESC LIMIT ?1"
        );
        let mut statement = db.prepare_cached(few).map_err(sql("payments"))?;
        return all(&mut statement, [most(limit)]);
    }
    let mut statement = db
        .prepare_cached(select_payments!(
            "WHERE p.state = ?1 ORDER BY p.updated_at DESC, p.rowid DESC LIMIT ?2"
        ))
        .map_err(sql("payments"))?;
    all(&mut statement, params![state.as_str(), most(limit)])
}

/// The payments that a statement finds.
pub(crate) fn all(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
) -> Result<Vec<Payment>, StoreError> {
    let mut found = statement.query(params).map_err(sql("payments"))?;
    let mut payments = Vec::new();
    while let Some(row) = found.next().map_err(sql("payments"))? {
        payments.push(rows::payment(row)?);
    }
    Ok(payments)
}

pub(crate) fn first(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
) -> Result<Option<Payment>, StoreError> {
    let mut found = statement.query(params).map_err(sql("payments"))?;
    found.next().map_err(sql("payments"))?.map(rows::payment).transpose()
}

/// A limit as SQLite counts.
pub(crate) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

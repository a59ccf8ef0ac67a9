//! Orders, and the one read that begins a checkout.
use crate::error::{corrupt, sql};
use crate::rows::{self, order_columns, select_payments};
use crate::verbs::payments;
use hanbeon_domain::{Checkout, ConfirmRequest, Order, OrderId, SessionId, TossOrderId, Won};
use hanbeon_store::{Inserted, OrderRecord, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

/// Writes a new order. The lines were turned into JSON by the caller, so that the writer has less to do.
pub(crate) fn insert(db: &Connection, order: &Order, lines: &str) -> Result<Inserted, StoreError> {
    let mut insert = db
        .prepare_cached(concat!(
            "INSERT INTO orders (",
            order_columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING"
        ))
        .map_err(sql("orders"))?;
    let written = insert
        .execute(params![
            order.id.uuid().into_bytes(),
            order.reference.as_str(),
            order.name,
            order.total.get(),
            lines,
            order.customer.name,
            order.customer.email,
            order.customer.mobile_phone,
            order.created_at.as_micros(),
            order.expires_at.map(hanbeon_domain::Timestamp::as_micros),
            order.untaxed.free.get(),
            order.untaxed.exempt.get(),
        ])
        .map_err(sql("orders"))?;
    if written > 0 {
        return Ok(Inserted::New);
    }
    let mut taken = db
        .prepare_cached("SELECT order_id FROM orders WHERE merchant_reference = ?1")
        .map_err(sql("orders"))?;
    let id =
        taken.query_row([order.reference.as_str()], |row| row.get(0)).optional().map_err(sql("orders"))?;
    // Not the reference: then the id, which the caller had promised to be fresh.
    id.map(|id| Inserted::ReferenceTaken(OrderId::from_uuid(uuid::Uuid::from_bytes(id))))
        .ok_or_else(|| corrupt("orders", format!("{}: the id has another reference", order.id)))
}

/// An order with its payments, oldest first.
pub(crate) fn record(db: &Connection, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
    let Some(order) = one(db, id)? else { return Ok(None) };
    let mut statement = db
        .prepare_cached(select_payments!("WHERE p.order_id = ?1 ORDER BY p.attempt"))
        .map_err(sql("payments"))?;
    let payments = payments::all(&mut statement, [id.uuid().into_bytes()])?;
    Ok(Some(OrderRecord { order, payments }))
}

/// An order that has no payment, if the key has none either, with what the session saved.
pub(crate) const UNPAID: &str = concat!(
    "SELECT ",
    order_columns!(),
    ", (SELECT amount FROM saved_amounts WHERE session_id = ?3 AND toss_order_id = ?4)
     FROM orders WHERE order_id = ?1
     AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = ?1)
     AND NOT EXISTS (SELECT 1 FROM payments WHERE toss_payment_key = ?2)"
);

/// The same as [`checkout`] in a single statement, if the order is there and neither it nor the key has a payment, which is
/// usual.
pub(crate) fn unpaid(db: &Connection, request: &ConfirmRequest) -> Result<Option<Checkout>, StoreError> {
    let mut statement = db.prepare_cached(UNPAID).map_err(sql("orders"))?;
    let session = request.session.as_ref().map(SessionId::as_bytes);
    let order = request.order.uuid().into_bytes();
    let mut found = statement
        .query(params![order, request.key.as_str(), session, request.toss_order.as_str()])
        .map_err(sql("orders"))?;
    let Some(row) = found.next().map_err(sql("orders"))? else { return Ok(None) };
    let (order, saved) = rows::order_and_saved(row)?;
    Ok(Some(Checkout { order: Some(order), same_key: None, newest: None, saved }))
}

/// All that the decision needs, from the snapshot that the caller holds.
pub(crate) fn checkout(db: &Connection, request: &ConfirmRequest) -> Result<Checkout, StoreError> {
    let saved = match request.session {
        Some(session) => saved(db, session, &request.toss_order)?,
        None => None,
    };
    Ok(Checkout {
        order: one(db, request.order)?,
        same_key: payments::by_key(db, &request.key)?,
        newest: payments::of_order(db, request.order)?,
        saved,
    })
}

fn one(db: &Connection, id: OrderId) -> Result<Option<Order>, StoreError> {
    let mut statement = db
        .prepare_cached(concat!("SELECT ", order_columns!(), " FROM orders WHERE order_id = ?1"))
        .map_err(sql("orders"))?;
    let mut found = statement.query([id.uuid().into_bytes()]).map_err(sql("orders"))?;
    found.next().map_err(sql("orders"))?.map(rows::order).transpose()
}

fn saved(db: &Connection, session: SessionId, order: &TossOrderId) -> Result<Option<Won>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT amount FROM saved_amounts WHERE session_id = ?1 AND toss_order_id = ?2")
        .map_err(sql("saved_amounts"))?;
    let amount: Option<i64> = statement
        .query_row(params![session.as_bytes(), order.as_str()], |row| row.get(0))
        .optional()
        .map_err(sql("saved_amounts"))?;
    amount.map(Won::new).transpose().map_err(|_| corrupt("saved_amounts", "amount"))
}

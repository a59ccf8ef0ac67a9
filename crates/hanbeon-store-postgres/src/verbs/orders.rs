//! Orders, and the one read that begins a checkout.
use crate::error::corrupt;
use crate::rows::{self, lines_to_json, order_columns, select_payments};
use crate::tx::Tx;
use crate::verbs::payments;
use hanbeon_domain::{Checkout, ConfirmRequest, Order, OrderId, Timestamp, Won};
use hanbeon_store::{Inserted, OrderRecord, StoreError};

/// Writes a new order.
pub(crate) async fn insert(tx: &Tx<'_>, order: &Order) -> Result<Inserted, StoreError> {
    let insert = concat!(
        "INSERT INTO orders (",
        order_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING"
    );
    let lines = lines_to_json(&order.lines)?;
    let written = tx
        .write(
            "orders",
            insert,
            &[
                &order.id.uuid(),
                &order.reference.as_str(),
                &order.name,
                &order.total.get(),
                &lines,
                &order.customer.name,
                &order.customer.email,
                &order.customer.mobile_phone,
                &order.created_at.as_micros(),
                &order.expires_at.map(Timestamp::as_micros),
                &order.untaxed.free.get(),
                &order.untaxed.exempt.get(),
            ],
        )
        .await?;
    if written > 0 {
        return Ok(Inserted::New);
    }
    let taken = "SELECT order_id FROM orders WHERE merchant_reference = $1";
    let found = tx.row("orders", taken, &[&order.reference.as_str()]).await?;
    let id = found.map(|row| rows::Cells::new("orders", &row).uuid()).transpose()?;
    // Not the reference: then the id, which the caller had promised to be fresh.
    id.map(|id| Inserted::ReferenceTaken(OrderId::from_uuid(id)))
        .ok_or_else(|| corrupt("orders", format!("{}: the id has another reference", order.id)))
}

/// An order with its payments, oldest first.
pub(crate) async fn record(tx: &Tx<'_>, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
    let of_order = select_payments!("WHERE p.order_id = $1 ORDER BY p.attempt");
    let of = id.uuid();
    let (order, payments) = tokio::try_join!(
        biased;
        one(tx, id),
        async { payments::all(tx, of_order, &[&of]).await },
    )?;
    Ok(order.map(|order| OrderRecord { order, payments }))
}

/// All that the decision needs, from one snapshot.
pub(crate) async fn checkout(tx: &Tx<'_>, request: &ConfirmRequest) -> Result<Checkout, StoreError> {
    let (order, same_key, newest, saved) = tokio::try_join!(
        biased;
        one(tx, request.order),
        payments::by_key(tx, &request.key),
        payments::of_order(tx, request.order),
        saved(tx, request),
    )?;
    Ok(Checkout { order, same_key, newest, saved })
}

async fn one(tx: &Tx<'_>, id: OrderId) -> Result<Option<Order>, StoreError> {
    let select = concat!("SELECT ", order_columns!(), " FROM orders WHERE order_id = $1");
    tx.row("orders", select, &[&id.uuid()]).await?.as_ref().map(rows::order).transpose()
}

async fn saved(tx: &Tx<'_>, request: &ConfirmRequest) -> Result<Option<Won>, StoreError> {
    let Some(session) = request.session else { return Ok(None) };
    let select = "SELECT amount FROM saved_amounts WHERE session_id = $1 AND toss_order_id = $2";
    let names = (session.as_bytes().as_slice(), request.toss_order.as_str());
    let found = tx.row("saved_amounts", select, &[&names.0, &names.1]).await?;
    found.map(|row| rows::Cells::new("saved_amounts", &row).won()).transpose()
}

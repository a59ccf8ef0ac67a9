//! Orders, and the one read that begins a checkout.
use crate::error::corrupt;
use crate::group::Together;
use crate::pool::Running;
use crate::rows::{self, lines_to_json, order_columns, select_payments};
use crate::tx::Tx;
use crate::verbs::payments;
use hanbeon_domain::{Checkout, ConfirmRequest, Order, OrderId, SessionId, Timestamp, TossOrderId, Won};
use hanbeon_store::{Inserted, OrderRecord, StoreError};
use std::collections::HashMap;
use uuid::Uuid;

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

/// The same as [`Look`] in a single statement, if the order is there and neither it nor the key has a payment, which is usual.
pub(crate) struct Unpaid(pub(crate) ConfirmRequest);

impl Together for Unpaid {
    type Gives = Option<Checkout>;

    fn carry_out<'t>(tx: &'t Tx<'t>, all: Vec<&'t Self>) -> Running<'t, Vec<Option<Checkout>>> {
        let select = concat!(
            "SELECT ",
            order_columns!(),
            ", s.amount, asked.place
             FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[]) WITH ORDINALITY
               AS asked (id, key, session, toss_order, place)
             JOIN orders o ON o.order_id = asked.id
             LEFT JOIN saved_amounts s ON s.session_id = asked.session AND s.toss_order_id = asked.toss_order
             WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = asked.id)
             AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.toss_payment_key = asked.key)"
        );
        Box::pin(async move {
            let requests = || all.iter().map(|unpaid| &unpaid.0);
            let ids: Vec<Uuid> = requests().map(|request| request.order.uuid()).collect();
            let keys: Vec<&str> = requests().map(|request| request.key.as_str()).collect();
            let session = |request: &'t ConfirmRequest| Some(request.session.as_ref()?.as_bytes().as_slice());
            let sessions: Vec<Option<&[u8]>> = requests().map(session).collect();
            let names: Vec<&str> = requests().map(|request| request.toss_order.as_str()).collect();
            let mut unpaid = vec![None; all.len()];
            for row in tx.rows("orders", select, &[&ids, &keys, &sessions, &names]).await? {
                let mut cells = rows::Cells::new("orders", &row);
                let order = Some(rows::order_in(&mut cells)?);
                let (saved, place) = (cells.maybe_won()?, cells.number::<usize>()?);
                // Counted from 1.
                let asked = place.checked_sub(1).and_then(|place| unpaid.get_mut(place));
                let asked = asked.ok_or_else(|| corrupt("orders", "more than was asked for"))?;
                *asked = Some(Checkout { order, same_key: None, newest: None, saved });
            }
            Ok(unpaid)
        })
    }
}

/// All that the decision needs, from one snapshot.
pub(crate) struct Look(pub(crate) ConfirmRequest);

impl Together for Look {
    type Gives = Checkout;

    fn carry_out<'t>(tx: &'t Tx<'t>, all: Vec<&'t Self>) -> Running<'t, Vec<Checkout>> {
        Box::pin(async move {
            let requests: Vec<&ConfirmRequest> = all.iter().map(|look| &look.0).collect();
            let ids: Vec<Uuid> = requests.iter().map(|request| request.order.uuid()).collect();
            let keys: Vec<&str> = requests.iter().map(|request| request.key.as_str()).collect();
            let (orders, of_keys, newest, saved) = tokio::try_join!(
                biased;
                some(tx, &ids),
                payments::by_keys(tx, &keys),
                payments::of_orders(tx, &ids),
                saved(tx, &requests),
            )?;
            let checkout = |request: &&ConfirmRequest| Checkout {
                order: orders.get(&request.order).cloned(),
                same_key: of_keys.get(&request.key).cloned(),
                newest: newest.get(&request.order).cloned(),
                saved: request
                    .session
                    .and_then(|session| saved.get(&(session, request.toss_order.clone())).copied()),
            };
            Ok(requests.iter().map(checkout).collect())
        })
    }
}

async fn one(tx: &Tx<'_>, id: OrderId) -> Result<Option<Order>, StoreError> {
    Ok(some(tx, &[id.uuid()]).await?.remove(&id))
}

async fn some(tx: &Tx<'_>, ids: &[Uuid]) -> Result<HashMap<OrderId, Order>, StoreError> {
    let select = concat!("SELECT ", order_columns!(), " FROM orders WHERE order_id = ANY($1)");
    let orders = tx.rows("orders", select, &[&ids]).await?;
    orders.iter().map(|row| rows::order(row).map(|order| (order.id, order))).collect()
}

/// What the sessions of these requests said they would pay.
async fn saved(
    tx: &Tx<'_>,
    requests: &[&ConfirmRequest],
) -> Result<HashMap<(SessionId, TossOrderId), Won>, StoreError> {
    let with_session =
        || requests.iter().filter_map(|request| Some((request.session.as_ref()?, &request.toss_order)));
    let sessions: Vec<&[u8]> = with_session().map(|(session, _)| session.as_bytes().as_slice()).collect();
    let orders: Vec<&str> = with_session().map(|(_, order)| order.as_str()).collect();
    if sessions.is_empty() {
        return Ok(HashMap::new());
    }
    let select = "SELECT a.session_id, a.toss_order_id, a.amount
        FROM unnest($1::bytea[], $2::text[]) AS asked (session_id, toss_order_id)
        JOIN saved_amounts a USING (session_id, toss_order_id)";
    let read = |row| {
        let mut cells = rows::Cells::new("saved_amounts", row);
        let session = SessionId::from_bytes(cells.digest()?);
        let order = cells.parse(|text: String| TossOrderId::parse(text).ok())?;
        Ok(((session, order), cells.won()?))
    };
    tx.rows("saved_amounts", select, &[&sessions, &orders]).await?.iter().map(read).collect()
}

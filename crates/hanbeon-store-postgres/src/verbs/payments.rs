//! Payments, as they are read.
use crate::group::Together;
use crate::pool::Running;
use crate::rows::{self, select_payments};
use crate::tx::{Cells, Tx};
use crate::verbs::numbers::most;
use crate::verbs::{events, refunds};
use hanbeon_domain::{OrderId, Payment, PaymentId, PaymentKey, StateName, TossOrderId};
use hanbeon_store::{Hint, JournalLine, PaymentRecord, Seal, StoreError};
use std::collections::HashMap;
use uuid::Uuid;

/// A payment, its refunds, its history and its events.
pub(crate) async fn record(tx: &Tx<'_>, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
    match first(tx, select_payments!("WHERE p.payment_id = $1"), &[&id.uuid()]).await? {
        Some(payment) => with_all(tx, payment).await.map(Some),
        None => Ok(None),
    }
}

/// In the order of their ids.
pub(crate) async fn records_after(
    tx: &Tx<'_>,
    after: Option<PaymentId>,
    limit: usize,
) -> Result<Vec<PaymentRecord>, StoreError> {
    let page =
        select_payments!("WHERE ($1::uuid IS NULL OR p.payment_id > $1) ORDER BY p.payment_id LIMIT $2");
    let after: Option<Uuid> = after.map(PaymentId::uuid);
    let mut records = Vec::new();
    for payment in all(tx, page, &[&after, &most(limit)]).await? {
        records.push(with_all(tx, payment).await?);
    }
    Ok(records)
}

async fn with_all(tx: &Tx<'_>, payment: Payment) -> Result<PaymentRecord, StoreError> {
    let id = payment.id;
    let (refunds, history, events, seal) = tokio::try_join!(
        biased;
        refunds::of_payment(tx, id),
        history(tx, id),
        events::of_payment(tx, &payment),
        seal(tx, id),
    )?;
    Ok(PaymentRecord { payment, refunds, history, events, seal })
}

async fn seal(tx: &Tx<'_>, id: PaymentId) -> Result<Option<Seal>, StoreError> {
    let found = tx.row("payments", "SELECT seal FROM payments WHERE payment_id = $1", &[&id.uuid()]).await?;
    found.map_or(Ok(None), |row| rows::Cells::new("payments", &row).maybe_digest())
}

async fn history(tx: &Tx<'_>, id: PaymentId) -> Result<Vec<JournalLine>, StoreError> {
    let select =
        "SELECT payment_id, version, at, actor, from_state, to_state, event, evidence, seal FROM journal
         WHERE payment_id = $1 ORDER BY version";
    tx.rows("journal", select, &[&id.uuid()]).await?.iter().map(rows::journal_line).collect()
}

/// The holder of an order, or the last attempt on it.
pub(crate) struct OfOrder(pub(crate) OrderId);

impl Together for OfOrder {
    type Gives = Option<Payment>;

    fn carry_out<'t>(tx: &'t Tx<'t>, all: Vec<&'t Self>) -> Running<'t, Vec<Option<Payment>>> {
        Box::pin(async move {
            let ids: Vec<Uuid> = all.iter().map(|of| of.0.uuid()).collect();
            let found = of_orders(tx, &ids).await?;
            Ok(all.iter().map(|of| found.get(&of.0).cloned()).collect())
        })
    }
}

/// The holders of these orders, or the last attempts on them.
pub(crate) async fn of_orders(tx: &Tx<'_>, ids: &[Uuid]) -> Result<HashMap<OrderId, Payment>, StoreError> {
    let select = select_payments!(
        "WHERE p.payment_id = ANY(ARRAY(
           SELECT (SELECT payment_id FROM payments a WHERE a.order_id = asked.id
             ORDER BY a.holds_order DESC, a.attempt DESC LIMIT 1) FROM unnest($1::uuid[]) AS asked (id)))"
    );
    let found = all(tx, select, &[&ids]).await?;
    Ok(found.into_iter().map(|payment| (payment.order, payment)).collect())
}

pub(crate) async fn by_key(tx: &Tx<'_>, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
    Ok(by_keys(tx, &[key.as_str()]).await?.remove(key))
}

pub(crate) async fn by_keys(tx: &Tx<'_>, keys: &[&str]) -> Result<HashMap<PaymentKey, Payment>, StoreError> {
    let found = all(tx, select_payments!("WHERE p.toss_payment_key = ANY($1)"), &[&keys]).await?;
    Ok(found.into_iter().map(|payment| (payment.key.clone(), payment)).collect())
}

pub(crate) async fn of_hint(tx: &Tx<'_>, hint: &Hint) -> Result<Option<Payment>, StoreError> {
    match hint {
        Hint::Key(key) => by_key(tx, key).await,
        Hint::Order(order) => of_toss_order(tx, order).await,
    }
}

/// The newest.
async fn of_toss_order(tx: &Tx<'_>, order: &TossOrderId) -> Result<Option<Payment>, StoreError> {
    let newest = select_payments!(
        "WHERE p.toss_order_id = $1 ORDER BY p.created_at DESC, p.attempt DESC, p.payment_id DESC LIMIT 1"
    );
    first(tx, newest, &[&order.as_str()]).await
}

/// Those that changed last first.
pub(crate) async fn in_state(
    tx: &Tx<'_>,
    state: StateName,
    limit: usize,
) -> Result<Vec<Payment>, StoreError> {
    if state == StateName::NeedsReview {
        // Spelled out, so that a plan for any state may use the index of those.
        let few = select_payments!(
            "WHERE p.state = 'needs_review' ORDER BY p.updated_at DESC, p.payment_id DESC LIMIT $1"
        );
        return all(tx, few, &[&most(limit)]).await;
    }
    let select =
        select_payments!("WHERE p.state = $1 ORDER BY p.updated_at DESC, p.payment_id DESC LIMIT $2");
    all(tx, select, &[&state.as_str(), &most(limit)]).await
}

/// The payments that a statement finds.
pub(crate) async fn all(
    tx: &Tx<'_>,
    select: &'static str,
    cells: Cells<'_>,
) -> Result<Vec<Payment>, StoreError> {
    tx.rows("payments", select, cells).await?.iter().map(rows::payment).collect()
}

pub(crate) async fn first(
    tx: &Tx<'_>,
    select: &'static str,
    cells: Cells<'_>,
) -> Result<Option<Payment>, StoreError> {
    tx.row("payments", select, cells).await?.as_ref().map(rows::payment).transpose()
}

//! Whose turn it is: leases, and what makes a payment due.
use crate::rows::{self, Cells, select_payments, select_refunds};
use crate::tx::Tx;
use crate::verbs::numbers::most;
use hanbeon_domain::{CancelRequest, Payment, PaymentId, Timestamp};
use hanbeon_store::{Hint, StoreError, Turn, gives_turns};
use std::collections::HashMap;
use uuid::Uuid;

/// Takes over what is due, oldest first, and leaves to others what they are just taking. A row that cannot be read is
/// logged, and must not stop the others: its turn comes again at `until`.
pub(crate) async fn lease_due(
    tx: &Tx<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Turn>, StoreError> {
    let take = "WITH due AS (
          SELECT payment_id, due_at FROM payments WHERE due_at <= $1 ORDER BY due_at, payment_id LIMIT $3
          FOR UPDATE SKIP LOCKED),
        taken AS (
          UPDATE payments p SET version = p.version + 1, due_at = $2, held = TRUE,
            look = p.look OR p.noticed_at IS NOT NULL, noticed_at = NULL
          FROM due WHERE p.payment_id = due.payment_id RETURNING p.payment_id, p.look, due.due_at)
        SELECT payment_id, look FROM taken ORDER BY due_at, payment_id";
    let taken = tx.rows("payments", take, &[&now.as_micros(), &until.as_micros(), &most(limit)]).await?;
    let mut looks = Vec::with_capacity(taken.len());
    for row in &taken {
        let mut cells = Cells::new("payments", row);
        looks.push((cells.uuid()?, cells.take::<bool>()?));
    }
    if looks.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = looks.iter().map(|(id, _)| *id).collect();
    let payments = select_payments!("WHERE p.payment_id = ANY($1)");
    let waiting = select_refunds!("WHERE payment_id = ANY($1) AND state = 'queued' ORDER BY seq DESC");
    let (payments, waiting) = tokio::try_join!(
        biased;
        async { tx.rows("payments", payments, &[&ids]).await },
        async { tx.rows("refunds", waiting, &[&ids]).await },
    )?;
    let mut found = HashMap::with_capacity(ids.len());
    for row in &payments {
        found.insert(Cells::new("payments", row).uuid()?, rows::payment(row));
    }
    let mut oldest = HashMap::new();
    for row in &waiting {
        // The last one that is inserted is the oldest.
        let (payment, request) = waits(row)?;
        oldest.insert(payment, request);
    }
    let turns = looks.into_iter().filter_map(|(id, notice)| match found.remove(&id)? {
        Ok(payment) => Some(turn(payment, notice, oldest.remove(&id))),
        Err(error) => {
            tracing::error!(%error, "a payment is due that cannot be read");
            None
        }
    });
    Ok(turns.collect())
}

/// Takes over one, if it is free.
pub(crate) async fn lease(
    tx: &Tx<'_>,
    id: PaymentId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Turn>, StoreError> {
    let take = "UPDATE payments SET version = version + 1, due_at = $3, held = TRUE,
          look = look OR noticed_at IS NOT NULL, noticed_at = NULL
        WHERE payment_id = $1 AND (NOT held OR due_at <= $2) RETURNING payment_id, look";
    let payment = select_payments!("WHERE p.payment_id = $1");
    let oldest = select_refunds!("WHERE payment_id = $1 AND state = 'queued' ORDER BY seq LIMIT 1");
    let id = id.uuid();
    let (taken, payment, waiting) = tokio::try_join!(
        biased;
        async { tx.row("payments", take, &[&id, &now.as_micros(), &until.as_micros()]).await },
        async { tx.row("payments", payment, &[&id]).await },
        async { tx.row("refunds", oldest, &[&id]).await },
    )?;
    let (Some(taken), Some(payment)) = (taken, payment) else { return Ok(None) };
    let mut cells = Cells::new("payments", &taken);
    cells.uuid()?;
    let waiting = waiting.map(|row| waits(&row)).transpose()?.map(|(_, request)| request);
    Ok(Some(turn(rows::payment(&payment)?, cells.take()?, waiting)))
}

/// `notice` stays until a step rests for good: whoever took the payment may die before they have looked.
fn turn(payment: Payment, notice: bool, waiting: Option<CancelRequest>) -> Turn {
    let waiting = waiting.filter(|_| gives_turns(payment.state.name()));
    Turn { payment, notice, waiting }
}

fn waits(row: &tokio_postgres::Row) -> Result<(Uuid, CancelRequest), StoreError> {
    let record = rows::refund_record(row)?;
    Ok((record.payment.uuid(), record.refund.into()))
}

pub(crate) async fn next_due(tx: &Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    let next = "SELECT min(due_at) FROM payments WHERE due_at IS NOT NULL";
    let found = tx.row("payments", next, &[]).await?;
    found.map_or(Ok(None), |row| Cells::new("payments", &row).maybe_time())
}

/// At rest it is due from `from` on, but not before the last step allows it; whoever holds it finds the notice.
macro_rules! notice_where {
    ($which:literal) => {
        concat!(
            "UPDATE payments SET noticed_at = $2, due_at = CASE WHEN held THEN due_at \
               ELSE least(due_at, greatest($3, notice_from)) END \
             WHERE ",
            $which
        )
    };
}

/// Says whether there is such a payment.
pub(crate) async fn notice(
    tx: &Tx<'_>,
    hint: &Hint,
    at: Timestamp,
    from: Timestamp,
) -> Result<bool, StoreError> {
    let (update, name) = match hint {
        Hint::Key(key) => (notice_where!("toss_payment_key = $1"), key.as_str()),
        Hint::Order(order) => (
            notice_where!(
                "payment_id = (SELECT payment_id FROM payments WHERE toss_order_id = $1
                   ORDER BY created_at DESC, attempt DESC, payment_id DESC LIMIT 1)"
            ),
            order.as_str(),
        ),
    };
    let noticed = tx.write("payments", update, &[&name, &at.as_micros(), &from.as_micros()]).await?;
    Ok(noticed > 0)
}

/// A refund waits: at rest the payment is due from `from` on, but not before the last step allows it.
pub(crate) async fn make_due(tx: &Tx<'_>, id: PaymentId, from: Timestamp) -> Result<(), StoreError> {
    let update = "UPDATE payments SET due_at = least(due_at, greatest($2, refund_from))
        WHERE payment_id = $1 AND NOT held";
    tx.write("payments", update, &[&id.uuid(), &from.as_micros()]).await.map(drop)
}

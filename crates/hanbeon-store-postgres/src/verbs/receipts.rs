//! Cash receipts, and their cancels.
use crate::PostgresStore;
use crate::error::corrupt;
use crate::rows::receipts::{self as rows, Facts, receipt_columns};
use crate::tx::{Cells, Tx};
use crate::verbs::numbers::{most, version};
use async_trait::async_trait;
use hanbeon_domain::receipt::{Receipt, ReceiptAction, ReceiptCancel, ReceiptState, ReceiptStep};
use hanbeon_domain::{PaymentId, ReceiptId, Timestamp};
use hanbeon_store::{BegunReceipt, ReceiptRecord, ReceiptStore, StoreError};
use uuid::Uuid;

#[async_trait]
impl ReceiptStore for PostgresStore {
    async fn begin_receipt(&self, receipt: &Receipt, until: Timestamp) -> Result<BegunReceipt, StoreError> {
        self.write((receipt.clone(), until), |tx, (receipt, until)| Box::pin(begin(tx, receipt, *until)))
            .await
    }

    async fn commit_receipt(
        &self,
        step: &ReceiptStep,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write((step.clone(), now, until), |tx, (step, now, until)| {
            Box::pin(commit(tx, step, *now, *until))
        })
        .await
    }

    async fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
        self.read(id, |tx, id| Box::pin(one(tx, *id))).await
    }

    async fn receipts(&self, payment: PaymentId) -> Result<Vec<Receipt>, StoreError> {
        self.read(payment, |tx, payment| Box::pin(of_payment(tx, *payment))).await
    }

    async fn lease_receipts(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError> {
        self.write((now, until, limit), |tx, (now, until, limit)| Box::pin(lease(tx, *now, *until, *limit)))
            .await
    }

    async fn next_receipt_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read((), |tx, ()| Box::pin(next_due(tx))).await
    }

    async fn receipts_after(
        &self,
        after: Option<ReceiptId>,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError> {
        self.read((after, limit), |tx, (after, limit)| Box::pin(after_id(tx, *after, *limit))).await
    }

    async fn receipts_to_review(&self, limit: usize) -> Result<Vec<Receipt>, StoreError> {
        self.read(limit, |tx, limit| Box::pin(to_review(tx, *limit))).await
    }
}

async fn begin(tx: &Tx<'_>, receipt: &Receipt, until: Timestamp) -> Result<BegunReceipt, StoreError> {
    if let Some(known) = one(tx, receipt.id).await? {
        return Ok(BegunReceipt::Known(Box::new(known)));
    }
    let fits =
        "SELECT payment_id FROM payments WHERE payment_id = $1 AND state IN ('paid', 'partially_canceled')
        AND captured_amount - refunded_amount = $2";
    let (payment, amount) = (receipt.payment.uuid(), receipt.amount.get());
    if tx.row("payments", fits, &[&payment, &amount]).await?.is_none() {
        return Ok(BegunReceipt::Moved);
    }
    let insert = "INSERT INTO receipts (receipt_id, payment_id, kind, amount, canceled_amount, created_at, version, due_at,
        state, tries) VALUES ($1, $2, $3, $4, 0, $5, 1, $6, 'issuing', 0) ON CONFLICT DO NOTHING";
    let cells: Cells<'_> = &[
        &receipt.id.uuid(),
        &payment,
        &receipt.kind.as_str(),
        &amount,
        &receipt.created_at.as_micros(),
        &until.as_micros(),
    ];
    let written = tx.write("receipts", insert, cells).await?;
    Ok(if written == 0 { BegunReceipt::Taken } else { BegunReceipt::Fresh })
}

async fn commit(tx: &Tx<'_>, step: &ReceiptStep, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
    let next = &step.next;
    let id = next.id.uuid();
    let facts = Facts::of(&next.state);
    let due = match (step.then, &next.state) {
        (_, ReceiptState::Canceled | ReceiptState::Failed(_) | ReceiptState::NeedsReview { .. }) => None,
        (ReceiptAction::Rest { due }, _) => due,
        (ReceiptAction::Cancel | ReceiptAction::Look, _) => Some(until),
    };
    // Money that goes back meanwhile waits for us, or is seen: either its transaction finds an issued receipt, or we find
    // that less is left.
    let hold = "SELECT payment_id FROM payments WHERE payment_id = $1 FOR SHARE";
    tx.row("payments", hold, &[&next.payment.uuid()]).await?;
    // At rest, money may have gone back since it was taken over.
    let update = "UPDATE receipts SET version = $2, state = $3, canceled_amount = $4, toss_receipt_key = $5, url = $6,
        tries = $7, cancel_amount = $8, cancel_since = $9, called_at = $10, round = $11, answered = $12, landing = $13,
        reason_code = $14, reason_message = $15, review_reason = $16,
        due_at = CASE WHEN $3 = 'issued' AND amount - $4 > (SELECT captured_amount - refunded_amount FROM payments p
          WHERE p.payment_id = receipts.payment_id) THEN $17 ELSE $18 END
        WHERE receipt_id = $1 AND version + 1 = $2";
    let canceling = facts.canceling;
    let cells: Cells<'_> = &[
        &id,
        &version(next.version)?,
        &next.state.as_str(),
        &next.canceled().get(),
        &next.paper.as_ref().map(|paper| paper.key.as_str()),
        &next.paper.as_ref().and_then(|paper| paper.url.as_deref()),
        &facts.tries.map(i64::from),
        &canceling.map(|canceling| canceling.amount.get()),
        &canceling.map(|canceling| canceling.since.as_micros()),
        &canceling.map(|canceling| canceling.called_at.as_micros()),
        &canceling.map(|canceling| i64::from(canceling.round)),
        &canceling.map(|canceling| canceling.answered),
        &canceling.map(|canceling| canceling.landing),
        &facts.reason.map(|reason| reason.code.as_str()),
        &facts.reason.map(|reason| reason.message.as_str()),
        &facts.why,
        &now.as_micros(),
        &due.map(Timestamp::as_micros),
    ];
    if tx.write("receipts", update, cells).await? == 0 {
        return Err(StoreError::Superseded);
    }
    let insert =
        "INSERT INTO receipt_cancels (receipt_id, ordinal, amount, canceled_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    for (ordinal, cancel) in (1_i64..).zip(&next.cancels) {
        let cells: Cells<'_> = &[&id, &ordinal, &cancel.amount.get(), &cancel.at.as_micros()];
        tx.write("receipt_cancels", insert, cells).await?;
    }
    Ok(())
}

async fn one(tx: &Tx<'_>, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
    let select = concat!("SELECT ", receipt_columns!(), " FROM receipts WHERE receipt_id = $1");
    Ok(read(tx, select, &[&id.uuid()]).await?.pop())
}

async fn of_payment(tx: &Tx<'_>, payment: PaymentId) -> Result<Vec<Receipt>, StoreError> {
    let select = concat!(
        "SELECT ",
        receipt_columns!(),
        " FROM receipts WHERE payment_id = $1 ORDER BY created_at, receipt_id"
    );
    read(tx, select, &[&payment.uuid()]).await
}

async fn to_review(tx: &Tx<'_>, limit: usize) -> Result<Vec<Receipt>, StoreError> {
    let select = concat!(
        "SELECT ",
        receipt_columns!(),
        " FROM receipts WHERE state = 'needs_review' ORDER BY receipt_id LIMIT $1"
    );
    read(tx, select, &[&most(limit)]).await
}

/// Takes over what is due, but what somebody else is taking over or writing. A row that cannot be read must not stop the
/// others.
async fn lease(
    tx: &Tx<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<ReceiptRecord>, StoreError> {
    let update = "UPDATE receipts SET version = version + 1, due_at = $2 WHERE receipt_id = ANY (ARRAY (
        SELECT receipt_id FROM receipts WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))
        RETURNING receipt_id";
    let cells: Cells<'_> = &[&now.as_micros(), &until.as_micros(), &most(limit)];
    let taken = tx.rows("receipts", update, cells).await?;
    let mut leased = Vec::with_capacity(taken.len());
    for row in taken {
        let id: Uuid = crate::rows::Cells::new("receipts", &row).uuid()?;
        match held(tx, ReceiptId::from_uuid(id)).await {
            Ok(record) => leased.extend(record),
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(%error, receipt.id = %id, "a receipt is due that cannot be read");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(leased)
}

async fn held(tx: &Tx<'_>, id: ReceiptId) -> Result<Option<ReceiptRecord>, StoreError> {
    match one(tx, id).await? {
        Some(receipt) => record(tx, receipt).await.map(Some),
        None => Ok(None),
    }
}

async fn next_due(tx: &Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    let earliest = "SELECT min(due_at) FROM receipts WHERE due_at IS NOT NULL";
    let row = tx.row("receipts", earliest, &[]).await?;
    row.as_ref().map_or(Ok(None), |row| crate::rows::Cells::new("receipts", row).maybe_time())
}

async fn after_id(
    tx: &Tx<'_>,
    after: Option<ReceiptId>,
    limit: usize,
) -> Result<Vec<ReceiptRecord>, StoreError> {
    let select = concat!(
        "SELECT ",
        receipt_columns!(),
        " FROM receipts WHERE $1::uuid IS NULL OR receipt_id > $1 ORDER BY receipt_id LIMIT $2"
    );
    let mut records = Vec::new();
    for receipt in read(tx, select, &[&after.map(ReceiptId::uuid), &most(limit)]).await? {
        records.push(record(tx, receipt).await?);
    }
    Ok(records)
}

async fn record(tx: &Tx<'_>, receipt: Receipt) -> Result<ReceiptRecord, StoreError> {
    let select = "SELECT p.payment_id, p.captured_amount - p.refunded_amount, r.due_at IS NOT NULL
        FROM receipts r JOIN payments p USING (payment_id) WHERE r.receipt_id = $1";
    let orphan = || corrupt("receipts", format!("{}: of no payment", receipt.id));
    let row = tx.row("receipts", select, &[&receipt.id.uuid()]).await?.ok_or_else(orphan)?;
    let mut cells = crate::rows::Cells::new("payments", &row);
    cells.uuid()?;
    let (left, is_due) = (cells.won()?, cells.take()?);
    Ok(ReceiptRecord { receipt, left, is_due })
}

/// Receipts with their cancels.
async fn read(tx: &Tx<'_>, select: &'static str, cells: Cells<'_>) -> Result<Vec<Receipt>, StoreError> {
    let mut receipts = Vec::new();
    for row in tx.rows("receipts", select, cells).await? {
        let (mut receipt, canceled) = rows::receipt(&row)?;
        receipt.cancels = cancels(tx, receipt.id).await?;
        if receipt.canceled() != canceled {
            return Err(corrupt("receipts", format!("{}: its cancels do not add up", receipt.id)));
        }
        receipts.push(receipt);
    }
    Ok(receipts)
}

async fn cancels(tx: &Tx<'_>, id: ReceiptId) -> Result<Vec<ReceiptCancel>, StoreError> {
    let select = "SELECT amount, canceled_at FROM receipt_cancels WHERE receipt_id = $1 ORDER BY ordinal";
    tx.rows("receipt_cancels", select, &[&id.uuid()]).await?.iter().map(rows::cancel).collect()
}

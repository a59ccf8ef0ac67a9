//! Refunds: those that wait for their turn, one under way per payment, settled once; and those made elsewhere.
use crate::error::corrupt;
use crate::rows::{self, Cells, cause_to_str, select_refunds};
use crate::tx::Tx;
use crate::verbs::numbers::version;
use crate::verbs::turns;
use hanbeon_domain::{
    Payment, PaymentId, Refund, RefundId, RefundOutcome, Refusal, State, StateName, Step, Timestamp,
    TossCancel,
};
use hanbeon_store::{NewRefund, Progress, Queued, RefundRecord, Sealed, StoreError, gives_turns};

/// Writes a wish, if it fits. The payment is locked, so that wishes that come at once see each other.
pub(crate) async fn queue(tx: &Tx<'_>, new: &NewRefund, from: Timestamp) -> Result<Queued, StoreError> {
    let payment = "SELECT payment_id, total_amount, refunded_amount, state FROM payments
        WHERE payment_id = $1 FOR UPDATE";
    let id = new.payment.uuid();
    let (payment, others) = tokio::try_join!(
        biased;
        async { tx.row("payments", payment, &[&id]).await },
        of_payment(tx, new.payment),
    )?;
    let unknown = || corrupt("refunds", format!("{}: of no payment", new.request.id));
    let payment = payment.ok_or_else(unknown)?;
    let mut cells = Cells::new("payments", &payment);
    cells.uuid()?;
    let (amount, refunded) = (cells.won()?, cells.won()?);
    let state = cells.parse(|text: &str| StateName::parse(text))?;
    match new.beside(amount, refunded, &others) {
        Err(end) => return Ok(end),
        Ok(record) if insert(tx, &record, Some(new.actor.as_str())).await? => {}
        Ok(_) => return Err(corrupt("refunds", format!("{}: of another payment", new.request.id))),
    }
    if let Some(sealed) = &new.account {
        keep_account(tx, new.request.id, sealed).await?;
    }
    if gives_turns(state) {
        turns::make_due(tx, new.payment, from).await?;
    }
    Ok(Queued::New)
}

/// Writes the refund that the step begins, or that had been waiting for it; `false` when its id is used.
pub(crate) async fn begin(tx: &Tx<'_>, step: &Step) -> Result<bool, StoreError> {
    let State::Canceling { refund, .. } = &step.next.state else { return Ok(true) };
    let insert = "INSERT INTO refunds (refund_id, payment_id, seq, began_version, amount, whole, reason, cause,
           balance_before, requested_at, tax_free_amount, tax_exemption_amount, state)
         VALUES ($1, $2, (SELECT coalesce(max(seq), 0) + 1 FROM refunds WHERE payment_id = $2), $3, $4, $5, $6, $7,
           $8, $9, $10, $11, 'sending')
         ON CONFLICT (refund_id) DO UPDATE SET state = 'sending', began_version = excluded.began_version,
           amount = excluded.amount, whole = excluded.whole, reason = excluded.reason,
           balance_before = excluded.balance_before, requested_at = excluded.requested_at,
           tax_free_amount = excluded.tax_free_amount, tax_exemption_amount = excluded.tax_exemption_amount
           WHERE refunds.state = 'queued' AND refunds.payment_id = excluded.payment_id";
    let written = tx
        .write(
            "refunds",
            insert,
            &[
                &refund.id.uuid(),
                &step.next.id.uuid(),
                &version(step.next.version)?,
                &refund.amount.get(),
                &refund.whole,
                &refund.reason.as_str(),
                &cause_to_str(refund.cause),
                &refund.balance_before.get(),
                &refund.requested_at.as_micros(),
                &refund.untaxed.map(|untaxed| untaxed.free.get()),
                &refund.untaxed.map(|untaxed| untaxed.exempt.get()),
            ],
        )
        .await?;
    Ok(written > 0)
}

/// The refund under way may start anew from another balance.
pub(crate) async fn rebase(tx: &Tx<'_>, refund: &Refund) -> Result<(), StoreError> {
    let update =
        "UPDATE refunds SET amount = $2, balance_before = $3, tax_free_amount = $4, tax_exemption_amount = $5
         WHERE refund_id = $1 AND state = 'sending' AND (amount <> $2 OR balance_before <> $3)";
    let Refund { id, amount, balance_before, untaxed, .. } = refund;
    let [free, exempt] =
        [untaxed.map(|untaxed| untaxed.free.get()), untaxed.map(|untaxed| untaxed.exempt.get())];
    let cells: crate::tx::Cells<'_> = &[&id.uuid(), &amount.get(), &balance_before.get(), &free, &exempt];
    tx.write("refunds", update, cells).await.map(drop)
}

/// Ends the refund that is under way.
pub(crate) async fn settle(
    tx: &Tx<'_>,
    payment: PaymentId,
    id: RefundId,
    outcome: &RefundOutcome,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (state, transaction_key, evidence, refusal) = match outcome {
        RefundOutcome::Done { transaction_key, evidence } => {
            ("done", transaction_key.as_deref(), Some(evidence), None)
        }
        RefundOutcome::Refused(refusal) => ("refused", None, Some(&refusal.evidence), Some(refusal)),
        RefundOutcome::NeedsReview => ("needs_review", None, None, None),
    };
    let update = "UPDATE refunds SET state = $3, settled_at = $4, transaction_key = $5, reply_status = $6,
           reply_body = $7, refusal_code = $8, refusal_message = $9
         WHERE refund_id = $1 AND payment_id = $2 AND state = 'sending'";
    let written = tx
        .write(
            "refunds",
            update,
            &[
                &id.uuid(),
                &payment.uuid(),
                &state,
                &at.as_micros(),
                &transaction_key,
                &evidence.map(|evidence| i64::from(evidence.http_status)),
                &evidence.map(|evidence| &*evidence.body),
                &refusal.map(|refusal| refusal.code.as_str()),
                &refusal.map(|refusal| refusal.message.as_str()),
            ],
        )
        .await?;
    if written == 0 {
        Err(corrupt("refunds", format!("{id}: not under way")))
    } else {
        forget_account(tx, id).await
    }
}

/// Ends a refund that waits; says whether it did.
pub(crate) async fn refuse_queued(
    tx: &Tx<'_>,
    id: RefundId,
    why: &Refusal,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let update = "UPDATE refunds SET state = 'refused', settled_at = $2, reply_status = $3, reply_body = $4,
           refusal_code = $5, refusal_message = $6
         WHERE refund_id = $1 AND state = 'queued'";
    let Refusal { code, message, evidence } = why;
    let status = i64::from(evidence.http_status);
    let ended = tx
        .write(
            "refunds",
            update,
            &[&id.uuid(), &at.as_micros(), &status, &&*evidence.body, &code.as_str(), &message.as_str()],
        )
        .await?;
    if ended > 0 { forget_account(tx, id).await.map(|()| true) } else { Ok(false) }
}

async fn keep_account(tx: &Tx<'_>, id: RefundId, sealed: &Sealed) -> Result<(), StoreError> {
    let insert = "INSERT INTO refund_accounts (refund_id, sealed_by, sealed) VALUES ($1, $2, $3)";
    tx.write("refund_accounts", insert, &[&id.uuid(), &sealed.by, &sealed.bytes]).await.map(drop)
}

async fn forget_account(tx: &Tx<'_>, id: RefundId) -> Result<(), StoreError> {
    let delete = "DELETE FROM refund_accounts WHERE refund_id = $1";
    tx.write("refund_accounts", delete, &[&id.uuid()]).await.map(drop)
}

/// Where the money of a refund is to go.
pub(crate) async fn account(tx: &Tx<'_>, id: RefundId) -> Result<Option<Sealed>, StoreError> {
    let select = "SELECT sealed_by, sealed FROM refund_accounts WHERE refund_id = $1";
    let Some(row) = tx.row("refund_accounts", select, &[&id.uuid()]).await? else { return Ok(None) };
    let mut cells = Cells::new("refund_accounts", &row);
    Ok(Some(Sealed { by: cells.take()?, bytes: cells.take()? }))
}

/// Writes a cancel that Toss shows, unless a refund of this payment is it.
pub(crate) async fn note_elsewhere(
    tx: &Tx<'_>,
    payment: &Payment,
    cancel: &TossCancel,
    seen_at: Timestamp,
) -> Result<(), StoreError> {
    // The index on the transactions of a payment knows whether one is it.
    insert(tx, &RefundRecord::elsewhere(payment, cancel, seen_at), None).await.map(drop)
}

/// A refund that is not under way; `false` when there is one with its id, or its transaction. Its payment is locked.
async fn insert(tx: &Tx<'_>, record: &RefundRecord, actor: Option<&str>) -> Result<bool, StoreError> {
    let RefundRecord { refund, payment, progress, settled_at } = record;
    let (state, transaction_key) = match progress {
        Progress::Queued => ("queued", None),
        Progress::Elsewhere { transaction_key } => ("elsewhere", Some(transaction_key)),
        Progress::Sending | Progress::Settled(_) => {
            return Err(corrupt("refunds", format!("{}: neither waits nor was made elsewhere", refund.id)));
        }
    };
    let insert = "INSERT INTO refunds (refund_id, payment_id, seq, amount, whole, reason, cause, actor, balance_before,
           requested_at, state, settled_at, transaction_key, tax_free_amount, tax_exemption_amount)
         VALUES ($1, $2, (SELECT coalesce(max(seq), 0) + 1 FROM refunds WHERE payment_id = $2), $3, $4, $5, $6, $7,
           $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING";
    let written = tx
        .write(
            "refunds",
            insert,
            &[
                &refund.id.uuid(),
                &payment.uuid(),
                &refund.amount.get(),
                &refund.whole,
                &refund.reason.as_str(),
                &cause_to_str(refund.cause),
                &actor,
                &refund.balance_before.get(),
                &refund.requested_at.as_micros(),
                &state,
                &settled_at.map(Timestamp::as_micros),
                &transaction_key,
                &refund.untaxed.map(|untaxed| untaxed.free.get()),
                &refund.untaxed.map(|untaxed| untaxed.exempt.get()),
            ],
        )
        .await?;
    Ok(written > 0)
}

pub(crate) async fn one(tx: &Tx<'_>, id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
    let found = tx.row("refunds", select_refunds!("WHERE refund_id = $1"), &[&id.uuid()]).await?;
    found.as_ref().map(rows::refund_record).transpose()
}

/// The newest that was asked for as "everything that is left".
pub(crate) async fn whole(tx: &Tx<'_>, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
    let newest = select_refunds!("WHERE payment_id = $1 AND whole ORDER BY seq DESC LIMIT 1");
    let found = tx.row("refunds", newest, &[&payment.uuid()]).await?;
    found.as_ref().map(rows::refund_record).transpose()
}

/// All of a payment, oldest first.
pub(crate) async fn of_payment(tx: &Tx<'_>, payment: PaymentId) -> Result<Vec<RefundRecord>, StoreError> {
    let all = select_refunds!("WHERE payment_id = $1 ORDER BY seq");
    tx.rows("refunds", all, &[&payment.uuid()]).await?.iter().map(rows::refund_record).collect()
}

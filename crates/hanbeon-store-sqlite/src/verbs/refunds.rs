//! Refunds: one under way per payment, settled once.
use crate::error::{corrupt, sql};
use crate::rows::{self, cause_to_str, select_refunds};
use crate::verbs::payments::version;
use hanbeon_domain::{PaymentId, RefundId, RefundOutcome, State, Step, Timestamp};
use hanbeon_store::{RefundRecord, StoreError};
use rusqlite::{Connection, params};

/// Writes the refund that the step begins; `false` when its id is used.
pub(crate) fn begin(db: &Connection, step: &Step) -> Result<bool, StoreError> {
    let State::Canceling { refund, .. } = &step.next.state else { return Ok(true) };
    let mut statement = db
        .prepare_cached(
            "INSERT INTO refunds (refund_id, payment_id, began_version, amount, whole, reason, cause,
               balance_before, requested_at, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'sending') ON CONFLICT DO NOTHING",
        )
        .map_err(sql("refunds"))?;
    let written = statement
        .execute(params![
            refund.id.uuid().into_bytes(),
            step.next.id.uuid().into_bytes(),
            version(step.next.version)?,
            refund.amount.get(),
            refund.whole,
            refund.reason.as_str(),
            cause_to_str(refund.cause),
            refund.balance_before.get(),
            refund.requested_at.as_micros(),
        ])
        .map_err(sql("refunds"))?;
    Ok(written > 0)
}

/// Ends the refund that is under way.
pub(crate) fn settle(
    db: &Connection,
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
    let mut statement = db
        .prepare_cached(
            "UPDATE refunds SET state = ?3, settled_at = ?4, transaction_key = ?5, reply_status = ?6,
               reply_body = ?7, refusal_code = ?8, refusal_message = ?9
             WHERE refund_id = ?1 AND payment_id = ?2 AND state = 'sending'",
        )
        .map_err(sql("refunds"))?;
    let written = statement
        .execute(params![
            id.uuid().into_bytes(),
            payment.uuid().into_bytes(),
            state,
            at.as_micros(),
            transaction_key,
            evidence.map(|evidence| evidence.http_status),
            evidence.map(|evidence| &*evidence.body),
            refusal.map(|refusal| refusal.code.as_str()),
            refusal.map(|refusal| refusal.message.as_str()),
        ])
        .map_err(sql("refunds"))?;
    if written == 0 { Err(corrupt("refunds", format!("{id}: not under way"))) } else { Ok(()) }
}

pub(crate) fn one(db: &Connection, id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
    read(db, select_refunds!("WHERE refund_id = ?1"), id.uuid().into_bytes()).map(|mut found| found.pop())
}

/// The newest that was asked for as "everything that is left".
pub(crate) fn whole(db: &Connection, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
    let newest = select_refunds!("WHERE payment_id = ?1 AND whole = 1 ORDER BY began_version DESC LIMIT 1");
    read(db, newest, payment.uuid().into_bytes()).map(|mut found| found.pop())
}

/// All of a payment, oldest first.
pub(crate) fn of_payment(db: &Connection, payment: PaymentId) -> Result<Vec<RefundRecord>, StoreError> {
    read(db, select_refunds!("WHERE payment_id = ?1 ORDER BY began_version"), payment.uuid().into_bytes())
}

fn read(db: &Connection, select: &str, id: [u8; 16]) -> Result<Vec<RefundRecord>, StoreError> {
    let mut statement = db.prepare_cached(select).map_err(sql("refunds"))?;
    let mut found = statement.query([id]).map_err(sql("refunds"))?;
    let mut records = Vec::new();
    while let Some(row) = found.next().map_err(sql("refunds"))? {
        records.push(rows::refund_record(row)?);
    }
    Ok(records)
}

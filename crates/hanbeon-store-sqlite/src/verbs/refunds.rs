//! Refunds: those that wait for their turn, one under way per payment, settled once; and those made elsewhere.
use crate::error::{corrupt, sql};
use crate::rows::{self, cause_to_str, select_refunds};
use crate::verbs::steps::version;
use crate::verbs::turns;
use hanbeon_domain::{
    CancelRequest, Payment, PaymentId, Refund, RefundId, RefundOutcome, Refusal, State, StateName, Step,
    Timestamp, TossCancel, Won,
};
use hanbeon_store::{NewRefund, Progress, Queued, RefundRecord, Sealed, StoreError, gives_turns};
use rusqlite::{Connection, OptionalExtension, params};

/// Writes a wish, if it fits.
pub(crate) fn queue(db: &Connection, new: &NewRefund, from: Timestamp) -> Result<Queued, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT total_amount, refunded_amount, state FROM payments WHERE payment_id = ?1")
        .map_err(sql("payments"))?;
    let found = statement
        .query_row([new.payment.uuid().into_bytes()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })
        .optional()
        .map_err(sql("payments"))?;
    let unknown = || corrupt("refunds", format!("{}: of no payment", new.request.id));
    let (amount, refunded, state) = found.ok_or_else(unknown)?;
    let won = |won| Won::new(won).map_err(|_| corrupt("payments", format!("{}: an amount", new.payment)));
    match new.beside(won(amount)?, won(refunded)?, &of_payment(db, new.payment)?) {
        Err(end) => return Ok(end),
        Ok(record) if insert(db, &record, Some(new.actor.as_str()))? => {}
        Ok(_) => return Err(corrupt("refunds", format!("{}: of another payment", new.request.id))),
    }
    if let Some(sealed) = &new.account {
        keep_account(db, new.request.id, sealed)?;
    }
    if StateName::parse(&state).is_some_and(gives_turns) {
        turns::make_due(db, new.payment, from)?;
    }
    Ok(Queued::New)
}

/// Writes the refund that the step begins, or that had been waiting for it; `false` when its id is used.
pub(crate) fn begin(db: &Connection, step: &Step) -> Result<bool, StoreError> {
    let State::Canceling { refund, .. } = &step.next.state else { return Ok(true) };
    let mut statement = db
        .prepare_cached(
            "INSERT INTO refunds (refund_id, payment_id, began_version, amount, whole, reason, cause,
               balance_before, requested_at, tax_free_amount, tax_exemption_amount, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'sending')
             ON CONFLICT (refund_id) DO UPDATE SET state = 'sending', began_version = excluded.began_version,
               amount = excluded.amount, whole = excluded.whole, reason = excluded.reason,
               balance_before = excluded.balance_before, requested_at = excluded.requested_at,
               tax_free_amount = excluded.tax_free_amount, tax_exemption_amount = excluded.tax_exemption_amount
               WHERE state = 'queued' AND payment_id = excluded.payment_id
             ON CONFLICT DO NOTHING",
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
            refund.untaxed.map(|untaxed| untaxed.free.get()),
            refund.untaxed.map(|untaxed| untaxed.exempt.get()),
        ])
        .map_err(sql("refunds"))?;
    Ok(written > 0)
}

/// The refund under way may start anew from another balance.
pub(crate) fn rebase(db: &Connection, refund: &Refund) -> Result<(), StoreError> {
    let mut statement = db
        .prepare_cached(
            "UPDATE refunds SET amount = ?2, balance_before = ?3, tax_free_amount = ?4, tax_exemption_amount = ?5
             WHERE refund_id = ?1 AND state = 'sending' AND (amount <> ?2 OR balance_before <> ?3)",
        )
        .map_err(sql("refunds"))?;
    let Refund { id, amount, balance_before, untaxed, .. } = refund;
    let [free, exempt] =
        [untaxed.map(|untaxed| untaxed.free.get()), untaxed.map(|untaxed| untaxed.exempt.get())];
    let cells = params![id.uuid().into_bytes(), amount.get(), balance_before.get(), free, exempt];
    statement.execute(cells).map(drop).map_err(sql("refunds"))
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
    if written == 0 {
        Err(corrupt("refunds", format!("{id}: not under way")))
    } else {
        forget_account(db, id)
    }
}

/// Ends a refund that waits; says whether it did.
pub(crate) fn refuse_queued(
    db: &Connection,
    id: RefundId,
    why: &Refusal,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let mut statement = db
        .prepare_cached(
            "UPDATE refunds SET state = 'refused', settled_at = ?2, reply_status = ?3, reply_body = ?4,
               refusal_code = ?5, refusal_message = ?6
             WHERE refund_id = ?1 AND state = 'queued'",
        )
        .map_err(sql("refunds"))?;
    let Refusal { code, message, evidence } = why;
    let cells =
        params![id.uuid().into_bytes(), at.as_micros(), evidence.http_status, &*evidence.body, code, message];
    let ended = statement.execute(cells).map_err(sql("refunds"))? > 0;
    if ended { forget_account(db, id).map(|()| true) } else { Ok(false) }
}

fn keep_account(db: &Connection, id: RefundId, sealed: &Sealed) -> Result<(), StoreError> {
    let insert = "INSERT INTO refund_accounts (refund_id, sealed_by, sealed) VALUES (?1, ?2, ?3)";
    let mut statement = db.prepare_cached(insert).map_err(sql("refund_accounts"))?;
    let cells = params![id.uuid().into_bytes(), sealed.by, sealed.bytes];
    statement.execute(cells).map(drop).map_err(sql("refund_accounts"))
}

fn forget_account(db: &Connection, id: RefundId) -> Result<(), StoreError> {
    let delete = "DELETE FROM refund_accounts WHERE refund_id = ?1";
    let mut statement = db.prepare_cached(delete).map_err(sql("refund_accounts"))?;
    statement.execute([id.uuid().into_bytes()]).map(drop).map_err(sql("refund_accounts"))
}

/// Where the money of a refund is to go.
pub(crate) fn account(db: &Connection, id: RefundId) -> Result<Option<Sealed>, StoreError> {
    let select = "SELECT sealed_by, sealed FROM refund_accounts WHERE refund_id = ?1";
    let mut statement = db.prepare_cached(select).map_err(sql("refund_accounts"))?;
    let read = |row: &rusqlite::Row<'_>| Ok(Sealed { by: row.get(0)?, bytes: row.get(1)? });
    statement.query_row([id.uuid().into_bytes()], read).optional().map_err(sql("refund_accounts"))
}

/// Writes a cancel that Toss shows, unless a refund of this payment is it.
pub(crate) fn note_elsewhere(
    db: &Connection,
    payment: &Payment,
    cancel: &TossCancel,
    seen_at: Timestamp,
) -> Result<(), StoreError> {
    // The index on the transactions of a payment knows whether one is it.
    insert(db, &RefundRecord::elsewhere(payment, cancel, seen_at), None).map(drop)
}

/// A refund that is not under way; `false` when there is one with its id, or its transaction.
fn insert(db: &Connection, record: &RefundRecord, actor: Option<&str>) -> Result<bool, StoreError> {
    let RefundRecord { refund, payment, progress, settled_at } = record;
    let (state, transaction_key) = match progress {
        Progress::Queued => ("queued", None),
        Progress::Elsewhere { transaction_key } => ("elsewhere", Some(transaction_key)),
        Progress::Sending | Progress::Settled(_) => {
            return Err(corrupt("refunds", format!("{}: neither waits nor was made elsewhere", refund.id)));
        }
    };
    let mut statement = db
        .prepare_cached(
            "INSERT INTO refunds (refund_id, payment_id, amount, whole, reason, cause, actor, balance_before,
               requested_at, state, settled_at, transaction_key, tax_free_amount, tax_exemption_amount)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING",
        )
        .map_err(sql("refunds"))?;
    let written = statement
        .execute(params![
            refund.id.uuid().into_bytes(),
            payment.uuid().into_bytes(),
            refund.amount.get(),
            refund.whole,
            refund.reason.as_str(),
            cause_to_str(refund.cause),
            actor,
            refund.balance_before.get(),
            refund.requested_at.as_micros(),
            state,
            settled_at.map(Timestamp::as_micros),
            transaction_key,
            refund.untaxed.map(|untaxed| untaxed.free.get()),
            refund.untaxed.map(|untaxed| untaxed.exempt.get()),
        ])
        .map_err(sql("refunds"))?;
    Ok(written > 0)
}

pub(crate) fn one(db: &Connection, id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
    read(db, select_refunds!("WHERE refund_id = ?1"), id.uuid().into_bytes()).map(|mut found| found.pop())
}

/// The newest that was asked for as "everything that is left".
pub(crate) fn whole(db: &Connection, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
    let newest = select_refunds!("WHERE payment_id = ?1 AND whole = 1 ORDER BY seq DESC LIMIT 1");
    read(db, newest, payment.uuid().into_bytes()).map(|mut found| found.pop())
}

/// All of a payment, oldest first.
pub(crate) fn of_payment(db: &Connection, payment: PaymentId) -> Result<Vec<RefundRecord>, StoreError> {
    read(db, select_refunds!("WHERE payment_id = ?1 ORDER BY seq"), payment.uuid().into_bytes())
}

/// The one whose turn it is.
pub(crate) fn oldest_queued(
    db: &Connection,
    payment: PaymentId,
) -> Result<Option<CancelRequest>, StoreError> {
    let oldest = select_refunds!("WHERE payment_id = ?1 AND state = 'queued' ORDER BY seq LIMIT 1");
    let waits = read(db, oldest, payment.uuid().into_bytes())?.pop();
    Ok(waits.map(|record| record.refund.into()))
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

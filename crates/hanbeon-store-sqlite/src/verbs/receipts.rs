//! Cash receipts, and their cancels.
use crate::SqliteStore;
use crate::error::{corrupt, sql};
use crate::rows::receipts::{self as rows, Facts, receipt_columns};
use crate::verbs::payments::most;
use crate::verbs::steps::version;
use async_trait::async_trait;
use hanbeon_domain::receipt::{Receipt, ReceiptAction, ReceiptCancel, ReceiptState, ReceiptStep};
use hanbeon_domain::{PaymentId, ReceiptId, Timestamp, Won};
use hanbeon_store::{BegunReceipt, ReceiptRecord, ReceiptStore, StoreError};
use rusqlite::{Connection, OptionalExtension, Params, params};

#[async_trait]
impl ReceiptStore for SqliteStore {
    async fn begin_receipt(&self, receipt: &Receipt, until: Timestamp) -> Result<BegunReceipt, StoreError> {
        let receipt = receipt.clone();
        self.writer.run(move |db| begin(db, &receipt, until)).await
    }

    async fn commit_receipt(
        &self,
        step: &ReceiptStep,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let step = step.clone();
        self.writer.finish(move |db| commit(db, &step, now, until)).await
    }

    async fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
        self.readers.run(move |db| one(db, id)).await
    }

    async fn receipts(&self, payment: PaymentId) -> Result<Vec<Receipt>, StoreError> {
        self.readers.run(move |db| of_payment(db, payment)).await
    }

    async fn lease_receipts(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError> {
        self.writer.run(move |db| lease(db, now, until, limit)).await
    }

    async fn next_receipt_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers.run(next_due).await
    }

    async fn receipts_after(
        &self,
        after: Option<ReceiptId>,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError> {
        self.readers.run(move |db| after_id(db, after, limit)).await
    }

    async fn receipts_to_review(&self, limit: usize) -> Result<Vec<Receipt>, StoreError> {
        self.readers.run(move |db| to_review(db, limit)).await
    }
}

fn begin(db: &Connection, receipt: &Receipt, until: Timestamp) -> Result<BegunReceipt, StoreError> {
    if let Some(known) = one(db, receipt.id)? {
        return Ok(BegunReceipt::Known(Box::new(known)));
    }
    let id = receipt.payment.uuid().into_bytes();
    let fits = "SELECT EXISTS (SELECT 1 FROM payments WHERE payment_id = ?1 AND state IN ('paid', 'partially_canceled')
        AND captured_amount - refunded_amount = ?2)";
    let mut statement = db.prepare_cached(fits).map_err(sql("payments"))?;
    let fits: bool =
        statement.query_row(params![id, receipt.amount.get()], |row| row.get(0)).map_err(sql("payments"))?;
    if !fits {
        return Ok(BegunReceipt::Moved);
    }
    let insert = "INSERT INTO receipts (receipt_id, payment_id, kind, amount, canceled_amount, created_at, version, due_at,
        state, tries) VALUES (?1, ?2, ?3, ?4, 0, ?5, 1, ?6, 'issuing', 0) ON CONFLICT DO NOTHING";
    let cells = params![
        receipt.id.uuid().into_bytes(),
        id,
        receipt.kind.as_str(),
        receipt.amount.get(),
        receipt.created_at.as_micros(),
        until.as_micros(),
    ];
    let written = write(db, insert, cells)?;
    Ok(if written == 0 { BegunReceipt::Taken } else { BegunReceipt::Fresh })
}

fn commit(db: &Connection, step: &ReceiptStep, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
    let next = &step.next;
    let id = next.id.uuid().into_bytes();
    let facts = Facts::of(&next.state);
    let due = match (step.then, &next.state) {
        (_, ReceiptState::Canceled | ReceiptState::Failed(_) | ReceiptState::NeedsReview { .. }) => None,
        (ReceiptAction::Rest { due }, _) => due,
        (ReceiptAction::Cancel | ReceiptAction::Look, _) => Some(until),
    };
    // At rest, money may have gone back since it was taken over.
    let update = "UPDATE receipts SET version = ?2, state = ?3, canceled_amount = ?4, toss_receipt_key = ?5, url = ?6,
        tries = ?7, cancel_amount = ?8, cancel_since = ?9, called_at = ?10, round = ?11, answered = ?12, landing = ?13,
        reason_code = ?14, reason_message = ?15, review_reason = ?16,
        due_at = iif(?3 = 'issued' AND amount - ?4 > (SELECT captured_amount - refunded_amount FROM payments p
          WHERE p.payment_id = receipts.payment_id), ?17, ?18)
        WHERE receipt_id = ?1 AND version = ?2 - 1";
    let cells = params![
        id,
        version(next.version)?,
        next.state.as_str(),
        next.canceled().get(),
        next.paper.as_ref().map(|paper| paper.key.as_str()),
        next.paper.as_ref().and_then(|paper| paper.url.as_deref()),
        facts.tries,
        facts.canceling.map(|canceling| canceling.amount.get()),
        facts.canceling.map(|canceling| canceling.since.as_micros()),
        facts.canceling.map(|canceling| canceling.called_at.as_micros()),
        facts.canceling.map(|canceling| canceling.round),
        facts.canceling.map(|canceling| canceling.answered),
        facts.canceling.map(|canceling| canceling.landing),
        facts.reason.map(|reason| reason.code.as_str()),
        facts.reason.map(|reason| reason.message.as_str()),
        facts.why,
        now.as_micros(),
        due.map(Timestamp::as_micros),
    ];
    if write(db, update, cells)? == 0 {
        return Err(StoreError::Superseded);
    }
    let insert =
        "INSERT INTO receipt_cancels (receipt_id, ordinal, amount, canceled_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO NOTHING";
    for (ordinal, cancel) in (1_i64..).zip(&next.cancels) {
        write(db, insert, params![id, ordinal, cancel.amount.get(), cancel.at.as_micros()])?;
    }
    Ok(())
}

fn one(db: &Connection, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
    let select = concat!("SELECT ", receipt_columns!(), " FROM receipts WHERE receipt_id = ?1");
    Ok(read(db, select, [id.uuid().into_bytes()])?.pop())
}

fn of_payment(db: &Connection, payment: PaymentId) -> Result<Vec<Receipt>, StoreError> {
    let select = concat!(
        "SELECT ",
        receipt_columns!(),
        " FROM receipts WHERE payment_id = ?1 ORDER BY created_at, receipt_id"
    );
    read(db, select, [payment.uuid().into_bytes()])
}

fn to_review(db: &Connection, limit: usize) -> Result<Vec<Receipt>, StoreError> {
    let select = concat!(
        "SELECT ",
        receipt_columns!(),
        " FROM receipts WHERE state = 'needs_review' ORDER BY receipt_id LIMIT ?1"
    );
    read(db, select, [most(limit)])
}

/// Takes over what is due. A row that cannot be read must not stop the others.
fn lease(
    db: &Connection,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<ReceiptRecord>, StoreError> {
    let update = "UPDATE receipts SET version = version + 1, due_at = ?2 WHERE receipt_id IN
        (SELECT receipt_id FROM receipts WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3) RETURNING receipt_id";
    let mut statement = db.prepare_cached(update).map_err(sql("receipts"))?;
    let taken =
        statement.query_map(params![now.as_micros(), until.as_micros(), most(limit)], |row| row.get(0));
    let taken: Vec<[u8; 16]> = taken.and_then(Iterator::collect).map_err(sql("receipts"))?;
    let mut leased = Vec::with_capacity(taken.len());
    for id in taken {
        let id = ReceiptId::from_uuid(uuid::Uuid::from_bytes(id));
        match one(db, id).and_then(|receipt| receipt.map(|receipt| record(db, receipt)).transpose()) {
            Ok(record) => leased.extend(record),
            Err(error) => tracing::error!(%error, receipt.id = %id, "a receipt is due that cannot be read"),
        }
    }
    Ok(leased)
}

fn next_due(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let earliest = "SELECT min(due_at) FROM receipts WHERE due_at IS NOT NULL";
    let mut statement = db.prepare_cached(earliest).map_err(sql("receipts"))?;
    let due: Option<i64> = statement.query_row([], |row| row.get(0)).map_err(sql("receipts"))?;
    Ok(due.map(Timestamp::from_micros))
}

fn after_id(
    db: &Connection,
    after: Option<ReceiptId>,
    limit: usize,
) -> Result<Vec<ReceiptRecord>, StoreError> {
    let select = concat!(
        "SELECT ",
        receipt_columns!(),
        " FROM receipts WHERE receipt_id > ?1 ORDER BY receipt_id LIMIT ?2"
    );
    let after = after.map_or_else(Vec::new, |after| after.uuid().as_bytes().to_vec());
    let receipts = read(db, select, params![after, most(limit)])?;
    receipts.into_iter().map(|receipt| record(db, receipt)).collect()
}

fn record(db: &Connection, receipt: Receipt) -> Result<ReceiptRecord, StoreError> {
    let select = "SELECT p.captured_amount - p.refunded_amount, r.due_at IS NOT NULL
        FROM receipts r JOIN payments p USING (payment_id) WHERE r.receipt_id = ?1";
    let mut statement = db.prepare_cached(select).map_err(sql("receipts"))?;
    let found = statement
        .query_row([receipt.id.uuid().into_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(sql("receipts"))?;
    let orphan = || corrupt("receipts", format!("{}: of no payment", receipt.id));
    let (left, is_due): (i64, bool) = found.ok_or_else(orphan)?;
    let left = Won::new(left).map_err(|_| corrupt("payments", format!("{}: an amount", receipt.payment)))?;
    Ok(ReceiptRecord { receipt, left, is_due })
}

/// Receipts with their cancels.
fn read(db: &Connection, select: &str, params: impl Params) -> Result<Vec<Receipt>, StoreError> {
    let mut statement = db.prepare_cached(select).map_err(sql("receipts"))?;
    let mut found = statement.query(params).map_err(sql("receipts"))?;
    let mut receipts = Vec::new();
    while let Some(row) = found.next().map_err(sql("receipts"))? {
        let (mut receipt, canceled) = rows::receipt(row)?;
        receipt.cancels = cancels(db, receipt.id)?;
        if receipt.canceled() != canceled {
            return Err(corrupt("receipts", format!("{}: its cancels do not add up", receipt.id)));
        }
        receipts.push(receipt);
    }
    Ok(receipts)
}

fn cancels(db: &Connection, id: ReceiptId) -> Result<Vec<ReceiptCancel>, StoreError> {
    let select = "SELECT amount, canceled_at FROM receipt_cancels WHERE receipt_id = ?1 ORDER BY ordinal";
    let mut statement = db.prepare_cached(select).map_err(sql("receipt_cancels"))?;
    let mut found = statement.query([id.uuid().into_bytes()]).map_err(sql("receipt_cancels"))?;
    let mut cancels = Vec::new();
    while let Some(row) = found.next().map_err(sql("receipt_cancels"))? {
        cancels.push(rows::cancel(row)?);
    }
    Ok(cancels)
}

/// How many rows a statement wrote.
fn write(db: &Connection, statement: &str, params: impl Params) -> Result<usize, StoreError> {
    let mut statement = db.prepare_cached(statement).map_err(sql("receipts"))?;
    statement.execute(params).map_err(sql("receipts"))
}

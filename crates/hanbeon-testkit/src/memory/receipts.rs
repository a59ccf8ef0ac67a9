//! Cash receipts in memory.
use super::MemoryStore;
use super::tables::Tables;
use async_trait::async_trait;
use hanbeon_domain::receipt::{Receipt, ReceiptAction, ReceiptState, ReceiptStep, receiptable};
use hanbeon_domain::{PaymentId, ReceiptId, State, Timestamp, Won};
use hanbeon_store::{BegunReceipt, ReceiptRecord, ReceiptStore, StoreError};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Each with when it is due.
pub(super) type Receipts = BTreeMap<ReceiptId, (Receipt, Option<Timestamp>)>;

impl Tables {
    fn left(&self, payment: PaymentId) -> Won {
        self.payment(payment).map_or(Won::ZERO, |record| receiptable(&record.payment))
    }

    /// Money that went back makes it due, whatever was written.
    fn receipt_due(&self, receipt: &Receipt, due: Option<Timestamp>) -> Option<Timestamp> {
        let exceeds =
            receipt.state == ReceiptState::Issued && self.left(receipt.payment) < receipt.in_force();
        due.or_else(|| exceeds.then(Timestamp::default))
    }

    fn receipt_record(&self, receipt: &Receipt, due: Option<Timestamp>) -> ReceiptRecord {
        let is_due = self.receipt_due(receipt, due).is_some();
        ReceiptRecord { receipt: receipt.clone(), left: self.left(receipt.payment), is_due }
    }

    fn begin_receipt(&mut self, receipt: &Receipt, until: Timestamp) -> BegunReceipt {
        if let Some((known, _)) = self.receipts.get(&receipt.id) {
            return BegunReceipt::Known(Box::new(known.clone()));
        }
        let payment = self.payment(receipt.payment).map(|record| record.payment);
        let fits = payment.is_some_and(|payment| {
            matches!(payment.state, State::Paid | State::PartiallyCanceled)
                && receiptable(&payment) == receipt.amount
        });
        if !fits {
            return BegunReceipt::Moved;
        }
        let mut others = self.receipts.values().map(|(other, _)| other);
        if others.any(|other| other.payment == receipt.payment && other.is_open()) {
            return BegunReceipt::Taken;
        }
        self.receipts.insert(receipt.id, (receipt.clone(), Some(until)));
        BegunReceipt::Fresh
    }

    fn commit_receipt(&mut self, step: &ReceiptStep, until: Timestamp) -> Result<(), StoreError> {
        let ReceiptStep { next, then } = step;
        let stored = self.receipts.get_mut(&next.id);
        let stored = stored.filter(|(stored, _)| stored.version + 1 == next.version);
        let due = match then {
            _ if !next.is_open() || matches!(next.state, ReceiptState::NeedsReview { .. }) => None,
            ReceiptAction::Rest { due } => *due,
            ReceiptAction::Cancel | ReceiptAction::Look => Some(until),
        };
        *stored.ok_or(StoreError::Superseded)? = (next.clone(), due);
        Ok(())
    }

    fn lease_receipts(&mut self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<ReceiptRecord> {
        let due = |(receipt, due): &(Receipt, Option<Timestamp>)| self.receipt_due(receipt, *due);
        let mut found: Vec<_> =
            self.receipts.values().filter_map(|row| Some((due(row)?, row.0.id))).collect();
        found.retain(|(due, _)| *due <= now);
        found.sort();
        let mut leased = Vec::new();
        for (_, id) in found.into_iter().take(limit) {
            let Some((receipt, due)) = self.receipts.get_mut(&id) else { continue };
            receipt.version += 1;
            *due = Some(until);
            let receipt = receipt.clone();
            leased.push(self.receipt_record(&receipt, Some(until)));
        }
        leased
    }
}

#[async_trait]
impl ReceiptStore for MemoryStore {
    async fn begin_receipt(&self, receipt: &Receipt, until: Timestamp) -> Result<BegunReceipt, StoreError> {
        Ok(self.tables().begin_receipt(receipt, until))
    }

    async fn commit_receipt(
        &self,
        step: &ReceiptStep,
        _now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.tables().commit_receipt(step, until)
    }

    async fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
        Ok(self.tables().receipts.get(&id).map(|(receipt, _)| receipt.clone()))
    }

    async fn receipts(&self, payment: PaymentId) -> Result<Vec<Receipt>, StoreError> {
        let tables = self.tables();
        let receipts = tables.receipts.values().map(|(receipt, _)| receipt);
        let mut of_payment: Vec<_> = receipts.filter(|receipt| receipt.payment == payment).cloned().collect();
        of_payment.sort_by_key(|receipt| (receipt.created_at, receipt.id));
        Ok(of_payment)
    }

    async fn lease_receipts(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError> {
        Ok(self.tables().lease_receipts(now, until, limit))
    }

    async fn next_receipt_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let tables = self.tables();
        Ok(tables.receipts.values().filter_map(|(receipt, due)| tables.receipt_due(receipt, *due)).min())
    }

    async fn receipts_after(
        &self,
        after: Option<ReceiptId>,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError> {
        let tables = self.tables();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = tables.receipts.range((from, Bound::Unbounded)).take(limit);
        Ok(rows.map(|(_, (receipt, due))| tables.receipt_record(receipt, *due)).collect())
    }

    async fn receipts_to_review(&self, limit: usize) -> Result<Vec<Receipt>, StoreError> {
        let tables = self.tables();
        let receipts = tables.receipts.values().map(|(receipt, _)| receipt);
        let waiting = receipts.filter(|receipt| matches!(receipt.state, ReceiptState::NeedsReview { .. }));
        Ok(waiting.take(limit).cloned().collect())
    }
}

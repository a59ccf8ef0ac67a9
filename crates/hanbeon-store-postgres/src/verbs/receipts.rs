//! Cash receipts, and their cancels.
use crate::PostgresStore;
use crate::error::unwritten;
use async_trait::async_trait;
use hanbeon_domain::receipt::{Receipt, ReceiptStep};
use hanbeon_domain::{PaymentId, ReceiptId, Timestamp};
use hanbeon_store::{BegunReceipt, ReceiptRecord, ReceiptStore, StoreError};

#[async_trait]
impl ReceiptStore for PostgresStore {
    async fn begin_receipt(&self, _receipt: &Receipt, _until: Timestamp) -> Result<BegunReceipt, StoreError> {
        Err(unwritten())
    }

    async fn commit_receipt(
        &self,
        _step: &ReceiptStep,
        _now: Timestamp,
        _until: Timestamp,
    ) -> Result<(), StoreError> {
        Err(unwritten())
    }

    async fn receipt(&self, _id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
        Err(unwritten())
    }

    async fn receipts(&self, _payment: PaymentId) -> Result<Vec<Receipt>, StoreError> {
        Err(unwritten())
    }

    async fn lease_receipts(
        &self,
        _now: Timestamp,
        _until: Timestamp,
        _limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError> {
        Err(unwritten())
    }

    async fn next_receipt_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(unwritten())
    }

    async fn receipts_after(
        &self,
        _after: Option<ReceiptId>,
        _limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError> {
        Err(unwritten())
    }

    async fn receipts_to_review(&self, _limit: usize) -> Result<Vec<Receipt>, StoreError> {
        Err(unwritten())
    }
}

//! What the store remembers of cash receipts. A door of its own beside [`Store`](crate::Store), over the same database: a
//! receipt that proves more than is left of its payment is due, in the transaction in which the money goes back.
use crate::StoreError;
use async_trait::async_trait;
use hanbeon_domain::receipt::{Receipt, ReceiptStep};
use hanbeon_domain::{PaymentId, ReceiptId, Timestamp, Won};

/// Everything that is remembered of cash receipts. As for [`Store`](crate::Store): a verb is one transaction, durable when
/// it returns `Ok`; a write names the version that it expects, and writes nothing when the row has moved on
/// ([`StoreError::Superseded`]).
#[async_trait]
pub trait ReceiptStore: Send + Sync + 'static {
    /// The first write of an intent to issue. Due at `until`.
    async fn begin_receipt(&self, receipt: &Receipt, until: Timestamp) -> Result<BegunReceipt, StoreError>;

    /// Writes what became of a receipt. At rest as issued it is due `now` if it proves more than is left of its payment;
    /// otherwise it is due when the step says, or, while somebody goes on with it, at `until`.
    async fn commit_receipt(
        &self,
        step: &ReceiptStep,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError>;

    /// One receipt.
    async fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreError>;

    /// The receipts of a payment, oldest first.
    async fn receipts(&self, payment: PaymentId) -> Result<Vec<Receipt>, StoreError>;

    /// Takes over at most `limit` receipts that are due, oldest first, each with what is left of its payment: from now on
    /// their former holders are superseded, and they are due again at `until`.
    async fn lease_receipts(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError>;

    /// When the next receipt is due, if any is.
    async fn next_receipt_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Receipts in the order of their ids, after `after`, at most `limit`: for whoever verifies all of them.
    async fn receipts_after(
        &self,
        after: Option<ReceiptId>,
        limit: usize,
    ) -> Result<Vec<ReceiptRecord>, StoreError>;

    /// Receipts that wait for a human, oldest first, at most `limit`.
    async fn receipts_to_review(&self, limit: usize) -> Result<Vec<Receipt>, StoreError>;
}

/// What became of a new intent to issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BegunReceipt {
    /// It is durable, and ours to carry out.
    Fresh,
    /// It was stored before, and stands so.
    Known(Box<Receipt>),
    /// The payment has one that is open.
    Taken,
    /// It is not paid any more, or another amount is left of it by now.
    Moved,
}

/// A receipt beside its payment, in one consistent read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRecord {
    /// The receipt.
    pub receipt: Receipt,
    /// What was taken for the payment and has not gone back, in won.
    pub left: Won,
    /// Is somebody to look at it?
    pub is_due: bool,
}

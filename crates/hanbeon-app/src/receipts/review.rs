//! Receipts that wait for a human: what is in the way is set right in Toss's console, and then it is tried again.
use super::Receipts;
use crate::review::LIST_MAX;
use hanbeon_domain::{Receipt, ReceiptId, Timestamp};
use hanbeon_store::{ReceiptStore, StoreError};

/// Why a receipt was not taken up again. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// No such receipt.
    #[error("there is no receipt {0}")]
    Unknown(ReceiptId),
    /// It waits for nobody.
    #[error("receipt {0} is {1}: it needs no human, and nothing has changed")]
    NotNeeded(ReceiptId, &'static str),
    /// The store.
    #[error("the store did not do it")]
    Store(#[from] StoreError),
}

impl Receipts {
    /// How many receipts wait for a human, for the metrics; at most [`LIST_MAX`].
    ///
    /// # Errors
    /// What the store says.
    pub async fn needs_review(&self) -> Result<usize, StoreError> {
        Ok(list(&*self.store).await?.len())
    }
}

/// The receipts that wait for a human; at most [`LIST_MAX`].
///
/// # Errors
/// What the store says.
pub async fn list(store: &dyn ReceiptStore) -> Result<Vec<Receipt>, StoreError> {
    store.receipts_to_review(LIST_MAX).await
}

/// Has a receipt taken up again. Works beside a running server, which looks at Toss's lists first.
///
/// # Errors
/// [`AgainError`].
pub async fn again(store: &dyn ReceiptStore, now: Timestamp, id: ReceiptId) -> Result<(), AgainError> {
    let receipt = store.receipt(id).await?.ok_or(AgainError::Unknown(id))?;
    let step = receipt.again(now).ok_or(AgainError::NotNeeded(id, receipt.state.as_str()))?;
    Ok(store.commit_receipt(&step, now, now).await?)
}

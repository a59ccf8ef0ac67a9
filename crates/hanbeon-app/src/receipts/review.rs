//! Receipts that wait for a human: what is in the way is set right in Toss's console, and then it is tried again. One that
//! Toss never lets go is closed by a human's word, which its row keeps.
use super::Receipts;
use crate::explain::when;
use crate::review::{LIST_MAX, NOTE_MAX};
use hanbeon_domain::{Receipt, ReceiptId, Timestamp};
use hanbeon_store::{ReceiptStore, StoreError};

/// Why a receipt was not taken up again, or not closed. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// No such receipt.
    #[error("there is no receipt {0}")]
    Unknown(ReceiptId),
    /// It waits for nobody.
    #[error("receipt {0} is {1}: it needs no human, and nothing has changed")]
    NotNeeded(ReceiptId, &'static str),
    /// Who, and how do they know?
    #[error("a reason must be 1 to {NOTE_MAX} characters: who you are, and how you know")]
    BadReason,
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
/// [`ReviewError`].
pub async fn again(store: &dyn ReceiptStore, now: Timestamp, id: ReceiptId) -> Result<(), ReviewError> {
    let receipt = store.receipt(id).await?.ok_or(ReviewError::Unknown(id))?;
    let step = receipt.again(now).ok_or(ReviewError::NotNeeded(id, receipt.state.as_str()))?;
    Ok(store.commit_receipt(&step, now, now).await?)
}

/// Closes a receipt that Toss never lets go: it proves nothing any more, and its payment may have another one. Who said so,
/// when, and why it needed a human stay in its row for ever. Works beside a running server.
///
/// # Errors
/// [`ReviewError`].
pub async fn close(
    store: &dyn ReceiptStore,
    now: Timestamp,
    id: ReceiptId,
    reason: &str,
) -> Result<(), ReviewError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > NOTE_MAX {
        return Err(ReviewError::BadReason);
    }
    let receipt = store.receipt(id).await?.ok_or(ReviewError::Unknown(id))?;
    let note = format!("closed {}: {reason}", when(now));
    let step = receipt.close(&note).ok_or(ReviewError::NotNeeded(id, receipt.state.as_str()))?;
    Ok(store.commit_receipt(&step, now, now).await?)
}

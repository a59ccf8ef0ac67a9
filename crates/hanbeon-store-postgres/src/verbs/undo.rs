//! Promises to take a charge back: a table of its own that refers to nothing, each promise a transaction of its own.
//!
//! It takes a promise when the other tables take nothing: a broken constraint, a lock that nobody gives back. When the
//! whole server is gone there is no promise, and no cancel: the charge stays `confirming`, and the recovery decides.
use crate::error::unavailable;
use crate::tx::Tx;
use hanbeon_domain::PaymentId;
use hanbeon_store::StoreError;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Most promises that one server knows at once: the charges that were under way when the tables took nothing any more.
const KNOWN_MAX: usize = 1_024;

/// The promises that this server has made or seen, and not forgotten: only for these is there something to forget.
#[derive(Debug, Default)]
pub(crate) struct Undos(Mutex<BTreeSet<PaymentId>>);

impl Undos {
    /// # Errors
    /// [`StoreError::Unavailable`] when there are too many.
    pub(crate) fn add(&self, payment: PaymentId) -> Result<(), StoreError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX && !known.contains(&payment) {
            return Err(unavailable("too many charges are to be taken back"));
        }
        known.insert(payment);
        Ok(())
    }

    pub(crate) fn take(&self, payment: PaymentId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&payment)
    }
}

pub(crate) async fn promise(tx: &Tx<'_>, payment: PaymentId) -> Result<(), StoreError> {
    let insert = "INSERT INTO undo_promises (payment_id) VALUES ($1) ON CONFLICT DO NOTHING";
    tx.write("undo_promises", insert, &[&payment.uuid()]).await.map(drop)
}

pub(crate) async fn is_promised(tx: &Tx<'_>, payment: PaymentId) -> Result<bool, StoreError> {
    let select = "SELECT 1 FROM undo_promises WHERE payment_id = $1";
    Ok(tx.row("undo_promises", select, &[&payment.uuid()]).await?.is_some())
}

pub(crate) async fn forget(tx: &Tx<'_>, payment: PaymentId) -> Result<(), StoreError> {
    let delete = "DELETE FROM undo_promises WHERE payment_id = $1";
    tx.write("undo_promises", delete, &[&payment.uuid()]).await.map(drop)
}

/// Drops what says nothing any more: the tables say what became of the charge.
pub(crate) async fn forget_old(tx: &Tx<'_>) -> Result<(), StoreError> {
    let delete = "DELETE FROM undo_promises u WHERE NOT EXISTS
        (SELECT 1 FROM payments p WHERE p.payment_id = u.payment_id AND p.state = 'confirming')";
    tx.write("undo_promises", delete, &[]).await.map(drop)
}

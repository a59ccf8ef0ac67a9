//! Whose turn it is: leases, and what makes a payment due.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::{PaymentId, Timestamp};
use hanbeon_store::{Hint, StoreError, Turn};

pub(crate) async fn lease_due(
    _tx: &Tx<'_>,
    _now: Timestamp,
    _until: Timestamp,
    _limit: usize,
) -> Result<Vec<Turn>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn lease(
    _tx: &Tx<'_>,
    _payment: PaymentId,
    _now: Timestamp,
    _until: Timestamp,
) -> Result<Option<Turn>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn next_due(_tx: &Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    Err(unwritten())
}

/// Makes a payment due because somebody says that there is something to see; says whether there is one.
pub(crate) async fn notice(
    _tx: &Tx<'_>,
    _hint: &Hint,
    _at: Timestamp,
    _from: Timestamp,
) -> Result<bool, StoreError> {
    Err(unwritten())
}

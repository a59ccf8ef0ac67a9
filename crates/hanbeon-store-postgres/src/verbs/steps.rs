//! What a step writes: the row, the refund, the journal line, the next due time; together or not at all.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::{Step, Timestamp};
use hanbeon_store::StoreError;

pub(crate) async fn begin(_tx: &Tx<'_>, _step: &Step, _lease_until: Timestamp) -> Result<(), StoreError> {
    Err(unwritten())
}

pub(crate) async fn commit(_tx: &Tx<'_>, _step: &Step, _lease_until: Timestamp) -> Result<(), StoreError> {
    Err(unwritten())
}

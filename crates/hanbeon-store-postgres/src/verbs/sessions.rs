//! Buyers' sessions, and what they said they would pay.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::{SessionId, Timestamp};
use hanbeon_store::{SavedAmount, StoreError};

pub(crate) async fn exists(_tx: &Tx<'_>, _session: SessionId) -> Result<bool, StoreError> {
    Err(unwritten())
}

pub(crate) async fn save_amount(
    _tx: &Tx<'_>,
    _saved: &SavedAmount,
    _now: Timestamp,
) -> Result<(), StoreError> {
    Err(unwritten())
}

pub(crate) async fn consume_amount(
    _tx: &Tx<'_>,
    _saved: &SavedAmount,
    _now: Timestamp,
) -> Result<bool, StoreError> {
    Err(unwritten())
}

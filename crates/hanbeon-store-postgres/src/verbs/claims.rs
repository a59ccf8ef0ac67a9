//! Idempotency keys of our own interface.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::Timestamp;
use hanbeon_store::{AnswerRecord, Claim, Claimed, StoreError};

pub(crate) async fn claim(
    _tx: &Tx<'_>,
    _claim: &Claim,
    _now: Timestamp,
    _until: Timestamp,
) -> Result<Claimed, StoreError> {
    Err(unwritten())
}

pub(crate) async fn answer(_tx: &Tx<'_>, _key: &str, _answer: &AnswerRecord) -> Result<(), StoreError> {
    Err(unwritten())
}

pub(crate) async fn release(_tx: &Tx<'_>, _key: &str) -> Result<(), StoreError> {
    Err(unwritten())
}

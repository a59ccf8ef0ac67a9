//! What the shop is told: written with the step that makes it true, and read as often as anybody likes.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_store::{EventRecord, StoreError};

pub(crate) async fn after(_tx: &Tx<'_>, _after: u64, _limit: usize) -> Result<Vec<EventRecord>, StoreError> {
    Err(unwritten())
}

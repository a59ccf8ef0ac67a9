//! The shop's API keys, by their hashes.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::{ApiKeyHash, Timestamp};
use hanbeon_store::{ApiKey, StoreError};

pub(crate) async fn insert(_tx: &Tx<'_>, _key: &ApiKey) -> Result<(), StoreError> {
    Err(unwritten())
}

pub(crate) async fn one(_tx: &Tx<'_>, _hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn all(_tx: &Tx<'_>) -> Result<Vec<ApiKey>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn revoke(_tx: &Tx<'_>, _name: &str, _now: Timestamp) -> Result<bool, StoreError> {
    Err(unwritten())
}

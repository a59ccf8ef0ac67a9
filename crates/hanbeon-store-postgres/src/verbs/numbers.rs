//! Numbers of ours as a `BIGINT` has them.
use crate::error::corrupt;
use hanbeon_store::StoreError;

/// A limit.
pub(crate) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A version.
pub(crate) fn version(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|_| corrupt("payments", format!("version {version}")))
}

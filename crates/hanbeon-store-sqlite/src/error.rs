//! SQLite's errors in the words of the storage door.
use hanbeon_store::StoreError;
use rusqlite::{Error, ErrorCode};

/// How a statement on `table` failed. A broken constraint is a row that cannot be; everything else (full disk,
/// I/O, locks, a broken file) means that the store cannot answer now. SQLite's text names columns and
/// constraints, never values.
pub(crate) fn sql(table: &'static str) -> impl Fn(Error) -> StoreError {
    move |error| match &error {
        Error::SqliteFailure(failure, text) if failure.code == ErrorCode::ConstraintViolation => {
            corrupt(table, text.clone().unwrap_or_else(|| failure.to_string()))
        }
        Error::SqliteFailure(failure, Some(text)) => StoreError::Unavailable(format!("{text} ({failure})")),
        _ => StoreError::Unavailable(error.to_string()),
    }
}

pub(crate) fn corrupt(table: &'static str, row: impl Into<String>) -> StoreError {
    StoreError::Corrupt { table, row: row.into() }
}

pub(crate) fn unavailable(why: impl Into<String>) -> StoreError {
    StoreError::Unavailable(why.into())
}

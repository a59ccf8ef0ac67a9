//! PostgreSQL's errors in the words of the storage door.
use hanbeon_store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What went wrong with a transaction, beside what its verb says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It was rolled back because of others; run it again.
    Again,
    /// The connection is gone: what was not committed has not happened.
    Lost,
    /// It failed, and would again.
    Failed,
}

impl Trouble {
    /// `None` when it only follows from another.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let Some(db) = error.as_db_error() else {
            return Some(if error.is_closed() || is_io(error) { Self::Lost } else { Self::Failed });
        };
        Some(match db.code() {
            &SqlState::IN_FAILED_SQL_TRANSACTION => return None,
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => Self::Again,
            // Two payments of one order told something at once, or two wishes or billing keys came at once: the second
            // one looks anew.
            &SqlState::UNIQUE_VIOLATION if matches!(db.constraint(), Some("one_event" | "one_place" | "one_fingerprint")) => Self::Again,
            // A session that nothing named for days was forgotten just when it came back: it is made anew.
            &SqlState::FOREIGN_KEY_VIOLATION if matches!(db.constraint(), Some("saved_amounts_session_id_fkey" | "payments_payer_session_fkey")) => Self::Again,
            &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW
            // Primary no more: connecting anew finds the one that is.
            | &SqlState::READ_ONLY_SQL_TRANSACTION => Self::Lost,
            _ => Self::Failed,
        })
    }
}

fn is_io(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// How a statement on `table` failed. A broken constraint is a row that cannot be; everything else means that the store
/// cannot answer now. Of PostgreSQL's text only what names no value is shown.
pub(crate) fn sql(table: &'static str, error: &Error) -> StoreError {
    let Some(db) = error.as_db_error() else { return unavailable(error.to_string()) };
    if db.constraint() == Some("one_charge_per_order") {
        return StoreError::OrderTaken;
    }
    if db.code().code().starts_with("23") {
        return corrupt(table, db.constraint().unwrap_or(db.message()));
    }
    unavailable(format!("{} ({})", db.message(), db.code().code()))
}

pub(crate) fn corrupt(table: &'static str, row: impl Into<String>) -> StoreError {
    StoreError::Corrupt { table, row: row.into() }
}

pub(crate) fn unavailable(why: impl Into<String>) -> StoreError {
    StoreError::Unavailable(why.into())
}

//! Which copy of the books this is: one row.
use crate::error::{corrupt, sql, unavailable};
use hanbeon_domain::Timestamp;
use hanbeon_store::{GENERATION_MAX, Generation, StoreError};
use rusqlite::{Connection, params};

pub(crate) fn one(db: &Connection) -> Result<Generation, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT number, restored_at FROM generation").map_err(sql("generation"))?;
    let (number, restored_at): (i64, Option<i64>) =
        statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(sql("generation"))?;
    let number = u64::try_from(number).map_err(|_| corrupt("generation", "a number below zero"))?;
    Ok(Generation { number, restored_at: restored_at.map(Timestamp::from_micros) })
}

pub(crate) fn raise(db: &Connection, above: u64, now: Timestamp) -> Result<Generation, StoreError> {
    let number = one(db)?.number.max(above).saturating_add(1);
    if number > GENERATION_MAX {
        return Err(unavailable(format!("generation {number} is more than there can be")));
    }
    let update = "UPDATE generation SET number = ?1, restored_at = ?2";
    db.execute(update, params![number.cast_signed(), now.as_micros()]).map_err(sql("generation"))?;
    Ok(Generation { number, restored_at: Some(now) })
}

/// When the books were moved to another store.
pub(crate) fn moved_at(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let select = "SELECT moved_at FROM generation";
    let at: Option<i64> = db.query_row(select, [], |row| row.get(0)).map_err(sql("generation"))?;
    Ok(at.map(Timestamp::from_micros))
}

/// The first time counts.
pub(crate) fn moved(db: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let update = "UPDATE generation SET moved_at = coalesce(moved_at, ?1)";
    db.execute(update, [now.as_micros()]).map(drop).map_err(sql("generation"))
}

pub(crate) fn resynced(db: &Connection) -> Result<(), StoreError> {
    db.execute("UPDATE generation SET restored_at = NULL", []).map(drop).map_err(sql("generation"))
}

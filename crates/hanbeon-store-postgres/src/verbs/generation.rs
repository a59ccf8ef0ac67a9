//! Which copy of the books this is: one row.
use crate::error::{corrupt, unavailable};
use crate::rows::Cells;
use crate::tx::Tx;
use hanbeon_domain::Timestamp;
use hanbeon_store::{EVENTS_PER_GENERATION, GENERATION_MAX, Generation, StoreError};
use tokio_postgres::Row;

pub(crate) async fn one(tx: &Tx<'_>) -> Result<Generation, StoreError> {
    read(tx.row("generation", "SELECT number, restored_at FROM generation", &[]).await?)
}

/// Are the books of another store coming in?
pub(crate) async fn is_moving(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let moving = "SELECT 1 FROM generation WHERE moving_from IS NOT NULL";
    Ok(tx.row("generation", moving, &[]).await?.is_some())
}

/// Whoever numbers events meanwhile waits, or is waited for: each number is of the old copy or of the new one.
pub(crate) async fn raise(tx: &Tx<'_>, above: u64, now: Timestamp) -> Result<Generation, StoreError> {
    let held = "SELECT number, restored_at FROM generation FOR UPDATE";
    let number = read(tx.row("generation", held, &[]).await?)?.number.max(above).saturating_add(1);
    if number > GENERATION_MAX {
        return Err(unavailable(format!("generation {number} is more than there can be")));
    }
    let update = "UPDATE generation SET number = $1, restored_at = $2";
    tx.write("generation", update, &[&number.cast_signed(), &now.as_micros()]).await?;
    let first = (number * EVENTS_PER_GENERATION).cast_signed();
    let count = "UPDATE event_counter SET last_number = greatest(last_number, $1) WHERE counter_id = 1";
    tx.write("event_counter", count, &[&first]).await?;
    Ok(Generation { number, restored_at: Some(now) })
}

pub(crate) async fn resynced(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.write("generation", "UPDATE generation SET restored_at = NULL", &[]).await.map(drop)
}

fn read(row: Option<Row>) -> Result<Generation, StoreError> {
    let row = row.ok_or_else(|| corrupt("generation", "no row"))?;
    let mut cells = Cells::new("generation", &row);
    Ok(Generation { number: cells.number()?, restored_at: cells.maybe_time()? })
}

//! What the shop is told: written with the step that makes it true, and read as often as anybody likes.
use crate::error::sql;
use crate::rows;
use crate::verbs::payments::most;
use hanbeon_domain::{Payment, Step};
use hanbeon_store::{EventRecord, NewEvent, StoreError};
use rusqlite::{Connection, Params, Row, params};

/// Writes what this step tells, if it tells anything.
pub(crate) fn tell(db: &Connection, step: &Step) -> Result<(), StoreError> {
    if step.news.is_none() {
        return Ok(());
    }
    let order = step.next.order.uuid().into_bytes();
    let mut last = db
        .prepare_cached("SELECT coalesce(max(sequence), 0) FROM events WHERE order_id = ?1")
        .map_err(sql("events"))?;
    let last: i64 = last.query_row([order], |row| row.get(0)).map_err(sql("events"))?;
    let sequence = last.saturating_add(1);
    let Some(event) = NewEvent::of(step, sequence.unsigned_abs()) else { return Ok(()) };
    let mut statement = db
        .prepare_cached(
            "INSERT INTO events (order_id, sequence, payment_id, kind, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .map_err(sql("events"))?;
    let payment = event.payment.uuid().into_bytes();
    let cells = params![order, sequence, payment, event.news.as_str(), event.at.as_micros(), event.body];
    statement.execute(cells).map(drop).map_err(sql("events"))
}

/// In the order in which they became true.
pub(crate) fn after(db: &Connection, after: u64, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let events = "SELECT order_id, payment_id, sequence, kind, at, body, number FROM events
                  WHERE number > ?1 ORDER BY number LIMIT ?2";
    list(db, events, params![after, most(limit)], rows::event_record)
}

/// Oldest first.
pub(crate) fn of_payment(db: &Connection, payment: &Payment) -> Result<Vec<NewEvent>, StoreError> {
    let events = "SELECT order_id, payment_id, sequence, kind, at, body FROM events
                  WHERE order_id = ?1 AND payment_id = ?2 ORDER BY sequence";
    list(db, events, params![payment.order.uuid().into_bytes(), payment.id.uuid().into_bytes()], rows::event)
}

fn list<T>(
    db: &Connection,
    select: &str,
    names: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(select).map_err(sql("events"))?;
    let mut found = statement.query(names).map_err(sql("events"))?;
    let mut events = Vec::new();
    while let Some(row) = found.next().map_err(sql("events"))? {
        events.push(read(row)?);
    }
    Ok(events)
}

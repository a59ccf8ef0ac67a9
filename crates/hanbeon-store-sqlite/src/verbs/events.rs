//! What the shop is told: written with the step that makes it true, and read as often as anybody likes.
use crate::error::sql;
use crate::rows;
use crate::verbs::payments::most;
use hanbeon_domain::billing::{Subscription, SubscriptionNews};
use hanbeon_domain::{Payment, Step};
use hanbeon_store::{EventRecord, NewEvent, StoreError};
use rusqlite::{Connection, Params, Row, params};
use uuid::Uuid;

/// Writes what this step tells, if it tells anything: `first`, if it is the first of its order.
pub(crate) fn tell(db: &Connection, step: &Step, first: Option<&NewEvent>) -> Result<(), StoreError> {
    let Some(first) = first else { return Ok(()) };
    match next_sequence(db, step.next.order.uuid())? {
        1 => write(db, first),
        later => NewEvent::of(step, later).map_or(Ok(()), |event| write(db, &event)),
    }
}

/// Writes what this change of a subscription tells.
pub(crate) fn tell_of_subscription(
    db: &Connection,
    next: &Subscription,
    news: &SubscriptionNews,
) -> Result<(), StoreError> {
    let sequence = next_sequence(db, next.id.uuid())?;
    write(db, &NewEvent::of_subscription(next, news, sequence))
}

fn next_sequence(db: &Connection, about: Uuid) -> Result<u64, StoreError> {
    let mut last = db
        .prepare_cached("SELECT coalesce(max(sequence), 0) FROM events WHERE about_id = ?1")
        .map_err(sql("events"))?;
    let last: i64 = last.query_row([about.into_bytes()], |row| row.get(0)).map_err(sql("events"))?;
    Ok(last.saturating_add(1).unsigned_abs())
}

fn write(db: &Connection, event: &NewEvent) -> Result<(), StoreError> {
    let insert = "INSERT INTO events (number, about_id, sequence, payment_id, kind, at, body)
        VALUES (1 + max((SELECT coalesce(max(number), 0) FROM events),
                        (SELECT number * 1099511627776 FROM generation)), ?1, ?2, ?3, ?4, ?5, ?6)";
    let mut statement = db.prepare_cached(insert).map_err(sql("events"))?;
    let cells = params![
        event.about.id().into_bytes(),
        i64::try_from(event.sequence).unwrap_or(i64::MAX),
        event.about.payment().map(|payment| payment.uuid().into_bytes()),
        event.about.kind(),
        event.at.as_micros(),
        event.body,
    ];
    statement.execute(cells).map(drop).map_err(sql("events"))
}

/// In the order in which they became true.
pub(crate) fn after(db: &Connection, after: u64, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let events = "SELECT about_id, payment_id, sequence, kind, at, body, number FROM events
                  WHERE number > ?1 ORDER BY number LIMIT ?2";
    list(db, events, params![after, most(limit)], rows::event_record)
}

/// Oldest first.
pub(crate) fn of_payment(db: &Connection, payment: &Payment) -> Result<Vec<NewEvent>, StoreError> {
    let events = "SELECT about_id, payment_id, sequence, kind, at, body FROM events
                  WHERE about_id = ?1 AND payment_id = ?2 ORDER BY sequence";
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

//! What the shop is told: written with the step that makes it true, numbered by whoever reads the list, and read as often
//! as anybody likes.
//!
//! A number that the writer gave would either be taken from a row that every writer waits for, or come to light in another
//! order than that in which the writers commit. So who reads numbers what is there: one reader at a time, each order's and
//! each subscription's own events in their own order, and never below a number that somebody has seen.
use crate::rows::{self, Cells};
use crate::tx::Tx;
use crate::verbs::numbers::most;
use hanbeon_domain::billing::{Subscription, SubscriptionNews};
use hanbeon_domain::{Payment, PaymentId, Step, Timestamp};
use hanbeon_store::{EventRecord, NewEvent, StoreError};
use std::collections::HashMap;
use uuid::Uuid;

/// Most events that one reader numbers at once: it bounds how long the next one waits.
pub(crate) const NUMBERED_MAX: i64 = 1_000;

/// Where the next event of an order, or of a subscription, comes.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    sequence: u64,
    ripe_at: Timestamp,
}

/// Looks for the places of what these steps tell, which are of different orders: the last ones that are there.
pub(crate) async fn places(tx: &Tx<'_>, steps: &[&Step]) -> Result<HashMap<Uuid, Place>, StoreError> {
    let telling = steps.iter().filter(|step| step.news.is_some()).map(|step| step.next.order.uuid());
    last_places(tx, telling.collect()).await
}

async fn last_places(tx: &Tx<'_>, about: Vec<Uuid>) -> Result<HashMap<Uuid, Place>, StoreError> {
    if about.is_empty() {
        return Ok(HashMap::new());
    }
    let last = "SELECT about.id, last.sequence, last.ripe_at FROM unnest($1::uuid[]) AS about (id)
        CROSS JOIN LATERAL (SELECT sequence, ripe_at FROM events WHERE about_id = about.id
          ORDER BY sequence DESC LIMIT 1) AS last";
    let read = |row| {
        let mut cells = Cells::new("events", row);
        Ok((cells.uuid()?, Place { sequence: cells.number()?, ripe_at: cells.time()? }))
    };
    tx.rows("events", last, &[&about]).await?.iter().map(read).collect()
}

impl Place {
    /// The one after the last one, if there is one.
    fn after(last: Option<&Self>, at: Timestamp) -> Self {
        match last {
            Some(last) => Self { sequence: last.sequence + 1, ripe_at: last.ripe_at.max(at) },
            None => Self { sequence: 1, ripe_at: at },
        }
    }
}

/// Writes what these steps tell. Somebody else may have taken a place; then the verbs are run again.
pub(crate) async fn tell(tx: &Tx<'_>, steps: &[&Step], last: HashMap<Uuid, Place>) -> Result<(), StoreError> {
    let event = |step: &&Step| {
        let Place { sequence, ripe_at } = Place::after(last.get(&step.next.order.uuid()), step.at);
        NewEvent::of(step, sequence).map(|event| (event, ripe_at))
    };
    let events: Vec<_> = steps.iter().filter_map(event).collect();
    if events.is_empty() { Ok(()) } else { write(tx, &events).await }
}

/// Writes what this change of a subscription tells.
pub(crate) async fn tell_of_subscription(
    tx: &Tx<'_>,
    next: &Subscription,
    news: &SubscriptionNews,
) -> Result<(), StoreError> {
    let id = next.id.uuid();
    let Place { sequence, ripe_at } = Place::after(last_places(tx, vec![id]).await?.get(&id), news.at);
    write(tx, &[(NewEvent::of_subscription(next, news, sequence), ripe_at)]).await
}

async fn write(tx: &Tx<'_>, events: &[(NewEvent, Timestamp)]) -> Result<(), StoreError> {
    let insert = "INSERT INTO events (about_id, sequence, payment_id, kind, at, body, ripe_at)
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::bigint[])";
    let each = || events.iter().map(|(event, _)| event);
    let sequence = |event: &NewEvent| i64::try_from(event.sequence).unwrap_or(i64::MAX);
    let cells: crate::tx::Cells<'_> = &[
        &each().map(|event| event.about.id()).collect::<Vec<_>>(),
        &each().map(sequence).collect::<Vec<_>>(),
        &each().map(|event| event.about.payment().map(PaymentId::uuid)).collect::<Vec<_>>(),
        &each().map(|event| event.about.kind()).collect::<Vec<_>>(),
        &each().map(|event| event.at.as_micros()).collect::<Vec<_>>(),
        &each().map(|event| event.body.as_str()).collect::<Vec<_>>(),
        &events.iter().map(|(_, ripe_at)| ripe_at.as_micros()).collect::<Vec<_>>(),
    ];
    tx.write("events", insert, cells).await.map(drop)
}

/// A page of the list, and whether something that is not numbered yet may belong to it.
pub(crate) async fn after(
    tx: &Tx<'_>,
    after: u64,
    limit: usize,
) -> Result<(Vec<EventRecord>, bool), StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let page = "SELECT about_id, payment_id, sequence, kind, at, body, number FROM events
        WHERE number > $1 ORDER BY number LIMIT $2";
    let more = "SELECT 1 FROM events WHERE number IS NULL LIMIT 1";
    let (after, limit) = (after, most(limit));
    let (page, more) = tokio::try_join!(
        biased;
        async { tx.rows("events", page, &[&after, &limit]).await },
        async { tx.row("events", more, &[]).await },
    )?;
    let events: Vec<_> = page.iter().map(rows::event_record).collect::<Result<_, _>>()?;
    let is_full = most(events.len()) >= limit;
    Ok((events, more.is_some() && !is_full))
}

/// Numbers at most [`NUMBERED_MAX`] events. Events of one order or subscription that can be seen are never without the ones before them.
pub(crate) async fn number(tx: &Tx<'_>) -> Result<(), StoreError> {
    let turn = "SELECT last_number FROM event_counter WHERE counter_id = 1 FOR UPDATE";
    let number = "WITH batch AS (
          SELECT about_id, sequence, row_number() OVER (ORDER BY ripe_at, about_id, sequence) AS place
          FROM (SELECT about_id, sequence, ripe_at FROM events WHERE number IS NULL
                ORDER BY ripe_at, about_id, sequence LIMIT $1) ripe)
        UPDATE events SET number = place + (SELECT last_number FROM event_counter WHERE counter_id = 1)
        FROM batch WHERE events.about_id = batch.about_id AND events.sequence = batch.sequence";
    let count = "UPDATE event_counter SET last_number =
          greatest(last_number, (SELECT max(number) FROM events WHERE number IS NOT NULL)) WHERE counter_id = 1";
    tokio::try_join!(
        biased;
        async { tx.rows("event_counter", turn, &[]).await },
        async { tx.write("events", number, &[&NUMBERED_MAX]).await },
        async { tx.write("event_counter", count, &[]).await },
    )?;
    Ok(())
}

/// Oldest first.
pub(crate) async fn of_payment(tx: &Tx<'_>, payment: &Payment) -> Result<Vec<NewEvent>, StoreError> {
    let events = "SELECT about_id, payment_id, sequence, kind, at, body FROM events
        WHERE about_id = $1 AND payment_id = $2 ORDER BY sequence";
    let names = (payment.order.uuid(), payment.id.uuid());
    tx.rows("events", events, &[&names.0, &names.1]).await?.iter().map(rows::event).collect()
}

//! Webhooks: kept, the newest of them, and taken as a reason to look. Nobody waits here for anybody, but for who keeps the
//! same webhook at the same moment: strangers who send many must not hold up the connections that buyers need.
use crate::error::unavailable;
use crate::rows;
use crate::tx::{Cells, Tx};
use crate::verbs::numbers::most;
use crate::verbs::turns;
use hanbeon_domain::{PaymentId, PaymentKey, Timestamp, TossOrderId};
use hanbeon_store::{
    Hint, Kept, NewWebhook, StoreError, WEBHOOKS_KEPT_MAX, Webhook, WebhookId, WebhookVerdict,
};
use tokio_postgres::Row;
use uuid::Uuid;

/// How often two that arrive in the same microsecond make room for each other.
const TRIES: u32 = 16;
/// Who arrives in every so-manieth microsecond looks for old ones: rarely enough, for it reads the places of all.
const TRIMS_EVERY: i64 = 64;
/// Most old ones that go then: more than come meanwhile.
const TRIMMED_MAX: i64 = 512;

pub(crate) async fn keep(tx: &Tx<'_>, new: &NewWebhook, from: Timestamp) -> Result<Kept, StoreError> {
    let (id, repeated) = insert(tx, new).await?;
    if id % TRIMS_EVERY == 0 {
        trim(tx).await?;
    }
    let followed = new.hint.as_ref().filter(|_| new.verdict == WebhookVerdict::Hint);
    let noticed = match followed {
        Some(hint) => turns::notice(tx, hint, new.received_at, from).await?,
        None => false,
    };
    let id = id.unsigned_abs();
    Ok(match (repeated, noticed) {
        (true, _) => Kept::Repeated(id),
        (false, true) => Kept::Noticed(id),
        (false, false) => Kept::Parked(id),
    })
}

/// Numbered by the database's clock, which all servers share: what came later has a higher number, but for a clock that is
/// set back. Says whether the same has arrived before. Of the same at once one is stored as the first; the others wait
/// for it, store nothing, and see it when they try again.
async fn insert(tx: &Tx<'_>, new: &NewWebhook) -> Result<(i64, bool), StoreError> {
    let (hint_key, hint_order) = new.hint_names();
    let insert = "INSERT INTO webhooks (webhook_id, received_at, transmission_id, meaning, event_type, hint_key, hint_order,
          verdict, body, repeated)
        VALUES (CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT), $1, $2, $3, $4, $5, $6, $7, $8,
          EXISTS (SELECT 1 FROM webhooks WHERE transmission_id = $2 AND NOT repeated)
            OR EXISTS (SELECT 1 FROM webhooks WHERE meaning = $3 AND NOT repeated))
        ON CONFLICT DO NOTHING RETURNING webhook_id, repeated";
    for _ in 0..TRIES {
        let cells: Cells<'_> = &[
            &new.received_at.as_micros(),
            &new.transmission_id,
            &new.meaning,
            &new.event_type,
            &hint_key,
            &hint_order,
            &new.verdict.as_str(),
            &new.body,
        ];
        if let Some(row) = tx.row("webhooks", insert, cells).await? {
            let mut cells = rows::Cells::new("webhooks", &row);
            return Ok((cells.take()?, cells.take()?));
        }
    }
    Err(unavailable("too many webhooks in one moment"))
}

/// The oldest make room, but those that somebody else is removing.
async fn trim(tx: &Tx<'_>) -> Result<(), StoreError> {
    let cut = "SELECT webhook_id FROM webhooks ORDER BY webhook_id DESC OFFSET $1 LIMIT 1";
    let kept = i64::try_from(WEBHOOKS_KEPT_MAX).unwrap_or(i64::MAX);
    let Some(cut) = tx.row("webhooks", cut, &[&kept]).await? else { return Ok(()) };
    let newest: i64 = rows::Cells::new("webhooks", &cut).take()?;
    let delete = "DELETE FROM webhooks WHERE webhook_id = ANY (ARRAY (
        SELECT webhook_id FROM webhooks WHERE webhook_id <= $1 ORDER BY webhook_id LIMIT $2 FOR UPDATE SKIP LOCKED))";
    tx.write("webhooks", delete, &[&newest, &TRIMMED_MAX]).await.map(drop)
}

/// Newest first, each with the payment that it is about by now.
pub(crate) async fn before(
    tx: &Tx<'_>,
    before: Option<WebhookId>,
    limit: usize,
) -> Result<Vec<Webhook>, StoreError> {
    let select = "SELECT w.webhook_id, w.received_at, w.transmission_id, w.meaning, w.event_type, w.hint_key,
          w.hint_order, w.verdict, w.body, w.repeated, coalesce(
            (SELECT payment_id FROM payments WHERE toss_payment_key = w.hint_key),
            (SELECT payment_id FROM payments WHERE toss_order_id = w.hint_order
             ORDER BY created_at DESC, payment_id DESC LIMIT 1))
        FROM webhooks w WHERE w.webhook_id < $1 ORDER BY w.webhook_id DESC LIMIT $2";
    let before = before.and_then(|id| i64::try_from(id).ok()).unwrap_or(i64::MAX);
    tx.rows("webhooks", select, &[&before, &most(limit)]).await?.iter().map(webhook).collect()
}

fn webhook(row: &Row) -> Result<Webhook, StoreError> {
    let mut cells = rows::Cells::new("webhooks", row);
    let (id, received_at) = (cells.number()?, cells.time()?);
    let (transmission_id, meaning, event_type) = (cells.take()?, cells.take()?, cells.take()?);
    let key = cells.parse(|key: Option<String>| key.map(PaymentKey::parse).transpose().ok())?;
    let order = cells.parse(|order: Option<String>| order.map(TossOrderId::parse).transpose().ok())?;
    let hint = key.map(Hint::Key).or(order.map(Hint::Order));
    let verdict = cells.parse(|text: &str| WebhookVerdict::parse(text))?;
    let body = cells.take()?;
    let new = NewWebhook { received_at, transmission_id, meaning, event_type, hint, verdict, body };
    let (repeated, payment) = (cells.take()?, cells.take::<Option<Uuid>>()?);
    Ok(Webhook { id, new, repeated, payment: payment.map(PaymentId::from_uuid) })
}

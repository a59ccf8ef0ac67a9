//! The three envelopes, read whole. What of them counts for money is read by [`Webhook`](super::Webhook) alone, which
//! stumbles over nothing.

use serde::{Deserialize, Serialize};

use crate::model::{Extra, PaymentStatus, Sensitive, TossTime};

/// The envelope of most events: `{eventType, createdAt, data}`.
///
/// `serde_json::from_slice::<Event<Payment>>(body)` reads a `PAYMENT_STATUS_CHANGED` whole, and `Event<Extra>` an event
/// that nobody knows yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<T> {
    /// The event's name.
    pub event_type: String,
    /// When Toss made the event; without an offset, which means Korean time.
    pub created_at: Option<TossTime>,
    /// What it is about.
    pub data: T,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The flat envelope of `DEPOSIT_CALLBACK`, which has no event type and no payment key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deposit {
    /// When Toss made the event.
    pub created_at: Option<TossTime>,
    /// The proof: equal to the payment's `secret`. To be compared in constant time.
    pub secret: Option<Sensitive>,
    /// The state that the payment is said to be in.
    pub status: Option<PaymentStatus>,
    /// The transaction that is said to have caused it.
    pub transaction_key: Option<String>,
    /// The merchant's order: the only handle to the payment.
    pub order_id: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The envelope of payouts, sellers and reserved calls, which may be signed:
/// `{eventType, createdAt, version, eventId, entityType, entityBody}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityEvent<T> {
    /// The event's name.
    pub event_type: String,
    /// When Toss made the event.
    pub created_at: Option<TossTime>,
    /// Version of the API that the body follows.
    pub version: Option<String>,
    /// The event's id, the same over retries: repetitions are known by it.
    pub event_id: Option<String>,
    /// What the body is.
    pub entity_type: Option<String>,
    /// What it is about.
    pub entity_body: T,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

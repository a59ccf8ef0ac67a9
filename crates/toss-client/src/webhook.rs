//! Webhooks: what Toss sends, read as what it is, a hint.
//!
//! Nothing here proves that a body is Toss's. A deposit is proven by its `secret`, which the confirm answer also
//! carried; anything else is a reason to read the payment, and only the answer of that read counts.
//!
//! [`Webhook::parse`] never fails over a field that is unknown, missing, doubled or of another type: such a field
//! is simply not there. It keeps the few fields it needs and skips the rest without building it, so nesting costs
//! nothing. How many bytes there are is the caller's to bound.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::model::{PaymentStatus, Sensitive, TossTime};

/// The header with the id of a webhook. Whether it stays the same over retries is not documented.
pub const TRANSMISSION_ID: &str = "tosspayments-webhook-transmission-id";
/// The header with the time of this attempt.
pub const TRANSMISSION_TIME: &str = "tosspayments-webhook-transmission-time";
/// The header with the number of this attempt, 0 for the first.
pub const TRANSMISSION_RETRIED_COUNT: &str = "tosspayments-webhook-transmission-retried-count";

/// A webhook of Toss, or what claims to be one. The three envelopes are told apart by their shape.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Webhook {
    /// A payment is said to have changed (`{eventType, createdAt, data}` with a payment in `data`).
    PaymentStatusChanged {
        /// Toss's key of the payment.
        payment_key: Option<String>,
        /// The merchant's order.
        order_id: Option<String>,
        /// The state that the payment is said to be in.
        status: Option<PaymentStatus>,
        /// Documented as equal to the payment's `secret`; often null or absent.
        secret: Option<Sensitive>,
        /// The transaction that is said to have caused it.
        last_transaction_key: Option<String>,
        /// When Toss made the event.
        created_at: Option<TossTime>,
    },
    /// A virtual account is said to have changed (flat, without an event type and without a payment key).
    DepositCallback {
        /// The merchant's order: the only handle to the payment.
        order_id: Option<String>,
        /// The proof: equal to the payment's `secret`. To be compared in constant time.
        secret: Option<Sensitive>,
        /// The state that the payment is said to be in.
        status: Option<PaymentStatus>,
        /// The transaction that is said to have caused it.
        transaction_key: Option<String>,
        /// When Toss made the event.
        created_at: Option<TossTime>,
    },
    /// Any other event, of today or of tomorrow.
    Other {
        /// Its name, as far as it has one.
        event_type: Option<String>,
    },
}

/// A body that is no webhook whatever one makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct NotAWebhook;

impl Webhook {
    /// Reads the body of a webhook.
    pub fn parse(body: &[u8]) -> Result<Self, NotAWebhook> {
        let envelope = Fields::read(body).ok_or(NotAWebhook)?;
        let event_type = envelope.text("eventType");
        let created_at = envelope.text("createdAt").map(TossTime::from);
        match event_type.as_deref() {
            Some("PAYMENT_STATUS_CHANGED") => {
                let data = envelope.object("data").unwrap_or_default();
                Ok(Self::PaymentStatusChanged {
                    payment_key: data.text("paymentKey"),
                    order_id: data.text("orderId"),
                    status: data.text("status").map(PaymentStatus::from),
                    secret: data.text("secret").map(Sensitive::from),
                    last_transaction_key: data.text("lastTransactionKey"),
                    created_at,
                })
            }
            // The documents give this event no type; should it get one, it is still the same event.
            None | Some("DEPOSIT_CALLBACK") if envelope.is_deposit() => Ok(Self::DepositCallback {
                order_id: envelope.text("orderId"),
                secret: envelope.text("secret").map(Sensitive::from),
                status: envelope.text("status").map(PaymentStatus::from),
                transaction_key: envelope.text("transactionKey"),
                created_at,
            }),
            _ => Ok(Self::Other { event_type }),
        }
    }
}

/// The merchant (`mId`) that a webhook says it is about, if it says so.
#[must_use]
pub fn merchant_of(body: &[u8]) -> Option<String> {
    Fields::read(body)?.object("data")?.text("mId")
}

/// The fields of a JSON object, each still as its text; of two with one name the last counts.
#[derive(Default)]
struct Fields<'a>(HashMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    fn read(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json).ok().map(Self)
    }

    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
    }

    fn object(&self, name: &str) -> Option<Self> {
        Self::read(self.0.get(name)?.get().as_bytes())
    }

    /// The flat envelope has a secret; one that lost it still names an order and a transaction.
    fn is_deposit(&self) -> bool {
        let has = |name| self.text(name).is_some();
        has("secret") || (has("orderId") && has("transactionKey"))
    }
}

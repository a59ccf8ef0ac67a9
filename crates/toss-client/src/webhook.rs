//! Webhooks: what Toss sends, read as what it is, a hint.
//!
//! Nothing here proves that a body is Toss's. A deposit is proven by its `secret`, which the confirm answer also
//! carried; anything else is a reason to read the payment, and only the answer of that read counts.
//!
//! [`Webhook::parse`] never fails over a field that is unknown, missing, doubled or of another type. In the two events
//! about payments such a field is simply not there: the few that are needed are read and the rest is skipped without
//! being built, so nesting costs nothing. The other events are read whole, and one that cannot be is
//! [`Other`](Webhook::Other). How many bytes there are is the caller's to bound.

mod envelopes;

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use envelopes::{Deposit, EntityEvent, Event};

use crate::model::{
    ArsReservation, Cancellation, ChangedCustomer, DeletedBillingKey, LinkOrder, PaymentStatus, Payout,
    Seller, Sensitive, TossTime, UpdatedMethod,
};

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
    /// An asynchronous cancel has ended (overseas easy pay). Whether Toss names the payment is not documented; if it
    /// does, `extra` has it. Compare `cancel_request_id`.
    CancelStatusChanged(Box<Event<Cancellation>>),
    /// A billing key was deleted, by the merchant or by the provider.
    BillingDeleted(Box<Event<DeletedBillingKey>>),
    /// A method of payment in the merchant's wallet has changed.
    MethodUpdated(Box<Event<UpdatedMethod>>),
    /// A customer of the merchant's wallet has changed.
    CustomerStatusChanged(Box<Event<ChangedCustomer>>),
    /// The payment of an order of link pay has changed.
    OrderPaymentStatusChanged(Box<Event<LinkOrder>>),
    /// A payout to a seller has ended. Signed.
    PayoutChanged(Box<EntityEvent<Payout>>),
    /// A seller was approved further. Signed.
    SellerChanged(Box<EntityEvent<Seller>>),
    /// A reserved call has ended.
    ArsReservationChanged(Box<EntityEvent<ArsReservation>>),
    /// Any other event, of today or of tomorrow, and one whose body is not what its name says. [`Event`] and
    /// [`EntityEvent`] read what is in it.
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
        Ok(match event_type.as_deref() {
            Some("PAYMENT_STATUS_CHANGED") => envelope.payment_status_changed(),
            // The documents give this event no type; should it get one, it is still the same event.
            None | Some("DEPOSIT_CALLBACK") if envelope.is_deposit() => envelope.deposit_callback(),
            _ => event_type
                .as_deref()
                .and_then(|event_type| whole(event_type, body))
                .unwrap_or(Self::Other { event_type }),
        })
    }

    /// The event's name, as far as it has one.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        Some(match self {
            Self::PaymentStatusChanged { .. } => "PAYMENT_STATUS_CHANGED",
            Self::DepositCallback { .. } => "DEPOSIT_CALLBACK",
            Self::CancelStatusChanged(event) => &event.event_type,
            Self::BillingDeleted(event) => &event.event_type,
            Self::MethodUpdated(event) => &event.event_type,
            Self::CustomerStatusChanged(event) => &event.event_type,
            Self::OrderPaymentStatusChanged(event) => &event.event_type,
            Self::PayoutChanged(event) => &event.event_type,
            Self::SellerChanged(event) => &event.event_type,
            Self::ArsReservationChanged(event) => &event.event_type,
            Self::Other { event_type } => return event_type.as_deref(),
        })
    }
}

/// An event that is read whole, if it has one of those names and can be.
fn whole(event_type: &str, body: &[u8]) -> Option<Webhook> {
    fn read<T: DeserializeOwned>(body: &[u8], webhook: fn(Box<T>) -> Webhook) -> Option<Webhook> {
        serde_json::from_slice(body).ok().map(webhook)
    }
    match event_type {
        "CANCEL_STATUS_CHANGED" => read(body, Webhook::CancelStatusChanged),
        "BILLING_DELETED" => read(body, Webhook::BillingDeleted),
        "METHOD_UPDATED" => read(body, Webhook::MethodUpdated),
        "CUSTOMER_STATUS_CHANGED" => read(body, Webhook::CustomerStatusChanged),
        "ORDER_PAYMENT_STATUS_CHANGED" => read(body, Webhook::OrderPaymentStatusChanged),
        "payout.changed" => read(body, Webhook::PayoutChanged),
        "seller.changed" => read(body, Webhook::SellerChanged),
        "ars-reservation.changed" => read(body, Webhook::ArsReservationChanged),
        _ => None,
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

    fn time(&self) -> Option<TossTime> {
        self.text("createdAt").map(TossTime::from)
    }

    fn payment_status_changed(&self) -> Webhook {
        let data = self.object("data").unwrap_or_default();
        Webhook::PaymentStatusChanged {
            payment_key: data.text("paymentKey"),
            order_id: data.text("orderId"),
            status: data.text("status").map(PaymentStatus::from),
            secret: data.text("secret").map(Sensitive::from),
            last_transaction_key: data.text("lastTransactionKey"),
            created_at: self.time(),
        }
    }

    fn deposit_callback(&self) -> Webhook {
        Webhook::DepositCallback {
            order_id: self.text("orderId"),
            secret: self.text("secret").map(Sensitive::from),
            status: self.text("status").map(PaymentStatus::from),
            transaction_key: self.text("transactionKey"),
            created_at: self.time(),
        }
    }

    /// The flat envelope has a secret; one that lost it still names an order and a transaction.
    fn is_deposit(&self) -> bool {
        let has = |name| self.text(name).is_some();
        has("secret") || (has("orderId") && has("transactionKey"))
    }
}

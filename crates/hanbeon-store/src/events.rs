//! What the shop is told: a list that only grows, numbered in the order in which things became true.
use hanbeon_domain::{News, OrderId, PaymentId, State, Step, Timestamp};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What a step tells the shop, written in the transaction that makes it true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// About which order.
    pub order: OrderId,
    /// About which of its payments.
    pub payment: PaymentId,
    /// Counts the events of the order from 1, without gaps.
    pub sequence: u64,
    /// What is told.
    pub news: News,
    /// When it became true.
    pub at: Timestamp,
    /// The event as JSON, as it is told each time: with its `id` and `type`.
    pub body: String,
}

/// An event in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Its place: grows from event to event. Who has read this one goes on after it.
    pub number: u64,
    /// The event.
    pub event: NewEvent,
}

impl NewEvent {
    /// What this step tells, as the `sequence`-th event of its order; `None` when it tells nothing.
    #[must_use]
    pub fn of(step: &Step, sequence: u64) -> Option<Self> {
        let (order, payment, at) = (step.next.order, step.next.id, step.at);
        let news = step.news?;
        let kind = news.as_str();
        let id = id(payment, sequence, kind, step.next.refunded.get());
        let body = Body { id, kind, sequence, created_at: korean_time(at), data: Data::of(step) };
        // A struct of texts and numbers always is JSON.
        let body = serde_json::to_string(&body).unwrap_or_default();
        Some(Self { order, payment, sequence, news, at, body })
    }
}

/// Follows from what is told: the same thing never has two names, and two things never have the same.
fn id(payment: PaymentId, sequence: u64, kind: &str, refunded: i64) -> String {
    let mut hash = Sha256::new();
    hash.update(payment.uuid().as_bytes());
    hash.update(sequence.to_be_bytes());
    hash.update(refunded.to_be_bytes());
    hash.update(kind);
    let mut id = String::from("evt_");
    for byte in hash.finalize().iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    sequence: u64,
    created_at: String,
    data: Data,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    backend_order_id: String,
    payment_id: String,
    toss_order_id: String,
    state: &'static str,
    toss_payment_status: &'static str,
    toss_payment_method: Option<String>,
    total_amount: i64,
    refunded_amount: i64,
    approved_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canceled_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Serialize)]
struct Failure {
    code: String,
    message: String,
}

impl Data {
    fn of(step: &Step) -> Self {
        let payment = &step.next;
        let (mut canceled_by, mut failure) = (None, None);
        match &payment.state {
            State::Canceled { by } => canceled_by = Some(by.as_str()),
            State::Declined { refusal } => {
                failure = Some(Failure { code: refusal.code.clone(), message: refusal.message.clone() });
            }
            State::NeedsReview { why } => {
                failure = Some(Failure { code: "NEEDS_REVIEW".to_owned(), message: why.clone() });
            }
            _ => {}
        }
        Self {
            backend_order_id: payment.order.to_string(),
            payment_id: payment.id.to_string(),
            toss_order_id: payment.toss_order.as_str().to_owned(),
            state: payment.state.name().as_str(),
            toss_payment_status: payment.toss.status.as_str(),
            toss_payment_method: payment.toss.method.clone(),
            total_amount: payment.amount.get(),
            refunded_amount: payment.refunded.get(),
            approved_at: payment.toss.approved_at.map(korean_time),
            canceled_by,
            failure,
        }
    }
}

/// ISO 8601 in Korean time, as Toss writes it. An instant that the calendar does not reach is shown as the epoch.
#[must_use]
pub fn korean_time(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    instant.display_with_offset(jiff::tz::offset(9)).to_string()
}

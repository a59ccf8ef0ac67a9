//! What the shop is told: a list that only grows, numbered in the order in which things became true.
use crate::hex;
use hanbeon_domain::billing::{Status, Subscription, SubscriptionNews};
use hanbeon_domain::{News, OrderId, PaymentId, State, Step, SubscriptionId, Timestamp};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What the shop is told, written in the transaction that makes it true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What is told of whom.
    pub about: About,
    /// Counts the events of the order, or of the subscription, from 1, without gaps.
    pub sequence: u64,
    /// When it became true.
    pub at: Timestamp,
    /// The event as JSON, as it is told each time: with its `id` and `type`.
    pub body: String,
}

/// What an event is about, and what it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A payment of an order.
    Payment {
        /// Its events are counted together.
        order: OrderId,
        /// Which of its payments.
        payment: PaymentId,
        /// What has become true of it.
        news: News,
    },
    /// A subscription.
    Subscription {
        /// Which.
        subscription: SubscriptionId,
        /// Where it stands now.
        status: Status,
    },
}

impl About {
    /// Whose events are counted together: the order's, or the subscription's.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        match self {
            Self::Payment { order, .. } => order.uuid(),
            Self::Subscription { subscription, .. } => subscription.uuid(),
        }
    }

    /// The payment, if it is about one.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Payment { payment, .. } => Some(*payment),
            Self::Subscription { .. } => None,
        }
    }

    /// What has become true of the payment, if it is about one.
    #[must_use]
    pub const fn news(&self) -> Option<News> {
        match self {
            Self::Payment { news, .. } => Some(*news),
            Self::Subscription { .. } => None,
        }
    }

    /// The type of the event.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Payment { news, .. } => news.as_str(),
            Self::Subscription { status, .. } => status.event(),
        }
    }

    /// Reads what was stored: [`id`](Self::id), [`payment`](Self::payment) and [`kind`](Self::kind).
    #[must_use]
    pub fn parse(id: Uuid, payment: Option<PaymentId>, kind: &str) -> Option<Self> {
        Some(if let Some(payment) = payment {
            let news = News::ALL.into_iter().find(|news| news.as_str() == kind)?;
            Self::Payment { order: OrderId::from_uuid(id), payment, news }
        } else {
            let status = Status::ALL.into_iter().find(|status| status.event() == kind)?;
            Self::Subscription { subscription: SubscriptionId::from_uuid(id), status }
        })
    }
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
        let about = About::Payment { order: step.next.order, payment: step.next.id, news: step.news? };
        let id = id(step.next.id.uuid(), sequence, about.kind(), step.next.refunded.get());
        Some(Self::with(id, about, sequence, step.at, OfPayment::of(step)))
    }

    /// What this change of a subscription tells, as its `sequence`-th event.
    #[must_use]
    pub fn of_subscription(next: &Subscription, news: &SubscriptionNews, sequence: u64) -> Self {
        let about = About::Subscription { subscription: next.id, status: news.status };
        let id = id(next.id.uuid(), sequence, about.kind(), next.period.into());
        Self::with(id, about, sequence, news.at, OfSubscription::of(next, news))
    }

    fn with(id: String, about: About, sequence: u64, at: Timestamp, data: impl Serialize) -> Self {
        let body = Body { id, kind: about.kind(), sequence, created_at: korean_time(at), data };
        // A struct of texts and numbers always is JSON.
        let body = serde_json::to_string(&body).unwrap_or_default();
        Self { about, sequence, at, body }
    }
}

/// Follows from what is told: the same thing never has two names, and two things never have the same.
/// `state` is what was given back of a payment, or the period of a subscription.
fn id(of: Uuid, sequence: u64, kind: &str, state: i64) -> String {
    let mut hash = Sha256::new();
    hash.update(of.as_bytes());
    hash.update(sequence.to_be_bytes());
    hash.update(state.to_be_bytes());
    hash.update(kind);
    format!("evt_{}", hex(&hash.finalize()[..16]))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<Data> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    sequence: u64,
    created_at: String,
    data: Data,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfPayment {
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
#[serde(rename_all = "camelCase")]
struct OfSubscription {
    subscription_id: String,
    customer_id: String,
    billing_key_id: String,
    status: &'static str,
    period: u32,
    amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Serialize)]
struct Failure {
    code: String,
    message: String,
}

impl OfPayment {
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

impl OfSubscription {
    fn of(next: &Subscription, news: &SubscriptionNews) -> Self {
        let refusal = news.refusal.as_ref();
        Self {
            subscription_id: next.id.to_string(),
            customer_id: next.customer.to_string(),
            billing_key_id: next.key.to_string(),
            status: news.status.as_str(),
            period: next.period,
            amount: next.amount.get(),
            failure: refusal
                .map(|refusal| Failure { code: refusal.code.clone(), message: refusal.message.clone() }),
        }
    }
}

/// ISO 8601 in Korean time, as Toss writes it. An instant that the calendar does not reach is shown as the epoch.
#[must_use]
pub fn korean_time(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    instant.display_with_offset(jiff::tz::offset(9)).to_string()
}

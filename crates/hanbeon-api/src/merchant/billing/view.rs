//! What the shop gets. Instants are ISO 8601 in Korean time, days are days in Korea.
use crate::answer::korean_time as instant;
use crate::merchant::view::FailureView;
use hanbeon_app::billing::CustomerRecord;
use hanbeon_domain::billing::{BillingKey, Charge, ChargeState, KeyState, Status, Subscription};
use serde::Serialize;

/// A customer with keys.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerView {
    id: String,
    customer_key: String,
    created_at: String,
    billing_keys: Vec<KeyView>,
}

impl CustomerView {
    pub(super) fn of(record: CustomerRecord) -> Self {
        let CustomerRecord { customer, keys } = record;
        Self {
            id: customer.id.to_string(),
            customer_key: customer.key.to_string(),
            created_at: instant(customer.created_at),
            billing_keys: keys.into_iter().map(KeyView::of).collect(),
        }
    }
}

/// A key, without the key. `doubtedAt`: somebody said that it is deleted at Toss, and the next charge tells.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView {
    id: String,
    customer: String,
    state: &'static str,
    method: Option<String>,
    created_at: String,
    doubted_at: Option<String>,
    failure: Option<FailureView>,
}

impl KeyView {
    pub(super) fn of(key: BillingKey) -> Self {
        let state = key.state.as_str();
        let failure = match key.state {
            KeyState::Refused(refusal) => Some(FailureView { code: refusal.code, message: refusal.message }),
            _ => None,
        };
        Self {
            id: key.id.to_string(),
            customer: key.customer.to_string(),
            state,
            method: key.label,
            created_at: instant(key.created_at),
            doubted_at: key.doubted_at.map(instant),
            failure,
        }
    }
}

/// The keys of a customer, oldest first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyList {
    billing_keys: Vec<KeyView>,
}

impl KeyList {
    pub(super) fn of(keys: Vec<BillingKey>) -> Self {
        Self { billing_keys: keys.into_iter().map(KeyView::of).collect() }
    }
}

/// A subscription. `nextCharge` is the day of the period that is charged, or is to be next.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscriptionView {
    id: String,
    customer: String,
    billing_key: String,
    status: &'static str,
    amount: i64,
    order_name: String,
    start: String,
    anchor: u8,
    interval_months: u8,
    period: u32,
    next_charge: Option<String>,
    created_at: String,
}

impl SubscriptionView {
    pub(super) fn of(of: Subscription) -> Self {
        let goes_on = matches!(of.status, Status::Active | Status::PastDue);
        Self {
            id: of.id.to_string(),
            customer: of.customer.to_string(),
            billing_key: of.key.to_string(),
            status: of.status.as_str(),
            amount: of.amount.get(),
            order_name: of.name,
            start: of.schedule.start().to_string(),
            anchor: of.schedule.anchor(),
            interval_months: of.schedule.months(),
            period: of.period,
            next_charge: goes_on.then(|| of.schedule.day(of.period).to_string()),
            created_at: instant(of.created_at),
        }
    }
}

/// A charge. `payment` is what it ended in: see `GET /v1/payments/{id}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChargeView {
    id: String,
    customer: String,
    billing_key: String,
    state: &'static str,
    amount: i64,
    order_name: String,
    toss_order_id: String,
    subscription: Option<String>,
    period: Option<u32>,
    ordinal: Option<u32>,
    created_at: String,
    settled_at: Option<String>,
    payment: Option<String>,
    failure: Option<FailureView>,
}

impl ChargeView {
    pub(super) fn of(charge: Charge) -> Self {
        let state = charge.state.as_str();
        let (payment, settled_at, failure) = match charge.state {
            ChargeState::Charging { .. } => (None, None, None),
            ChargeState::Done { at } => (Some(charge.id.to_string()), Some(at), None),
            ChargeState::Refused { refusal, at } => {
                (None, Some(at), Some(FailureView { code: refusal.code, message: refusal.message }))
            }
        };
        Self {
            id: charge.id.to_string(),
            customer: charge.customer.to_string(),
            billing_key: charge.key.to_string(),
            state,
            amount: charge.amount.get(),
            order_name: charge.name,
            toss_order_id: charge.toss_order.to_string(),
            subscription: charge.period.map(|of| of.subscription.to_string()),
            period: charge.period.map(|of| of.period),
            ordinal: charge.period.map(|of| of.ordinal),
            created_at: instant(charge.created_at),
            settled_at: settled_at.map(instant),
            payment,
            failure,
        }
    }
}

/// The charges of a subscription, newest first.
#[derive(Serialize)]
pub(crate) struct ChargeList {
    charges: Vec<ChargeView>,
}

impl ChargeList {
    pub(super) fn of(charges: Vec<Charge>) -> Self {
        Self { charges: charges.into_iter().map(ChargeView::of).collect() }
    }
}

//! The parts that the properties are made of.
use hanbeon_domain::payment::{LateSuccess, TossFacts};
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{
    Actor, CancelRequest, Event, Evidence, Moment, OrderId, Payment, PaymentId, PaymentKey, Policy, RefundId,
    Refusal, Snapshot, State, Timestamp, TossCancel, TossOrderId, TossStatus, Won,
};
use uuid::Uuid;

/// What every payment here costs, in won.
pub(crate) const AMOUNT: i64 = 1000;

pub(crate) fn won(amount: i64) -> Won {
    Won::new(amount).unwrap()
}

pub(crate) fn ready(amount: i64) -> Payment {
    Payment {
        id: PaymentId::from_uuid(Uuid::from_u128(1)),
        order: OrderId::from_uuid(Uuid::from_u128(2)),
        toss_order: TossOrderId::parse("order-1").unwrap(),
        key: PaymentKey::parse("key-1").unwrap(),
        amount: won(amount),
        payer: None,
        created_at: Timestamp::default(),
        version: 0,
        toss: TossFacts {
            status: TossStatus::InProgress,
            method: None,
            requested_at: None,
            approved_at: None,
            secret: None,
            tax: None,
        },
        captured: Won::ZERO,
        refunded: Won::ZERO,
        last_cancel_at: None,
        late: false,
        told: None,
        settles_at: None,
        state: State::Ready,
    }
}

pub(crate) fn policy(keep: bool) -> Policy {
    let late_success = if keep { LateSuccess::Keep } else { LateSuccess::Cancel };
    Policy { late_success, ..Policy::default() }
}

pub(crate) fn at(now: Timestamp, policy: &Policy) -> Moment<'_> {
    Moment { now, actor: Actor::Buyer, policy }
}

pub(crate) fn evidence() -> Evidence {
    Evidence { http_status: 200, body: [].into() }
}

pub(crate) fn snapshot(status: TossStatus, balance: i64, cancels: Vec<TossCancel>) -> Snapshot {
    Snapshot {
        status,
        method: None,
        balance: won(balance),
        requested_at: None,
        approved_at: None,
        last_transaction_key: cancels.last().map(|cancel| cancel.transaction_key.clone()),
        cancels,
        secret: None,
        account: None,
        failure: None,
        evidence: evidence(),
        tax: None,
        pending: Vec::new(),
    }
}

pub(crate) fn refusal(code: &str) -> Refusal {
    Refusal { code: code.to_owned(), message: "no".to_owned(), evidence: evidence() }
}

pub(crate) fn cancel_request(id: u128, amount: Option<i64>) -> Event {
    Event::CancelRequested(CancelRequest {
        id: RefundId::from_uuid(Uuid::from_u128(id)),
        amount: amount.map(won),
        reason: CancelReason::parse("a wish").unwrap(),
        untaxed: None,
    })
}

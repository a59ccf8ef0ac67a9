//! What the model says in small numbers, in the domain's own words, and back.
use super::scope::{LATE, TOTAL, WISHES, Wish};
use super::table::Happens;
use super::world::{Ended, Listed, Refund, Said, Shown, Todo, small};
use hanbeon_domain::refund::{CancelReason, Cause};
use hanbeon_domain::{
    Action, CancelRequest, ConfirmRequest, Customer, Event, Evidence, MerchantReference, Order, OrderId,
    Payment, PaymentKey, Refund as RealRefund, RefundId, RefundOutcome, Refusal, Snapshot, State, Timestamp,
    TossCancel, TossOrderId, Untaxed, Verdict, Won,
};
use hanbeon_store::{Progress, RefundRecord};
use std::time::Duration;
use uuid::Uuid;

/// 11 minutes in microseconds: [`Policy::confirm_window`].
pub(super) const WINDOW: i64 = 11 * 60 * 1_000_000;

pub(super) fn instant(window: u8, factor: i64) -> Timestamp {
    Timestamp::from_micros(i64::from(window) * WINDOW * factor)
}

pub(super) fn windows(time: Timestamp) -> u8 {
    u8::try_from(time.as_micros() / WINDOW).expect("few windows")
}

pub(super) fn retimed(mut payment: Payment, anew: impl Fn(Timestamp) -> Timestamp) -> Payment {
    payment.created_at = anew(payment.created_at);
    payment.last_cancel_at = payment.last_cancel_at.map(&anew);
    if let State::Canceling { landing_until, .. } = &mut payment.state {
        *landing_until = landing_until.map(|until| anew(before_window(until)).plus(confirm_window()));
    }
    payment
}

/// From when on this window is counted.
pub(super) fn before_window(until: Timestamp) -> Timestamp {
    until.minus(confirm_window())
}

pub(super) fn confirm_window() -> Duration {
    Duration::from_micros(WINDOW.unsigned_abs())
}

pub(super) fn todo(action: Action) -> Todo {
    match action {
        Action::Confirm => Todo::Confirm,
        Action::Lookup => Todo::Lookup,
        Action::Cancel => Todo::Cancel,
        Action::GiveUp => Todo::GiveUp,
        Action::Rest { due: Some(_) } => Todo::RestUntilDue,
        Action::Rest { due: None } => Todo::Rest,
    }
}

pub(super) fn event(what: Happens) -> Event {
    let evidence = |http_status| Evidence { http_status, body: [].into() };
    let words = String::new;
    let said = match what {
        Happens::Wished(wish, amount) => return wished(wish, amount),
        Happens::Heard(said) | Happens::HeardTooLate(said) => said,
    };
    let verdict = match said {
        Said::Exhausted => return Event::TriesExhausted,
        Said::Seen(shown) => Verdict::Seen(Box::new(snapshot(shown, evidence(200)))),
        Said::Refused => {
            Verdict::Refused(Refusal { code: words(), message: words(), evidence: evidence(403) })
        }
        Said::ReadIt => Verdict::ReadIt,
        Said::Absent => Verdict::Absent,
        Said::NotSent => Verdict::NotSent(words()),
        Said::Silence => Verdict::Unclear { answered: false, why: words() },
        Said::Error => Verdict::Unclear { answered: true, why: words() },
        Said::NotOurs => Verdict::NotOurs(words()),
    };
    Event::PspSaid(verdict)
}

pub(super) fn wished(wish: u8, amount: Wish) -> Event {
    Event::CancelRequested(request_for(wish, amount))
}

pub(super) fn request_for(wish: u8, amount: Wish) -> CancelRequest {
    let amount = match amount {
        Wish::Whole => None,
        Wish::Part(part) => Some(won(part)),
    };
    let reason = CancelReason::parse("a change of mind").expect("short enough");
    CancelRequest { id: refund_id(wish), amount, reason, untaxed: None }
}

pub(super) fn snapshot(shown: Shown, evidence: Evidence) -> Snapshot {
    Snapshot {
        status: shown.status,
        method: None,
        balance: won(shown.balance),
        requested_at: None,
        approved_at: None,
        last_transaction_key: None,
        cancels: shown.cancels.iter().zip(0..).filter_map(|(cancel, place)| listed(place, *cancel)).collect(),
        secret: None,
        account: None,
        failure: None,
        evidence,
        tax: None,
        pending: Vec::new(),
    }
}

pub(super) fn order() -> Order {
    Order {
        id: OrderId::from_uuid(Uuid::from_u128(1)),
        reference: MerchantReference::parse("order").expect("printable"),
        name: "mug".to_owned(),
        total: won(TOTAL),
        lines: Vec::new(),
        customer: Customer::default(),
        created_at: Timestamp::default(),
        expires_at: None,
        untaxed: Untaxed::NONE,
    }
}

pub(super) fn request(key: u8) -> ConfirmRequest {
    ConfirmRequest {
        order: OrderId::from_uuid(Uuid::from_u128(1)),
        toss_order: TossOrderId::parse(format!("toss-order-{key}")).expect("allowed characters"),
        key: PaymentKey::parse(format!("payment-{key}")).expect("allowed characters"),
        amount: won(TOTAL),
        session: None,
    }
}

/// Refunds are numbered from here.
pub(super) const REFUNDS: u128 = 100;

pub(super) fn refund_id(wish: u8) -> RefundId {
    RefundId::from_uuid(Uuid::from_u128(REFUNDS + u128::from(wish)))
}

/// The place of a refund in Toss's list.
pub(super) fn wish_of(id: RefundId) -> u8 {
    let wish = (0..small(WISHES)).find(|wish| refund_id(*wish) == id);
    wish.unwrap_or(small(LATE))
}

/// How a cancel is named in Toss's list.
pub(super) const TRANSACTION: &str = "transaction in place ";

pub(super) fn place_of(transaction_key: Option<String>) -> u8 {
    let place = transaction_key.and_then(|key| key.strip_prefix(TRANSACTION)?.parse().ok());
    place.expect("a refund is done by a cancel that is listed")
}

pub(super) fn won(amount: u8) -> Won {
    Won::new(amount.into()).expect("not negative")
}

pub(super) fn units(amount: Won) -> u8 {
    u8::try_from(amount.get()).expect("small amounts")
}

pub(super) fn listed(place: u8, cancel: Option<Listed>) -> Option<TossCancel> {
    let cancel = cancel?;
    Some(TossCancel {
        transaction_key: format!("{TRANSACTION}{place}"),
        amount: won(cancel.amount()),
        balance_after: Some(won(cancel.left())),
        canceled_at: None,
        reason: "a change of mind".to_owned(),
        request: None,
        untaxed: None,
    })
}

/// A refund that is open, as the store keeps it.
pub(super) fn record(payment: &Payment, refund: Refund) -> Option<RefundRecord> {
    let progress = match refund.ended {
        Ended::Queued => Progress::Queued,
        Ended::Open => Progress::Sending,
        Ended::NotBegun | Ended::Done(_) | Ended::Refused | Ended::Review => return None,
    };
    let requested_at = Timestamp::default();
    let real = RealRefund::undoing(payment.id, won(refund.amount), Cause::Requested, requested_at);
    Some(RefundRecord {
        refund: RealRefund { id: refund_id(small(WISHES)), ..real },
        payment: payment.id,
        progress,
        settled_at: None,
    })
}

/// How a refund ended, of which nothing more is told than this.
pub(super) fn ended(outcome: RefundOutcome) -> Ended {
    match outcome {
        RefundOutcome::Done { transaction_key, .. } => Ended::Done(place_of(transaction_key)),
        RefundOutcome::Refused(_) => Ended::Refused,
        RefundOutcome::NeedsReview => Ended::Review,
    }
}

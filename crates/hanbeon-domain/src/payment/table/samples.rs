//! One payment for every state, one event for every kind.
use crate::payment::{CanceledBy, LateSuccess, TossFacts};
use crate::refund::{CancelReason, Cause};
use crate::{
    Actor, CancelRequest, Event, Evidence, Moment, OperatorSays, OrderId, Payment, PaymentId, PaymentKey,
    Policy, Refund, RefundId, Refusal, Snapshot, State, StateName, Timestamp, TossCancel, TossOrderId,
    TossStatus, Verdict, Won,
};
use std::sync::LazyLock;
use std::time::Duration;
use uuid::Uuid;

/// The rows of the grid.
pub(super) const EVENTS: [&str; 20] = [
    "ConfirmRequested",
    "CancelRequested",
    "CompensationDue",
    "Seen_READY",
    "Seen_IN_PROGRESS",
    "Seen_WAITING_FOR_DEPOSIT",
    "Seen_DONE",
    "Seen_CANCELED",
    "Seen_PARTIAL_CANCELED",
    "Seen_ABORTED",
    "Seen_EXPIRED",
    "Seen_UNKNOWN",
    "Refused",
    "ReadIt",
    "Absent",
    "NotSent",
    "Unclear",
    "NotOurs",
    "TriesExhausted",
    "OperatorSaid",
];

/// What every sample costs, in won.
pub(super) const AMOUNT: i64 = 1000;

static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);
static KEEPING: LazyLock<Policy> =
    LazyLock::new(|| Policy { late_success: LateSuccess::Keep, ..Policy::default() });

/// A second after the payment was made.
pub(super) fn moment() -> Moment<'static> {
    after(Duration::from_secs(1))
}

/// So long after the payment was made.
pub(super) fn after(span: Duration) -> Moment<'static> {
    Moment { now: Timestamp::default().plus(span), actor: Actor::Buyer, policy: &POLICY }
}

/// The same, where late money is kept.
pub(super) fn keeping(moment: Moment<'static>) -> Moment<'static> {
    Moment { policy: &KEEPING, ..moment }
}

pub(super) fn won(amount: i64) -> Won {
    Won::new(amount).unwrap()
}

/// The plainest payment in this state: 1,000 won; 300 of them given back where a part is. The shop knows it.
pub(super) fn payment(state: StateName) -> Payment {
    let payment = untold(state);
    Payment { told: payment.standing(), ..payment }
}

fn untold(state: StateName) -> Payment {
    let paid = Payment { captured: won(AMOUNT), ..bare(State::Paid) };
    match state {
        StateName::Ready => bare(State::Ready),
        StateName::Confirming => confirming(0, 0, false),
        StateName::WaitingForDeposit => bare(State::WaitingForDeposit),
        StateName::Paid => paid,
        StateName::Canceling => canceling(refund(AMOUNT, AMOUNT, Cause::Requested), 0, false),
        StateName::PartiallyCanceled => {
            Payment { refunded: won(300), state: State::PartiallyCanceled, ..paid }
        }
        StateName::Canceled => {
            Payment { refunded: won(AMOUNT), state: State::Canceled { by: CanceledBy::Request }, ..paid }
        }
        StateName::Declined => bare(State::Declined { refusal: Box::new(refusal()) }),
        StateName::Expired => bare(State::Expired),
        StateName::NeedsReview => bare(State::NeedsReview { why: "a sample".to_owned() }),
    }
}

pub(super) fn confirming(tries: u32, round: u32, answered: bool) -> Payment {
    bare(State::Confirming { tries, round, answered })
}

/// A refund of a paid payment; what is not in `balance_before` has been given back.
pub(super) fn canceling(refund: Refund, tries: u32, unchanged: bool) -> Payment {
    let refunded = won(AMOUNT).minus(refund.balance_before).unwrap();
    let state = State::Canceling {
        refund: Box::new(refund),
        tries,
        unchanged,
        round: 0,
        answered: false,
        landing_until: None,
    };
    Payment { captured: won(AMOUNT), refunded, ..bare(state) }
}

/// A full cancel before the deposit: nothing is captured.
pub(super) fn canceling_deposit(tries: u32) -> Payment {
    let refund = refund(AMOUNT, AMOUNT, Cause::Requested);
    let refund = Box::new(refund);
    bare(State::Canceling { refund, tries, unchanged: false, round: 0, answered: false, landing_until: None })
}

pub(super) fn refund(amount: i64, balance_before: i64, cause: Cause) -> Refund {
    Refund {
        id: RefundId::from_uuid(Uuid::from_u128(9)),
        amount: won(amount),
        whole: amount == balance_before,
        reason: CancelReason::parse("a sample").unwrap(),
        cause,
        requested_at: Timestamp::default(),
        balance_before: won(balance_before),
        untaxed: None,
    }
}

pub(super) fn bare(state: State) -> Payment {
    Payment {
        id: PaymentId::from_uuid(Uuid::from_u128(1)),
        order: OrderId::from_uuid(Uuid::from_u128(2)),
        toss_order: TossOrderId::parse("order-1").unwrap(),
        key: PaymentKey::parse("key-1").unwrap(),
        amount: won(AMOUNT),
        payer: None,
        created_at: Timestamp::default(),
        version: 7,
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
        state,
    }
}

/// The event of a row.
pub(super) fn event(row: &str) -> Event {
    match row {
        "ConfirmRequested" => Event::ConfirmRequested,
        "CancelRequested" => cancel_requested(None),
        "CompensationDue" => Event::CompensationDue(Box::new(snapshot(TossStatus::Done, AMOUNT))),
        "Refused" => Event::PspSaid(Verdict::Refused(refusal())),
        "ReadIt" => Event::PspSaid(Verdict::ReadIt),
        "Absent" => Event::PspSaid(Verdict::Absent),
        "NotSent" => Event::PspSaid(Verdict::NotSent("connection refused".to_owned())),
        "Unclear" => unclear(false),
        "NotOurs" => Event::PspSaid(Verdict::NotOurs("another orderId".to_owned())),
        "TriesExhausted" => Event::TriesExhausted,
        "OperatorSaid" => said(OperatorSays::NothingCharged),
        seen => {
            let status = TossStatus::parse(seen.strip_prefix("Seen_").unwrap());
            let balance = match status {
                TossStatus::Canceled => 0,
                TossStatus::PartialCanceled => 400,
                _ => AMOUNT,
            };
            self::seen(status, balance)
        }
    }
}

pub(super) fn cancel_requested(amount: Option<i64>) -> Event {
    Event::CancelRequested(CancelRequest {
        id: RefundId::from_uuid(Uuid::from_u128(9)),
        amount: amount.map(won),
        reason: CancelReason::parse("a sample").unwrap(),
        untaxed: None,
    })
}

pub(super) fn said(says: OperatorSays) -> Event {
    Event::OperatorSaid { says, note: "a sample".to_owned() }
}

pub(super) fn unclear(answered: bool) -> Event {
    Event::PspSaid(Verdict::Unclear { answered, why: "a sample".to_owned() })
}

pub(super) fn seen(status: TossStatus, balance: i64) -> Event {
    Event::PspSaid(Verdict::Seen(Box::new(snapshot(status, balance))))
}

/// What Toss shows after these cancels, `(transaction key, amount)`, oldest first.
pub(super) fn canceled(cancels: &[(&str, i64)]) -> Event {
    let mut left = AMOUNT;
    let cancels = cancels.iter().map(|&(key, amount)| {
        left -= amount;
        TossCancel {
            transaction_key: key.to_owned(),
            amount: won(amount),
            balance_after: Some(won(left)),
            canceled_at: None,
            reason: "a sample".to_owned(),
            request: None,
            untaxed: None,
        }
    });
    let cancels: Vec<_> = cancels.collect();
    let status = match cancels.len() {
        0 => TossStatus::Done,
        1 if left == 0 => TossStatus::Canceled,
        _ => TossStatus::PartialCanceled,
    };
    let last_transaction_key = cancels.last().map(|cancel| cancel.transaction_key.clone());
    let shown = Snapshot { last_transaction_key, cancels, ..snapshot(status, left) };
    Event::PspSaid(Verdict::Seen(Box::new(shown)))
}

pub(super) fn snapshot(status: TossStatus, balance: i64) -> Snapshot {
    Snapshot {
        status,
        method: None,
        balance: won(balance),
        requested_at: None,
        approved_at: None,
        last_transaction_key: Some("t-1".to_owned()),
        cancels: Vec::new(),
        secret: None,
        account: None,
        failure: None,
        evidence: evidence(200),
        tax: None,
        pending: Vec::new(),
    }
}

pub(super) fn refusal() -> Refusal {
    let (code, message) =
        ("REJECT_CARD_PAYMENT".to_owned(), "한도초과 혹은 잔액부족으로 결제에 실패했습니다.".to_owned());
    Refusal { code, message, evidence: evidence(403) }
}

fn evidence(http_status: u16) -> Evidence {
    Evidence { http_status, body: [].into() }
}

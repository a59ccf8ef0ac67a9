//! Every rule of [`Checkout::decide`], as a table: what the store knows, what the browser sends, what follows.
use super::*;
use crate::payment::CanceledBy;
use crate::refund::{CancelReason, Cause};
use crate::{
    Action, Actor, Customer, Evidence, MerchantReference, Policy, Refund, RefundId, Refusal, StateName,
    Untaxed,
};
use std::time::Duration;
use uuid::Uuid;

const TOTAL: i64 = 50_000;

fn won(amount: i64) -> Won {
    Won::new(amount).unwrap()
}

fn order(id: u128) -> Order {
    Order {
        id: OrderId::from_uuid(Uuid::from_u128(id)),
        reference: MerchantReference::parse(format!("r-{id}")).unwrap(),
        name: "mug".to_owned(),
        total: won(TOTAL),
        lines: Vec::new(),
        customer: Customer::default(),
        created_at: Timestamp::default(),
        expires_at: None,
        untaxed: Untaxed::NONE,
    }
}

fn request(key: &str, toss_order: &str, amount: i64) -> ConfirmRequest {
    ConfirmRequest {
        order: order(1).id,
        toss_order: TossOrderId::parse(toss_order).unwrap(),
        key: PaymentKey::parse(key).unwrap(),
        amount: won(amount),
        session: None,
    }
}

/// A payment of order 1 with key-1 in this state.
fn payment(state: State) -> Payment {
    let captured = match state {
        State::Ready | State::Confirming { .. } | State::Declined { .. } | State::Expired => Won::ZERO,
        _ => won(TOTAL),
    };
    let ready = Payment::ready(&order(1), request("key-1", "order-1", TOTAL), fresh(), Timestamp::default());
    Payment { version: 3, captured, state, ..ready }
}

fn declined() -> State {
    let evidence = Evidence { http_status: 403, body: [].into() };
    let (code, message) = ("REJECT_CARD_PAYMENT".to_owned(), "한도초과".to_owned());
    State::Declined { refusal: Box::new(Refusal { code, message, evidence }) }
}

fn canceling() -> State {
    let refund = Refund {
        id: RefundId::from_uuid(Uuid::from_u128(8)),
        amount: won(TOTAL),
        whole: true,
        reason: CancelReason::parse("a sample").unwrap(),
        cause: Cause::Requested,
        requested_at: Timestamp::default(),
        balance_before: won(TOTAL),
        untaxed: None,
    };
    State::Canceling {
        refund: Box::new(refund),
        tries: 0,
        unchanged: false,
        round: 0,
        answered: false,
        landing_until: None,
    }
}

fn fresh() -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(7))
}

fn decide(view: Checkout, request: ConfirmRequest) -> Result<Decision, NotPayable> {
    let policy = Policy::default();
    let now = Timestamp::default().plus(Duration::from_secs(60));
    view.decide(request, fresh(), Moment { now, actor: Actor::Buyer, policy: &policy })
}

/// Decides, and says it in a few words.
#[track_caller]
fn check(view: Checkout, request: ConfirmRequest, want: &str) {
    let got = match decide(view, request) {
        Ok(Decision::Begin(step)) => format!("begin {} {:?}", step.next.amount, step.then),
        Ok(Decision::Known(known)) => format!("known {}", known.state.name()),
        Err(refused) => refused.to_string(),
    };
    assert_eq!(got, want);
}

fn view() -> Checkout {
    Checkout { order: Some(order(1)), ..Checkout::default() }
}

#[test]
fn a_request_that_agrees_with_the_order_begins_a_payment() {
    check(view(), request("key-1", "order-1", TOTAL), "begin 50000 Confirm");
    let saved = Some(won(TOTAL));
    check(Checkout { saved, ..view() }, request("key-1", "order-1", TOTAL), "begin 50000 Confirm");
}

#[test]
fn a_new_payment_is_the_order_s_and_nobody_s_own_idea() {
    let session = Some(SessionId::from_bytes([5; 32]));
    let request = ConfirmRequest { session, ..request("key-1", "order-1", TOTAL) };
    let Ok(Decision::Begin(step)) = decide(view(), request) else { panic!("begins") };
    let payment = step.next;
    assert_eq!((payment.id, payment.order, payment.amount), (fresh(), order(1).id, won(TOTAL)));
    assert_eq!((payment.key.as_str(), payment.toss_order.as_str()), ("key-1", "order-1"));
    assert_eq!((payment.payer, payment.version), (session, 1));
    assert_eq!((payment.captured, payment.refunded), (Won::ZERO, Won::ZERO));
    assert_eq!(payment.state, State::Confirming { tries: 0, round: 0, answered: false });
    assert_eq!((step.from, step.then), (StateName::Ready, Action::Confirm));
}

#[test]
fn an_amount_that_is_not_the_order_s_is_refused_whoever_says_it() {
    for amount in [0, 100, TOTAL - 1, TOTAL + 1, i64::MAX] {
        let want = format!("the order costs 50000 won, the request says {amount} won");
        check(view(), request("key-1", "order-1", amount), &want);
        let saved = Some(won(amount));
        let want = format!("the order costs 50000 won, the saved amount says {amount} won");
        check(Checkout { saved, ..view() }, request("key-1", "order-1", TOTAL), &want);
        // A browser that lies twice in the same way lies all the same.
        let want = format!("the order costs 50000 won, the request says {amount} won");
        check(Checkout { saved, ..view() }, request("key-1", "order-1", amount), &want);
    }
}

#[test]
fn an_order_that_is_not_there_cannot_be_paid() {
    let want = format!("there is no order {}", order(1).id);
    check(Checkout::default(), request("key-1", "order-1", TOTAL), &want);
    let same_key = Some(payment(State::Paid));
    check(Checkout { same_key, ..Checkout::default() }, request("key-1", "order-1", TOTAL), &want);
}

#[test]
fn a_payment_key_belongs_to_one_order_under_one_name() {
    let want = "the payment key was used with another order";
    let other = Payment { order: order(2).id, ..payment(State::Paid) };
    let view_of = |same_key| Checkout { same_key: Some(same_key), ..view() };
    check(view_of(other), request("key-1", "order-1", TOTAL), want);
    check(view_of(payment(State::Paid)), request("key-1", "order-2", TOTAL), want);
}

#[test]
fn an_order_that_a_payment_holds_is_taken() {
    for state in [
        State::Confirming { tries: 0, round: 0, answered: false },
        State::WaitingForDeposit,
        State::Paid,
        canceling(),
        State::PartiallyCanceled,
        State::Canceled { by: CanceledBy::Request },
        State::Canceled { by: CanceledBy::Elsewhere },
        State::NeedsReview { why: "a sample".to_owned() },
    ] {
        let want = format!("the order already has a payment, which is {}", state.name());
        let newest = Some(payment(state));
        check(Checkout { newest, ..view() }, request("key-2", "order-2", TOTAL), &want);
    }
}

#[test]
fn an_order_is_free_again_when_nothing_was_taken_or_we_gave_it_back() {
    for state in [declined(), State::Expired, State::Canceled { by: CanceledBy::Compensation }] {
        let newest = Some(payment(state));
        check(
            Checkout { newest: newest.clone(), ..view() },
            request("key-2", "order-2", TOTAL),
            "begin 50000 Confirm",
        );
        // But not at another price.
        check(
            Checkout { newest, ..view() },
            request("key-2", "order-2", 100),
            "the order costs 50000 won, the request says 100 won",
        );
    }
}

#[test]
fn a_repeat_gets_the_payment_that_it_began_whatever_became_of_it() {
    for state in [
        State::Confirming { tries: 4, round: 1, answered: true },
        State::WaitingForDeposit,
        State::Paid,
        canceling(),
        State::PartiallyCanceled,
        State::Canceled { by: CanceledBy::Request },
        State::Canceled { by: CanceledBy::Compensation },
        declined(),
        State::Expired,
        State::NeedsReview { why: "a sample".to_owned() },
    ] {
        let want = format!("known {}", state.name());
        let known = payment(state);
        let view = Checkout { same_key: Some(known.clone()), newest: Some(known), ..view() };
        check(view, request("key-1", "order-1", TOTAL), &want);
    }
}

#[test]
fn a_repeat_is_answered_after_the_order_s_time_and_whatever_the_session_saved_since() {
    let known = Some(payment(State::Paid));
    let expired = Order { expires_at: Some(Timestamp::from_micros(1)), ..order(1) };
    let view = Checkout { order: Some(expired), same_key: known.clone(), newest: known, saved: Some(won(1)) };
    check(view, request("key-1", "order-1", TOTAL), "known paid");
}

#[test]
fn d3_money_that_came_too_late_does_not_hold_the_order_and_does_not_pay_it() {
    for state in [canceling(), State::NeedsReview { why: "a sample".to_owned() }] {
        let late = Payment { late: true, ..payment(state.clone()) };
        let view = Checkout { newest: Some(late), ..view() };
        check(view, request("key-2", "order-2", TOTAL), "begin 50000 Confirm");
        let held = Checkout { newest: Some(payment(state.clone())), ..self::view() };
        let want = format!("the order already has a payment, which is {}", state.name());
        check(held, request("key-2", "order-2", TOTAL), &want);
    }
}

#[test]
fn a_repeat_with_another_amount_is_refused() {
    let known = Some(payment(State::Paid));
    let view = Checkout { same_key: known.clone(), newest: known, ..view() };
    let want = "the order costs 50000 won, the request says 49999 won";
    check(view, request("key-1", "order-1", TOTAL - 1), want);
}

#[test]
fn an_order_can_be_paid_until_its_last_moment() {
    let now = Timestamp::default().plus(Duration::from_secs(60));
    let until = |micros| {
        let expires_at = Some(Timestamp::from_micros(now.as_micros() + micros));
        Checkout { order: Some(Order { expires_at, ..order(1) }), ..Checkout::default() }
    };
    check(until(1), request("key-1", "order-1", TOTAL), "begin 50000 Confirm");
    for late in [0, -1] {
        let expired = decide(until(late), request("key-1", "order-1", TOTAL));
        assert!(matches!(expired, Err(NotPayable::OrderExpired(_))), "{late} {expired:?}");
    }
}

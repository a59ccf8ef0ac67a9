//! What holds after any sequence of events, likely or not.
use hanbeon_domain::payment::TossFacts;
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{
    Action, Actor, CancelRequest, Checkout, ConfirmRequest, Customer, Decision, Event, Evidence,
    MerchantReference, Moment, Order, OrderId, Payment, PaymentId, PaymentKey, Policy, RefundId, Refusal,
    Snapshot, State, StateName, Timestamp, TossOrderId, TossStatus, Verdict, Won,
};
use proptest::prelude::*;
use std::time::Duration;
use uuid::Uuid;

const AMOUNT: i64 = 1000;

fn won(amount: i64) -> Won {
    Won::new(amount).unwrap()
}

fn ready(amount: i64) -> Payment {
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
        },
        captured: Won::ZERO,
        refunded: Won::ZERO,
        state: State::Ready,
    }
}

fn evidence() -> Evidence {
    Evidence { http_status: 200, body: [].into() }
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    // Balances that make sense, and some that do not.
    let balance = prop_oneof![Just(AMOUNT), Just(0), 0..=AMOUNT, 0..=2 * AMOUNT];
    (prop::sample::select(&TossStatus::ALL[..]), balance).prop_map(|(status, balance)| Snapshot {
        status,
        method: None,
        balance: won(balance),
        requested_at: None,
        approved_at: None,
        last_transaction_key: None,
        failure: None,
        evidence: evidence(),
    })
}

fn refusal() -> Refusal {
    Refusal { code: "REJECT".to_owned(), message: "no".to_owned(), evidence: evidence() }
}

fn event() -> impl Strategy<Value = Event> {
    let said = |verdict| Just(Event::PspSaid(verdict));
    let cancel = (any::<u128>(), prop::option::of(0..=AMOUNT + 1)).prop_map(|(id, amount)| {
        Event::CancelRequested(CancelRequest {
            id: RefundId::from_uuid(Uuid::from_u128(id)),
            amount: amount.map(won),
            reason: CancelReason::parse("a wish").unwrap(),
        })
    });
    prop_oneof![
        2 => Just(Event::ConfirmRequested),
        4 => cancel,
        1 => snapshot().prop_map(|seen| Event::CompensationDue(Box::new(seen))),
        6 => snapshot().prop_map(|seen| Event::PspSaid(Verdict::Seen(Box::new(seen)))),
        2 => said(Verdict::Refused(refusal())),
        1 => said(Verdict::ReadIt),
        1 => said(Verdict::Absent),
        1 => said(Verdict::NotSent("refused".to_owned())),
        1 => any::<bool>().prop_map(|answered| {
            Event::PspSaid(Verdict::Unclear { answered, why: "silence".to_owned() })
        }),
        1 => said(Verdict::NotOurs("another".to_owned())),
        1 => Just(Event::TriesExhausted),
    ]
}

/// States from which nothing is ever charged again.
fn is_past_charging(name: StateName) -> bool {
    !matches!(name, StateName::Ready | StateName::Confirming)
}

fn check_legal(before: &Payment, event: &Event, moment: Moment<'_>) -> Result<Payment, TestCaseError> {
    let Ok(step) = before.step(event.clone(), moment) else { return Ok(before.clone()) };
    let after = step.next;
    prop_assert_eq!(after.version, before.version + 1);
    prop_assert_eq!((after.amount, &after.key, after.id), (before.amount, &before.key, before.id));
    let spoken_for = after.refunded.plus(after.reserved()).unwrap();
    prop_assert!(spoken_for <= after.captured, "{:?} → {:?}", before, after);
    prop_assert_eq!(after.refundable(), after.captured.minus(spoken_for).unwrap());
    prop_assert!(after.captured <= after.amount);
    prop_assert!(before.refunded <= after.refunded, "money that was given back does not return");
    prop_assert!(before.captured <= after.captured, "money that was taken does not become untaken");
    if is_past_charging(before.state.name()) {
        prop_assert!(is_past_charging(after.state.name()), "{:?} → {:?}", before, after);
        prop_assert!(step.then != Action::Confirm, "{:?} → {:?}", before, after);
    }
    let charges = matches!(after.state, State::Confirming { .. });
    prop_assert!(charges || step.then != Action::Confirm, "a charge needs a durable intent");
    let cancels = matches!(after.state, State::Canceling { .. });
    prop_assert!(cancels || step.then != Action::Cancel, "a cancel needs a durable intent");
    if after.is_moving() || after.state == State::WaitingForDeposit {
        let forgotten = step.then == Action::Rest { due: None };
        prop_assert!(!forgotten, "nobody will ever look again: {:?} after {:?}", after, event);
    }
    if after.leaves_order_free() {
        prop_assert!(after.captured == after.refunded, "free, and still holding money: {:?}", after);
    }
    Ok(after)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_budget_the_version_and_the_amount_hold_after_any_events(
        events in prop::collection::vec((event(), 0_u64..400), 1..25)
    ) {
        let policy = Policy::default();
        let mut now = Timestamp::default();
        let mut payment = ready(AMOUNT).step(
            Event::ConfirmRequested,
            Moment { now, actor: Actor::Buyer, policy: &policy },
        ).unwrap().next;
        for (event, seconds) in events {
            now = now.plus(Duration::from_secs(seconds));
            payment = check_legal(&payment, &event, Moment { now, actor: Actor::Buyer, policy: &policy })?;
        }
    }

    #[test]
    fn an_amount_comes_out_as_it_went_in(amount in 1..=i64::MAX) {
        let order = Order {
            id: OrderId::from_uuid(Uuid::from_u128(2)),
            reference: MerchantReference::parse("r-1").unwrap(),
            name: "mug".to_owned(),
            total: won(amount),
            lines: Vec::new(),
            customer: Customer::default(),
            created_at: Timestamp::default(),
            expires_at: None,
        };
        let request = ConfirmRequest {
            order: order.id,
            toss_order: TossOrderId::parse("order-1").unwrap(),
            key: PaymentKey::parse("key-1").unwrap(),
            amount: won(amount),
            session: None,
        };
        let policy = Policy::default();
        let moment = Moment { now: Timestamp::default(), actor: Actor::Buyer, policy: &policy };
        let view = Checkout { order: Some(order), saved: Some(won(amount)), ..Checkout::default() };
        let fresh = PaymentId::from_uuid(Uuid::from_u128(1));
        let Ok(Decision::Begin(step)) = view.decide(request, fresh, moment) else {
            return Err(TestCaseError::fail("an amount that agrees begins a payment"));
        };
        prop_assert_eq!(step.next.amount.get(), amount);
        prop_assert_eq!(step.next.amount.to_string().parse::<i64>(), Ok(amount));
        let paid = Snapshot {
            status: TossStatus::Done,
            method: None,
            balance: won(amount),
            requested_at: None,
            approved_at: None,
            last_transaction_key: None,
            failure: None,
            evidence: evidence(),
        };
        let paid = step.next.step(Event::PspSaid(Verdict::Seen(Box::new(paid))), moment).unwrap().next;
        prop_assert_eq!((paid.state.name(), paid.captured.get()), (StateName::Paid, amount));
        prop_assert_eq!(paid.refundable().get(), amount);
    }

    #[test]
    fn won_is_any_amount_that_is_not_negative(number in any::<i64>()) {
        prop_assert_eq!(Won::new(number).map(Won::get).ok(), (number >= 0).then_some(number));
    }
}

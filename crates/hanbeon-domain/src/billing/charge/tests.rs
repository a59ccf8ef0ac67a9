use super::*;
use crate::{Evidence, Policy, State};
use uuid::Uuid;

fn charge() -> Charge {
    let id = |n| Uuid::from_u128(n);
    let period = For { subscription: SubscriptionId::from_uuid(id(4)), period: 7, ordinal: 1 };
    let new = NewCharge {
        id: ChargeId::from_uuid(id(1)),
        customer: CustomerId::from_uuid(id(2)),
        key: BillingKeyId::from_uuid(id(3)),
        period: Some(period),
        amount: Won::new(9_900).unwrap(),
        name: "11월 구독".to_owned(),
    };
    Charge::intended(new, Timestamp::default())
}

fn seen(status: T) -> Heard {
    let key = Some(PaymentKey::parse("tgen_1").unwrap());
    Heard { verdict: V::Seen(Box::new(snapshot(status))), key }
}

fn snapshot(status: T) -> Snapshot {
    let evidence = Evidence { http_status: 200, body: [].into() };
    Snapshot {
        status,
        method: Some("카드".to_owned()),
        balance: charge().amount,
        requested_at: None,
        approved_at: None,
        last_transaction_key: None,
        cancels: Vec::new(),
        secret: None,
        account: None,
        failure: None,
        evidence,
        tax: None,
        pending: Vec::new(),
    }
}

fn refusal(code: &str, http_status: u16) -> Refusal {
    let evidence = Evidence { http_status, body: [].into() };
    Refusal { code: code.to_owned(), message: "한도 초과".to_owned(), evidence }
}

fn told(verdict: V) -> Heard {
    Heard { verdict, key: None }
}

fn unclear(answered: bool) -> Heard {
    told(V::Unclear { answered, why: "planted".to_owned() })
}

/// What becomes of a charge that hears this, one after the other, each so many seconds after the intent.
fn after(heard: &[(i64, Heard)]) -> ChargeStep {
    let policy = Policy::default();
    let mut step = ChargeStep { next: charge(), then: ChargeAction::Charge, born: None };
    for (seconds, heard) in heard {
        let now = Timestamp::from_micros(seconds * 1_000_000);
        let moment = Moment { now, actor: Actor::Recovery, policy: &policy };
        step = step.next.step(heard.clone(), moment).expect("it is open");
    }
    step
}

#[test]
fn a_charge_that_toss_took_ends_in_a_payment_that_went_through_the_table() {
    let step = after(&[(1, seen(T::Done))]);
    assert_eq!(step.next.state, ChargeState::Done { at: Timestamp::from_micros(1_000_000) });
    let born = step.born.expect("a payment");
    assert_eq!(
        (born.intent.from, born.outcome.from),
        (crate::StateName::Ready, crate::StateName::Confirming)
    );
    let payment = &born.outcome.next;
    assert_eq!((payment.state.clone(), payment.captured, payment.version), (State::Paid, charge().amount, 2));
    assert_eq!((payment.order, payment.amount), (born.order.id, born.order.total));
    assert_eq!(payment.toss_order, charge().toss_order);
    assert!(born.order.check().is_ok());
}

#[test]
fn a_refusal_of_the_first_call_is_one() {
    let step = after(&[(1, told(V::Refused(refusal("REJECT_CARD_PAYMENT", 403))))]);
    assert_eq!((step.next.state.as_str(), step.then), ("refused", ChargeAction::Rest { due: None }));
    assert!(step.born.is_none());
    let moment = Moment { now: Timestamp::default(), actor: Actor::Recovery, policy: &Policy::default() };
    assert_eq!(step.next.step(seen(T::Done), moment), None, "it has ended");
}

#[test]
fn h2_a_charge_whose_answer_was_lost_keeps_its_order_and_its_key() {
    let mut heard = vec![(1, unclear(false))];
    for second in 2..600 {
        heard.push((second, told(V::Absent)));
        let step = after(&heard[heard.len().saturating_sub(40)..]);
        assert_eq!(
            (step.next.charge_key(), &step.next.toss_order),
            (charge().charge_key(), &charge().toss_order)
        );
        assert!(step.next.is_open());
    }
    heard.push((600, seen(T::Done)));
    assert_eq!(after(&heard).next.state.as_str(), "done");
}

#[test]
fn h2_a_request_is_repeated_only_after_reads_that_found_nothing() {
    let mut heard = vec![(1, unclear(false))];
    for second in 2..4 {
        heard.push((second, told(V::Absent)));
        assert!(matches!(after(&heard).then, ChargeAction::Rest { due: Some(_) }), "{heard:?}");
    }
    heard.push((9, told(V::Absent)));
    assert_eq!(after(&heard).then, ChargeAction::Charge);
}

#[test]
fn h2_a_new_key_is_taken_only_when_an_error_was_answered_and_absent_is_a_fact() {
    let mut heard = vec![(1, unclear(true))];
    heard.extend((2..30).map(|second| (second, told(V::Absent))));
    assert_eq!(after(&heard).next.charge_key(), charge().charge_key(), "not within the window");
    heard.push((661, told(V::Absent)));
    let step = after(&heard);
    assert_ne!(step.next.charge_key(), charge().charge_key());
    assert_eq!((step.then, step.next.toss_order), (ChargeAction::Charge, charge().toss_order));
}

#[test]
fn a_refusal_after_an_unknown_call_counts_once_a_read_has_ruled_that_call_out() {
    let late = told(V::Refused(refusal("REJECT_CARD_PAYMENT", 403)));
    let mut heard = vec![(1, unclear(false)), (5, late)];
    assert!(after(&heard).next.is_open());
    let mut paid = heard.clone();
    paid.push((6, seen(T::Done)));
    assert_eq!(after(&paid).next.state.as_str(), "done");
    heard.extend((7..40).map(|second| (second, told(V::Absent))));
    assert!(after(&heard).next.is_open());
    heard.push((700, told(V::Absent)));
    assert_eq!(after(&heard).next.state.as_str(), "refused");
}

#[test]
fn somebody_elses_payment_and_an_unsent_call_decide_nothing() {
    for heard in
        [told(V::NotOurs("totalAmount".to_owned())), told(V::NotSent("refused".to_owned())), seen(T::Unknown)]
    {
        let step = after(&[(1, heard)]);
        assert!(step.next.is_open() && matches!(step.then, ChargeAction::Rest { due: Some(_) }));
    }
}

#[test]
fn an_order_that_toss_has_seen_before_is_read_at_once() {
    assert_eq!(after(&[(1, told(V::ReadIt))]).then, ChargeAction::Lookup);
}

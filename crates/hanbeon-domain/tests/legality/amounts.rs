//! Money comes out as it went in.
use crate::samples::{at, policy, ready, snapshot, won};
use hanbeon_domain::{
    Checkout, ConfirmRequest, Customer, Decision, Event, MerchantReference, Order, Payment, PaymentId,
    StateName, Timestamp, TossStatus, Untaxed, Verdict, Won,
};
use proptest::prelude::*;
use uuid::Uuid;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a6_an_amount_comes_out_as_it_went_in(amount in 1..=i64::MAX) {
        let Payment { order, toss_order, key, .. } = ready(amount);
        let view = Checkout {
            order: Some(Order {
                id: order,
                reference: MerchantReference::parse("r-1").unwrap(),
                name: "mug".to_owned(),
                total: won(amount),
                lines: Vec::new(),
                customer: Customer::default(),
                created_at: Timestamp::default(),
                expires_at: None,
                untaxed: Untaxed::NONE,
            }),
            saved: Some(won(amount)),
            ..Checkout::default()
        };
        let request = ConfirmRequest { order, toss_order, key, amount: won(amount), session: None };
        let policy = policy(false);
        let moment = at(Timestamp::default(), &policy);
        let Ok(Decision::Begin(step)) = view.decide(request, PaymentId::from_uuid(Uuid::from_u128(1)), moment)
        else {
            return Err(TestCaseError::fail("an amount that agrees begins a payment"));
        };
        prop_assert_eq!(step.next.amount.get(), amount);
        prop_assert_eq!(step.next.amount.to_string().parse::<i64>(), Ok(amount));
        let paid = snapshot(TossStatus::Done, amount, Vec::new());
        let paid = step.next.step(Event::PspSaid(Verdict::Seen(Box::new(paid))), moment).unwrap().next;
        prop_assert_eq!((paid.state.name(), paid.captured.get()), (StateName::Paid, amount));
        prop_assert_eq!(paid.refundable().get(), amount);
    }

    #[test]
    fn won_is_any_amount_that_is_not_negative(number in any::<i64>()) {
        prop_assert_eq!(Won::new(number).map(Won::get).ok(), (number >= 0).then_some(number));
    }
}

//! F9, S20: what is not taxed of an order goes back once, and what is left is always divided as Toss says.
use crate::samples::{at, policy, ready, snapshot, won};
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{
    CancelRequest, Event, Payment, Policy, Refund, RefundId, Refused, Snapshot, State, Tax, Timestamp,
    TossCancel, TossStatus, Untaxed, Verdict, Won,
};
use proptest::prelude::*;
use std::time::Duration;
use uuid::Uuid;

/// What Toss has left of the payment.
#[derive(Clone, Copy, Debug)]
struct Left {
    taxed: i64,
    free: i64,
    exempt: i64,
}

impl Left {
    const fn sum(self) -> i64 {
        self.taxed + self.free + self.exempt
    }

    /// How much of the taxed part is tax is Toss's own affair: any number will do.
    fn tax(self, rounding: u32) -> Tax {
        let vat = self.taxed * i64::from(rounding % 101) / 100;
        let untaxed = Untaxed { free: won(self.free), exempt: won(self.exempt) };
        Tax { supplied: won(self.taxed - vat), vat: won(vat), untaxed }
    }
}

/// Somebody wants so much back; of it, so much is not taxed, if they say so.
#[derive(Clone, Debug)]
struct Wish {
    amount: Option<i64>,
    parts: Option<(i64, i64)>,
    rounding: u32,
}

fn wish() -> impl Strategy<Value = Wish> {
    let part = || 0_i64..400;
    let amount = prop::option::weighted(0.9, 1_i64..600);
    (amount, prop::option::of((part(), part())), any::<u32>()).prop_map(|(amount, parts, rounding)| Wish {
        amount,
        parts,
        rounding,
    })
}

/// Toss shows the payment.
fn shown(left: Left, rounding: u32, cancels: &[TossCancel]) -> Event {
    let status = match (cancels, left.sum()) {
        ([], _) => TossStatus::Done,
        ([_], 0) => TossStatus::Canceled,
        _ => TossStatus::PartialCanceled,
    };
    let shown = Snapshot { tax: Some(left.tax(rounding)), ..snapshot(status, left.sum(), cancels.to_vec()) };
    Event::PspSaid(Verdict::Seen(Box::new(shown)))
}

fn decided(payment: &Payment) -> Refund {
    match &payment.state {
        State::Canceling { refund, .. } => (**refund).clone(),
        state => unreachable!("a refund was begun, not {state:?}"),
    }
}

/// Is that wish to be refused? By a count of its own.
fn fits(left: Left, wish: &Wish) -> bool {
    let amount = wish.amount.unwrap_or(left.sum());
    let takes_all = amount == left.sum();
    match wish.parts {
        _ if amount > left.sum() => false,
        None if takes_all => true,
        Some((free, exempt)) if takes_all => (free, exempt) == (left.free, left.exempt),
        parts => {
            let (free, exempt) = parts.unwrap_or_default();
            let taxed = amount - free - exempt;
            free <= left.free && exempt <= left.exempt && (0..=left.taxed).contains(&taxed)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn f9_s20_the_parts_add_up_whatever_is_given_back(
        (taxed, free, exempt) in (1_i64..500, 0_i64..500, 0_i64..500),
        rounding: u32,
        wishes in prop::collection::vec(wish(), 1..8),
    ) {
        let mut left = Left { taxed, free, exempt };
        let order = Untaxed { free: won(free), exempt: won(exempt) };
        let policy: Policy = policy(false);
        let mut now = Timestamp::default();
        let mut payment = ready(left.sum());
        for event in [Event::ConfirmRequested, shown(left, rounding, &[])] {
            payment = payment.step(event, at(now, &policy)).unwrap().next;
        }
        let mut cancels: Vec<TossCancel> = Vec::new();
        let mut returned = Untaxed::NONE;
        for (name, wish) in (1..).zip(&wishes) {
            if left.sum() == 0 {
                break;
            }
            now = now.plus(Duration::from_secs(60));
            let untaxed = wish.parts.map(|(free, exempt)| Untaxed { free: won(free), exempt: won(exempt) });
            let request = CancelRequest {
                id: RefundId::from_uuid(Uuid::from_u128(name)),
                amount: wish.amount.map(won),
                untaxed,
                reason: CancelReason::parse("a wish").unwrap(),
            };
            let began = payment.step(Event::CancelRequested(request), at(now, &policy));
            prop_assert_eq!(began.is_ok(), fits(left, wish), "{:?} of {:?}: {:?}", wish, left, began.err());
            let Ok(step) = began else { continue };
            let refund = decided(&step.next);
            let parts = refund.untaxed.unwrap();
            let taxed = parts.taxed_of(refund.amount).unwrap();
            prop_assert_eq!(step.next.untaxed_left(), order.minus(returned).unwrap().minus(parts));
            left = Left {
                taxed: left.taxed - taxed.get(),
                free: left.free - parts.free.get(),
                exempt: left.exempt - parts.exempt.get(),
            };
            prop_assert!(left.taxed >= 0 && left.free >= 0 && left.exempt >= 0, "{:?}", left);
            cancels.push(TossCancel {
                transaction_key: format!("t-{name}"),
                amount: refund.amount,
                untaxed: Some(parts),
                balance_after: Some(won(left.sum())),
                canceled_at: None,
                reason: "a wish".to_owned(),
                request: None,
            });
            payment = step.next.step(shown(left, wish.rounding, &cancels), at(now, &policy)).unwrap().next;
            returned = returned.plus(parts).unwrap();
            let tax = payment.toss.tax.unwrap();
            prop_assert_eq!(tax.sum(), payment.captured.minus(payment.refunded));
            prop_assert_eq!(tax.untaxed.plus(returned), Some(order));
        }
    }
}

#[test]
fn f9_parts_that_do_not_add_up_refuse_nothing() {
    let policy = policy(false);
    let moment = at(Timestamp::default(), &policy);
    let mut payment = ready(1_000).step(Event::ConfirmRequested, moment).unwrap().next;
    let nonsense =
        Tax { supplied: won(1), vat: won(1), untaxed: Untaxed { free: won(9_000), exempt: Won::ZERO } };
    let seen = Snapshot { tax: Some(nonsense), ..snapshot(TossStatus::Done, 1_000, Vec::new()) };
    payment = payment.step(Event::PspSaid(Verdict::Seen(Box::new(seen))), moment).unwrap().next;
    assert_eq!((payment.captured.get(), payment.untaxed_left()), (1_000, None));
    let parts = Untaxed { free: won(200), exempt: Won::ZERO };
    let request = CancelRequest {
        id: RefundId::from_uuid(Uuid::from_u128(7)),
        amount: Some(won(300)),
        untaxed: Some(parts),
        reason: CancelReason::parse("a wish").unwrap(),
    };
    let step = payment.step(Event::CancelRequested(request), moment).unwrap();
    assert_eq!(decided(&step.next).untaxed, Some(parts), "Toss decides");
}

#[test]
fn f9_a_refund_of_what_is_not_left_says_what_is() {
    let policy = policy(false);
    let moment = at(Timestamp::default(), &policy);
    let mut payment = ready(1_000).step(Event::ConfirmRequested, moment).unwrap().next;
    payment = payment.step(shown(Left { taxed: 100, free: 900, exempt: 0 }, 0, &[]), moment).unwrap().next;
    let request = CancelRequest {
        id: RefundId::from_uuid(Uuid::from_u128(7)),
        amount: Some(won(101)),
        untaxed: None,
        reason: CancelReason::parse("a wish").unwrap(),
    };
    assert!(matches!(payment.admit(&request, Won::ZERO, moment.now), Err(Refused::NotInParts { .. })));
    let refused = payment.step(Event::CancelRequested(request), moment).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a refund of 101 won, of which 0 won are tax free and 0 won exempt, is not in what is left: 100 won taxed, \
         900 won tax free, 0 won exempt; name its taxFreeAmount and taxExemptionAmount"
    );
}

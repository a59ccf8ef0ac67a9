//! The table of a receipt, and a Toss that answers late, twice, or not at all.
use super::*;
use crate::payment::{Moment, Policy, TossFacts};
use crate::{Actor, OrderId, PaymentKey, TossOrderId, TossStatus};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

const POLICY: Policy = Policy {
    tries_max: 160,
    retry_first: Duration::from_secs(1),
    retry_cap: Duration::from_secs(45),
    confirm_window: Duration::from_secs(660),
    window_tries: 20,
    deposit_poll: Duration::ZERO,
    deposit_closing: Duration::ZERO,
    deposit_settle: Duration::ZERO,
    cancel_spacing: Duration::ZERO,
    cancel_poll: Duration::ZERO,
    notice_spacing: Duration::ZERO,
    late_success: crate::payment::LateSuccess::Cancel,
};

fn won(amount: i64) -> Won {
    Won::new(amount).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::default().plus(Duration::from_secs(seconds))
}

fn moment(now: Timestamp) -> Moment<'static> {
    Moment { now, actor: Actor::Recovery, policy: &POLICY }
}

fn payment(method: &str, captured: i64, refunded: i64, state: State) -> Payment {
    Payment {
        id: PaymentId::from_uuid(Uuid::from_u128(1)),
        order: OrderId::from_uuid(Uuid::from_u128(2)),
        toss_order: TossOrderId::parse("order-1").unwrap(),
        key: PaymentKey::parse("key-1").unwrap(),
        amount: won(10_000),
        payer: None,
        created_at: Timestamp::default(),
        version: 3,
        toss: TossFacts {
            status: TossStatus::Done,
            method: Some(method.to_owned()),
            requested_at: None,
            approved_at: None,
            secret: None,
            tax: None,
        },
        captured: won(captured),
        refunded: won(refunded),
        last_cancel_at: None,
        late: false,
        told: None,
        settles_at: None,
        state,
    }
}

fn intended(payment: &Payment) -> Result<Receipt, NoReceipt> {
    Receipt::intended(ReceiptId::from_uuid(Uuid::from_u128(7)), payment, ReceiptKind::IncomeDeduction, at(0))
}

fn paper() -> Paper {
    Paper { key: "rk-1".to_owned(), url: None }
}

fn issuing() -> Receipt {
    intended(&payment("가상계좌", 10_000, 0, State::Paid)).unwrap()
}

fn issued() -> Receipt {
    issuing().step(ReceiptHeard::Issued(paper()), moment(at(1))).unwrap().next
}

fn canceling(left: i64) -> Receipt {
    issued().resume(won(left), moment(at(2))).unwrap().next
}

fn refused() -> ReceiptHeard {
    ReceiptHeard::Refused(Reason { code: "NO".to_owned(), message: "no".to_owned() })
}

fn unclear(answered: bool) -> ReceiptHeard {
    ReceiptHeard::Unclear { answered, why: "silence".to_owned() }
}

#[test]
fn only_cash_that_is_paid_has_a_receipt_over_what_is_left() {
    for (method, captured, refunded, state, want) in [
        ("가상계좌", 10_000, 0, State::Paid, Some(10_000)),
        ("계좌이체", 10_000, 3_000, State::PartiallyCanceled, Some(7_000)),
        ("카드", 10_000, 0, State::Paid, None),
        ("간편결제", 10_000, 0, State::Paid, None),
        ("가상계좌", 0, 0, State::WaitingForDeposit, None),
        ("가상계좌", 10_000, 10_000, State::Canceled { by: crate::payment::CanceledBy::Request }, None),
    ] {
        let receipt = intended(&payment(method, captured, refunded, state.clone()));
        assert_eq!(receipt.ok().map(|receipt| receipt.amount), want.map(won), "{method} {state:?}");
    }
    let fresh = Payment { settles_at: Some(at(9)), ..payment("가상계좌", 10_000, 0, State::Paid) };
    assert_eq!(intended(&fresh), Err(NoReceipt::NotSettled));
}

#[test]
fn a_number_has_a_form_and_is_never_printed() {
    use ReceiptKind::{ExpenseProof as Expense, IncomeDeduction as Income};
    for (kind, text, good) in [
        (Income, "01012345678", true),
        (Income, "010-000-1234", true),
        (Income, "1234567890123456789", true),
        (Income, "", false),
        (Income, "0101234", false),
        (Income, "hong@example.com", false),
        (Income, "0101234567890123456789012345678", false),
        (Expense, "123-45-67890", true),
        (Expense, "01012345678", false),
    ] {
        assert_eq!(BuyerNumber::parse(text, kind).is_ok(), good, "{text}");
    }
    let number = BuyerNumber::parse("01012345678", Income).unwrap();
    assert!(!format!("{number:?}").contains("0101"));
}

#[test]
fn whoever_finds_it_under_way_looks_and_never_acts() {
    for receipt in [issuing(), canceling(0)] {
        let step = receipt.resume(Won::ZERO, moment(at(60))).unwrap();
        assert_eq!((step.then, step.next), (ReceiptAction::Look, receipt));
    }
}

#[test]
fn an_issue_that_is_not_listed_is_given_up_only_when_it_cannot_land_any_more() {
    let mut receipt = issuing();
    for try_ in 0..POLICY.window_tries {
        let early = receipt.step(ReceiptHeard::Listed(vec![]), moment(at(9_999))).unwrap();
        assert!(
            matches!(early.next.state, ReceiptState::Issuing { .. }),
            "try {try_}: the clock may have jumped"
        );
        receipt = early.next;
    }
    let early = receipt.step(ReceiptHeard::Listed(vec![]), moment(at(600))).unwrap();
    assert!(matches!(early.next.state, ReceiptState::Issuing { .. }), "it may still land");
    let over = receipt.step(ReceiptHeard::Listed(vec![]), moment(at(660))).unwrap();
    assert!(
        matches!(&over.next.state, ReceiptState::Failed(reason) if reason.code == "RECEIPT_NOT_ISSUED"),
        "{over:?}"
    );
    let row = Listed::Receipt { paper: paper(), amount: won(10_000), failure: None };
    let found = receipt.step(ReceiptHeard::Listed(vec![row.clone()]), moment(at(9_999))).unwrap();
    assert_eq!((&found.next.state, found.next.in_force()), (&ReceiptState::Issued, won(10_000)));
    let twice = receipt.step(ReceiptHeard::Listed(vec![row.clone(), row]), moment(at(9_999))).unwrap();
    assert_eq!(twice.next.state.as_str(), "needs_review");
}

#[test]
fn f13_a_receipt_follows_what_is_left_of_its_payment() {
    let step = issued().resume(won(10_000), moment(at(5))).unwrap();
    assert_eq!((step.next.state, step.then), (ReceiptState::Issued, ReceiptAction::Rest { due: None }));
    for (left, end) in [(4_000, "issued"), (0, "canceled")] {
        let step = issued().resume(won(left), moment(at(5))).unwrap();
        assert_eq!(step.then, ReceiptAction::Cancel);
        let cancel = ReceiptCancel { amount: won(10_000 - left), at: at(6) };
        let done = step.next.step(ReceiptHeard::Canceled(cancel), moment(at(6))).unwrap().next;
        assert_eq!((done.in_force(), done.state.as_str()), (won(left), end));
    }
}

#[test]
fn a_refused_cancel_is_looked_for_and_then_needs_a_human() {
    let asked = canceling(0).step(refused(), moment(at(3))).unwrap();
    assert_eq!(asked.then, ReceiptAction::Look);
    let review = asked.next.step(ReceiptHeard::Listed(vec![]), moment(at(3))).unwrap().next;
    assert_eq!(review.state.as_str(), "needs_review");
    // Somebody cancelled it at Toss.
    let row = Listed::Cancel(ReceiptCancel { amount: won(10_000), at: at(2) });
    let found = asked.next.step(ReceiptHeard::Listed(vec![row.clone()]), moment(at(3))).unwrap().next;
    assert_eq!((found.state.as_str(), found.in_force()), ("canceled", Won::ZERO));
    // Or does so now, and says so.
    let again = review.again(at(99)).unwrap().next;
    let found = again.step(ReceiptHeard::Listed(vec![row]), moment(at(99))).unwrap().next;
    assert_eq!(found.state, ReceiptState::Canceled);
    assert_eq!(found.again(at(99)), None);
}

#[test]
fn a_receipt_that_toss_never_lets_go_is_closed_by_a_human_and_by_nobody_else() {
    let asked = canceling(0).step(refused(), moment(at(3))).unwrap();
    assert_eq!(asked.next.close("kim"), None, "it is under way");
    let review = asked.next.step(ReceiptHeard::Listed(vec![]), moment(at(3))).unwrap().next;
    let closed = review.close("kim, by the tax office's letter").unwrap();
    assert_eq!((closed.then, closed.next.version), (ReceiptAction::Rest { due: None }, review.version + 1));
    let ReceiptState::Failed(reason) = &closed.next.state else { panic!("{:?}", closed.next.state) };
    assert_eq!(reason.code, "CLOSED_BY_OPERATOR");
    assert!(reason.message.starts_with("kim, by the tax office's letter"), "{}", reason.message);
    assert!(reason.message.contains("Toss refused to cancel 10000 won"), "{}", reason.message);
    assert_eq!((closed.next.in_force(), closed.next.is_open()), (Won::ZERO, false));
    assert_eq!((closed.next.close("kim"), closed.next.again(at(9))), (None, None), "closed once");
}

#[test]
fn a_refusal_after_doubt_waits_until_no_call_can_land() {
    let mut receipt = canceling(0).step(unclear(false), moment(at(3))).unwrap().next;
    let step = receipt.step(ReceiptHeard::Listed(vec![]), moment(at(4))).unwrap();
    assert_eq!(step.then, ReceiptAction::Cancel, "the same key: it happens once");
    let key = |receipt: &Receipt| match &receipt.state {
        ReceiptState::Canceling(canceling) => receipt.cancel_key(canceling),
        state => panic!("{state:?}"),
    };
    assert_eq!(key(&receipt), key(&step.next));
    receipt = step.next.step(refused(), moment(at(5))).unwrap().next;
    for second in 6..60 {
        let look = receipt.step(ReceiptHeard::Listed(vec![]), moment(at(second))).unwrap();
        assert_eq!(look.next.state.as_str(), "canceling");
        receipt = look.next;
    }
    let end = receipt.step(ReceiptHeard::Listed(vec![]), moment(at(4 + 660))).unwrap();
    assert_eq!(end.next.state.as_str(), "needs_review");
}

/// A Toss that keeps answers by key, and may be late with what it does.
#[derive(Default)]
struct Toss {
    answers: BTreeMap<String, ReceiptHeard>,
    late: Vec<(Timestamp, String, Won)>,
    rows: Vec<Listed>,
    clock: i64,
}

impl Toss {
    fn carry_out(&mut self, key: &str, amount: Won) -> ReceiptHeard {
        if let Some(answer) = self.answers.get(key) {
            return answer.clone();
        }
        self.clock += 1;
        let cancel = ReceiptCancel { amount, at: Timestamp::from_micros(self.clock) };
        self.rows.push(Listed::Cancel(cancel));
        let heard = ReceiptHeard::Canceled(cancel);
        self.answers.insert(key.to_owned(), heard.clone());
        heard
    }

    fn land(&mut self, now: Timestamp) {
        let (landed, late) = std::mem::take(&mut self.late).into_iter().partition(|(when, ..)| *when <= now);
        self.late = late;
        let landed: Vec<_> = landed;
        for (_, key, amount) in landed {
            self.carry_out(&key, amount);
        }
    }

    fn cancel(&mut self, receipt: &Receipt, weather: u8, now: Timestamp) -> ReceiptHeard {
        let ReceiptState::Canceling(canceling) = &receipt.state else { panic!("{receipt:?}") };
        let (key, amount) = (receipt.cancel_key(canceling), canceling.amount);
        match weather % 7 {
            0 | 1 => self.carry_out(&key, amount),
            2 => {
                self.carry_out(&key, amount);
                unclear(false)
            }
            // An error that is kept under its key, and did nothing.
            3 => self.answers.entry(key).or_insert_with(|| unclear(true)).clone(),
            // It lands later, after silence or after a gateway's error.
            late @ (4 | 5) => {
                let when = now.plus(Duration::from_secs(u64::from(weather) * 2));
                self.late.push((when, key, amount));
                unclear(late == 5)
            }
            _ => ReceiptHeard::NotSent("no connection".to_owned()),
        }
    }

    fn canceled(&self) -> i64 {
        let cancels = self.rows.iter().map(|row| match row {
            Listed::Cancel(cancel) => cancel.amount.get(),
            Listed::Receipt { .. } => 0,
        });
        cancels.sum()
    }
}

proptest! {
    /// Whatever is lost, late, answered with an error or interrupted: no more is cancelled than went back, and in the end
    /// exactly that.
    #[test]
    fn s20_receipts_come_to_what_is_left_of_the_payment(
        refunds in prop::collection::vec(1_i64..4_000, 1..4),
        weather in prop::collection::vec(any::<u8>(), 0..12),
        crashes in prop::collection::vec(any::<bool>(), 0..40),
    ) {
        let (mut toss, mut receipt, mut now) = (Toss::default(), issued(), at(10));
        let (mut weather, mut crashes) = (weather.into_iter(), crashes.into_iter());
        let mut left = 10_000;
        for refund in refunds {
            left = (left - refund).max(0);
            for _ in 0..2_000 {
                now = now.plus(Duration::from_secs(46));
                toss.land(now);
                let Some(mut step) = receipt.resume(won(left), moment(now)) else { break };
                for _ in 0..4 {
                    receipt = step.next;
                    prop_assert!(10_000 - toss.canceled() >= left, "more is cancelled than went back");
                    prop_assert!(receipt.in_force().get() >= 10_000 - toss.canceled());
                    if crashes.next().unwrap_or(false) {
                        break;
                    }
                    let heard = match step.then {
                        ReceiptAction::Cancel => toss.cancel(&receipt, weather.next().unwrap_or(0), now),
                        ReceiptAction::Look => ReceiptHeard::Listed(toss.rows.clone()),
                        ReceiptAction::Rest { .. } => break,
                    };
                    step = receipt.step(heard, moment(now)).expect("it is moving");
                }
                if !receipt.is_moving() && receipt.in_force().get() <= left {
                    break;
                }
            }
            prop_assert_eq!(receipt.in_force().get(), left, "{:?}", &receipt);
            prop_assert_eq!(10_000 - toss.canceled(), left);
            toss.late.retain(|(_, key, _)| !toss.answers.contains_key(key));
            prop_assert!(toss.late.is_empty(), "a call may still land after the receipt came to rest");
        }
    }
}

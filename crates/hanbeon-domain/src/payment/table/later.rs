//! Cancels that Toss only takes for now: of wallets abroad (Toss state machine, Cancel sub-state).
use super::cell;
use super::samples::{AMOUNT, canceling, moment, payment, refund, seen, snapshot, unclear, won};
use crate::refund::{Cause, Refund};
use crate::{
    Event, Payment, PendingCancel, RefundOutcome, Snapshot, State, StateName, TossCancel, TossStatus as T,
    Verdict,
};
use std::time::Duration;

/// Under way, called for once.
fn under_way(amount: i64) -> Payment {
    canceling(refund(amount, AMOUNT, Cause::Requested), 0, false)
}

fn ours(payment: &Payment) -> &Refund {
    match &payment.state {
        State::Canceling { refund, .. } => refund,
        state => unreachable!("{state:?}"),
    }
}

/// Toss shows a cancel of this name that has not been carried out.
fn pending(request: Option<String>, aborted: bool, balance: i64) -> Event {
    let pending = vec![PendingCancel { request, amount: won(300), aborted }];
    let status = if balance == AMOUNT { T::Done } else { T::PartialCanceled };
    Event::PspSaid(Verdict::Seen(Box::new(Snapshot { pending, ..snapshot(status, balance) })))
}

fn name(payment: &Payment) -> String {
    payment.cancel_key(ours(payment))
}

#[test]
fn a_cancel_that_toss_has_taken_is_waited_for_and_never_asked_for_again() {
    // Whether the balance moves at once is not documented.
    for balance in [AMOUNT, 700] {
        let mut payment = under_way(300);
        for _ in 0..200 {
            let step = payment.step(pending(Some(name(&payment)), false, balance), moment()).unwrap();
            assert_eq!((cell(&step).as_str(), &step.settled, step.news), ("ccl:D", &None, None));
            assert_eq!((step.next.reserved(), step.next.refunded), (won(300), won(0)));
            payment = step.next;
        }
    }
}

#[test]
fn a_cancel_that_toss_has_carried_out_is_known_by_its_name_whatever_went_back_meanwhile() {
    let payment = under_way(300);
    let cancel = |key: &str, amount, left, request| TossCancel {
        transaction_key: key.to_owned(),
        amount: won(amount),
        untaxed: None,
        balance_after: Some(won(left)),
        canceled_at: None,
        reason: "a sample".to_owned(),
        request,
    };
    let cancels = vec![cancel("theirs", 100, 900, None), cancel("ours", 300, 600, Some(name(&payment)))];
    let shown = Snapshot { cancels, ..snapshot(T::PartialCanceled, 600) };
    let step = payment.step(Event::PspSaid(Verdict::Seen(Box::new(shown))), moment()).unwrap();
    assert_eq!((cell(&step).as_str(), step.next.refunded), ("part:R", won(400)));
    let Some((_, RefundOutcome::Done { transaction_key, .. })) = &step.settled else {
        panic!("{:?}", step.settled)
    };
    assert_eq!(transaction_key.as_deref(), Some("ours"));
}

#[test]
fn a_cancel_that_toss_gives_up_is_refused_and_its_money_is_free_again() {
    let payment = under_way(300);
    let step = payment.step(pending(Some(name(&payment)), true, AMOUNT), moment()).unwrap();
    assert_eq!((cell(&step).as_str(), step.next.reserved()), ("paid:R", won(0)));
    let Some((_, RefundOutcome::Refused(refusal))) = &step.settled else { panic!("{:?}", step.settled) };
    assert_eq!(refusal.code, "REFUND_REJECTED");
    // A charge that we had to take back needs a human then.
    let undoing = canceling(refund(AMOUNT, AMOUNT, Cause::Compensation), 0, false);
    let step = undoing.step(pending(Some(name(&undoing)), true, AMOUNT), moment()).unwrap();
    assert_eq!(step.next.state.name(), StateName::NeedsReview);
}

#[test]
fn what_becomes_of_somebody_elses_cancel_is_waited_for() {
    for state in [StateName::Paid, StateName::PartiallyCanceled, StateName::NeedsReview] {
        let payment = payment(state);
        let step = payment.step(pending(None, false, 100), moment()).unwrap();
        assert_eq!((step.next.state, step.next.refunded), (payment.state, payment.refunded), "{state}");
        assert!(matches!(step.then, crate::Action::Rest { due: Some(_) }), "{state}");
    }
}

#[test]
fn a_wallet_abroad_is_not_called_again_under_a_new_key_while_the_last_call_may_still_land() {
    let mut payment = under_way(300);
    payment.toss.method = Some("해외간편결제".to_owned());
    let mut now = moment();
    let called_at = now.now;
    payment.last_cancel_at = Some(called_at);
    payment = payment.step(unclear(true), now).unwrap().next;
    loop {
        now.now = now.now.plus(Duration::from_secs(30));
        let step = payment.step(seen(T::Done, AMOUNT), now).unwrap();
        payment = step.next;
        if step.then == crate::Action::Cancel {
            break;
        }
        assert_eq!(payment.state.name(), StateName::Canceling);
    }
    assert!(called_at.plus(now.policy.confirm_window) <= now.now);
}

#[test]
fn a_clock_that_jumps_does_not_let_a_wallet_abroad_be_called_again() {
    let mut payment = under_way(300);
    payment.toss.method = Some("해외간편결제".to_owned());
    let mut now = moment();
    payment.last_cancel_at = Some(now.now);
    payment = payment.step(unclear(true), now).unwrap().next;
    let mut looks = 1;
    loop {
        now.now = now.now.plus(Duration::from_secs(3_600));
        let step = payment.step(seen(T::Done, AMOUNT), now).unwrap();
        payment = step.next;
        if step.then == crate::Action::Cancel {
            break;
        }
        looks += 1;
    }
    assert!(now.policy.window_tries <= looks, "called again after {looks} looks");
}

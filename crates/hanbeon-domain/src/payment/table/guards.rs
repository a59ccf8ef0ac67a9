//! The arms of the table that look at more than the kind of event.
use super::samples::{
    AMOUNT, after, bare, cancel_requested, canceling, canceling_deposit, confirming, event, moment, payment,
    refund, seen, unclear, won,
};
use crate::payment::CanceledBy;
use crate::refund::Cause;
use crate::{
    Action, Event, Moment, Payment, Policy, RefundOutcome, Refused, State, StateName, Step, TossStatus as T,
    Won,
};
use std::time::Duration;

#[track_caller]
fn step(payment: &Payment, event: Event) -> Step {
    step_at(payment, event, moment())
}

#[track_caller]
fn step_at(payment: &Payment, event: Event, moment: Moment<'_>) -> Step {
    payment.step(event, moment).unwrap()
}

#[track_caller]
fn check(payment: &Payment, event: Event, want: &str) {
    assert_eq!(super::cell(&step(payment, event)), want);
}

#[test]
fn a_refusal_is_believed_on_the_first_try_only() {
    // Later it may be a replay, or the answer to a second call while the first one took the money.
    check(&confirming(0, 0, false), event("Refused"), "decl:R");
    check(&confirming(1, 0, false), event("Refused"), "cnf:D");
    check(&confirming(1, 1, true), event("Refused"), "cnf:D");
}

#[test]
fn c6_absent_is_a_fact_only_when_the_window_is_over_by_the_clock_and_by_our_own_waiting() {
    let Policy { confirm_window: window, window_tries: enough, .. } = Policy::default();
    let last = after(window.checked_sub(Duration::from_micros(1)).unwrap());
    for (tries, moment, want) in [
        (enough, moment(), "cnf:D"),
        (enough, last, "cnf:D"),
        (enough, after(window), "exp:R"),
        // A clock that has jumped.
        (enough - 1, after(window), "cnf:D"),
        (0, after(window * 100), "cnf:D"),
    ] {
        let step = step_at(&confirming(tries, 0, false), event("Absent"), moment);
        assert_eq!(super::cell(&step), want, "{tries} tries");
    }
}

#[test]
fn a_cancel_that_is_refused_is_believed_on_the_first_try_or_after_an_unchanged_read() {
    let requested = |tries, unchanged| canceling(refund(300, AMOUNT, Cause::Requested), tries, unchanged);
    for (tries, unchanged, want) in
        [(0, false, "paid:R"), (0, true, "paid:R"), (1, false, "ccl:D"), (1, true, "paid:R")]
    {
        check(&requested(tries, unchanged), event("Refused"), want);
    }
}

#[test]
fn a_refusal_of_a_later_round_is_believed_only_after_a_read_that_nothing_earlier_can_follow() {
    let Policy { confirm_window: window, window_tries: enough, .. } = Policy::default();
    let anew = Duration::from_secs(5);
    let last = (anew + window).checked_sub(Duration::from_micros(1)).unwrap();
    for (tries, read, want) in [
        (enough, Duration::from_secs(10), "ccl:D"),
        (enough, last, "ccl:D"),
        (enough, anew + window, "paid:R"),
        (enough - 1, anew + window, "ccl:D"),
    ] {
        let first = canceling(refund(300, AMOUNT, Cause::Requested), tries - 2, false);
        let answered = step(&first, unclear(true)).next;
        let second = step_at(&answered, seen(T::Done, AMOUNT), after(anew));
        assert_eq!(second.then, Action::Cancel);
        let much_later = after(3 * window);
        let refused = step_at(&second.next, event("Refused"), much_later);
        assert_eq!(
            super::cell(&refused),
            "ccl:D",
            "the read before it was too early, however late the refusal"
        );
        let again = step_at(&refused.next, seen(T::Done, AMOUNT), after(read));
        assert_eq!(
            (again.then, again.next.cancel_key(&refund(300, AMOUNT, Cause::Requested))),
            (Action::Cancel, second.next.cancel_key(&refund(300, AMOUNT, Cause::Requested)),)
        );
        assert_eq!(
            super::cell(&step_at(&again.next, event("Refused"), much_later)),
            want,
            "{tries} {read:?}"
        );
    }
}

#[test]
fn a_refused_cancel_goes_back_to_where_it_came_from() {
    let paid = canceling(refund(300, AMOUNT, Cause::Requested), 0, false);
    let part = canceling(refund(200, 700, Cause::Requested), 0, false);
    for (from, want) in [(&paid, "paid:R"), (&part, "part:R"), (&canceling_deposit(0), "dep:D")] {
        let step = step(from, event("Refused"));
        assert_eq!(super::cell(&step), want);
        assert_eq!((step.next.captured, step.next.refunded), (from.captured, from.refunded));
        assert!(matches!(step.settled, Some((_, RefundOutcome::Refused(_)))), "{:?}", step.settled);
    }
}

#[test]
fn a_refused_compensation_is_a_case_for_a_human() {
    let step = step(&canceling(refund(AMOUNT, AMOUNT, Cause::Compensation), 0, false), event("Refused"));
    assert_eq!(super::cell(&step), "rev:R");
    assert!(matches!(step.settled, Some((_, RefundOutcome::NeedsReview))));
}

#[test]
fn the_cause_of_a_cancel_decides_whether_the_order_may_be_paid_again() {
    let gone = || seen(T::Canceled, 0);
    let requested = canceling(refund(AMOUNT, AMOUNT, Cause::Requested), 1, false);
    let compensation = canceling(refund(AMOUNT, AMOUNT, Cause::Compensation), 1, false);
    let found = confirming(2, 0, false);
    let waiting = payment(StateName::WaitingForDeposit);
    for (from, by, free) in [
        (&requested, CanceledBy::Request, false),
        (&compensation, CanceledBy::Compensation, true),
        (&found, CanceledBy::Compensation, true),
        (&waiting, CanceledBy::Elsewhere, false),
    ] {
        let next = step(from, gone()).next;
        assert_eq!(next.state, State::Canceled { by });
        assert_eq!(next.leaves_order_free(), free, "{by:?}");
        assert_eq!(next.refunded, next.captured, "all of it was given back");
    }
}

#[test]
fn without_a_list_of_cancels_a_refund_is_recognised_by_the_balance_that_it_leaves() {
    let part = || canceling(refund(300, AMOUNT, Cause::Requested), 1, false);
    for (balance, want, refunded) in [
        (AMOUNT, "ccl:X", 0),  // nothing happened: again, with the same key
        (900, "ccl:X", 100),   // one made at Toss's side: ours goes on from there
        (700, "part:R", 300),  // ours
        (500, "part:R", 500),  // ours, and one made at Toss's side
        (0, "cncd:R", AMOUNT), // nothing is left
    ] {
        let step = step(&part(), seen(T::PartialCanceled, balance));
        assert_eq!(super::cell(&step), want, "{balance}");
        assert_eq!(step.next.refunded, won(refunded), "{balance}");
        assert_eq!(step.settled.is_some(), want != "ccl:X", "{balance}");
    }
}

#[test]
fn the_budget_bounds_a_cancel() {
    let over = |asked, left| Some(Refused::OverBalance { asked: won(asked), left: won(left) });
    for (state, amount, want) in [
        (StateName::Paid, None, None),
        (StateName::Paid, Some(1), None),
        (StateName::Paid, Some(AMOUNT), None),
        (StateName::Paid, Some(AMOUNT + 1), over(AMOUNT + 1, AMOUNT)),
        (StateName::Paid, Some(i64::MAX), over(i64::MAX, AMOUNT)),
        (StateName::Paid, Some(0), Some(Refused::NothingAsked)),
        (StateName::PartiallyCanceled, Some(700), None),
        (StateName::PartiallyCanceled, Some(701), over(701, 700)),
        (StateName::WaitingForDeposit, None, None),
        (StateName::WaitingForDeposit, Some(AMOUNT), None),
        (StateName::WaitingForDeposit, Some(1), Some(Refused::PartialBeforeDeposit)),
        (StateName::WaitingForDeposit, Some(AMOUNT + 1), over(AMOUNT + 1, AMOUNT)),
    ] {
        let got = payment(state).step(cancel_requested(amount), moment());
        assert_eq!(got.err(), want, "{state} {amount:?}");
    }
}

#[test]
fn a_cancel_reserves_what_it_will_give_back() {
    for (amount, reserved, whole) in [(None, 700, true), (Some(200), 200, false), (Some(700), 700, false)] {
        let next = step(&payment(StateName::PartiallyCanceled), cancel_requested(amount)).next;
        let State::Canceling { refund, tries: 0, unchanged: false, .. } = &next.state else {
            panic!("{next:?}")
        };
        assert_eq!((refund.whole, refund.cause), (whole, Cause::Requested));
        assert_eq!((refund.balance_before, next.refunded), (won(700), won(300)));
        assert_eq!(next.reserved(), won(reserved));
        assert_eq!(next.refundable(), won(700 - reserved));
    }
    let deposit = step(&payment(StateName::WaitingForDeposit), cancel_requested(None)).next;
    assert_eq!(deposit.reserved(), Won::ZERO, "nothing was captured, so nothing is promised");
}

#[test]
fn what_is_still_ours_is_toss_s_balance() {
    for (status, balance, want, refunded) in [
        (T::Done, AMOUNT, "paid:R", 0),
        (T::Done, 600, "part:R", 400),
        (T::PartialCanceled, 600, "part:R", 400),
        (T::PartialCanceled, 0, "cncd:R", AMOUNT),
        (T::Canceled, 0, "cncd:R", AMOUNT),
    ] {
        for from in [confirming(0, 0, false), payment(StateName::WaitingForDeposit)] {
            let step = step(&from, seen(status, balance));
            if (status, from.state.name()) == (T::Canceled, StateName::WaitingForDeposit) {
                assert_eq!(step.next.captured, Won::ZERO, "cancelled before anything came in");
                continue;
            }
            assert_eq!(super::cell(&step), want, "{status:?} {balance}");
            assert_eq!((step.next.captured, step.next.refunded), (won(AMOUNT), won(refunded)));
        }
    }
}

#[test]
fn the_confirm_key_changes_only_after_an_answered_error_and_a_read_that_shows_nothing() {
    let in_progress = || seen(T::InProgress, AMOUNT);
    let absent = || event("Absent");
    let refused = || event("Refused");
    let cases: [(&str, Vec<Event>, u32); 8] = [
        ("silence, then nothing happened", vec![unclear(false), in_progress()], 0),
        ("never sent", vec![event("NotSent"), in_progress(), event("NotSent"), in_progress()], 0),
        ("an answered error alone", vec![unclear(true)], 0),
        ("an answered error, and no read yet", vec![unclear(true), absent(), unclear(false)], 0),
        ("an answered error, then nothing happened", vec![unclear(true), in_progress()], 1),
        ("told to read, then nothing happened", vec![event("ReadIt"), in_progress()], 1),
        (
            "the new key is answered with silence",
            vec![unclear(true), in_progress(), unclear(false), in_progress()],
            1,
        ),
        ("the new key is refused too", vec![unclear(true), in_progress(), refused(), in_progress()], 2),
    ];
    for (what, events, round) in cases {
        let mut payment = step(&payment(StateName::Ready), event("ConfirmRequested")).next;
        for (at, event) in events.into_iter().enumerate() {
            let (before, charges) = (payment.confirm_key(), event == in_progress());
            let after = step(&payment, event);
            assert_eq!(after.then == Action::Confirm, charges, "{what}: event {at}");
            assert!(charges || after.next.confirm_key() == before, "{what}: event {at} changed the key");
            payment = after.next;
        }
        let want = format!("hanbeon-{}-confirm-{round}", payment.id);
        assert_eq!(payment.confirm_key(), want, "{what}");
    }
}

#[test]
fn the_cancel_key_changes_only_after_an_answered_error_and_a_read_that_shows_nothing() {
    let unchanged = || seen(T::Done, AMOUNT);
    let cases: [(&str, Vec<Event>, &str); 6] = [
        ("silence, then nothing happened", vec![unclear(false), unchanged()], ""),
        ("never sent", vec![event("NotSent"), unchanged(), event("NotSent"), unchanged()], ""),
        ("an answered error, and no read yet", vec![unclear(true), event("Absent"), unclear(false)], ""),
        ("an answered error, then nothing happened", vec![unclear(true), unchanged()], "-1"),
        ("told to read, then nothing happened", vec![event("ReadIt"), unchanged()], "-1"),
        ("the new key fails too", vec![unclear(true), unchanged(), unclear(true), unchanged()], "-2"),
    ];
    let refund = refund(300, AMOUNT, Cause::Requested);
    for (what, events, round) in cases {
        let mut payment = canceling(refund.clone(), 0, false);
        for (at, event) in events.into_iter().enumerate() {
            let (before, cancels) = (payment.cancel_key(&refund), event == unchanged());
            // Not so soon that Toss would ignore the next call.
            let moment = after(Policy::default().cancel_spacing * u32::try_from(at + 1).unwrap());
            let after = step_at(&payment, event, moment);
            assert_eq!(after.then == Action::Cancel, cancels, "{what}: event {at}");
            assert!(
                cancels || after.next.cancel_key(&refund) == before,
                "{what}: event {at} changed the key"
            );
            payment = after.next;
        }
        assert_eq!(payment.cancel_key(&refund), format!("hanbeon-{}-cancel{round}", refund.id), "{what}");
    }
}

#[test]
fn every_try_without_a_fact_is_counted_and_waits_longer() {
    let mut confirming = confirming(0, 0, false);
    let mut canceling = canceling(refund(300, AMOUNT, Cause::Requested), 0, false);
    for (tries, wait) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
        for payment in [&mut confirming, &mut canceling] {
            let step = step(payment, unclear(false));
            let least = moment().now.plus(Duration::from_secs(wait));
            let most = moment().now.plus(Duration::from_millis(wait * 1_250));
            let Action::Rest { due: Some(due) } = step.then else { panic!("{step:?}") };
            assert!(least <= due && due <= most, "{tries} tries: {due:?}");
            let (State::Confirming { tries: counted, .. } | State::Canceling { tries: counted, .. }) =
                step.next.state
            else {
                panic!("{step:?}")
            };
            assert_eq!(counted, tries);
            *payment = step.next;
        }
    }
}

#[test]
fn a_finder_of_a_row_asks_and_never_acts() {
    let policy = Policy::default();
    for name in StateName::ALL {
        let watched =
            matches!(name, StateName::Confirming | StateName::Canceling | StateName::WaitingForDeposit);
        for notice in [false, true] {
            let looks = name != StateName::Ready && (watched || notice);
            let want = if looks { Action::Lookup } else { Action::Rest { due: None } };
            assert_eq!(payment(name).resume(&policy, notice), want, "{name}, notice: {notice}");
        }
    }
    let refund = || refund(300, AMOUNT, Cause::Requested);
    for (tries, want) in [(policy.tries_max - 1, Action::Lookup), (policy.tries_max, Action::GiveUp)] {
        for notice in [false, true] {
            assert_eq!(confirming(tries, 0, false).resume(&policy, notice), want);
            assert_eq!(canceling(refund(), tries, true).resume(&policy, notice), want);
        }
    }
}

#[test]
fn a_deposit_that_is_not_in_is_asked_for_again() {
    let due = moment().now.plus(Policy::default().deposit_poll);
    for event in [unclear(true), event("Absent"), event("Refused"), seen(T::WaitingForDeposit, AMOUNT)] {
        let step = step(&bare(State::WaitingForDeposit), event);
        assert_eq!(step.then, Action::Rest { due: Some(due) });
    }
}

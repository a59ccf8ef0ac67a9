//! Refunds against what else happens at Toss: cancels made there, a lost answer, a call that Toss ignores, a read
//! that lags.
use super::cell;
use super::samples::{
    AMOUNT, after, cancel_requested, canceled, canceling, canceling_deposit, event, moment, payment, refund,
    refusal, seen, snapshot, unclear, won,
};
use crate::payment::CanceledBy;
use crate::refund::{CancelReason, Cause};
use crate::{
    Action, CancelRequest, Event, Moment, Payment, Policy, RefundId, RefundOutcome, Refused, State,
    StateName, Step, Timestamp, TossStatus as T, Verdict, Won,
};
use std::time::Duration;
use uuid::Uuid;

#[track_caller]
fn step(payment: &Payment, event: Event, moment: Moment<'_>) -> Step {
    let step = payment.step(event, moment).unwrap();
    let spoken_for = step.next.refunded.plus(step.next.reserved()).unwrap();
    assert!(spoken_for <= step.next.captured, "over budget: {:?}", step.next);
    step
}

/// 300 of 1,000 won are under way; nothing is known of the call.
fn part() -> Payment {
    canceling(refund(300, AMOUNT, Cause::Requested), 1, false)
}

fn whole() -> Payment {
    canceling(refund(AMOUNT, AMOUNT, Cause::Requested), 1, false)
}

fn under_way(step: &Step) -> (i64, i64) {
    let State::Canceling { refund, .. } = &step.next.state else { panic!("{:?}", step.next.state) };
    (refund.amount.get(), refund.balance_before.get())
}

fn settled_by(step: &Step) -> Option<&str> {
    match &step.settled {
        Some((_, RefundOutcome::Done { transaction_key, .. })) => transaction_key.as_deref(),
        Some((_, RefundOutcome::Refused(_))) => Some("refused"),
        Some((_, RefundOutcome::NeedsReview)) => Some("needs review"),
        None => None,
    }
}

#[test]
fn f3_a_lost_cancel_is_found_by_its_amount_and_by_the_balance_that_it_left() {
    for (refund, shown, want) in [
        // Ours alone; the newest of several; not the newest of several.
        (refund(300, 1000, Cause::Requested), &[("a", 300)][..], Some("a")),
        (refund(300, 700, Cause::Requested), &[("a", 300), ("b", 300)], Some("b")),
        (refund(300, 700, Cause::Requested), &[("a", 300), ("b", 300), ("c", 100)], Some("b")),
        // The same amount, but from another balance; the same balance, but by another amount.
        (refund(300, 700, Cause::Requested), &[("a", 300)], None),
        (refund(300, 1000, Cause::Requested), &[("a", 100), ("b", 200)], None),
        (refund(300, 1000, Cause::Requested), &[("a", 100), ("b", 300)], None),
    ] {
        let step = step(&canceling(refund, 1, false), canceled(shown), moment());
        assert_eq!(settled_by(&step), want, "{shown:?}");
        let left = AMOUNT - shown.iter().map(|(_, amount)| amount).sum::<i64>();
        assert_eq!(step.next.refunded, won(AMOUNT - left), "{shown:?}");
    }
}

#[test]
fn f4_equal_refunds_are_told_apart_and_an_older_one_is_never_taken_for_a_later_one() {
    // Balances at Toss strictly fall, so of any number of equal cancels each has left another balance.
    let mut payment = payment(StateName::Paid);
    let mut shown = Vec::new();
    for (turn, key) in ["a", "b", "c"].into_iter().enumerate() {
        let moment = after(Duration::from_secs(10 * u64::try_from(turn + 1).unwrap()));
        payment = step(&payment, cancel_requested(Some(300)), moment).next;
        payment = step(&payment, unclear(false), moment).next;
        // Nothing has happened yet: the older cancels are there, and none of them is this one.
        let asked = step(
            &payment,
            canceled(&shown),
            after(Duration::from_secs(10 * u64::try_from(turn + 1).unwrap() + 5)),
        );
        assert_eq!((asked.then, &asked.settled), (Action::Cancel, &None), "{key}");
        shown.push((key, 300));
        let done = step(&asked.next, canceled(&shown), moment);
        assert_eq!(settled_by(&done), Some(key));
        payment = done.next;
    }
    assert_eq!((payment.refunded, payment.refundable()), (won(900), won(100)));
}

#[test]
fn f5_of_a_cancel_made_elsewhere_before_ours_the_whole_goes_on_with_what_is_left() {
    let step = step(&whole(), canceled(&[("theirs", 200)]), moment());
    assert_eq!((cell(&step), under_way(&step)), ("ccl:X".to_owned(), (800, 800)));
    assert_eq!(
        (step.next.refunded, step.next.reserved(), step.next.refundable()),
        (won(200), won(800), Won::ZERO)
    );
    let done = self::step(&step.next, canceled(&[("theirs", 200), ("ours", 800)]), moment());
    assert_eq!((cell(&done), settled_by(&done)), ("cncd:R".to_owned(), Some("ours")));
    assert_eq!(done.next.state, State::Canceled { by: CanceledBy::Request });
    assert_eq!(done.next.refunded, won(AMOUNT));
}

#[test]
fn f5_of_a_cancel_made_elsewhere_before_ours_a_part_goes_on_if_that_much_is_left() {
    for (theirs, want) in [(100, Some((300, 900))), (700, Some((300, 300))), (701, None), (1000, None)] {
        let step = step(&part(), canceled(&[("theirs", theirs)]), moment());
        assert_eq!(step.next.refunded, won(theirs));
        let Some(want) = want else {
            assert_eq!(cell(&step), if theirs == AMOUNT { "cncd:R" } else { "part:R" });
            assert_eq!((settled_by(&step), step.next.reserved()), (Some("refused"), Won::ZERO), "{theirs}");
            continue;
        };
        assert_eq!((cell(&step), under_way(&step)), ("ccl:X".to_owned(), want), "{theirs}");
        let done = self::step(&step.next, canceled(&[("theirs", theirs), ("ours", 300)]), moment());
        assert_eq!((settled_by(&done), done.next.refunded), (Some("ours"), won(theirs + 300)));
    }
}

#[test]
fn f5_a_refund_that_starts_anew_has_a_new_key_and_keeps_its_name() {
    for from in [whole(), part()] {
        let State::Canceling { refund: old, .. } = &from.state else { panic!() };
        let step = step(&from, canceled(&[("theirs", 200)]), moment());
        let State::Canceling { refund: new, .. } = &step.next.state else { panic!() };
        assert_eq!(old.id, new.id);
        assert_ne!(
            from.cancel_key(old),
            step.next.cancel_key(new),
            "Toss knows the old key with another body"
        );
    }
}

#[test]
fn f5_a_cancel_made_elsewhere_after_ours_is_believed_with_ours() {
    let step = step(&part(), canceled(&[("ours", 300), ("theirs", 200)]), moment());
    assert_eq!((cell(&step), settled_by(&step)), ("part:R".to_owned(), Some("ours")));
    assert_eq!((step.next.refunded, step.cancels.len()), (won(500), 2));
}

#[test]
fn f5_an_equal_cancel_made_elsewhere_at_the_same_moment_counts_as_ours_and_only_one_happens() {
    // Whoever made it: our call names the balance of before, and can only be refused from now on.
    let step = step(&part(), canceled(&[("theirs", 300)]), moment());
    assert_eq!(
        (cell(&step), settled_by(&step), step.next.refunded),
        ("part:R".to_owned(), Some("theirs"), won(300))
    );
}

#[test]
fn cancels_that_do_not_say_what_they_left_are_believed_by_the_balance() {
    let Event::PspSaid(Verdict::Seen(mut shown)) = canceled(&[("ours", 300)]) else { panic!() };
    shown.cancels[0].balance_after = None;
    let step = step(&part(), Event::PspSaid(Verdict::Seen(shown)), moment());
    assert_eq!((cell(&step), settled_by(&step)), ("part:R".to_owned(), Some("ours")));
}

#[test]
fn a_status_that_we_never_met_ends_no_refund_and_calls_for_none() {
    for (from, balance) in [(part(), AMOUNT), (part(), 700), (part(), 0), (canceling_deposit(1), 0)] {
        let step = step(&from, seen(T::Unknown, balance), moment());
        assert_eq!((cell(&step), step.next.refunded), ("ccl:D".to_owned(), Won::ZERO), "{balance}");
    }
    // Not even where it lists our cancel: the next answer will, too.
    let Event::PspSaid(Verdict::Seen(mut shown)) = canceled(&[("ours", 300)]) else { panic!() };
    shown.status = T::Unknown;
    assert_eq!(cell(&step(&part(), Event::PspSaid(Verdict::Seen(shown)), moment())), "ccl:D");
}

#[test]
fn a_read_of_before_the_charge_does_not_end_its_compensation() {
    // Nothing was charged yet when it was made: whatever it says of a balance is no cancel.
    let compensation = canceling(refund(AMOUNT, AMOUNT, Cause::Compensation), 1, false);
    for status in [T::Ready, T::InProgress, T::Aborted, T::Expired, T::WaitingForDeposit] {
        assert_eq!(cell(&step(&compensation, seen(status, 0), moment())), "ccl:D", "{status:?}");
    }
}

#[test]
fn a_read_that_lags_ends_no_refund() {
    // 300 are back, 200 are under way, and the read is of before both; or lists ours beside the old balance.
    let second = canceling(refund(200, 700, Cause::Requested), 1, false);
    assert_eq!(cell(&step(&second, canceled(&[]), moment())), "ccl:D");
    let Event::PspSaid(Verdict::Seen(mut shown)) = canceled(&[("a", 300), ("b", 200)]) else { panic!() };
    shown.balance = won(700);
    assert_eq!(cell(&step(&second, Event::PspSaid(Verdict::Seen(shown)), moment())), "ccl:D");
}

#[test]
fn f6_the_next_cancel_waits_until_toss_would_not_ignore_it() {
    let spacing = Policy::default().cancel_spacing;
    let paid = payment(StateName::Paid);
    assert_eq!(paid.cancel_from(moment()), moment().now, "the first one waits for nothing");
    let sent = step(&paid, cancel_requested(Some(300)), moment());
    assert_eq!(sent.next.last_cancel_at, Some(moment().now));
    assert_eq!(sent.refund_from, moment().now.plus(spacing));
    // What counts is when Toss answered, not when we called.
    let answered_at = after(Duration::from_secs(5));
    let done = step(&sent.next, canceled(&[("a", 300)]), answered_at);
    assert_eq!(done.refund_from, answered_at.now.plus(spacing));
    assert_eq!(done.next.cancel_from(after(Duration::from_secs(6))), answered_at.now.plus(spacing));
    // A look at it later moves nothing.
    let looked = step(&done.next, canceled(&[("a", 300)]), after(Duration::from_secs(60)));
    assert_eq!((looked.next.last_cancel_at, looked.refund_from), (done.next.last_cancel_at, looked.at));
}

#[test]
fn f6_a_cancel_that_would_be_repeated_too_soon_rests_until_then() {
    let spacing = Policy::default().cancel_spacing;
    let sent = step(&payment(StateName::Paid), cancel_requested(Some(300)), moment()).next;
    let silent = step(&sent, unclear(false), moment()).next;
    let from = moment().now.plus(spacing);
    let soon = step(&silent, canceled(&[]), moment());
    assert_eq!((cell(&soon), soon.then), ("ccl:D".to_owned(), Action::Rest { due: Some(from) }));
    let State::Canceling { refund, .. } = &soon.next.state else { panic!() };
    // And then by the same key: that there was a rest says nothing of the call.
    let later = Moment { now: from.plus(spacing), ..moment() };
    let again = step(&soon.next, canceled(&[]), later);
    assert_eq!((again.then, again.next.cancel_key(refund)), (Action::Cancel, sent.cancel_key(refund)));
}

#[test]
fn f6_a_cancel_that_toss_ignores_does_not_go_on_under_its_key_for_ever() {
    // Toss answers a cancel that came too soon with the payment unchanged, and repeats that under its key.
    let policy = Policy::default();
    let mut payment = step(&payment(StateName::Paid), cancel_requested(Some(300)), moment()).next;
    let State::Canceling { refund, .. } = payment.state.clone() else { panic!() };
    let ignored = payment.cancel_key(&refund);
    let mut now = moment().now;
    let mut calls = 1;
    while payment.cancel_key(&refund) == ignored {
        let step = step(&payment, canceled(&[]), Moment { now, ..moment() });
        calls += u32::from(step.then == Action::Cancel);
        now = if let Action::Rest { due } = step.then { due.unwrap() } else { now };
        assert!(calls < 4, "under the same key for ever");
        payment = step.next;
    }
    // And if it ignores whatever comes, a human is asked.
    for _ in 0..=2 * policy.tries_max {
        now = now.plus(policy.cancel_spacing * 2);
        payment = step(&payment, canceled(&[]), Moment { now, ..moment() }).next;
    }
    assert_eq!(payment.resume(&policy, false), Action::GiveUp);
}

#[test]
fn c10_whatever_the_key_two_calls_for_one_refund_name_one_balance() {
    // The guard that holds when Toss has forgotten a key, or when there are two: `refundableAmount`.
    let mut payment = step(&payment(StateName::Paid), cancel_requested(Some(300)), moment()).next;
    let mut now = moment().now;
    for event in [unclear(true), canceled(&[]), unclear(false), canceled(&[]), unclear(true), canceled(&[])] {
        now = now.plus(Duration::from_secs(16 * 24 * 3600));
        payment = step(&payment, event, Moment { now, ..moment() }).next;
        let State::Canceling { refund, .. } = &payment.state else { panic!() };
        assert_eq!((refund.amount, refund.balance_before), (won(300), won(AMOUNT)));
    }
}

#[test]
fn a_deposit_that_comes_in_under_a_cancel_is_money_that_we_hold() {
    let asked = step(&canceling_deposit(1), seen(T::Done, AMOUNT), moment());
    assert_eq!((cell(&asked), asked.next.captured), ("ccl:X".to_owned(), won(AMOUNT)));
    let unlike = step(&asked.next, event("Refused"), moment());
    assert_eq!((cell(&unlike), unlike.next.refundable()), ("paid:R".to_owned(), won(AMOUNT)));
    // A part of it given back in Toss's console: the rest is ours, and can be given back.
    let mut part = canceling_deposit(1);
    let State::Canceling { refund, .. } = &mut part.state else { panic!() };
    refund.whole = false;
    let left = step(&part, canceled(&[("theirs", 400)]), moment());
    assert_eq!((cell(&left), settled_by(&left)), ("part:R".to_owned(), Some("refused")));
    assert_eq!((left.next.captured, left.next.refundable()), (won(AMOUNT), won(600)));
}

#[test]
fn a_virtual_account_that_cannot_be_recorded_has_taken_nothing() {
    let issued = Event::CompensationDue(Box::new(snapshot(T::WaitingForDeposit, AMOUNT)));
    let undone = step(&super::samples::confirming(0, 0, false), issued, moment());
    assert_eq!((cell(&undone), undone.next.captured), ("ccl:X".to_owned(), Won::ZERO));
    let gone = step(&undone.next, seen(T::Canceled, 0), moment()).next;
    assert_eq!(gone.state, State::Canceled { by: CanceledBy::Compensation });
    assert!(gone.leaves_order_free());
}

#[test]
fn a_wish_is_admitted_after_those_that_wait_and_only_where_it_can_come_true() {
    let request = |amount: Option<i64>| CancelRequest {
        id: RefundId::from_uuid(Uuid::from_u128(5)),
        amount: amount.map(won),
        reason: CancelReason::parse("a sample").unwrap(),
        untaxed: None,
    };
    let over = |asked, left| Err(Refused::OverBalance { asked: won(asked), left: won(left) });
    let moving = canceling(refund(300, AMOUNT, Cause::Requested), 0, false);
    for (payment, amount, queued, want) in [
        // While the charge is under way: it may come to the whole amount.
        (payment(StateName::Confirming), None, 0, Ok(won(1000))),
        (payment(StateName::Confirming), Some(400), 600, Ok(won(400))),
        (payment(StateName::Confirming), Some(401), 600, over(401, 400)),
        (payment(StateName::Confirming), None, 1000, over(0, 0)),
        (payment(StateName::WaitingForDeposit), None, 0, Ok(won(1000))),
        (payment(StateName::WaitingForDeposit), Some(999), 0, Err(Refused::PartialBeforeDeposit)),
        (payment(StateName::WaitingForDeposit), None, 1, Err(Refused::PartialBeforeDeposit)),
        (payment(StateName::WaitingForDeposit), None, 1000, over(0, 0)),
        (payment(StateName::Paid), None, 0, Ok(won(1000))),
        (payment(StateName::Paid), None, 300, Ok(won(700))),
        (payment(StateName::Paid), Some(1), 1000, over(1, 0)),
        (payment(StateName::Paid), Some(1), i64::MAX, over(1, 0)),
        (payment(StateName::Paid), Some(0), 0, Err(Refused::NothingAsked)),
        (payment(StateName::PartiallyCanceled), None, 0, Ok(won(700))),
        // Behind the one that is under way.
        (moving.clone(), None, 0, Ok(won(700))),
        (moving.clone(), Some(700), 0, Ok(won(700))),
        (moving.clone(), Some(701), 0, over(701, 700)),
        (moving, Some(400), 400, over(400, 300)),
    ] {
        let name = payment.state.name();
        let admitted = payment.admit(&request(amount), won(queued), moment().now);
        assert_eq!(admitted, want, "{name} {amount:?} after {queued}");
    }
    for name in [
        StateName::Ready,
        StateName::Canceled,
        StateName::Declined,
        StateName::Expired,
        StateName::NeedsReview,
    ] {
        let want = Err(Refused::NotNow { state: name, event: "cancel_requested" });
        assert_eq!(payment(name).admit(&request(None), Won::ZERO, moment().now), want);
    }
}

#[test]
fn a_late_refusal_ends_a_refund_and_frees_its_budget() {
    let refused = step(&part(), canceled(&[]), after(Duration::from_secs(60)));
    let refused = step(&refused.next, event("Refused"), after(Duration::from_secs(61)));
    assert_eq!(settled_by(&refused), Some("refused"));
    assert_eq!((refused.next.reserved(), refused.next.refundable()), (Won::ZERO, won(AMOUNT)));
    let Some((_, RefundOutcome::Refused(words))) = refused.settled else { panic!() };
    assert_eq!(words, refusal(), "in Toss's words");
    assert_eq!(refused.refund_from, Timestamp::default().plus(Duration::from_millis(62_250)));
}

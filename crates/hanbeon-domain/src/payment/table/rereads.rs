//! What a read shows of a payment that was at rest.
use super::cell;
use super::samples::{
    AMOUNT, after, canceled, canceling, event, keeping, moment, payment, refund, said, seen, snapshot,
    unclear, won,
};
use crate::payment::CanceledBy;
use crate::refund::Cause;
use crate::{
    Action, Event, Moment, OperatorSays, Payment, Policy, RefundOutcome, Refused, State, StateName, Step,
    TossStatus as T, Verdict, Won,
};
use std::time::Duration;

#[track_caller]
fn step(payment: &Payment, event: Event, moment: Moment<'_>) -> Step {
    payment.step(event, moment).unwrap()
}

/// When nothing of ours can be on its way any more.
fn long_after() -> Moment<'static> {
    after(Policy::default().confirm_window * 2)
}

fn is_due(step: &Step) -> bool {
    matches!(step.then, Action::Rest { due: Some(due) } if moment().now < due)
}

#[test]
fn f5_a_cancel_made_in_tosss_console_shrinks_the_budget() {
    for (from, shown, want, refunded) in [
        (StateName::Paid, &[("a", 400)][..], "part:R", 400),
        (StateName::Paid, &[("a", 1000)], "cncd:R", 1000),
        (StateName::Paid, &[("a", 400), ("b", 600)], "cncd:R", 1000),
        (StateName::PartiallyCanceled, &[("ours", 300), ("a", 200)], "part:R", 500),
        (StateName::PartiallyCanceled, &[("ours", 300), ("a", 700)], "cncd:R", 1000),
    ] {
        let step = step(&payment(from), canceled(shown), long_after());
        assert_eq!((cell(&step).as_str(), step.next.refunded), (want, won(refunded)), "{from} {shown:?}");
        assert_eq!((step.next.refundable(), step.cancels.len()), (won(AMOUNT - refunded), shown.len()));
        if step.next.state.name() == StateName::Canceled {
            assert_eq!(step.next.state, State::Canceled { by: CanceledBy::Elsewhere });
            assert!(!step.next.leaves_order_free(), "an order that the shop cancelled is over");
        }
    }
}

#[test]
fn a_read_that_shows_what_is_known_changes_nothing_but_the_version() {
    for (name, shown) in [
        (StateName::Paid, canceled(&[])),
        (StateName::PartiallyCanceled, canceled(&[("ours", 300)])),
        (StateName::Canceled, canceled(&[("ours", 1000)])),
        (StateName::Declined, seen(T::Aborted, AMOUNT)),
        (StateName::Expired, seen(T::Expired, AMOUNT)),
    ] {
        let before = payment(name);
        let step = step(&before, shown, long_after());
        let unmoved = Payment { version: before.version + 1, toss: step.next.toss.clone(), ..before };
        assert_eq!((step.next, step.then), (unmoved, Action::Rest { due: None }), "{name}");
    }
}

/// What Toss cannot show after what we know.
fn contradictions() -> Vec<(StateName, Event)> {
    let mut all = vec![
        (StateName::PartiallyCanceled, canceled(&[])),
        (StateName::PartiallyCanceled, seen(T::WaitingForDeposit, AMOUNT)),
        (StateName::Canceled, canceled(&[])),
        (StateName::Canceled, canceled(&[("a", 999)])),
        (StateName::Canceled, seen(T::WaitingForDeposit, AMOUNT)),
    ];
    for status in [T::Ready, T::InProgress, T::Aborted, T::Expired] {
        all.extend([StateName::Paid, StateName::PartiallyCanceled].map(|name| (name, seen(status, AMOUNT))));
    }
    all
}

#[test]
fn a_contradiction_shortly_after_a_call_of_ours_may_be_a_read_that_lags() {
    let window = Policy::default().confirm_window;
    let last = window.checked_sub(Duration::from_micros(1)).unwrap();
    for (name, shown) in contradictions() {
        let charged = payment(name);
        let given = Payment { last_cancel_at: Some(long_after().now), ..charged.clone() };
        for (before, moment) in [
            (&charged, moment()),
            (&charged, after(last)),
            (&given, Moment { now: long_after().now.plus(last), ..moment() }),
        ] {
            let step = step(before, shown.clone(), moment);
            assert_eq!(step.next, Payment { version: before.version + 1, ..before.clone() }, "{name}");
            assert!(is_due(&step), "{name}: nobody will look again");
        }
        for (before, moment) in
            [(&charged, after(window)), (&given, Moment { now: long_after().now.plus(window), ..moment() })]
        {
            let step = step(before, shown.clone(), moment);
            assert_eq!(cell(&step), "rev:R", "{name}");
            assert_eq!((step.next.captured, step.next.refunded), (before.captured, before.refunded));
        }
    }
}

#[test]
fn a_contradiction_of_a_payment_that_let_go_of_its_order_claims_no_order() {
    // The order may have been paid again since; a step that claims it could never be stored.
    let by = CanceledBy::Compensation;
    let undone = Payment { state: State::Canceled { by }, ..payment(StateName::Canceled) };
    assert!(undone.leaves_order_free());
    let found = step(&undone, canceled(&[]), long_after()).next;
    assert_eq!(found.state.name(), StateName::NeedsReview);
    assert!(found.leaves_order_free() && found.late);
    let held = step(&payment(StateName::Paid), seen(T::Aborted, AMOUNT), long_after()).next;
    assert!(!held.leaves_order_free() && !held.late, "one that held its order goes on holding it");
}

#[test]
fn a_bank_takes_a_deposit_back() {
    let step = step(&payment(StateName::Paid), seen(T::WaitingForDeposit, AMOUNT), long_after());
    assert_eq!((cell(&step), step.next.captured), ("dep:D".to_owned(), Won::ZERO));
    let again = self::step(&step.next, canceled(&[]), long_after());
    assert_eq!((cell(&again), again.next.captured), ("paid:R".to_owned(), won(AMOUNT)));
}

#[test]
fn a_look_without_an_answer_is_taken_again_and_one_with_an_answer_is_not() {
    for name in StateName::ALL {
        let before = payment(name);
        if before.is_moving() || matches!(name, StateName::Ready | StateName::WaitingForDeposit) {
            continue;
        }
        for (event, again) in [
            (event("NotSent"), true),
            (unclear(false), true),
            (unclear(true), true),
            (event("Absent"), false),
            (event("NotOurs"), false),
            (event("ReadIt"), false),
            (event("Refused"), false),
        ] {
            let step = step(&before, event, moment());
            assert_eq!(step.next, Payment { version: before.version + 1, ..before.clone() });
            assert_eq!(is_due(&step), again, "{name}: {}", step.event);
        }
    }
}

#[test]
fn money_that_comes_too_late_goes_back_and_claims_no_order() {
    for name in [StateName::Declined, StateName::Expired] {
        for (shown, captured, refunded, under_way) in [
            (canceled(&[]), AMOUNT, 0, AMOUNT),
            (canceled(&[("theirs", 400)]), AMOUNT, 400, 600),
            // A virtual account that is open: nothing is in, and nothing may come in.
            (seen(T::WaitingForDeposit, AMOUNT), 0, 0, AMOUNT),
        ] {
            let late = step(&payment(name), shown, long_after());
            let State::Canceling { refund, tries: 0, .. } = &late.next.state else { panic!("{late:?}") };
            assert_eq!((late.then, refund.cause), (Action::Cancel, Cause::LateSuccess));
            assert_eq!((refund.amount, refund.balance_before), (won(under_way), won(under_way)));
            assert_eq!((late.next.captured, late.next.refunded), (won(captured), won(refunded)));
            assert!(late.next.late && late.next.leaves_order_free());
            let gone = step(&late.next, seen(T::Canceled, 0), long_after()).next;
            assert_eq!(gone.state, State::Canceled { by: CanceledBy::Compensation });
            assert_eq!(gone.captured, gone.refunded);
        }
    }
}

#[test]
fn money_that_comes_too_late_is_kept_where_the_policy_says_so() {
    for name in [StateName::Declined, StateName::Expired] {
        for (shown, want) in [
            (canceled(&[]), "paid:R"),
            (canceled(&[("theirs", 400)]), "part:R"),
            (seen(T::WaitingForDeposit, AMOUNT), "dep:D"),
            (canceled(&[("theirs", 1000)]), if name == StateName::Expired { "exp:R" } else { "decl:R" }),
        ] {
            let kept = step(&payment(name), shown, keeping(long_after()));
            assert_eq!(cell(&kept), want, "{name}");
            assert!(!kept.next.late);
        }
        // What was late once claims no order, even if the policy has changed since.
        let late = Payment { late: true, ..payment(name) };
        for shown in [canceled(&[]), seen(T::WaitingForDeposit, AMOUNT)] {
            let undone = step(&late, shown, keeping(long_after()));
            assert_eq!((cell(&undone).as_str(), undone.next.leaves_order_free()), ("ccl:X", true));
        }
    }
}

/// Late money whose cancel Toss has refused.
fn late_in_review() -> Payment {
    let late = step(&payment(StateName::Expired), canceled(&[]), long_after()).next;
    let refused = step(&late, event("Refused"), long_after());
    assert_eq!(cell(&refused), "rev:R");
    assert!(matches!(refused.settled, Some((_, RefundOutcome::NeedsReview))));
    refused.next
}

#[test]
fn late_money_that_cannot_go_back_waits_for_a_human_and_holds_no_order() {
    let review = late_in_review();
    assert!(review.leaves_order_free());
    let later = Moment { now: long_after().now.plus(Policy::default().confirm_window), ..moment() };
    for moment in [long_after(), later, keeping(later)] {
        for shown in [canceled(&[]), canceled(&[("theirs", 400)]), seen(T::WaitingForDeposit, AMOUNT)] {
            let looked = step(&review, shown, moment).next;
            assert_eq!((looked.state.name(), looked.leaves_order_free()), (StateName::NeedsReview, true));
        }
    }
    let part = step(&review, canceled(&[("theirs", 400)]), later).next;
    assert_eq!((part.captured, part.refunded), (won(AMOUNT), won(400)), "and we know how much it is");
    let gone = step(&review, canceled(&[("theirs", 1000)]), long_after()).next;
    assert_eq!((gone.state.name(), gone.refunded), (StateName::Canceled, won(AMOUNT)));
    assert!(gone.leaves_order_free());
    // Nobody can say of it that nothing was charged.
    let denied = review.step(said(OperatorSays::NothingCharged), long_after()).unwrap_err();
    assert!(matches!(denied, Refused::NotNow { .. }), "{denied}");
    let given = step(&review, said(OperatorSays::GivenBack), long_after()).next;
    assert_eq!((given.captured, given.refunded), (won(AMOUNT), won(AMOUNT)));
}

#[test]
fn late_money_that_turns_up_again_gets_a_refund_of_its_own() {
    // An account whose cancel was refused; a human lets it go; and then somebody pays into it.
    let open = step(&payment(StateName::Expired), seen(T::WaitingForDeposit, AMOUNT), long_after()).next;
    let review = step(&open, event("Refused"), long_after()).next;
    let let_go = step(&review, said(OperatorSays::NothingCharged), long_after()).next;
    assert_eq!((let_go.state.name(), let_go.leaves_order_free()), (StateName::Expired, true));
    let again = step(&let_go, canceled(&[]), long_after()).next;
    let refund = |payment: &Payment| match &payment.state {
        State::Canceling { refund, .. } => refund.clone(),
        other => panic!("{other:?}"),
    };
    let (first, second) = (refund(&open), refund(&again));
    assert_ne!(first.id, second.id, "the first one has ended, and cannot be written again");
    assert_ne!(open.cancel_key(&first), again.cancel_key(&second), "Toss would repeat its refusal");
}

#[test]
fn a_payment_in_review_becomes_what_toss_shows() {
    for (shown, want) in [
        (canceled(&[]), "paid:R"),
        (canceled(&[("a", 400)]), "part:R"),
        (canceled(&[("a", 400), ("b", 600)]), "cncd:R"),
        (seen(T::WaitingForDeposit, AMOUNT), "dep:D"),
        (seen(T::Aborted, AMOUNT), "decl:R"),
        (seen(T::Expired, AMOUNT), "exp:R"),
        (seen(T::Unknown, 0), "rev:R"),
    ] {
        assert_eq!(cell(&step(&payment(StateName::NeedsReview), shown, moment())), want);
    }
    let held = Payment { captured: won(AMOUNT), ..payment(StateName::NeedsReview) };
    for status in [T::Aborted, T::Expired] {
        assert_eq!(cell(&step(&held, seen(status, AMOUNT), long_after())), "rev:R", "the money was taken");
    }
}

#[test]
fn a_payment_in_review_is_not_believed_unchanged_while_a_cancel_of_ours_may_land() {
    let window = Policy::default().confirm_window;
    let moving = canceling(refund(300, 700, Cause::Requested), 1, false);
    let review = step(&moving, Event::TriesExhausted, long_after()).next;
    let last = window.checked_sub(Duration::from_micros(1)).unwrap();
    for (wait, want) in [(Duration::ZERO, "rev:D"), (last, "rev:D"), (window, "part:R")] {
        let moment = Moment { now: long_after().now.plus(wait), ..moment() };
        assert_eq!(cell(&step(&review, canceled(&[("a", 300)]), moment)), want, "{wait:?}");
        // What has been given back does not come back by a read that lags.
        let lagging = step(&review, canceled(&[]), moment);
        assert!(wait == window || lagging.next.refunded == won(300));
        // More is gone than before: that is no read of before.
        assert_eq!(cell(&step(&review, canceled(&[("a", 300), ("b", 300)]), moment)), "part:R");
    }
}

#[test]
fn a_human_says_what_toss_would_not_and_only_of_a_payment_in_review() {
    let review = payment(StateName::NeedsReview);
    let nothing = step(&review, said(OperatorSays::NothingCharged), moment());
    assert_eq!((cell(&nothing).as_str(), nothing.next.captured), ("exp:R", Won::ZERO));
    let given = step(&review, said(OperatorSays::GivenBack), moment());
    assert_eq!(given.next.state, State::Canceled { by: CanceledBy::Elsewhere });
    assert_eq!((given.next.captured, given.next.refunded), (won(AMOUNT), won(AMOUNT)));
    assert!(given.event.contains("GivenBack: a sample"), "{}", given.event);
    for name in StateName::ALL.into_iter().filter(|name| *name != StateName::NeedsReview) {
        for says in [OperatorSays::NothingCharged, OperatorSays::GivenBack] {
            assert!(payment(name).step(said(says), moment()).is_err(), "{name} {says:?}");
        }
    }
    let held = Payment { captured: won(AMOUNT), ..review };
    assert!(held.step(said(OperatorSays::NothingCharged), moment()).is_err(), "the money was taken");
    // A human who is wrong is contradicted by Toss, and asked again.
    let wrong = step(&given.next, canceled(&[]), long_after());
    assert_eq!(cell(&wrong), "rev:R");
    assert_eq!(cell(&step(&wrong.next, canceled(&[]), long_after())), "paid:R");
}

#[test]
fn a_notice_makes_somebody_look_and_only_what_is_seen_decides() {
    // Whatever state a notice finds, all that follows from it is a read.
    let policy = Policy::default();
    for name in StateName::ALL {
        let todo = payment(name).resume(&policy, true);
        assert!(matches!(todo, Action::Lookup | Action::Rest { due: None }), "{name}: {todo:?}");
    }
    let step = step(&payment(StateName::Paid), canceled(&[]), moment());
    assert_eq!(step.notice_from, moment().now.plus(policy.notice_spacing), "and not at once again");
}

#[test]
fn a_payment_that_is_looked_at_keeps_what_it_learns_of_its_secret() {
    let secret = crate::DepositSecret::from_bytes([7; 32]);
    let shown = crate::Snapshot { secret: Some(secret), ..snapshot(T::WaitingForDeposit, AMOUNT) };
    let issued =
        step(&payment(StateName::Confirming), Event::PspSaid(Verdict::Seen(Box::new(shown))), moment());
    let paid = step(&issued.next, canceled(&[]), moment());
    assert_eq!(paid.next.toss.secret, Some(secret), "an answer without it does not take it away");
}

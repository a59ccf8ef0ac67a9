//! What the shop is told, and when.
use super::samples::{
    AMOUNT, after, canceled, canceling, confirming, event, moment, payment, refund, seen, snapshot,
};
use crate::payment::News;
use crate::refund::Cause;
use crate::{
    Account, Action, Event, Moment, Payment, Policy, Snapshot, State, StateName, Step, TossStatus as T,
    Verdict, Won,
};
use std::time::Duration;

#[track_caller]
fn step(payment: &Payment, event: Event, moment: Moment<'_>) -> Step {
    payment.step(event, moment).unwrap()
}

/// What Toss shows of a payment by virtual account.
fn account(status: T, balance: i64, is_closed: bool, closes_at: Option<Duration>) -> Event {
    let closes_at = closes_at.map(|span| after(span).now);
    let account = Some(Account { closes_at, is_closed });
    let method = Some("가상계좌".to_owned());
    Event::PspSaid(Verdict::Seen(Box::new(Snapshot { method, account, ..snapshot(status, balance) })))
}

fn deposited() -> Event {
    account(T::Done, AMOUNT, false, None)
}

fn due(step: &Step) -> Duration {
    let Action::Rest { due: Some(due) } = step.then else { panic!("{:?}", step.then) };
    Duration::from_micros((due.as_micros() - moment().now.as_micros()).unsigned_abs())
}

#[test]
fn what_has_become_true_is_told_once() {
    for (before, event, news) in [
        (confirming(0, 0, false), seen(T::Done, AMOUNT), News::Paid),
        (confirming(0, 0, false), seen(T::WaitingForDeposit, AMOUNT), News::WaitingForDeposit),
        (confirming(0, 0, false), event("Refused"), News::Declined),
        (confirming(1, 0, false), seen(T::Expired, AMOUNT), News::Expired),
        (confirming(9, 0, false), Event::TriesExhausted, News::NeedsReview),
        (payment(StateName::Paid), canceled(&[("a", 400)]), News::PartiallyCanceled),
        (payment(StateName::Paid), canceled(&[("a", 1000)]), News::Canceled),
    ] {
        let first = step(&before, event.clone(), after(Policy::default().confirm_window));
        assert_eq!(first.news, Some(news), "{event:?}");
        assert_eq!(first.next.told, first.next.standing());
        if !matches!(first.next.state, State::NeedsReview { .. } | State::Declined { .. }) {
            let again = step(&first.next, event.clone(), after(Policy::default().confirm_window * 2));
            assert_eq!((again.news, again.next.told), (None, first.next.told), "{event:?}");
        }
    }
}

#[test]
fn what_is_on_its_way_is_not_told() {
    let intent = step(&payment(StateName::Ready), Event::ConfirmRequested, moment());
    let unclear = step(&intent.next, event("Unclear"), moment());
    let paid = payment(StateName::Paid);
    let asked = step(&paid, event("CancelRequested"), moment());
    for step in [&intent, &unclear, &asked] {
        assert_eq!(step.news, None, "{}", step.event);
    }
    let refused = step(&asked.next, event("Refused"), moment());
    assert_eq!(
        (refused.next.state.name(), refused.news),
        (StateName::Paid, None),
        "paid it was all the time"
    );
}

#[test]
fn each_part_that_goes_back_is_told() {
    let paid = payment(StateName::Paid);
    let part = step(&paid, canceled(&[("a", 400)]), moment());
    let more = step(&part.next, canceled(&[("a", 400), ("b", 100)]), moment());
    let rest = step(&more.next, canceled(&[("a", 400), ("b", 100), ("c", 500)]), moment());
    let news = [&part, &more, &rest].map(|step| step.news.unwrap());
    assert_eq!(news, [News::PartiallyCanceled, News::PartiallyCanceled, News::Canceled]);
}

#[test]
fn a_charge_that_is_taken_back_is_never_told_as_paid() {
    let undoing = step(&confirming(0, 0, false), event("CompensationDue"), moment());
    let undone = step(&undoing.next, seen(T::Canceled, 0), moment());
    assert_eq!((undoing.news, undone.news), (None, Some(News::Canceled)));
}

#[test]
fn s22_a_deposit_is_told_only_once_it_was_seen_again_after_the_settling_time() {
    let settle = Policy::default().deposit_settle;
    for before in [payment(StateName::WaitingForDeposit), confirming(1, 0, false)] {
        let first = step(&before, deposited(), moment());
        assert_eq!((first.next.state.name(), first.news), (StateName::Paid, None));
        assert_eq!(due(&first), settle, "somebody looks again then");
        let soon = step(&first.next, deposited(), moment());
        assert_eq!((soon.news, due(&soon)), (None, settle), "a webhook made us look early");
        let later = after(settle * 2);
        for nothing in ["NotSent", "Absent", "Refused", "NotOurs", "ReadIt", "Unclear"] {
            let blind = step(&first.next, event(nothing), later);
            assert_eq!(blind.news, None, "{nothing} shows no deposit");
            assert!(matches!(blind.then, Action::Rest { due: Some(due) } if later.now < due), "{nothing}");
        }
        let settled = step(&first.next, deposited(), later);
        assert_eq!((settled.news, settled.then), (Some(News::Paid), Action::Rest { due: None }));
    }
}

#[test]
fn s22_a_clock_that_is_set_back_delays_the_news_by_the_settling_time_at_most() {
    let settle = Policy::default().deposit_settle;
    let first = step(&payment(StateName::WaitingForDeposit), deposited(), after(settle * 100));
    let back = step(&first.next, deposited(), moment());
    assert_eq!((back.news, due(&back)), (None, settle));
}

#[test]
fn g2_a_deposit_that_is_taken_back_before_it_settled_is_never_told() {
    let waiting = payment(StateName::WaitingForDeposit);
    let first = step(&waiting, deposited(), moment());
    let reverted = step(&first.next, account(T::WaitingForDeposit, AMOUNT, false, None), moment());
    assert_eq!((reverted.next.state.name(), reverted.news), (StateName::WaitingForDeposit, None));
    assert_eq!((reverted.next.captured, reverted.next.settles_at), (Won::ZERO, None));
}

#[test]
fn g2_a_deposit_that_is_taken_back_after_it_was_told_is_told_and_paid_again_when_it_comes_again() {
    let paid = payment(StateName::Paid);
    let reverted = step(&paid, account(T::WaitingForDeposit, AMOUNT, false, None), moment());
    assert_eq!(reverted.news, Some(News::DepositReverted));
    let again = step(&reverted.next, deposited(), moment());
    assert_eq!(again.news, None);
    let settled = step(&again.next, deposited(), after(Policy::default().deposit_settle * 2));
    assert_eq!(settled.news, Some(News::Paid));
}

#[test]
fn g2_without_a_settling_time_a_deposit_is_told_at_once() {
    let policy = Policy { deposit_settle: Duration::ZERO, ..Policy::default() };
    let paid =
        step(&payment(StateName::WaitingForDeposit), deposited(), Moment { policy: &policy, ..moment() });
    assert_eq!((paid.news, paid.then), (Some(News::Paid), Action::Rest { due: None }));
}

#[test]
fn g3_a_deposit_that_an_old_version_shows_as_canceled_is_a_cancel_made_elsewhere() {
    let paid = payment(StateName::Paid);
    let gone = step(&paid, account(T::Canceled, 0, false, None), after(Policy::default().confirm_window * 2));
    assert_eq!(gone.next.state, State::Canceled { by: crate::payment::CanceledBy::Elsewhere });
    assert_eq!(gone.news, Some(News::Canceled));
    let ours = canceling(refund(AMOUNT, AMOUNT, Cause::Requested), 0, false);
    let gone = step(&ours, account(T::Canceled, 0, false, None), moment());
    assert_eq!(
        gone.next.state,
        State::Canceled { by: crate::payment::CanceledBy::Request },
        "our intent exists"
    );
}

#[test]
fn g6_only_toss_tells_that_an_account_has_closed() {
    let (day, hour) = (Duration::from_secs(24 * 3600), Duration::from_secs(3600));
    let open = account(T::WaitingForDeposit, AMOUNT, false, Some(hour));
    let waiting = payment(StateName::WaitingForDeposit);
    for now in [moment(), after(hour), after(day)] {
        assert_eq!(
            step(&waiting, open.clone(), now).next.state,
            State::WaitingForDeposit,
            "ours may be wrong"
        );
    }
    let closed = step(&waiting, account(T::WaitingForDeposit, AMOUNT, true, Some(day)), moment());
    assert_eq!((closed.next.state.clone(), closed.news), (State::Expired, Some(News::Expired)));
    let same = step(&closed.next, account(T::WaitingForDeposit, AMOUNT, true, Some(day)), moment());
    assert_eq!(
        (same.next.state, same.then),
        (State::Expired, Action::Rest { due: None }),
        "nothing to cancel"
    );
    let paid = step(&waiting, deposited(), after(day));
    assert_eq!(paid.next.state, State::Paid, "a deposit at the deadline is Toss's to accept");
}

#[test]
fn g4_an_account_is_asked_about_from_time_to_time_and_once_it_has_closed() {
    let policy = Policy::default();
    let (poll, closing) = (policy.deposit_poll, policy.deposit_closing);
    let waiting = payment(StateName::WaitingForDeposit);
    let rests =
        |closes_at| due(&step(&waiting, account(T::WaitingForDeposit, AMOUNT, false, closes_at), moment()));
    let second = Duration::from_secs(1);
    assert_eq!(rests(None), poll);
    assert_eq!(rests(Some(poll * 100)), poll);
    assert_eq!(rests(Some(second * 61)), second * 60 + closing);
    assert_eq!(rests(Some(Duration::ZERO)) + second, closing);
    let over = step(&waiting, account(T::WaitingForDeposit, AMOUNT, false, Some(second)), after(poll));
    assert!(matches!(over.then, Action::Rest { due: Some(due) } if due == after(poll + closing).now));
}

//! After any events, in any order, at any time, likely or not.
use crate::samples::{AMOUNT, at, cancel_request, policy, ready, refusal, snapshot, won};
use hanbeon_domain::payment::CanceledBy;
use hanbeon_domain::{
    Action, Event, Moment, OperatorSays, Payment, Refund, Snapshot, State, StateName, Step, Timestamp,
    TossCancel, TossStatus as T, Verdict, Won,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

/// Balances that make sense, and some that do not.
fn senseless() -> impl Strategy<Value = Snapshot> {
    let balance = prop_oneof![Just(AMOUNT), Just(0), 0..=AMOUNT, 0..=2 * AMOUNT];
    (prop::sample::select(&T::ALL[..]), balance, cancels()).prop_map(|(status, balance, cancels)| {
        snapshot(status, balance, if balance % 2 == 0 { cancels } else { Vec::new() })
    })
}

/// Cancels that somebody has made, with the balance and the status that follow from them.
fn sensible() -> impl Strategy<Value = Snapshot> {
    cancels().prop_map(|cancels| {
        let left = cancels.last().map_or(won(AMOUNT), |cancel| cancel.balance_after.unwrap());
        let status = match (cancels.len(), left.is_zero()) {
            (0, _) => T::Done,
            (1, true) => T::Canceled,
            _ => T::PartialCanceled,
        };
        snapshot(status, left.get(), cancels)
    })
}

fn cancels() -> impl Strategy<Value = Vec<TossCancel>> {
    // Few amounts, so that equal ones meet.
    let amount = prop::sample::select(&[100, 200, 300, 700, AMOUNT][..]);
    prop::collection::vec(amount, 0..4).prop_map(|amounts| {
        let mut left = AMOUNT;
        let mut cancels = Vec::new();
        for amount in amounts.into_iter().filter(|amount| 0 < *amount) {
            if amount <= left {
                left -= amount;
                cancels.push(TossCancel {
                    transaction_key: format!("t-{left}"),
                    amount: won(amount),
                    balance_after: Some(won(left)),
                    canceled_at: None,
                    reason: "a wish".to_owned(),
                    request: None,
                    untaxed: None,
                });
            }
        }
        cancels
    })
}

fn event() -> impl Strategy<Value = Event> {
    let said = |verdict| Just(Event::PspSaid(verdict));
    let seen = |seen: Snapshot| Event::PspSaid(Verdict::Seen(Box::new(seen)));
    let asked = prop_oneof![Just(100), Just(300), Just(700), 0..=AMOUNT + 1];
    let cancel = (any::<u128>(), prop::option::of(asked)).prop_map(|(id, amount)| cancel_request(id, amount));
    let says = prop::sample::select(&[OperatorSays::NothingCharged, OperatorSays::GivenBack][..]);
    prop_oneof![
        2 => Just(Event::ConfirmRequested),
        5 => cancel,
        1 => senseless().prop_map(|seen| Event::CompensationDue(Box::new(seen))),
        4 => senseless().prop_map(seen),
        6 => sensible().prop_map(seen),
        2 => said(Verdict::Refused(refusal("REJECT"))),
        1 => said(Verdict::ReadIt),
        2 => said(Verdict::Absent),
        1 => said(Verdict::NotSent("refused".to_owned())),
        2 => any::<bool>().prop_map(|answered| {
            Event::PspSaid(Verdict::Unclear { answered, why: "silence".to_owned() })
        }),
        1 => said(Verdict::NotOurs("another".to_owned())),
        1 => Just(Event::TriesExhausted),
        1 => says.prop_map(|says| Event::OperatorSaid { says, note: "a call".to_owned() }),
    ]
}

/// Together, or after a moment, or long after.
fn wait() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (0_u64..3_000).prop_map(Duration::from_millis),
        (0_u64..400).prop_map(Duration::from_secs),
        (600_u64..100_000).prop_map(Duration::from_secs),
    ]
}

/// The moves that ARCHITECTURE.md publishes.
static PUBLISHED: LazyLock<BTreeSet<(StateName, StateName)>> = LazyLock::new(|| {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crates.ancestors().find(|dir| dir.join("Cargo.lock").is_file()).unwrap();
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let arrows = page.lines().filter_map(|line| line.split_once(" : ")?.0.trim().split_once(" --> "));
    let arrows: BTreeSet<_> =
        arrows.filter_map(|(from, to)| Some((StateName::parse(from)?, StateName::parse(to)?))).collect();
    assert!(arrows.len() > 30, "the diagram is not where it was: {} arrows", arrows.len());
    arrows
});

/// States from which nothing is ever charged again.
fn is_past_charging(name: StateName) -> bool {
    !matches!(name, StateName::Ready | StateName::Confirming)
}

const fn refund_of(payment: &Payment) -> Option<&Refund> {
    if let State::Canceling { refund, .. } = &payment.state { Some(refund) } else { None }
}

fn seen_in(event: &Event) -> Option<&Snapshot> {
    if let Event::PspSaid(Verdict::Seen(seen)) = event { Some(seen) } else { None }
}

fn check_move(before: &Payment, event: &Event, step: &Step) -> Result<(), TestCaseError> {
    let after = &step.next;
    prop_assert_eq!((step.from, after.version), (before.state.name(), before.version + 1));
    prop_assert_eq!((after.amount, &after.key, after.id), (before.amount, &before.key, before.id));
    if is_past_charging(before.state.name()) {
        prop_assert!(is_past_charging(after.state.name()), "{:?} → {:?}", before, after);
    }
    let charges = matches!(after.state, State::Confirming { .. });
    prop_assert!(charges || step.then != Action::Confirm, "a charge needs a durable intent");
    prop_assert!(refund_of(after).is_some() || step.then != Action::Cancel, "and so does a cancel");
    if after.is_moving() || after.state == State::WaitingForDeposit {
        let forgotten = step.then == Action::Rest { due: None };
        prop_assert!(!forgotten, "nobody will ever look again: {:?} after {:?}", after, event);
    }
    let ends = refund_of(before).filter(|_| refund_of(after).is_none()).map(|refund| refund.id);
    prop_assert_eq!(step.settled.as_ref().map(|(id, _)| *id), ends, "a refund ends once");
    Ok(())
}

fn check_money(
    before: &Payment,
    event: &Event,
    step: &Step,
    moment: Moment<'_>,
) -> Result<(), TestCaseError> {
    let after = &step.next;
    let spoken_for = after.refunded.plus(after.reserved()).unwrap();
    prop_assert!(
        spoken_for <= after.captured && after.captured <= after.amount,
        "{:?} → {:?}",
        before,
        after
    );
    prop_assert_eq!(after.refundable(), after.captured.minus(spoken_for).unwrap());
    if let Some(refund) = refund_of(after).filter(|_| !after.captured.is_zero()) {
        let left = after.captured.minus(after.refunded).unwrap();
        prop_assert!(refund.amount <= refund.balance_before && refund.balance_before <= left, "{:?}", after);
    }
    if after.captured < before.captured {
        let reversed = seen_in(event).is_some_and(|seen| seen.status == T::WaitingForDeposit);
        prop_assert!(
            reversed && before.refunded.is_zero(),
            "taken, and then not: {:?} → {:?}",
            before,
            after
        );
        prop_assert_eq!(&after.state, &State::WaitingForDeposit);
    }
    if after.refunded < before.refunded {
        let lands =
            before.last_cancel_at.is_some_and(|at| moment.now < at.plus(moment.policy.confirm_window));
        let told = before.state.name() == StateName::NeedsReview && seen_in(event).is_some() && !lands;
        prop_assert!(told, "given back, and then not: {:?} → {:?}", before, after);
    }
    let sums = (after.captured, after.refunded);
    let fits = match after.state {
        State::Ready
        | State::Confirming { .. }
        | State::WaitingForDeposit
        | State::Declined { .. }
        | State::Expired => sums == (Won::ZERO, Won::ZERO),
        State::Paid => sums == (after.amount, Won::ZERO),
        State::PartiallyCanceled => Won::ZERO < after.refunded && after.refunded < after.captured,
        State::Canceled { .. } => after.captured == after.refunded,
        State::Canceling { .. } | State::NeedsReview { .. } => true,
    };
    prop_assert!(fits, "{:?} → {:?}", before, after);
    Ok(())
}

/// What Toss shows of captured money, and we believe, is what we have.
fn check_sums(event: &Event, step: &Step) -> Result<(), TestCaseError> {
    let after = &step.next;
    let Some(seen) = seen_in(event).filter(|seen| seen.balance <= after.amount) else { return Ok(()) };
    let captured = match seen.status {
        T::Done | T::PartialCanceled => true,
        T::Canceled => seen.balance.is_zero(),
        _ => false,
    };
    let believed = step.then == Action::Rest { due: None }
        && matches!(after.state, State::Paid | State::PartiallyCanceled | State::Canceled { .. });
    if captured && believed {
        prop_assert_eq!(
            after.captured.minus(after.refunded),
            Some(seen.balance),
            "{:?} by {:?}",
            after,
            seen
        );
        let gone = after.state.name() == StateName::Canceled;
        prop_assert_eq!(gone, seen.balance.is_zero(), "{:?} by {:?}", after, seen);
    }
    Ok(())
}

/// An order that is free is paid by nothing that we know of, but money that came too late and is on its way back.
fn check_order(before: &Payment, step: &Step, keep: bool) -> Result<(), TestCaseError> {
    let after = &step.next;
    prop_assert!(!before.late || after.late, "late once is late for ever");
    if before.leaves_order_free() {
        let claims = matches!(after.state, State::Paid | State::PartiallyCanceled | State::WaitingForDeposit);
        let kept = keep && !before.late && claims;
        prop_assert!(after.leaves_order_free() || kept, "claims its order back: {:?} → {:?}", before, after);
    }
    if after.leaves_order_free() && after.captured != after.refunded {
        let on_its_way = refund_of(after).is_some_and(Refund::undoes_a_charge)
            || after.state.name() == StateName::NeedsReview;
        prop_assert!(after.late && on_its_way, "free, and still holding money: {:?}", after);
    }
    if after.state == (State::Canceled { by: CanceledBy::Compensation }) {
        prop_assert_eq!(after.captured, after.refunded);
    }
    Ok(())
}

/// Toss repeats an answer by its key, whatever is asked under it: so a key never stands for two cancels.
fn check_key(step: &Step, said: &mut BTreeMap<String, (Won, Won)>) -> Result<(), TestCaseError> {
    if let (Action::Cancel, Some(refund)) = (step.then, refund_of(&step.next)) {
        let asks = (refund.amount, refund.balance_before);
        let first = *said.entry(step.next.cancel_key(refund)).or_insert(asks);
        prop_assert_eq!(first, asks, "one key for two cancels");
    }
    Ok(())
}

type Told = (Event, Duration, bool);

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s6_s7_moves_are_legal_and_the_budget_holds_after_any_events(
        told in prop::collection::vec((event(), wait(), any::<bool>()), 1..40)
    ) {
        let told: Vec<Told> = told;
        let policies = [policy(false), policy(true)];
        let mut now = Timestamp::default();
        let mut keys = BTreeMap::new();
        let mut payment = ready(AMOUNT).step(Event::ConfirmRequested, at(now, &policies[0])).unwrap().next;
        for (event, wait, keep) in told {
            now = now.plus(wait);
            let moment = at(now, &policies[usize::from(keep)]);
            let Ok(step) = payment.step(event.clone(), moment) else { continue };
            let (from, to) = (step.from, step.next.state.name());
            prop_assert!(from == to || PUBLISHED.contains(&(from, to)), "{from} → {to} by {}", step.event);
            check_move(&payment, &event, &step)?;
            check_money(&payment, &event, &step, moment)?;
            check_sums(&event, &step)?;
            check_order(&payment, &step, keep)?;
            check_key(&step, &mut keys)?;
            payment = step.next;
        }
    }
}

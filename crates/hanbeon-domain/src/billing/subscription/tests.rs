use super::*;
use crate::billing::charge::NewCharge;
use crate::billing::{Day, For};
use crate::{ChargeId, Evidence};
use uuid::Uuid;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn subscription() -> Subscription {
    let schedule = Schedule::new(Day::parse("2026-01-31").unwrap(), 31, 1).unwrap();
    Subscription {
        id: SubscriptionId::from_uuid(Uuid::from_u128(1)),
        customer: CustomerId::from_uuid(Uuid::from_u128(2)),
        key: BillingKeyId::from_uuid(Uuid::from_u128(3)),
        amount: Won::new(9_900).unwrap(),
        name: "구독".to_owned(),
        schedule,
        created_at: Timestamp::default(),
        version: 1,
        period: 0,
        status: Status::Active,
        retry_now: false,
        due_at: None,
    }
}

/// The charge of this period that ended so.
fn charge(of: &Subscription, ordinal: u32, state: ChargeState) -> Charge {
    let new = NewCharge {
        id: ChargeId::from_uuid(Uuid::from_u128(9)),
        customer: of.customer,
        key: of.key,
        period: Some(For { subscription: of.id, period: of.period, ordinal }),
        amount: of.amount,
        name: of.name.clone(),
    };
    Charge { state, ..Charge::intended(new, Timestamp::default()) }
}

fn refused(of: &Subscription, ordinal: u32, http_status: u16, at: Timestamp) -> Charge {
    let evidence = Evidence { http_status, body: [].into() };
    let refusal = Refusal { code: "REJECT_CARD_PAYMENT".to_owned(), message: String::new(), evidence };
    charge(of, ordinal, ChargeState::Refused { refusal: Box::new(refusal), at })
}

fn plan(of: &Subscription, last: Option<&Charge>, now: Timestamp) -> Planned {
    of.plan(last, now, &Dunning::default())
}

#[track_caller]
fn rests(planned: Planned) -> Subscription {
    match planned {
        Planned::Rest { next } => next,
        Planned::Charge { .. } => panic!("it charges"),
    }
}

#[track_caller]
fn charges(planned: Planned) -> (Subscription, u32) {
    match planned {
        Planned::Charge { next, ordinal } => (next, ordinal),
        Planned::Rest { next } => panic!("it rests until {:?}", next.due_at),
    }
}

#[test]
fn h1_a_period_is_charged_from_its_day_on_and_left_behind_when_the_charge_is_done() {
    let first = subscription();
    let day = first.schedule.charged_at(0);
    assert_eq!(rests(plan(&first, None, day.minus(HOUR))).due_at, Some(day));
    let (charging, ordinal) = charges(plan(&first, None, day));
    assert_eq!((ordinal, charging.period, charging.version), (0, 0, 2));
    let open_state = ChargeState::Charging { tries: 0, round: 0, answered: false, refusal: None };
    let open = charge(&charging, 0, open_state);
    for later in [day, day.plus(DAY * 400), day.minus(DAY * 400)] {
        assert_eq!(rests(plan(&charging, Some(&open), later)).period, 0, "whatever the clock says");
    }
    let done = charge(&charging, 0, ChargeState::Done { at: day });
    let second = rests(plan(&charging, Some(&done), day.plus(HOUR)));
    assert_eq!((second.period, second.due_at), (1, Some(first.schedule.charged_at(1))));
    assert_eq!(second.schedule.day(1).to_string(), "2026-02-28");
}

#[test]
fn h1_periods_that_were_missed_are_charged_one_a_day() {
    let first = subscription();
    let now = first.schedule.charged_at(12);
    let done = charge(&first, 0, ChargeState::Done { at: now });
    assert_eq!(rests(plan(&first, Some(&done), now)).due_at, Some(now.plus(DAY)));
}

#[test]
fn a_refused_charge_is_tried_again_on_the_first_third_and_fifth_day_and_then_no_more() {
    let mut subscription = subscription();
    let day = subscription.schedule.charged_at(0);
    let mut at = day;
    for (ordinal, days) in [(0, 1), (1, 3), (2, 5)] {
        let last = refused(&subscription, ordinal, 403, at);
        subscription = rests(plan(&subscription, Some(&last), at));
        assert_eq!((subscription.status, subscription.due_at), (Status::PastDue, Some(day.plus(DAY * days))));
        at = day.plus(DAY * days);
        let (next, another) = charges(plan(&subscription, Some(&last), at));
        assert_eq!(another, ordinal + 1);
        subscription = next;
    }
    let last = refused(&subscription, 3, 403, at);
    let unpaid = rests(plan(&subscription, Some(&last), at));
    assert_eq!((unpaid.status, unpaid.due_at, unpaid.period), (Status::Unpaid, None, 0));
    assert_eq!(rests(plan(&unpaid, Some(&last), at.plus(DAY * 90))).due_at, None);

    let resumed = unpaid.resume(None, at.plus(DAY)).unwrap();
    let (retried, another) = charges(plan(&resumed, Some(&last), at.plus(DAY)));
    assert_eq!((another, retried.retry_now), (4, false));
    let again = refused(&retried, 4, 403, at.plus(DAY));
    assert_eq!(rests(plan(&retried, Some(&again), at.plus(DAY))).status, Status::Unpaid);
    let done = charge(&retried, 4, ChargeState::Done { at: at.plus(DAY) });
    let paid = rests(plan(&retried, Some(&done), at.plus(DAY)));
    assert_eq!((paid.status, paid.period), (Status::Active, 1));
}

#[test]
fn what_stays_as_it_is_is_not_tried_again() {
    let subscription = subscription();
    let day = subscription.schedule.charged_at(0);
    let last = refused(&subscription, 0, 400, day);
    assert_eq!(rests(plan(&subscription, Some(&last), day)).status, Status::Unpaid);
}

#[test]
fn what_comes_due_during_a_pause_is_not_charged() {
    let paused = subscription().pause().unwrap();
    let later = paused.schedule.charged_at(3).plus(HOUR);
    assert_eq!(rests(plan(&paused, None, later)).due_at, None);
    let resumed = paused.resume(None, later).unwrap();
    assert_eq!((resumed.status, resumed.period), (Status::Active, 4));
    assert_eq!(rests(plan(&resumed, None, later)).due_at, Some(resumed.schedule.charged_at(4)));
    let over = resumed.cancel();
    assert_eq!(rests(plan(&over, None, later.plus(DAY * 900))).status, Status::Canceled);
    assert!(over.resume(None, later).is_err() && over.pause().is_err());
}

//! Until when a refund is admitted, by the method that was paid with.
use super::samples::{payment, won};
use crate::payment::TossFacts;
use crate::payment::refund_due::korean_month;
use crate::refund::CancelReason;
use crate::{
    Actor, CancelRequest, Event, Moment, Payment, Policy, RefundId, Refused, StateName, Timestamp, Won,
};
use std::time::Duration;
use uuid::Uuid;

const DAY: i64 = 86_400;
/// What a clock may be wrong by, and a second.
const MARGIN: i64 = 3_600;
/// 2026-03-31T23:59:59+09:00.
const MARCH_ENDS: i64 = 1_774_969_199;

/// From seconds since 1970.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn paid_by(method: &str, approved_at: Option<i64>) -> Payment {
    let paid = payment(StateName::Paid);
    let toss = TossFacts { method: Some(method.to_owned()), approved_at: approved_at.map(at), ..paid.toss };
    Payment { toss, ..paid }
}

fn wish(amount: Option<i64>) -> CancelRequest {
    CancelRequest {
        id: RefundId::from_uuid(Uuid::from_u128(5)),
        amount: amount.map(won),
        reason: CancelReason::parse("a sample").unwrap(),
        untaxed: None,
    }
}

#[track_caller]
fn check(method: &str, approved: i64, now: i64, is_over: bool) {
    for (amount, given) in [(Some(1), 1), (None, 1_000)] {
        let admitted = paid_by(method, Some(approved)).admit(&wish(amount), Won::ZERO, at(now));
        let want = if is_over { Err(Refused::PastRefundDue) } else { Ok(won(given)) };
        assert_eq!(admitted, want, "{method}: approved at {approved}, asked for at {now}");
    }
}

#[test]
fn f8_a_mobile_phone_is_refunded_until_its_month_ends_in_korea() {
    let march_begins = MARCH_ENDS - 31 * DAY + 1;
    for approved in [march_begins, MARCH_ENDS - DAY, MARCH_ENDS] {
        for (now, is_over) in [
            (approved, false),
            (MARCH_ENDS, false),
            (MARCH_ENDS + MARGIN, false),
            (MARCH_ENDS + MARGIN + 1, true),
            (MARCH_ENDS + 30 * DAY, true),
            (MARCH_ENDS + 365 * DAY, true),
        ] {
            check("휴대폰", approved, now, is_over);
        }
    }
    // Paid in the last second of February, and in the first one of April: still March in London, and no matter.
    check("휴대폰", march_begins - 1, march_begins + MARGIN, true);
    check("휴대폰", MARCH_ENDS + 1, MARCH_ENDS + 30 * DAY, false);
    check("휴대폰", MARCH_ENDS + 1, MARCH_ENDS + 30 * DAY + MARGIN + 1, true);
    // A clock that is behind refuses nothing.
    check("휴대폰", MARCH_ENDS, MARCH_ENDS - 365 * DAY, false);
}

#[test]
fn f8_a_bank_transfer_is_refunded_for_180_days_and_the_others_as_long_as_toss_says() {
    let due = MARCH_ENDS + 180 * DAY + MARGIN;
    check("계좌이체", MARCH_ENDS, due, false);
    check("계좌이체", MARCH_ENDS, due + 1, true);
    for method in ["카드", "간편결제", "가상계좌", "문화상품권", "휴대폰결제", ""] {
        check(method, MARCH_ENDS, MARCH_ENDS + 1_000 * DAY, false);
    }
    let untold = paid_by("휴대폰", None).admit(&wish(None), Won::ZERO, at(MARCH_ENDS));
    assert_eq!(untold, Ok(won(1_000)), "when it was approved is not known");
}

#[test]
fn f8_a_wish_that_waited_until_it_was_too_late_is_refused_when_its_turn_comes() {
    let policy = Policy::default();
    let turn = |now| {
        let moment = Moment { now: at(now), actor: Actor::Merchant, policy: &policy };
        paid_by("휴대폰", Some(MARCH_ENDS)).step(Event::CancelRequested(wish(None)), moment).map(drop)
    };
    assert_eq!(turn(MARCH_ENDS + MARGIN), Ok(()));
    assert_eq!(turn(MARCH_ENDS + MARGIN + 1), Err(Refused::PastRefundDue));
}

#[test]
fn f8_months_are_counted_as_the_korean_calendar_has_them() {
    for (last_second, year, month) in [
        (2_645_999, 1970, 1),
        (951_836_399, 2000, 2),    // a leap year, though a century
        (1_709_218_799, 2024, 2),  // a leap year
        (1_772_290_799, 2026, 2),  // none
        (1_798_729_199, 2026, 12), // the year ends with it
        (4_107_509_999, 2100, 2),  // a century, and no leap year
    ] {
        let index = (year - 1970) * 12 + month - 1;
        assert_eq!(korean_month(at(last_second)), index, "{year}-{month}");
        assert_eq!(korean_month(at(last_second + 1)), index + 1, "after {year}-{month}");
    }
    let before_1970 = at(0).minus(Duration::from_secs(9 * 3_600));
    assert_eq!(korean_month(before_1970), 0);
    assert_eq!(korean_month(before_1970.minus(Duration::from_secs(1))), -1);
}

//! Until when a payment can be given back at all, by the method that it was paid with.
//!
//! Only limits that Toss documents for everybody are known here (Toss core API, Cancel, deadlines). Cards have none, a
//! virtual account's is agreed with each merchant, and a wallet's is that of what is behind it: there Toss's own answer
//! decides.
use super::Payment;
use crate::Timestamp;
use std::time::Duration;

/// A clock that is wrong by less than this refuses nothing that Toss would still give back.
const MARGIN: Duration = Duration::from_secs(60 * 60);
/// Bank transfers.
const TRANSFER: Duration = Duration::from_secs(180 * 24 * 60 * 60);

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60 * SECOND;
/// Korea is nine hours ahead, the whole year.
const KOREA: i64 = 9 * 60 * 60 * SECOND;

impl Payment {
    /// Is it certain that Toss refuses to give anything back by now?
    pub(super) fn is_past_refund_due(&self, now: Timestamp) -> bool {
        let (Some(approved), Some(method)) = (self.toss.approved_at, self.toss.method.as_deref()) else {
            return false;
        };
        let now = now.minus(MARGIN);
        match method {
            // Until the end of the month in which it was paid: the carrier has billed it then.
            "휴대폰" => korean_month(approved) < korean_month(now),
            "계좌이체" => approved.plus(TRANSFER) < now,
            _ => false,
        }
    }
}

/// Months since January 1970, in Korea.
pub(super) fn korean_month(at: Timestamp) -> i64 {
    let mut day = at.as_micros().saturating_add(KOREA).div_euclid(DAY);
    // The calendar repeats every 400 years; which leaves few enough to walk through.
    let eras = day.div_euclid(DAYS_IN_400_YEARS);
    day = day.rem_euclid(DAYS_IN_400_YEARS);
    let mut month = eras * 400 * 12;
    let mut year = 1970;
    while day >= days_in(year) {
        (day, month, year) = (day - days_in(year), month + 12, year + 1);
    }
    let february = if days_in(year) == 366 { 29 } else { 28 };
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < days {
            break;
        }
        (day, month) = (day - days, month + 1);
    }
    month
}

const DAYS_IN_400_YEARS: i64 = 146_097;

const fn days_in(year: i64) -> i64 {
    if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 }
}

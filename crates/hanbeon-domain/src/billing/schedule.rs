//! On which day period *n* is charged: a monthly anchor in the Korean calendar. A month that is too short is charged on
//! its last day, and the next one on the anchor again. Korea has one time zone and no summer time: UTC+9, always.
use crate::Timestamp;
use std::fmt;

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// Korean time is ahead of UTC by this.
const KOREA_AHEAD: i64 = 9 * 60 * 60 * 1_000_000;
/// When in the day a period is charged, in Korean time: the banks rest around midnight.
const CHARGED_AT: i64 = 9 * 60 * 60 * 1_000_000;
/// Longest interval, in months.
pub const MONTHS_MAX: u8 = 12;

/// A day of the Korean calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: i64,
    /// 1 to 12.
    month: u8,
    /// 1 to 31.
    of_month: u8,
}

/// A schedule that does not make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// Not a day.
    #[error("start must be a day of 1970 to 9999, written YYYY-MM-DD")]
    Day,
    /// Not a day of the month.
    #[error("anchor must be a day of the month, 1 to 31")]
    Anchor,
    /// Too short or too long.
    #[error("intervalMonths must be 1 to {MONTHS_MAX}")]
    Interval,
}

impl Day {
    /// A day that the calendar has.
    ///
    /// # Errors
    /// [`BadSchedule::Day`].
    pub fn new(year: i64, month: u8, day: u8) -> Result<Self, BadSchedule> {
        let is_month = (1..=12).contains(&month) && (1970..=9999).contains(&year);
        let is_day = is_month && (1..=days_in(year, month)).contains(&day);
        if is_day { Ok(Self { year, month, of_month: day }) } else { Err(BadSchedule::Day) }
    }

    /// Reads `2026-03-31`.
    ///
    /// # Errors
    /// [`BadSchedule::Day`] for anything else.
    pub fn parse(text: &str) -> Result<Self, BadSchedule> {
        let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let mut parts = text.split('-').map(str::parse::<u16>);
        let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None, true) =
            (parts.next(), parts.next(), parts.next(), parts.next(), plain)
        else {
            return Err(BadSchedule::Day);
        };
        let small = |number| u8::try_from(number).map_err(|_| BadSchedule::Day);
        Self::new(i64::from(year), small(month)?, small(day)?)
    }

    /// The day that it is in Korea at this instant.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        let days = instant.as_micros().saturating_add(KOREA_AHEAD).div_euclid(MICROS_PER_DAY);
        // Days of eras of 400 years, each beginning with a March: leap days are the last of their year.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let small = |number: i64| u8::try_from(number).unwrap_or(1);
        Self { year, month: small(month), of_month: small(day) }
    }

    /// The instant of this day at which a period is charged.
    #[must_use]
    pub fn charged_at(self) -> Timestamp {
        let march_year = self.year - i64::from(self.month <= 2);
        let (era, year_of_era) = (march_year.div_euclid(400), march_year.rem_euclid(400));
        let march_month = (i64::from(self.month) + 9) % 12;
        let of_year = (153 * march_month + 2) / 5 + i64::from(self.of_month) - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        let days = era * 146_097 + of_era - 719_468;
        Timestamp::from_micros(days.saturating_mul(MICROS_PER_DAY).saturating_add(CHARGED_AT - KOREA_AHEAD))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Which days: the anchor of every month, or of every few, from the first one that is not before the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    start: Day,
    anchor: u8,
    months: u8,
}

impl Schedule {
    /// On day `anchor` of every `months`-th month, from `start` on.
    ///
    /// # Errors
    /// [`BadSchedule`].
    pub fn new(start: Day, anchor: u8, months: u8) -> Result<Self, BadSchedule> {
        if !(1..=31).contains(&anchor) {
            return Err(BadSchedule::Anchor);
        }
        if !(1..=MONTHS_MAX).contains(&months) {
            return Err(BadSchedule::Interval);
        }
        Ok(Self { start, anchor, months })
    }

    /// The first day that may be charged.
    #[must_use]
    pub const fn start(&self) -> Day {
        self.start
    }

    /// The day of the month.
    #[must_use]
    pub const fn anchor(&self) -> u8 {
        self.anchor
    }

    /// From one period to the next.
    #[must_use]
    pub const fn months(&self) -> u8 {
        self.months
    }

    /// The day on which this period is charged; the first is 0.
    #[must_use]
    pub fn day(&self, period: u32) -> Day {
        let start = self.start.year * 12 + i64::from(self.start.month) - 1;
        let first = if self.in_month(start) < self.start { start + 1 } else { start };
        self.in_month(first + i64::from(period) * i64::from(self.months))
    }

    /// The instant at which this period is charged.
    #[must_use]
    pub fn charged_at(&self, period: u32) -> Timestamp {
        self.day(period).charged_at()
    }

    /// The anchor in a month, counted from the year 0.
    fn in_month(&self, months: i64) -> Day {
        let (year, month) = (months.div_euclid(12), u8::try_from(months.rem_euclid(12) + 1).unwrap_or(1));
        Day { year, month, of_month: self.anchor.min(days_in(year, month)) }
    }
}

fn days_in(year: i64, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    fn days(start: &str, anchor: u8, months: u8, count: u32) -> Vec<String> {
        let schedule = Schedule::new(Day::parse(start).unwrap(), anchor, months).unwrap();
        (0..count).map(|period| schedule.day(period).to_string()).collect()
    }

    #[test]
    fn h4_a_short_month_is_charged_on_its_last_day_and_the_next_on_the_anchor_again() {
        assert_eq!(days("2026-01-31", 31, 1, 4), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]);
        assert_eq!(days("2028-01-30", 30, 1, 3), ["2028-01-30", "2028-02-29", "2028-03-30"]);
        assert_eq!(
            days("2024-02-29", 29, 12, 5)[1..],
            ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]
        );
        // A century is no leap year, but every fourth is.
        assert_eq!(days("2100-02-01", 31, 1, 1), ["2100-02-28"]);
        assert_eq!(days("2400-02-01", 31, 1, 1), ["2400-02-29"]);
    }

    #[test]
    fn the_first_period_is_the_first_anchor_that_is_not_before_the_start() {
        assert_eq!(days("2026-03-15", 15, 1, 1), ["2026-03-15"]);
        assert_eq!(days("2026-03-16", 15, 1, 1), ["2026-04-15"]);
        assert_eq!(days("2026-12-31", 1, 3, 2), ["2027-01-01", "2027-04-01"]);
        assert_eq!(days("2026-02-28", 31, 1, 2), ["2026-02-28", "2026-03-31"]);
    }

    #[test]
    fn h4_a_day_begins_at_midnight_in_korea() {
        // 2028-02-28T14:59:59.999999Z and 15:00:00Z.
        let midnight = Timestamp::from_micros(1_835_362_800_000_000);
        assert_eq!(Day::at(midnight).to_string(), "2028-02-29");
        assert_eq!(Day::at(Timestamp::from_micros(midnight.as_micros() - 1)).to_string(), "2028-02-28");
    }

    #[test]
    fn a_day_that_the_calendar_does_not_have_is_refused() {
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "26-01-01",
            "2026-1-01",
            "",
            "2026-01-011",
            "1969-12-31",
        ] {
            assert!(Day::parse(bad).is_err(), "{bad}");
        }
        let start = Day::parse("2026-01-01").unwrap();
        assert!(Schedule::new(start, 0, 1).is_err() && Schedule::new(start, 32, 1).is_err());
        assert!(Schedule::new(start, 1, 0).is_err() && Schedule::new(start, 1, 13).is_err());
    }

    #[test]
    fn h4_exactly_one_charge_per_month_for_every_anchor_day_of_four_centuries() {
        for anchor in 1..=31 {
            let schedule = Schedule::new(Day::new(2000, 1, 1).unwrap(), anchor, 1).unwrap();
            let mut before = None;
            for period in 0..4_800 {
                let day = schedule.day(period);
                let month = (2000 + i64::from(period / 12), u8::try_from(period % 12 + 1).unwrap());
                assert_eq!((day.year, day.month), month);
                assert_eq!(day.of_month, anchor.min(days_in(day.year, day.month)));
                assert_eq!(Day::at(day.charged_at()), day);
                assert!(before < Some(day.charged_at()), "{day}");
                before = Some(day.charged_at());
            }
        }
    }

    proptest! {
        #[test]
        fn h4_exactly_one_charge_per_period_for_any_schedule(
            day_number in 0_i64..60_000, anchor in 1_u8..=31, months in 1_u8..=12, period in 0_u32..2_000,
            into in any::<u32>(),
        ) {
            let start = Day::at(Timestamp::from_micros(day_number * MICROS_PER_DAY));
            let schedule = Schedule::new(start, anchor, months).unwrap();
            prop_assert!(start <= schedule.day(0));
            let (this, next) = (schedule.charged_at(period), schedule.charged_at(period + 1));
            prop_assert!(this < next);
            // Any instant between two charges belongs to the period that began last, and to no other.
            let span = next.as_micros() - this.as_micros();
            let instant = Timestamp::from_micros(this.as_micros() + i64::from(into) * 1_000 % span);
            let begun = (0..period + 3).filter(|n| schedule.charged_at(*n) <= instant).count();
            prop_assert_eq!(begun, usize::try_from(period + 1).unwrap());
            prop_assert_eq!(Day::parse(&schedule.day(period % 500).to_string()), Ok(schedule.day(period % 500)));
        }
    }
}

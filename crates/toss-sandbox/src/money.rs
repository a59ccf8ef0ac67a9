//! Money: reading it from a request, printing it, and dividing it into supply and value-added tax.
//!
//! Inside, an amount is a whole number of its currency's smallest unit: won, yen, cents. No float is ever computed
//! with; one appears only where JSON is read or written, and its text decides.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{self, Serialize, Serializer};

/// A currency that a payment can be made in (Toss enums, small enums).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Currency {
    #[default]
    Krw,
    Jpy,
    /// Two decimals.
    Usd,
}

impl Currency {
    pub(crate) fn find(code: &str) -> Option<Self> {
        [Self::Krw, Self::Jpy, Self::Usd].into_iter().find(|currency| currency.code() == code)
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Krw => "KRW",
            Self::Jpy => "JPY",
            Self::Usd => "USD",
        }
    }

    /// A written amount in the currency's smallest unit; none if it is finer than that.
    pub(crate) fn read(self, written: Written) -> Option<i64> {
        match self {
            Self::Usd => Some(written.0),
            Self::Krw | Self::Jpy => (written.0 % 100 == 0).then_some(written.0 / 100),
        }
    }

    /// An amount of the smallest unit, as JSON shows it.
    pub(crate) fn show(self, amount: i64) -> Shown {
        Shown { amount, currency: self }
    }
}

/// An amount as a request writes it, in hundredths: which currency it is of shows only later.
///
/// A JSON number of at most two decimals, or a string of digits: Toss documents a number; whether it takes a string
/// is not known, so the sandbox takes both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written(i64);

impl Written {
    /// So many whole won, yen or dollars.
    pub(crate) fn whole(units: i64) -> Self {
        Self(units.clamp(-MOST, MOST) * 100)
    }

    pub(crate) fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0 < 0
    }

    fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 2 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let units: i64 = whole.parse().ok().filter(|units: &i64| (-MOST..=MOST).contains(units))?;
        let hundredths: i64 = format!("{fraction:0<2}").parse().ok()?;
        Some(Self(units * 100 + if whole.starts_with('-') { -hundredths } else { hundredths }))
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Currency::Usd.show(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenVisitor)
    }
}

struct WrittenVisitor;

impl Visitor<'_> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount of at most two decimals")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Written, E> {
        WonVisitor.visit_i64(value).map(|won| Written::whole(won.0))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Written, E> {
        WonVisitor.visit_u64(value).map(|won| Written::whole(won.0))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Written, E> {
        Written::read(&value.to_string()).ok_or_else(|| E::custom("not an amount"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Written, E> {
        WonVisitor.visit_str(value).map(|won| Written::whole(won.0))
    }
}

/// An amount with its currency: won and yen are whole JSON numbers, dollars have up to two decimals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    amount: i64,
    currency: Currency,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.currency {
            Currency::Krw | Currency::Jpy => write!(f, "{}", self.amount),
            Currency::Usd => {
                let sign = if self.amount < 0 { "-" } else { "" };
                let (units, cents) = (self.amount.abs() / 100, self.amount.abs() % 100);
                if cents == 0 { write!(f, "{sign}{units}") } else { write!(f, "{sign}{units}.{cents:02}") }
            }
        }
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.currency {
            Currency::Usd if self.amount % 100 != 0 => {
                serializer.serialize_f64(self.to_string().parse().map_err(ser::Error::custom)?)
            }
            Currency::Usd => serializer.serialize_i64(self.amount / 100),
            Currency::Krw | Currency::Jpy => serializer.serialize_i64(self.amount),
        }
    }
}

/// The largest amount that any call accepts, in won: keeps every sum far inside `i64`.
pub(crate) const MOST: i64 = 999_999_999_999;

/// A whole number of won as a request may write it: a JSON number, or a string of digits.
///
/// Toss documents a number; whether it takes a string is not known, so the sandbox takes both.
/// `1000.0` is a thousand, `1000.5` is not a number of won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Won(pub(crate) i64);

impl<'de> Deserialize<'de> for Won {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WonVisitor)
    }
}

struct WonVisitor;

impl Visitor<'_> for WonVisitor {
    type Value = Won;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of won")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Won, E> {
        if value.abs() > MOST { Err(E::custom("amount out of range")) } else { Ok(Won(value)) }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Won, E> {
        i64::try_from(value).map_err(E::custom).and_then(|value| self.visit_i64(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Won, E> {
        // Rust prints 1000.0 without a fraction and 1000.5 with one: the text decides, no float arithmetic does.
        value.to_string().parse().map_err(E::custom).and_then(|value| self.visit_i64(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Won, E> {
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(E::custom("not a string of digits"));
        }
        value.parse().map_err(E::custom).and_then(|value| self.visit_i64(value))
    }
}

/// What is left of a payment, divided as Toss divides it (Toss core API, amount relations 2 and 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) supplied: i64,
    pub(crate) vat: i64,
}

/// VAT is a eleventh of the taxable rest, rounded half up, and the supply is what remains beside it.
///
/// Always computed on the whole remainder, never piece by piece, in the currency's smallest unit. `untaxed` is what
/// is tax free and what is exempt (that the exempt part counts is not documented, U3).
pub(crate) fn split(balance: i64, untaxed: i64) -> Split {
    let taxable = balance - untaxed;
    let vat = (2 * taxable + 11) / 22;
    Split { supplied: taxable - vat, vat }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vat_is_an_eleventh_of_the_taxable_rest_rounded_half_up() {
        // (balance, tax free, supplied, vat), the checked payloads of Toss's amount relations.
        let table = [
            (1_000, 0, 909, 91),
            (15_000, 0, 13_636, 1_364),
            (30_000, 0, 27_273, 2_727),
            (42_900, 0, 39_000, 3_900),
            (163_020, 0, 148_200, 14_820),
            (11_000, 10_000, 909, 91),
            (10_000, 3_000, 6_364, 636),
            (0, 0, 0, 0),
            // Dollars, in cents: 1.25, and what is left of 726.24 after a cancel of 181.56.
            (125, 0, 114, 11),
            (54_468, 0, 49_516, 4_952),
        ];
        for (balance, tax_free, supplied, vat) in table {
            assert_eq!(
                split(balance, tax_free),
                Split { supplied, vat },
                "{balance} with {tax_free} tax free"
            );
        }
    }

    #[test]
    fn an_amount_is_a_whole_number_or_a_string_of_digits() {
        let read = |text: &str| serde_json::from_str::<Won>(text).ok().map(|won| won.0);
        for (text, won) in [
            ("1000", Some(1_000)),
            ("1000.0", Some(1_000)),
            ("\"1000\"", Some(1_000)),
            ("-1", Some(-1)),
            ("1000.5", None),
            ("\"1,000\"", None),
            ("\"-1\"", None),
            ("\"\"", None),
            ("true", None),
            ("null", None),
            ("1000000000000", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(read(text), won, "{text}");
        }
    }

    #[test]
    fn dollars_have_two_decimals_and_won_has_none() {
        let read = |currency: Currency, text: &str| {
            serde_json::from_str::<Written>(text).ok().and_then(|written| currency.read(written))
        };
        for (text, won, cents) in [
            ("181.56", None, Some(18_156)),
            ("181.5", None, Some(18_150)),
            ("0.07", None, Some(7)),
            ("-1.25", None, Some(-125)),
            ("726.24", None, Some(72_624)),
            ("1000.0", Some(1_000), Some(100_000)),
            ("1000", Some(1_000), Some(100_000)),
            ("\"1000\"", Some(1_000), Some(100_000)),
            ("1.255", None, None),
            ("1e-7", None, None),
            ("1e300", None, None),
            ("\"1.5\"", None, None),
        ] {
            assert_eq!((read(Currency::Krw, text), read(Currency::Usd, text)), (won, cents), "{text}");
        }
    }

    #[test]
    fn an_amount_is_printed_as_the_number_that_it_is() {
        for (currency, amount, text) in [
            (Currency::Krw, 42_900, "42900"),
            (Currency::Jpy, 1_200, "1200"),
            (Currency::Usd, 72_624, "726.24"),
            (Currency::Usd, 72_620, "726.2"),
            (Currency::Usd, 7, "0.07"),
            (Currency::Usd, -125, "-1.25"),
            (Currency::Usd, 18_100, "181"),
            (Currency::Usd, 0, "0"),
        ] {
            assert_eq!(serde_json::to_string(&currency.show(amount)).unwrap(), text);
        }
    }
}

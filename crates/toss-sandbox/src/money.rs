//! Won: reading it from a request, and dividing it into supply and value-added tax.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

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
/// Always computed on the whole remainder, never piece by piece.
pub(crate) fn split(balance: i64, tax_free: i64) -> Split {
    let taxable = balance - tax_free;
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
}

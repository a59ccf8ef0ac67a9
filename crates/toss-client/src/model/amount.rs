//! Amounts of money, exact to the last decimal.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use serde_json::value::RawValue;

/// More decimals than this cannot belong to an amount of money.
const MAX_SCALE: u8 = 18;

/// An exact decimal amount in the major unit of its currency (won, yen, dollars), never a float.
///
/// `1000`, `1000.0` and `1e3` on the wire are the same amount and are written as `1000`; `1.25` is written as
/// `1.25`. Reading needs the JSON text itself: `serde_json::{from_slice, from_str, from_value}` do, formats and
/// adapters without raw JSON (an internally tagged or untagged enum around it) do not.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Amount {
    /// The value is `digits / 10^scale`; no trailing zero while `scale > 0`.
    digits: i64,
    scale: u8,
}

/// A text that is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a decimal number.
    #[error("an amount must be a decimal number")]
    Malformed,
    /// More than 18 decimals, or more digits than an `i64` holds.
    #[error("an amount must fit 18 digits")]
    TooLong,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self { digits: 0, scale: 0 };

    /// A whole number of won (or of any currency's major unit).
    #[must_use]
    pub const fn won(won: i64) -> Self {
        Self { digits: won, scale: 0 }
    }

    /// `units / 10^decimals`: `Amount::decimal(125, 2)` is 1.25. `None` for more than 18 decimals.
    #[must_use]
    pub fn decimal(units: i64, decimals: u8) -> Option<Self> {
        (decimals <= MAX_SCALE).then(|| Self { digits: units, scale: decimals }.normal())
    }

    /// The amount as whole won, `None` when it has decimals.
    #[must_use]
    pub const fn as_won(self) -> Option<i64> {
        if self.scale == 0 { Some(self.digits) } else { None }
    }

    /// The amount in units of `10^-decimals` (cents for 2), `None` when that is not whole or does not fit.
    #[must_use]
    pub fn in_units(self, decimals: u8) -> Option<i64> {
        let factor = 10_i64.checked_pow(u32::from(decimals.checked_sub(self.scale)?))?;
        self.digits.checked_mul(factor)
    }

    fn normal(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }

    /// `digits` over the common scale; 2^63 × 10^18 fits an `i128`.
    fn widened(self) -> i128 {
        i128::from(self.digits) * 10_i128.pow(u32::from(MAX_SCALE - self.scale))
    }
}

impl From<i64> for Amount {
    fn from(won: i64) -> Self {
        Self::won(won)
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        self.widened().cmp(&other.widened())
    }
}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(f, "{}", self.digits);
        }
        let unit = 10_u64.pow(u32::from(self.scale));
        let magnitude = self.digits.unsigned_abs();
        let sign = if self.digits < 0 { "-" } else { "" };
        let width = usize::from(self.scale);
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Reads a JSON number: `-12`, `1000.0`, `1.25`, `1e3`.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        // The everyday case: whole won.
        if let Ok(won) = text.parse::<i64>()
            && !text.starts_with('+')
        {
            return Ok(Self::won(won));
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, exponent.parse::<i32>().map_err(|_| AmountError::Malformed)?)
            }
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(AmountError::Malformed);
        }
        assemble(negative, whole, fraction.trim_end_matches('0'), exponent)
    }
}

/// `±whole.fraction × 10^exponent` from digits only; `fraction` has no trailing zero.
fn assemble(negative: bool, whole: &str, fraction: &str, exponent: i32) -> Result<Amount, AmountError> {
    let mut value = 0_i64;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = i64::from(byte - b'0');
        let signed = if negative { -digit } else { digit };
        value = value.checked_mul(10).and_then(|v| v.checked_add(signed)).ok_or(AmountError::TooLong)?;
    }
    if value == 0 {
        return Ok(Amount::ZERO);
    }
    let decimals = i32::try_from(fraction.len()).map_err(|_| AmountError::TooLong)?;
    let mut scale = decimals.checked_sub(exponent).ok_or(AmountError::TooLong)?;
    while scale > 0 && value % 10 == 0 {
        value /= 10;
        scale -= 1;
    }
    if scale < 0 {
        let power = 10_i64.checked_pow(scale.unsigned_abs()).ok_or(AmountError::TooLong)?;
        return value.checked_mul(power).map(Amount::won).ok_or(AmountError::TooLong);
    }
    match u8::try_from(scale) {
        Ok(scale) if scale <= MAX_SCALE => Ok(Amount { digits: value, scale }),
        _ => Err(AmountError::TooLong),
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_won() {
            Some(won) => serializer.serialize_i64(won),
            None => RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer)?.get().parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_to_the_last_decimal() {
        for (text, shown, won) in [
            ("1000", "1000", Some(1000)),
            ("1000.0", "1000", Some(1000)),
            ("1e3", "1000", Some(1000)),
            ("1.0E+3", "1000", Some(1000)),
            ("10e-1", "1", Some(1)),
            ("0", "0", Some(0)),
            ("-0.0", "0", Some(0)),
            ("0e99999", "0", Some(0)),
            ("-12900", "-12900", Some(-12900)),
            ("1.25", "1.25", None),
            ("-0.05", "-0.05", None),
            ("726.24", "726.24", None),
            ("125e-2", "1.25", None),
            ("9007199254740993", "9007199254740993", Some(9_007_199_254_740_993)),
            ("90071992547409.93", "90071992547409.93", None),
            ("-9223372036854775808", "-9223372036854775808", Some(i64::MIN)),
            ("0.000000000000000001", "0.000000000000000001", None),
        ] {
            let amount: Amount = serde_json::from_str(text).expect(text);
            assert_eq!(amount.to_string(), shown, "{text}");
            assert_eq!(serde_json::to_string(&amount).expect(text), shown, "{text}");
            assert_eq!(amount.as_won(), won, "{text}");
            assert_eq!(shown.parse(), Ok(amount), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_exact_number_is_refused() {
        for text in ["", "+1", "1.", ".5", "0x10", "1,000", "one", "1e", "1e+", "--1", "1.2.3", "NaN"] {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::Malformed), "{text}");
        }
        for text in [
            "9223372036854775808",
            "1e19",
            "0.0000000000000000001",
            "1e-99",
            "1.5e2147483647",
            "15e-2147483648",
        ] {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::TooLong), "{text}");
        }
        for json in ["null", "\"1000\"", "true", "[1]", "{}"] {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn amounts_compare_by_value_and_count_in_minor_units() {
        let cents = |units| Amount::decimal(units, 2).expect("two decimals");
        assert!(cents(125) > Amount::won(1) && cents(125) < Amount::won(2));
        assert!(cents(-125) < Amount::won(-1));
        assert_eq!(cents(100), Amount::won(1));
        assert_eq!(cents(125).in_units(2), Some(125));
        assert_eq!(Amount::won(3).in_units(2), Some(300));
        assert_eq!(cents(125).in_units(1), None);
        assert_eq!(Amount::won(i64::MAX).in_units(1), None);
        assert_eq!(Amount::decimal(1, 19), None);
    }
}

//! The fields of our bodies. For `#[serde(deserialize_with = …)]`.
use hanbeon_domain::ids::BadId;
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{MerchantReference, OrderId, PaymentKey, RefundAccount, TossOrderId, Untaxed, Won};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// An amount to pay: a JSON number or a string of digits (the original's front end sends both), whole, above
/// zero.
pub(crate) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Won, D::Error> {
    from.deserialize_any(Amount { least: ONE })
}

/// The same, or nothing.
pub(crate) fn maybe_amount<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Won>, D::Error> {
    struct Wrapped(Won);
    impl<'de> Deserialize<'de> for Wrapped {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            amount(from).map(Self)
        }
    }
    Ok(Option::<Wrapped>::deserialize(from)?.map(|wrapped| wrapped.0))
}

/// A part of an amount: as an amount, but it may be zero.
pub(crate) fn part<'de, D: Deserializer<'de>>(from: D) -> Result<Won, D::Error> {
    from.deserialize_any(Amount { least: Won::ZERO })
}

/// The same, or nothing.
pub(crate) fn maybe_part<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Won>, D::Error> {
    struct Wrapped(Won);
    impl<'de> Deserialize<'de> for Wrapped {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            part(from).map(Self)
        }
    }
    Ok(Option::<Wrapped>::deserialize(from)?.map(|wrapped| wrapped.0))
}

/// What of a refund is not taxed: said as soon as one of its parts is.
pub(crate) fn untaxed(free: Option<Won>, exempt: Option<Won>) -> Option<Untaxed> {
    let said = free.is_some() || exempt.is_some();
    said.then(|| Untaxed { free: free.unwrap_or_default(), exempt: exempt.unwrap_or_default() })
}

/// Where the money of a virtual account goes back to, with Toss's names for its parts; or nothing.
pub(crate) fn maybe_refund_account<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<RefundAccount>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Parts {
        bank: String,
        account_number: String,
        holder_name: String,
    }
    let Some(parts) = Option::<Parts>::deserialize(from)? else { return Ok(None) };
    let Parts { bank, account_number, holder_name } = parts;
    RefundAccount::parse(&bank, &account_number, &holder_name).map(Some).map_err(D::Error::custom)
}

struct Amount {
    least: Won,
}

const ONE: Won = match Won::new(1) {
    Ok(one) => one,
    Err(_) => Won::ZERO,
};

impl Visitor<'_> for Amount {
    type Value = Won;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole amount in won, {} to {}, as a number or a string of digits", self.least, i64::MAX)
    }

    fn visit_i64<E: Error>(self, won: i64) -> Result<Won, E> {
        let amount = Won::new(won).ok().filter(|amount| self.least <= *amount);
        amount.ok_or_else(|| E::invalid_value(Unexpected::Signed(won), &self))
    }

    fn visit_u64<E: Error>(self, won: u64) -> Result<Won, E> {
        let signed = i64::try_from(won).map_err(|_| E::invalid_value(Unexpected::Unsigned(won), &self))?;
        self.visit_i64(signed)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Won, E> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(won) if digits => self.visit_i64(won),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

macro_rules! parsed {
    ($(#[$doc:meta])* $name:ident, $type:ty, $parse:expr) => {
        $(#[$doc])*
        pub(crate) fn $name<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
            let text = String::deserialize(from)?;
            let parse: fn(String) -> Result<$type, _> = $parse;
            parse(text).map_err(D::Error::custom)
        }
    };
}

parsed!(/** Our order id, in any spelling. */ order_id, OrderId, |text: String| -> Result<_, BadId> { OrderId::parse(&text) });
parsed!(/** The order id at Toss. */ toss_order_id, TossOrderId, |text: String| -> Result<_, BadId> { TossOrderId::parse(text) });
parsed!(/** Toss's payment key. */ payment_key, PaymentKey, |text: String| -> Result<_, BadId> { PaymentKey::parse(text) });
parsed!(/** The shop's own name for an order. */ reference, MerchantReference, |text: String| -> Result<_, BadId> { MerchantReference::parse(text) });
parsed!(/** Why something is cancelled. */ reason, CancelReason, |text: String| CancelReason::parse(text));

#[cfg(test)]
mod tests {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(deserialize_with = "super::amount")]
        amount: hanbeon_domain::Won,
    }

    #[track_caller]
    fn check(json: &str, want: Option<i64>) {
        let got = serde_json::from_str::<Body>(&format!(r#"{{"amount":{json}}}"#));
        assert_eq!(got.ok().map(|body| body.amount.get()), want, "{json}");
    }

    #[test]
    fn an_amount_is_a_number_or_a_string_of_digits() {
        for (json, want) in [
            ("1000", 1000),
            (r#""1000""#, 1000),
            (r#""0001000""#, 1000),
            ("2147483648", 1 << 31),
            ("1000000000000", 1_000_000_000_000),
            ("9223372036854775807", i64::MAX),
            (r#""9223372036854775807""#, i64::MAX),
        ] {
            check(json, Some(want));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for json in [
            "0",
            "-1",
            "1000.0",
            "1e3",
            "0.5",
            "9223372036854775808",
            "1e400",
            r#""""#,
            r#""-1""#,
            r#""1000.0""#,
            r#""1 000""#,
            r#""1,000""#,
            r#""+5""#,
            r#""0""#,
            r#""９""#,
            r#""9223372036854775808""#,
            "null",
            "true",
            "[1]",
            r#"{"value":1}"#,
        ] {
            check(json, None);
        }
    }
}

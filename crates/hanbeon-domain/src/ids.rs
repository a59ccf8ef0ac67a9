//! Names of things, parsed once at the edge and never again.
//!
//! `OrderId` (the contract's `backendOrderId`) is ours. [`TossOrderId`] is the id that the front end gave to
//! Toss for the same order; the two differ. [`PaymentKey`] is Toss's own name for a payment.
use std::fmt;
use uuid::Uuid;

/// Text that is not the id it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Not a UUID in one of the accepted spellings.
    #[error("{what} must be 32 hex digits, or a UUID with dashes")]
    NotUuid {
        /// Which id.
        what: &'static str,
    },
    /// Too short, too long, or with characters outside the set.
    #[error("{what} must be {min} to {max} characters of {set}")]
    NotText {
        /// Which id.
        what: &'static str,
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
        /// The characters that are allowed, in words.
        set: &'static str,
    },
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to be one of these.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Accepts 32 hex digits of either case, or the dashed form.
            ///
            /// # Errors
            /// [`BadId::NotUuid`] for anything else.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                let spelled = matches!(text.len(), 32 | 36);
                Uuid::try_parse(text).ok().filter(|_| spelled).map(Self).ok_or(BadId::NotUuid { what: $what })
            }
        }

        /// Always 32 lower-case hex digits.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.as_simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.as_simple())
            }
        }
    };
}

uuid_id!(
    /// An order of the shop: the contract's `backendOrderId`, the primary key of `orders`.
    OrderId, "backendOrderId"
);
uuid_id!(
    /// One attempt to pay one order: the primary key of `payments`.
    PaymentId, "paymentId"
);
uuid_id!(
    /// One intended refund of one payment.
    RefundId, "refundId"
);
uuid_id!(
    /// One cash receipt of one payment.
    ReceiptId, "receiptId"
);
uuid_id!(
    /// A buyer who may be charged without a window.
    CustomerId, "customerId"
);
uuid_id!(
    /// Our name for a billing key of Toss's, which itself is a secret.
    BillingKeyId, "billingKey"
);
uuid_id!(
    /// An agreement to charge a buyer every month or every few.
    SubscriptionId, "subscriptionId"
);
uuid_id!(
    /// One charge of a billing key.
    ChargeId, "chargeId"
);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal..=$max:literal, $allowed:expr, $set:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks length and characters.
            ///
            /// # Errors
            /// [`BadId::NotText`] with the rule that was broken.
            pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
                let text = text.into();
                let allowed: fn(char) -> bool = $allowed;
                let length = text.chars().count();
                if ($min..=$max).contains(&length) && text.chars().all(allowed) {
                    Ok(Self(text))
                } else {
                    Err(BadId::NotText { what: $what, min: $min, max: $max, set: $set })
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

text_id!(
    /// The `orderId` that the front end gave to Toss (Toss browser SDK, `requestPayment`: 6 to 64 of
    /// letters, digits, `-`, `_`, `=`).
    TossOrderId, "orderId", 6..=64, |c| c.is_ascii_alphanumeric() || "-_=".contains(c), "A-Z a-z 0-9 - _ ="
);
text_id!(
    /// Toss's name for a payment (Toss core API, conventions: opaque, at most 200 characters). We allow the
    /// characters that are safe in a URL path, because it becomes part of one; for the same reason it has at
    /// least 3, so that it is neither `.` nor `..`.
    PaymentKey, "paymentKey", 3..=200, |c| c.is_ascii_alphanumeric() || "-_=.~".contains(c), "A-Z a-z 0-9 - _ = . ~"
);
text_id!(
    /// Toss's name for a buyer, which we choose (Toss core API, Billing: 2 to 300 characters). A billing key is of use
    /// only together with the one that it was issued for.
    CustomerKey, "customerKey", 2..=300, |c| c.is_ascii_alphanumeric() || "-_=.@*".contains(c), "A-Z a-z 0-9 - _ = . @ *"
);
text_id!(
    /// The shop's own name for an order, unique in the shop.
    MerchantReference, "merchantReference", 1..=100, |c| !c.is_control(), "printable characters"
);

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps a SHA-256 digest.
            #[must_use]
            pub const fn from_bytes(digest: [u8; 32]) -> Self {
                Self(digest)
            }

            /// The digest.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        /// A few digits, enough to tell two apart in a log and too few to be of use.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(…{:02x}{:02x})", stringify!($name), self.0[30], self.0[31])
            }
        }
    };
}

digest!(
    /// A buyer's session: when it was made, and a SHA-256 of the random value in the cookie, which itself is stored nowhere.
    SessionId
);
digest!(
    /// An API key of the shop: the SHA-256 of the key, which itself is stored nowhere.
    ApiKeyHash
);
digest!(
    /// What proves a deposit notice: the SHA-256 of `Payment.secret`, which Toss told us when we confirmed (Toss
    /// webhooks, verification). The secret itself is stored nowhere.
    DepositSecret
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_is_read_in_any_spelling_and_written_in_one() {
        let want = "01e79a1568cc4b39ae5d4c8eeef9d590";
        for spelling in ["01E79A1568CC4B39AE5D4C8EEEF9D590", want, "01e79a15-68cc-4b39-ae5d-4c8eeef9d590"] {
            assert_eq!(OrderId::parse(spelling).unwrap().to_string(), want);
        }
        for bad in
            ["", "LOGIN_USER", "{01e79a15-68cc-4b39-ae5d-4c8eeef9d590}", "01e79a1568cc4b39ae5d4c8eeef9d59"]
        {
            assert!(OrderId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_toss_order_id_is_6_to_64_of_its_set() {
        for good in ["MC42Nzg3MTc2OTQ5ODYz", "a-b_c=", &"x".repeat(64)] {
            assert!(TossOrderId::parse(good).is_ok(), "{good}");
        }
        for bad in ["short", "", "has space", "한글아이디입니다", "a/../../b", &"x".repeat(65)] {
            assert!(TossOrderId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_payment_key_cannot_leave_its_place_in_a_url() {
        assert!(PaymentKey::parse("tgen_20240912104313ewsG6").is_ok());
        for bad in ["a/b", "a?b", "a%2fb", "a b", "", "a#b", ".", ".."] {
            assert!(PaymentKey::parse(bad).is_err(), "{bad}");
        }
    }
}

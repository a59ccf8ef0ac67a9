//! Toss's error codes and what a caller may do after each.

mod table;
pub use table::ErrorCode;

/// What a caller may do after a refusal, from the retry classes of Toss's error-code pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryClass {
    /// Repeat the identical request after a delay, under the same idempotency key when it has one.
    SameKey,
    /// Nothing happened; the call may succeed later or after a correction, under a **new** idempotency key
    /// (a 4xx answer is stored under the old key and replayed for 15 days).
    NewKey,
    /// The outcome is unknown: read the payment, then decide. After a read, simply read again.
    Query,
    /// Final for this attempt: the buyer has to act, or choose another method, window or order.
    Final,
    /// The operator has to correct the key, the contract or the program; never retried by a machine.
    Config,
    /// Probably already in the wanted state: read the payment and treat a match as success.
    MaybeDone,
}

/// The call that was refused: the same code can mean different things after different calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /v1/payments/confirm`
    Confirm,
    /// Every `GET`: payments, transactions, settlements, cash receipts, promotions
    Read,
    /// `POST /v1/payments/{paymentKey}/cancel`
    Cancel,
    /// `POST /v1/billing/authorizations/issue` and `/card`
    BillingIssue,
    /// `POST /v1/billing/{billingKey}`
    BillingCharge,
    /// `DELETE /v1/billing/{billingKey}`
    BillingDelete,
    /// `POST /v1/payments/key-in`
    KeyIn,
    /// `POST /v1/virtual-accounts`
    VirtualAccount,
    /// `POST /v1/payments`
    Create,
    /// `POST /v1/cash-receipts` and its `/cancel`: to ask is to list the day
    CashReceipt,
    /// `POST /v1/settlements`
    Settlement,
}

impl Operation {
    /// What to do after an outcome that is not known. Where nothing can be read, a repetition is the only question
    /// there is, and harmless: a key makes an issue the same one, and a deletion is the same one anyway.
    pub(crate) fn after_unknown(self) -> RetryClass {
        match self {
            Self::BillingIssue | Self::BillingDelete => RetryClass::SameKey,
            _ => RetryClass::Query,
        }
    }
}

impl ErrorCode {
    /// What a caller may do after this code.
    ///
    /// A known code decides alone: Toss's HTTP statuses are no retry hint. Only for an unknown code does
    /// `http_status` count: 409 same key, 429 new key later, other 4xx final, everything else ask first.
    #[must_use]
    pub fn class(&self, operation: Operation, http_status: u16) -> RetryClass {
        let class = match (self.classes(), http_status) {
            (Some((default, exceptions)), _) => {
                exceptions.iter().find(|(at, _)| *at == operation).map_or(default, |(_, class)| *class)
            }
            (None, 409) => RetryClass::SameKey,
            (None, 429) => RetryClass::NewKey,
            (None, 400..=499) => RetryClass::Final,
            (None, _) => RetryClass::Query,
        };
        if class == RetryClass::Query { operation.after_unknown() } else { class }
    }
}

/// Declares [`ErrorCode`] from a table of `Variant = "TEXT" status Class, Operation => Class …;` lines.
macro_rules! error_codes {
    ($(
        $(#[$doc:meta])* $variant:ident = $text:literal $status:literal $class:ident
            $(, $operation:ident => $exception:ident)*;
    )+) => {
        $crate::model::open_enum::open_enum! {
            /// The `code` of an error answer or of a `failure` object. Branch on this, never on the message.
            pub enum ErrorCode {
                $( $(#[$doc])* $variant = $text; )+
            }
        }

        impl ErrorCode {
            /// The HTTP status that Toss documents for the code, `None` for an unknown code.
            #[must_use]
            pub fn documented_status(&self) -> Option<u16> {
                match self {
                    $( Self::$variant => Some($status), )+
                    Self::Unknown(_) => None,
                }
            }

            /// The default class and the operations that differ from it.
            pub(super) fn classes(&self) -> Option<(RetryClass, &'static [(Operation, RetryClass)])> {
                match self {
                    $( Self::$variant => Some((
                        RetryClass::$class,
                        &[$((Operation::$operation, RetryClass::$exception)),*],
                    )), )+
                    Self::Unknown(_) => None,
                }
            }
        }
    };
}
use error_codes;

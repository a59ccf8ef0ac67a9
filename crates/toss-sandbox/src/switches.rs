//! The switches: what the sandbox does where Toss's documents are silent, or where a test may want it otherwise.
//!
//! One table. A switch is a field of [`Switches`] with its default and its meaning; everything else follows from
//! the table: `Config::switches`, `--switch NAME=VALUE`, `[switches]` of a configuration file, and
//! `GET` and `PATCH /sandbox/switches` while the sandbox runs. A test compares it with the README of the crate.
//! To add one: a row below, a type beside it if the value is a choice, and `world.switches.…` where it counts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest time that a switch can name, in milliseconds: a day.
const LONGEST_MS: u64 = 86_400_000;

macro_rules! switches {
    ($($(#[doc = $meaning:literal])+ $name:ident: $type:ty = $default:expr;)*) => {
        /// How the sandbox behaves where Toss's documents are silent. Every default is what we think most likely.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct Switches {
            $($(#[doc = $meaning])+ pub $name: $type,)*
        }

        impl Default for Switches {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// Name and meaning of each switch, in the order of the table.
        const TABLE: &[(&str, &str)] = &[$((stringify!($name), concat!($($meaning),+))),*];
    };
}

switches! {
    /// What confirm answers when amount or order are not the window's: `INVALID_REQUEST` (400) or
    /// `FORBIDDEN_REQUEST` (403).
    mismatch: Mismatch = Mismatch::InvalidRequest;
    /// Whether a 5xx is replayed under its idempotency key.
    replay_server_errors: bool = true;
    /// Whether an answer made by `TossPayments-Test-Code` is stored under an idempotency key.
    store_test_code_answers: bool = false;
    /// Which payment a read by order finds among several attempts: the `newest`, or `approved_first`.
    read_by_order: ReadByOrder = ReadByOrder::Newest;
    /// A cancel less than so many milliseconds after the last one of its payment is answered with 200 and not
    /// made: the payment comes back unchanged, nothing is told, and the answer is stored under its idempotency
    /// key. It is said of Toss, and its documents do not mention it. 0 makes every cancel.
    quick_cancels_ms: u64 = 1_000;
    /// Requests of one kind that a merchant may make in a minute; one more is a 429 with a code of our own,
    /// `TOO_MANY_REQUESTS`. Toss's test mode has 100. 0 is no limit.
    requests_per_minute: u32 = 0;
    /// A read or a cancel less than so many milliseconds after the last one of the same payment or order is
    /// refused with 403 `FORBIDDEN_CONSECUTIVE_REQUEST`. 0 refuses none.
    consecutive_requests_ms: u64 = 0;
    /// Whether a `TossPayments-Test-Code` that Toss does not have is 400 `INVALID_TEST_CODE`, or else ignored.
    refuse_unknown_test_codes: bool = true;
    /// Whether a payment becomes EXPIRED, and is told of, when its time is over; or else when somebody looks.
    sweep_expiries: bool = true;
    /// Whether each try of a webhook has a transmission id of its own, or else that of the first try.
    fresh_webhook_ids: bool = false;
    /// The sign of a cancel's amount in the list of transactions: `positive` or `negative`.
    cancel_sign: CancelSign = CancelSign::Positive;
    /// The sign of everything in the settlement of a cancel: `positive` or `negative`.
    settlement_cancel_sign: CancelSign = CancelSign::Negative;
    /// Whether there are settlements: at Toss only live keys have them. Without them the calls are
    /// 403 `FORBIDDEN_REQUEST`.
    settlements: bool = true;
    /// Whether a charge that the provider refuses leaves an ABORTED payment behind, as a refused confirm does.
    keep_refused_charges: bool = true;
    /// How many milliseconds a transaction is missing from the list at first.
    transactions_lag_ms: u64 = 0;
    /// After how many milliseconds an asynchronous cancel ends well by itself; 0 leaves it to
    /// `POST /sandbox/payments/{paymentKey}/end-cancel`.
    later_cancel_ms: u64 = 3_000;
    /// When an asynchronous cancel moves `status` and `balanceAmount`: once it has `ended`, or already when it is
    /// `accepted`.
    later_cancel_moves: LaterCancelMoves = LaterCancelMoves::Ended;
    /// Whether the number of a virtual account that nobody can pay into any more is issued again.
    recycle_accounts: bool = true;
    /// The most hours that a virtual account can be good for: 2160, or in older documents 720.
    max_valid_hours: u64 = 2_160;
    /// Whether a deposit that the bank takes back makes a `lastTransactionKey` of its own.
    deposit_error_key: bool = true;
    /// Whether the holder 불일치 of a refund account does not match and the account number 0000000000 takes no money,
    /// as a bank would say; else every well-formed account takes refunds.
    check_refund_accounts: bool = true;
    /// Whether a gift certificate's payment can be cancelled in part.
    gift_partial_cancels: bool = true;
    /// Whether each further partial cancel is told by a webhook, and not the first one alone.
    tell_repeated_partial_cancels: bool = true;
    /// Whether a key-in payment is told by a webhook.
    tell_key_in: bool = true;
    /// What a buyer at a desk who closes the window comes to in redirect mode: the request is `rejected` with
    /// `USER_CANCEL`, or the page goes to the `fail_url` with `PAY_PROCESS_CANCELED`, as a phone does.
    window_close: WindowClose = WindowClose::Rejected;
    /// Whether the fail address names the order when the buyer has cancelled.
    cancel_names_order: bool = true;
    /// The code of those errors of the browser SDK of which only the class is known: a `constant` such as
    /// `PAYMENT_REQUEST_ABORTED`, or the `class` itself, `PaymentRequestAbortedError`.
    sdk_error_codes: SdkErrorCodes = SdkErrorCodes::Constant;
}

/// When an asynchronous cancel moves the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaterCancelMoves {
    /// Once it has ended, and ended well.
    Ended,
    /// When it is accepted; one that ends badly gives the amount back to the balance.
    Accepted,
}

/// The refusal of a confirm whose amount or order id is not the window's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mismatch {
    /// 400 `INVALID_REQUEST`.
    InvalidRequest,
    /// 403 `FORBIDDEN_REQUEST`.
    ForbiddenRequest,
}

/// The payment that `GET /v1/payments/orders/{orderId}` finds among several attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadByOrder {
    /// The attempt opened last, whatever became of the others.
    Newest,
    /// The attempt that was approved, if one was; the newest otherwise.
    ApprovedFirst,
}

/// The sign of the amount of a cancel in the list of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelSign {
    /// Like that of an approval.
    Positive,
    /// The opposite of it.
    Negative,
}

/// What closing the window at a desk comes to in redirect mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowClose {
    /// The request is rejected with `USER_CANCEL`.
    Rejected,
    /// The page goes to `failUrl` with `PAY_PROCESS_CANCELED`.
    FailUrl,
}

/// The codes of the browser SDK's errors whose code is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SdkErrorCodes {
    /// A constant in the style of the others.
    Constant,
    /// The name of the class.
    Class,
}

/// Why switches were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwitchError {
    /// A switch that does not exist, or a value that it cannot have.
    #[error("{0}")]
    Value(String),
    /// Neither an object of switches nor `NAME=VALUE`.
    #[error("switches are given as an object, or one as NAME=VALUE")]
    Shape,
    /// A time of more than a day.
    #[error("{0} is at most a day, 86400000")]
    TooLong(String),
}

/// One switch, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its name on the wire, in a file and on the command line.
    pub name: String,
    /// Its value, as JSON.
    pub value: Value,
    /// What it does.
    pub meaning: String,
}

impl Switches {
    /// These switches with some of them set: an object of names and values, as in `PATCH /sandbox/switches`.
    ///
    /// # Errors
    ///
    /// An unknown name, a value of a wrong kind, a time of more than a day; nothing is set then.
    pub fn patched(self, patch: &Value) -> Result<Self, SwitchError> {
        let Value::Object(patch) = patch else { return Err(SwitchError::Shape) };
        let mut whole = self.to_value();
        for (name, value) in patch {
            if name.ends_with("Ms") && value.as_u64().is_some_and(|ms| ms > LONGEST_MS) {
                return Err(SwitchError::TooLong(name.clone()));
            }
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).map_err(|why| SwitchError::Value(why.to_string()))
    }

    /// These switches with one set from text, `NAME=VALUE`: JSON, or a word that needs no quotes.
    ///
    /// # Errors
    ///
    /// As [`Switches::patched`], and text without `=`.
    pub fn with(self, text: &str) -> Result<Self, SwitchError> {
        let (name, value) = text.split_once('=').ok_or(SwitchError::Shape)?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        self.patched(&serde_json::json!({ name: value }))
    }

    /// Every switch with its present value and its meaning, in the order of the table.
    #[must_use]
    pub fn list(self) -> Vec<Switch> {
        let values = self.to_value();
        let show = |(name, meaning): &(&str, &str)| {
            let name = camel_case(name);
            let value = values[&name].clone();
            Switch { name, value, meaning: meaning.trim().to_owned() }
        };
        TABLE.iter().map(show).collect()
    }

    fn to_value(self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// `quick_cancels_ms` as it is called on the wire: `quickCancelsMs`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

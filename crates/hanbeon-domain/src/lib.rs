//! What an order and a payment are, and how a payment may change.
//!
//! Values in, values out: this crate has no clock, no randomness, no network and no store, and so nothing in
//! it can fail but by saying so. `now` and fresh ids are arguments. Everything that decides about money is
//! here and only here; the crates above carry the decision out.
//!
//! It will never: read a clock, open a socket, know SQL or JSON, or use a float.
//!
//! In reading order:
//! 1. [`won`], [`time`], [`ids`]: the small words;
//! 2. [`order`]: what the buyer owes, and the authority on the amount;
//! 3. [`verdict`]: everything that a call to the payment provider can end in;
//! 4. [`payment`]: the state machine, one `match (state, event)`;
//! 5. [`checkout`]: may this confirm request begin a payment on this order?
//! 6. [`refund`]: what may be given back, and how it is reserved first;
//! 7. [`billing`]: charges without a window, one per period;
//! 8. [`receipt`]: the cash receipt of a payment, which follows its money;
//! 9. [`tax`]: which parts of an amount are not taxed.

pub mod billing;
pub mod checkout;
pub mod ids;
pub mod order;
pub mod payment;
pub mod receipt;
pub mod refund;
pub mod tax;
pub mod time;
pub mod verdict;
pub mod won;

pub use checkout::{Checkout, ConfirmRequest, Decision};
pub use ids::{
    ApiKeyHash, BillingKeyId, ChargeId, CustomerId, CustomerKey, DepositSecret, MerchantReference, OrderId,
    PaymentId, PaymentKey, ReceiptId, RefundId, SessionId, SubscriptionId, TossOrderId,
};
pub use order::{Customer, Line, Order};
pub use payment::{
    Action, Actor, Event, Moment, News, OperatorSays, Payment, Policy, Refused, Standing, State, StateName,
    Step,
};
pub use receipt::{BuyerNumber, Receipt, ReceiptKind, ReceiptState};
pub use refund::{CancelRequest, Refund, RefundAccount, RefundOutcome};
pub use tax::{Tax, Untaxed};
pub use time::Timestamp;
pub use verdict::{Account, Evidence, PendingCancel, Refusal, Snapshot, TossCancel, TossStatus, Verdict};
pub use won::Won;

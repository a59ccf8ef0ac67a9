//! One file per group of calls: the request's type and its pure encoding. No I/O here.

mod billing;
mod cancel;
mod card;
mod confirm;
mod read;
mod transactions;

pub use billing::{
    BillingCharge, IssueBillingKey, IssueBillingKeyFromCard, encode_billing_charge, encode_billing_delete,
    encode_billing_issue, encode_billing_issue_from_card,
};
pub use cancel::{Cancel, RefundReceiveAccount, encode_cancel};
pub use card::{CardDetails, Vbv};
pub use confirm::{Confirm, encode_confirm};
pub use read::{encode_payment, encode_payment_by_order};
pub use transactions::{Transactions, encode_transactions};

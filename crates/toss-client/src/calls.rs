//! One file per group of calls: the request's type and its pure encoding. No I/O here.

mod cancel;
mod confirm;
mod read;
mod transactions;

pub use cancel::{Cancel, RefundReceiveAccount, encode_cancel};
pub use confirm::{Confirm, encode_confirm};
pub use read::{encode_payment, encode_payment_by_order};
pub use transactions::{Transactions, encode_transactions};

//! One file per group of calls: the request's type and its pure encoding. No I/O here.

mod billing;
mod cancel;
mod card;
mod cash_receipts;
mod confirm;
mod create;
mod key_in;
mod promotions;
mod read;
mod settlements;
mod time;
mod transactions;
mod virtual_account;

pub use billing::{
    BillingCharge, IssueBillingKey, IssueBillingKeyFromCard, encode_billing_charge, encode_billing_delete,
    encode_billing_issue, encode_billing_issue_from_card,
};
pub use cancel::{Cancel, RefundReceiveAccount, encode_cancel};
pub use card::{CardDetails, Vbv};
pub use cash_receipts::{
    CashReceipts, IssueCashReceipt, encode_cash_receipt, encode_cash_receipt_cancel, encode_cash_receipts,
};
pub use confirm::{Confirm, encode_confirm, encode_confirm_legacy};
pub use create::{CreatePayment, encode_create};
pub use key_in::{KeyIn, encode_key_in};
pub use promotions::{encode_card_promotions, encode_promotions};
pub use read::{encode_payment, encode_payment_by_order};
pub use settlements::{Settlements, encode_settlement_request, encode_settlements};
pub use transactions::{Transactions, encode_transactions};
pub use virtual_account::{
    CashReceiptWish, DepositDeadline, EscrowProduct, IssueVirtualAccount, encode_virtual_account,
};

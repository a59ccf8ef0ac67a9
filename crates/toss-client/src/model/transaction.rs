//! A row of the list of transactions.

use serde::{Deserialize, Serialize};

use super::{Amount, Currency, Extra, Method, PaymentStatus, Sensitive, TossTime};

/// One approval or one cancel (`GET /v1/transactions`).
///
/// A fresh payment may be missing for a while, rows of sibling merchants may appear, and a virtual account that
/// waits for its deposit can have a row of amount 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// The merchant's id at Toss.
    #[serde(rename = "mId")]
    pub m_id: Option<String>,
    /// Toss's key of this row; that of a cancel is in the payment's `cancels`.
    pub transaction_key: String,
    /// Toss's key of the payment.
    pub payment_key: String,
    /// The merchant's order.
    pub order_id: String,
    /// How the buyer paid.
    pub method: Option<Method>,
    /// The merchant's key of the buyer.
    pub customer_key: Option<Sensitive>,
    /// Whether escrow is used.
    pub use_escrow: Option<bool>,
    /// Link to the receipt.
    pub receipt_url: Option<String>,
    /// State of the payment that this row left behind.
    pub status: PaymentStatus,
    /// When; the list is filtered by it.
    pub transaction_at: Option<TossTime>,
    /// Currency of the amount.
    pub currency: Option<Currency>,
    /// How much. Toss does not document the sign of a cancel: tell it by `status`, or by `transaction_key`.
    pub amount: Amount,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

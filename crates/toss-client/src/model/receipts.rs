//! Cash receipts: of a payment, and on their own.

use serde::{Deserialize, Serialize};

use super::{Amount, CashReceiptType, Extra, Failure, IssueStatus, ReceiptTransaction, Sensitive, TossTime};

/// The cash receipt of a payment in short (`cashReceipt`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CashReceipt {
    /// Purpose.
    #[serde(rename = "type")]
    pub kind: Option<CashReceiptType>,
    /// Toss's key of the receipt.
    pub receipt_key: Option<String>,
    /// Number at the tax service.
    pub issue_number: Option<String>,
    /// Link to the receipt.
    pub receipt_url: Option<String>,
    /// Amount of the receipt.
    pub amount: Option<Amount>,
    /// Tax-free part of it.
    pub tax_free_amount: Option<Amount>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A cash receipt in full: an entry of a payment's history (`cashReceipts`, in no guaranteed order), or one issued on
/// its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedReceipt {
    /// Toss's key of the receipt; a cancellation's is the original's with `c_` before it.
    pub receipt_key: Option<String>,
    /// The order.
    pub order_id: Option<String>,
    /// Name of the order.
    pub order_name: Option<String>,
    /// Purpose.
    #[serde(rename = "type")]
    pub kind: Option<CashReceiptType>,
    /// Number at the tax service.
    pub issue_number: Option<String>,
    /// Link to the receipt.
    pub receipt_url: Option<String>,
    /// The merchant's business number, 10 digits.
    pub business_number: Option<String>,
    /// Sale or cancellation.
    pub transaction_type: Option<ReceiptTransaction>,
    /// Amount of the receipt.
    pub amount: Option<Amount>,
    /// Tax-free part of it.
    pub tax_free_amount: Option<Amount>,
    /// Progress at the tax service.
    pub issue_status: Option<IssueStatus>,
    /// Why the tax service refused.
    pub failure: Option<Failure>,
    /// Who the receipt is for (phone, card or business number), masked.
    pub customer_identity_number: Option<Sensitive>,
    /// When it was asked for.
    pub requested_at: Option<TossTime>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A part of one day's receipts (`GET /v1/cash-receipts`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CashReceiptPage {
    /// Whether there is more.
    pub has_next: bool,
    /// Where the next page begins.
    pub last_cursor: Option<i64>,
    /// The receipts.
    pub data: Vec<IssuedReceipt>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

//! The Payment object of the Toss core API.

use serde::{Deserialize, Serialize};

use super::{
    Amount, CancelStatus, Card, CashReceipt, Currency, EasyPay, Extra, GiftCertificate, IssuedReceipt,
    Method, MobilePhone, PaymentStatus, PaymentType, Sensitive, TossTime, Transfer, VirtualAccount,
};
use crate::code::ErrorCode;

/// A payment as Toss sees it. Every verb of the core API about payments answers with one.
///
/// Amounts are in the major unit of `currency`. On the current balance,
/// `balance_amount = supplied_amount + vat + tax_free_amount + tax_exemption_amount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Version of the API that the object follows, set per key at Toss.
    pub version: Option<String>,
    /// Toss's key of the payment.
    pub payment_key: String,
    /// Ordinary, billing or brandpay.
    #[serde(rename = "type")]
    pub kind: Option<PaymentType>,
    /// The merchant's order.
    pub order_id: String,
    /// Name of the order.
    pub order_name: Option<String>,
    /// The merchant's id at Toss.
    #[serde(rename = "mId")]
    pub m_id: Option<String>,
    /// Currency of all amounts.
    pub currency: Option<Currency>,
    /// How the buyer paid; null before authentication.
    pub method: Option<Method>,
    /// What was asked for; never changes.
    pub total_amount: Amount,
    /// What can still be cancelled.
    pub balance_amount: Amount,
    /// State of the payment.
    pub status: PaymentStatus,
    /// When the payment window was asked for.
    pub requested_at: Option<TossTime>,
    /// When it was approved or deposited; null before.
    pub approved_at: Option<TossTime>,
    /// Whether escrow is used.
    pub use_escrow: Option<bool>,
    /// Key of the last approval or cancel.
    pub last_transaction_key: Option<String>,
    /// Name of the same before 2022-11-16; may still appear as null.
    pub transaction_key: Option<String>,
    /// Taxable supply value; shrinks with cancels.
    pub supplied_amount: Option<Amount>,
    /// Value-added tax; shrinks with cancels.
    pub vat: Option<Amount>,
    /// Whether the payment counts as cultural expense (transfer and virtual account only).
    pub culture_expense: Option<bool>,
    /// Tax-free part; shrinks with cancels.
    pub tax_free_amount: Option<Amount>,
    /// Tax-exempt part; shrinks with cancels.
    pub tax_exemption_amount: Option<Amount>,
    /// Cancellations so far; null, not empty, when there are none.
    pub cancels: Option<Vec<Cancellation>>,
    /// False when only a full cancel is possible.
    pub is_partial_cancelable: Option<bool>,
    /// Filled when a card was charged.
    pub card: Option<Card>,
    /// Filled for a virtual account.
    pub virtual_account: Option<VirtualAccount>,
    /// Filled for an account transfer.
    pub transfer: Option<Transfer>,
    /// Filled for a mobile phone bill.
    pub mobile_phone: Option<MobilePhone>,
    /// Filled for a gift certificate.
    pub gift_certificate: Option<GiftCertificate>,
    /// Filled for easy pay; branch on this rather than on `method`.
    pub easy_pay: Option<EasyPay>,
    /// Proof that a webhook about this payment is Toss's. Keep it from confirm: a later read may hide it.
    pub secret: Option<Sensitive>,
    /// The merchant's own pairs.
    pub metadata: Option<Extra>,
    /// Link to the receipt.
    pub receipt: Option<Link>,
    /// Link to the payment window.
    pub checkout: Option<Link>,
    /// Country, ISO 3166 alpha-2.
    pub country: Option<String>,
    /// Why the payment was refused or expired.
    pub failure: Option<Failure>,
    /// The cash receipt in short.
    pub cash_receipt: Option<CashReceipt>,
    /// History of cash receipts.
    pub cash_receipts: Option<Vec<IssuedReceipt>>,
    /// Instant discount of a card company or of quick transfer.
    pub discount: Option<Discount>,
    /// From older versions of the API; prefer `easy_pay`.
    pub easy_pay_amount: Option<Amount>,
    /// From older versions of the API; prefer `easy_pay`.
    pub easy_pay_discount_amount: Option<Amount>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Payment {
    /// Whether the money was given back completely. Several partial cancels end in `PARTIAL_CANCELED` with
    /// nothing left, never in `CANCELED`, so the balance decides.
    #[must_use]
    pub fn is_fully_canceled(&self) -> bool {
        matches!(self.status, PaymentStatus::Canceled | PaymentStatus::PartialCanceled)
            && self.balance_amount == Amount::ZERO
    }
}

/// One cancellation (`cancels[]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancellation {
    /// Toss's key of this cancellation.
    pub transaction_key: Option<String>,
    /// The reason given.
    pub cancel_reason: Option<String>,
    /// How much was cancelled.
    pub cancel_amount: Amount,
    /// When.
    pub canceled_at: Option<TossTime>,
    /// Tax-free part of this cancellation.
    pub tax_free_amount: Option<Amount>,
    /// Tax-exempt part of this cancellation.
    pub tax_exemption_amount: Option<Amount>,
    /// Balance **after** this cancellation.
    pub refundable_amount: Option<Amount>,
    /// Instant card discount taken back.
    pub card_discount_amount: Option<Amount>,
    /// Instant transfer discount taken back.
    pub transfer_discount_amount: Option<Amount>,
    /// Easy-pay points taken back.
    pub easy_pay_discount_amount: Option<Amount>,
    /// Key of the cancelled cash receipt.
    pub receipt_key: Option<String>,
    /// Finished or still running; null or absent means finished.
    pub cancel_status: Option<CancelStatus>,
    /// The merchant's id of an asynchronous cancel.
    pub cancel_request_id: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Why something failed (`failure`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The code; for a payment one of the confirm codes or `EXPIRED_PAYMENT`.
    pub code: ErrorCode,
    /// Text for people; may change without notice.
    pub message: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A link (`receipt`, `checkout`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The address.
    pub url: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An instant discount (`discount`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// How much; already contained in `card.amount`.
    pub amount: Option<Amount>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

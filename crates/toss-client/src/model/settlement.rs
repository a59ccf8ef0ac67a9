//! A row of the list of settlements.

use serde::{Deserialize, Serialize};

use super::{
    Amount, Cancellation, Card, Currency, EasyPay, Extra, FeeType, GiftCertificate, Method, MobilePhone,
    TossDate, TossTime, Transfer, VirtualAccount,
};

/// What one approval or cancel means for the merchant's account (`GET /v1/settlements`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settlement {
    /// The merchant's id at Toss.
    #[serde(rename = "mId")]
    pub m_id: Option<String>,
    /// Toss's key of the payment.
    pub payment_key: String,
    /// Toss's key of the approval or cancel.
    pub transaction_key: String,
    /// The merchant's order.
    pub order_id: String,
    /// Currency of all amounts.
    pub currency: Option<Currency>,
    /// How the buyer paid.
    pub method: Option<Method>,
    /// How much the buyer paid or got back. Toss does not document the sign of a cancel: tell it by `cancel`.
    pub amount: Amount,
    /// What instalments free of interest cost the merchant.
    pub interest_fee: Option<Amount>,
    /// What Toss keeps.
    pub fees: Option<Vec<SettlementFee>>,
    /// Taxable part of the **fee** (`suppliedAmount` in a payment is that of the sale).
    pub supply_amount: Option<Amount>,
    /// Value-added tax of the fee.
    pub vat: Option<Amount>,
    /// What is paid out: the amount without the fees.
    pub pay_out_amount: Option<Amount>,
    /// When the payment was approved.
    pub approved_at: Option<TossTime>,
    /// The day of the sale.
    pub sold_date: Option<TossDate>,
    /// The day of the payout.
    pub paid_out_date: Option<TossDate>,
    /// Filled when a card was charged.
    pub card: Option<Card>,
    /// Filled for easy pay.
    pub easy_pay: Option<EasyPay>,
    /// Filled for a gift certificate.
    pub gift_certificate: Option<GiftCertificate>,
    /// Filled for a mobile phone bill.
    pub mobile_phone: Option<MobilePhone>,
    /// Filled for an account transfer.
    pub transfer: Option<Transfer>,
    /// Filled for a virtual account.
    pub virtual_account: Option<VirtualAccount>,
    /// The cancel that this row is about.
    pub cancel: Option<Cancellation>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One part of what Toss keeps (`fees[]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementFee {
    /// What for.
    #[serde(rename = "type")]
    pub kind: Option<FeeType>,
    /// How much.
    pub fee: Option<Amount>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer to a manual settlement request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementRequested {
    /// Whether the request was taken.
    pub result: bool,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

//! What a payment was paid with: one object per payment method.

use serde::{Deserialize, Serialize};

use super::{
    AccountType, AcquireStatus, Amount, BankCode, CardCompany, CardType, EasyPayProvider, Extra,
    InterestPayer, OwnerType, RefundStatus, Sensitive, SettlementStatus, TossTime,
};

/// A card payment (`card`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// Amount charged to the card, including the card company's instant discount.
    pub amount: Option<Amount>,
    /// Who issued the card.
    pub issuer_code: Option<CardCompany>,
    /// Who settles the sale; null early on.
    pub acquirer_code: Option<CardCompany>,
    /// Masked card number.
    pub number: Option<String>,
    /// Instalment months, 0 for a lump sum.
    pub installment_plan_months: Option<u32>,
    /// Approval number; `00000000` in test.
    pub approve_no: Option<String>,
    /// Whether card points were used.
    pub use_card_point: Option<bool>,
    /// Credit, debit, gift.
    pub card_type: Option<CardType>,
    /// Personal or corporate.
    pub owner_type: Option<OwnerType>,
    /// Progress at the card company.
    pub acquire_status: Option<AcquireStatus>,
    /// Whether the instalments are free of interest.
    pub is_interest_free: Option<bool>,
    /// Who pays the interest.
    pub interest_payer: Option<InterestPayer>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A virtual-account payment (`virtualAccount`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualAccount {
    /// Issued once, or fixed for a customer.
    pub account_type: Option<AccountType>,
    /// The account to deposit into; starts with `X` in test.
    pub account_number: Option<Sensitive>,
    /// The bank of the account.
    pub bank_code: Option<BankCode>,
    /// Name shown as the account's owner.
    pub customer_name: Option<Sensitive>,
    /// Who deposited; null before the deposit.
    pub depositor_name: Option<Sensitive>,
    /// Until when a deposit is accepted; documented without, delivered with an offset.
    pub due_date: Option<TossTime>,
    /// Whether the account has expired. The payment's status does not change when it does.
    pub expired: Option<bool>,
    /// Whether Toss has settled with the merchant.
    pub settlement_status: Option<SettlementStatus>,
    /// State of the refund.
    pub refund_status: Option<RefundStatus>,
    /// Where a refund goes, if the widget asked; returned only for 30 minutes after the window opened.
    pub refund_receive_account: Option<RefundAccount>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The buyer's account for refunds, as it comes in an answer (a request calls the bank `bank`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundAccount {
    /// The bank.
    pub bank_code: Option<BankCode>,
    /// The account number.
    pub account_number: Option<Sensitive>,
    /// The holder's name.
    pub holder_name: Option<Sensitive>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An account-transfer payment (`transfer`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// The buyer's bank.
    pub bank_code: Option<BankCode>,
    /// Whether Toss has settled with the merchant.
    pub settlement_status: Option<SettlementStatus>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A mobile-phone payment (`mobilePhone`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MobilePhone {
    /// The buyer's number.
    pub customer_mobile_phone: Option<Sensitive>,
    /// Whether Toss has settled with the merchant.
    pub settlement_status: Option<SettlementStatus>,
    /// Link to the receipt.
    pub receipt_url: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A gift-certificate payment (`giftCertificate`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GiftCertificate {
    /// Approval number.
    pub approve_no: Option<String>,
    /// Whether Toss has settled with the merchant.
    pub settlement_status: Option<SettlementStatus>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An easy payment (`easyPay`). `totalAmount` = `card.amount` + `amount` + `discount_amount`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EasyPay {
    /// The provider.
    pub provider: Option<EasyPayProvider>,
    /// Paid from charged money or a linked account.
    pub amount: Option<Amount>,
    /// Paid with points and coupons.
    pub discount_amount: Option<Amount>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

//! Promotions of card companies and banks.

use serde::{Deserialize, Serialize};

use super::{Amount, BankCode, CardCompany, Currency, Extra, PaymentType, PromotionType, TossDate};

/// The promotions of card companies (`GET /v1/promotions/card`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardPromotions {
    /// Instant discounts.
    pub discount_cards: Option<Vec<Offer>>,
    /// Instalments free of interest.
    pub interest_free_cards: Option<Vec<Offer>>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One promotion (`GET /v1/promotions`): the object that `kind` names is filled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Promotion {
    /// The kind of payment that it is for.
    pub pay_type: Option<PaymentType>,
    /// Which of the four below.
    #[serde(rename = "type")]
    pub kind: Option<PromotionType>,
    /// An instant discount of a card company.
    pub card_discount: Option<Offer>,
    /// Instalments free of interest.
    pub card_interest_free: Option<Offer>,
    /// Payment with card points.
    pub card_point: Option<Offer>,
    /// An instant discount of a bank.
    pub bank_discount: Option<Offer>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What somebody offers, and to whom. Each kind of promotion fills its own part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// The card company; see [`issuer`](Self::issuer).
    pub issuer_code: Option<CardCompany>,
    /// The card company by its other documented name.
    pub company_code: Option<CardCompany>,
    /// The bank.
    pub bank_code: Option<BankCode>,
    /// Currency of the amounts.
    pub currency: Option<Currency>,
    /// How much less to pay.
    pub discount_amount: Option<Amount>,
    /// How much less to pay, as a part of the price: 0.01 to 0.3.
    pub discount_rate: Option<Amount>,
    /// What is left of the promotion's money; 0 means exhausted.
    pub balance: Option<Amount>,
    /// The code to open the payment window with.
    pub discount_code: Option<String>,
    /// The last day, until its end.
    pub due_date: Option<TossDate>,
    /// From which price.
    pub minimum_payment_amount: Option<Amount>,
    /// Up to which price.
    pub maximum_payment_amount: Option<Amount>,
    /// Numbers of months that are free of interest.
    pub installment_free_months: Option<Vec<u32>>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Offer {
    /// The card company: Toss's documents call it `issuerCode` in one place and `companyCode` in another.
    #[must_use]
    pub fn issuer(&self) -> Option<&CardCompany> {
        self.issuer_code.as_ref().or(self.company_code.as_ref())
    }
}

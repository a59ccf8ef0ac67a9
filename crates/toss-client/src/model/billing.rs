//! A billing key and what it charges.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use serde::{Deserialize, Serialize};

use super::{CardCompany, CardType, Extra, Method, OwnerType, Sensitive, TossTime};

/// What charges a buyer without asking again: as good as money, so it is kept encrypted and never printed.
///
/// Two keys are equal whether or not the padding (`=`) at their end is written: a webhook may leave it out.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BillingKey(String);

impl BillingKey {
    /// The key itself. Whoever calls this takes over the duty not to log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn unpadded(&self) -> &str {
        self.0.trim_end_matches('=')
    }
}

impl From<String> for BillingKey {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for BillingKey {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq for BillingKey {
    fn eq(&self, other: &Self) -> bool {
        self.unpadded() == other.unpadded()
    }
}

impl Eq for BillingKey {}

impl Hash for BillingKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.unpadded().hash(state);
    }
}

impl fmt::Debug for BillingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BillingKey(***)")
    }
}

/// A billing key with what it charges: the answer to an issue, and the only time that Toss shows the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Billing {
    /// The merchant's id at Toss.
    #[serde(rename = "mId")]
    pub m_id: Option<String>,
    /// The merchant's key of the buyer; every charge has to name it.
    pub customer_key: Option<Sensitive>,
    /// When the buyer agreed.
    pub authenticated_at: Option<TossTime>,
    /// Card or account transfer.
    pub method: Option<Method>,
    /// The key.
    pub billing_key: BillingKey,
    /// The card; null for a transfer.
    pub card: Option<BillingCard>,
    /// The accounts; null for a card.
    pub transfers: Option<Vec<BillingTransfer>>,
    /// The easy payment, whose fields Toss does not document.
    pub easy_pay: Option<Extra>,
    /// The card company's name, up to API version 2022-11-16; see `card`.
    pub card_company: Option<String>,
    /// The masked card number, up to API version 2022-11-16; see `card`.
    pub card_number: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The card behind a billing key (`card`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingCard {
    /// Who issued the card.
    pub issuer_code: Option<CardCompany>,
    /// Who settles its sales.
    pub acquirer_code: Option<CardCompany>,
    /// Masked card number.
    pub number: Option<String>,
    /// Credit, debit, gift.
    pub card_type: Option<CardType>,
    /// Personal or corporate.
    pub owner_type: Option<OwnerType>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An account behind a billing key (`transfers[]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingTransfer {
    /// The bank by name, not by code.
    pub bank_name: Option<String>,
    /// The account, masked.
    pub bank_account_number: Option<Sensitive>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

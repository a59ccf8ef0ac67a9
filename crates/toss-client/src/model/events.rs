//! What the events are about that are not payments.

use serde::{Deserialize, Serialize};

use super::{
    Amount, ArsStatus, BankCode, BillingKey, Currency, CustomerStatus, Extra, Failure, MethodStatus, Payment,
    PayoutStatus, SellerStatus, Sensitive, TossDate, TossTime,
};

/// A billing key that charges nobody any more (`BILLING_DELETED`). Nothing proves it: the next charge will tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletedBillingKey {
    /// The key, maybe without the padding at its end.
    pub billing_key: BillingKey,
    /// Why, in words.
    pub reason: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A method of payment in the merchant's wallet (`METHOD_UPDATED`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdatedMethod {
    /// The merchant's key of the buyer.
    pub customer_key: Option<Sensitive>,
    /// Toss's key of the method.
    pub method_key: Option<Sensitive>,
    /// What became of it.
    pub status: Option<MethodStatus>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A customer of the merchant's wallet (`CUSTOMER_STATUS_CHANGED`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedCustomer {
    /// The merchant's key of the buyer.
    pub customer_key: Option<Sensitive>,
    /// What became of them.
    pub status: Option<CustomerStatus>,
    /// When.
    pub changed_at: Option<TossTime>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An order of link pay (`ORDER_PAYMENT_STATUS_CHANGED`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkOrder {
    /// Toss's key of the order.
    pub order_key: Option<String>,
    /// How much.
    pub amount: Option<Amount>,
    /// Its currency.
    pub currency: Option<Currency>,
    /// The buyer.
    pub customer_name: Option<Sensitive>,
    /// The buyer's phone.
    pub customer_phone_number: Option<Sensitive>,
    /// The payment, as it is said to be; read it before you believe it.
    pub payment: Option<Payment>,
    /// The articles, whose fields Toss does not document.
    pub order_items: Option<Vec<Extra>>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A payout to a seller (`payout.changed`); sent when it is completed and when it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payout {
    /// Toss's id of the payout.
    pub id: String,
    /// The merchant's id of it.
    pub ref_payout_id: Option<String>,
    /// Toss's id of the seller.
    pub destination: Option<String>,
    /// At once or on a day.
    pub schedule_type: Option<String>,
    /// The day.
    pub payout_date: Option<TossDate>,
    /// How much.
    pub amount: Option<Money>,
    /// What the seller reads in the account.
    pub transaction_description: Option<String>,
    /// When it was asked for.
    pub requested_at: Option<TossTime>,
    /// How it went.
    pub status: Option<PayoutStatus>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// The merchant's own pairs.
    pub metadata: Option<Extra>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An amount together with its currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Money {
    /// The currency.
    pub currency: Option<Currency>,
    /// How much.
    pub value: Amount,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A seller (`seller.changed`); not sent for the first state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seller {
    /// Toss's id of the seller.
    pub id: String,
    /// The merchant's id of it.
    pub ref_seller_id: Option<String>,
    /// Person or company.
    pub business_type: Option<String>,
    /// The company, if it is one.
    pub company: Option<Extra>,
    /// The person, if it is one.
    pub individual: Option<Extra>,
    /// Where payouts go.
    pub account: Option<SellerAccount>,
    /// How far Toss has approved the seller.
    pub status: Option<SellerStatus>,
    /// The merchant's own pairs.
    pub metadata: Option<Extra>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where payouts to a seller go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SellerAccount {
    /// The bank. It may come as the three digits of the national standard, and is written as Toss's code.
    pub bank_code: Option<BankCode>,
    /// The account number.
    pub account_number: Option<Sensitive>,
    /// The holder's name.
    pub holder_name: Option<Sensitive>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A reserved call to a buyer who pays by telephone (`ars-reservation.changed`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArsReservation {
    /// Toss's key of the reservation.
    pub ars_reservation_key: Option<String>,
    /// Its number.
    pub reserve_number: Option<Sensitive>,
    /// When it was made.
    pub requested_at: Option<TossTime>,
    /// When the call is to take place.
    pub reserved_at: Option<TossTime>,
    /// How it ended.
    pub status: Option<ArsStatus>,
    /// When it was cancelled.
    pub canceled_at: Option<TossTime>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// When it was done.
    pub completed_at: Option<TossTime>,
    /// The merchant's id at Toss.
    #[serde(rename = "mId")]
    pub m_id: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

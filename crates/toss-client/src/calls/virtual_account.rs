//! A virtual account without a window (Toss core API, Virtual account without window).

use std::fmt;

use jiff::civil::DateTime;
use serde::Serialize;

use super::time::serialize_local;
use crate::{
    error::Error,
    model::{Amount, BankCode, CashReceiptType},
    wire::{Call, RequestOptions},
};

/// What an account is issued for. The answer is a payment that waits for its deposit; keep its `secret`.
///
/// Only the exact amount in one transfer is a deposit. An order id gets one account: a repetition ends in
/// `DUPLICATED_ORDER_ID`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueVirtualAccount<'a> {
    /// How much is to be deposited.
    pub amount: Amount,
    /// The merchant's order.
    pub order_id: &'a str,
    /// What the buyer reads, 1 to 100 characters.
    pub order_name: &'a str,
    /// Name of the account's owner, at most 100 characters; a depositor may have another one.
    pub customer_name: &'a str,
    /// A bank that issues virtual accounts.
    pub bank: BankCode,
    /// Until when; `None` for 168 hours.
    #[serde(flatten)]
    pub deadline: Option<DepositDeadline>,
    /// The merchant's key of a customer who keeps one account; at most 13 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_key: Option<&'a str>,
    /// Where Toss announces the deposit, at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<&'a str>,
    /// Where Toss announces the deposit, 8 to 15 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_mobile_phone: Option<&'a str>,
    /// Tax-free part (merchants with mixed taxation only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_free_amount: Option<Amount>,
    /// Whether escrow is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_escrow: Option<bool>,
    /// The cash receipt that the deposit issues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_receipt: Option<CashReceiptWish<'a>>,
    /// What escrow guards; required with it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub escrow_products: &'a [EscrowProduct<'a>],
}

impl<'a> IssueVirtualAccount<'a> {
    /// The least that an account needs; change the other fields as needed.
    #[must_use]
    pub fn new(
        amount: Amount,
        order_id: &'a str,
        order_name: &'a str,
        customer_name: &'a str,
        bank: BankCode,
    ) -> Self {
        Self {
            amount,
            order_id,
            order_name,
            customer_name,
            bank,
            deadline: None,
            account_key: None,
            customer_email: None,
            customer_mobile_phone: None,
            tax_free_amount: None,
            use_escrow: None,
            cash_receipt: None,
            escrow_products: &[],
        }
    }
}

/// Until when a deposit is taken: Toss refuses a request with both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum DepositDeadline {
    /// So many hours from now, at most 2,160 (90 days).
    #[serde(rename = "validHours")]
    Hours(u16),
    /// Korean time, at most 90 days ahead.
    #[serde(rename = "dueDate", serialize_with = "serialize_local")]
    Until(DateTime),
}

/// The cash receipt to issue when the money is there.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CashReceiptWish<'a> {
    /// Income deduction, proof of expense, or none.
    #[serde(rename = "type")]
    pub kind: CashReceiptType,
    /// Who it is for: a phone, card or business number, at most 30 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_number: Option<&'a str>,
}

/// One article that escrow guards.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EscrowProduct<'a> {
    /// The article's id in the shop.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its code.
    pub code: &'a str,
    /// Price of one.
    pub unit_price: Amount,
    /// How many.
    pub quantity: u32,
}

/// `POST /v1/virtual-accounts`
pub fn encode_virtual_account(
    request: &IssueVirtualAccount<'_>,
    options: &RequestOptions,
) -> Result<Call, Error> {
    Call::post("/v1/virtual-accounts", &[], request, options)
}

impl fmt::Debug for IssueVirtualAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssueVirtualAccount")
            .field("amount", &self.amount)
            .field("order_id", &self.order_id)
            .field("bank", &self.bank)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CashReceiptWish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CashReceiptWish").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least() -> IssueVirtualAccount<'static> {
        IssueVirtualAccount::new(Amount::won(15_000), "ord-1", "mug", "홍길동", BankCode::Woori)
    }

    fn sent(request: &IssueVirtualAccount<'_>) -> String {
        let call = encode_virtual_account(request, &RequestOptions::default()).expect("a plain request");
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/virtual-accounts"));
        String::from_utf8(call.body.to_vec()).expect("JSON")
    }

    #[test]
    fn the_least_is_five_fields() {
        assert_eq!(
            sent(&least()),
            r#"{"amount":15000,"orderId":"ord-1","orderName":"mug","customerName":"홍길동","bank":"20"}"#
        );
    }

    #[test]
    fn every_field_has_its_documented_name_and_no_person_is_shown() {
        let until = "2026-03-09T23:59:59.5".parse().expect("a time");
        let products = [EscrowProduct {
            id: "p-1",
            name: "mug",
            code: "m",
            unit_price: Amount::won(15_000),
            quantity: 1,
        }];
        let request = IssueVirtualAccount {
            deadline: Some(DepositDeadline::Until(until)),
            account_key: Some("c-1"),
            customer_email: Some("hong@example.com"),
            customer_mobile_phone: Some("01012345678"),
            tax_free_amount: Some(Amount::ZERO),
            use_escrow: Some(true),
            cash_receipt: Some(CashReceiptWish {
                kind: CashReceiptType::IncomeDeduction,
                registration_number: Some("01087654321"),
            }),
            escrow_products: &products,
            ..least()
        };
        assert!(
            sent(&request).ends_with(
                r#""bank":"20","dueDate":"2026-03-09T23:59:59","accountKey":"c-1","customerEmail":"hong@example.com","customerMobilePhone":"01012345678","taxFreeAmount":0,"useEscrow":true,"cashReceipt":{"type":"소득공제","registrationNumber":"01087654321"},"escrowProducts":[{"id":"p-1","name":"mug","code":"m","unitPrice":15000,"quantity":1}]}"#
            ),
            "{}",
            sent(&request)
        );
        let shown = format!("{request:?} {:?}", request.cash_receipt);
        for hidden in ["홍길동", "hong", "0101234", "0108765"] {
            assert!(!shown.contains(hidden), "{hidden} in {shown}");
        }
        let hours = IssueVirtualAccount { deadline: Some(DepositDeadline::Hours(24)), ..least() };
        assert!(sent(&hours).ends_with(r#""bank":"20","validHours":24}"#), "{}", sent(&hours));
    }
}

//! Cash receipts that belong to no payment of Toss (Toss core API, Cash receipts). Those of a payment are issued and
//! cancelled with it.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    error::{Error, NotSentCause},
    model::{Amount, CashReceiptPage, CashReceiptType, IssuedReceipt},
    pages::{List, Turn},
    wire::{Call, RequestOptions},
};

/// The largest page that Toss gives.
const MAX_LIMIT: u16 = 10_000;

/// A receipt to issue. Toss checks neither the order nor whether it has one already: without an idempotency key a
/// repetition issues a second receipt.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueCashReceipt<'a> {
    /// How much was paid.
    pub amount: Amount,
    /// The merchant's order.
    pub order_id: &'a str,
    /// What was bought.
    pub order_name: &'a str,
    /// Who it is for: a phone or cash-receipt card number for an income deduction, a business number for a proof of
    /// expense; `010-000-1234` when the buyer named nobody.
    pub customer_identity_number: &'a str,
    /// Income deduction or proof of expense.
    #[serde(rename = "type")]
    pub kind: CashReceiptType,
    /// Tax-free part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_free_amount: Option<Amount>,
}

/// The receipts of one day.
///
/// A row takes about half a kilobyte: who asks for more than 1,000 at once raises
/// [`ClientBuilder::max_response_bytes`](crate::ClientBuilder::max_response_bytes), too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashReceipts {
    /// The day that they were asked for, in Korea.
    pub request_date: Date,
    /// Go on after this place: the `last_cursor` of the page before. `None` for the first page.
    pub cursor: Option<i64>,
    /// Rows of a page, 1 to 10,000; `None` for Toss's default of 100.
    pub limit: Option<u16>,
}

impl CashReceipts {
    /// The first page of a day.
    #[must_use]
    pub fn of(request_date: Date) -> Self {
        Self { request_date, cursor: None, limit: None }
    }
}

#[derive(Serialize)]
struct CancelReceipt {
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
}

/// `POST /v1/cash-receipts`
pub fn encode_cash_receipt(request: &IssueCashReceipt<'_>, options: &RequestOptions) -> Result<Call, Error> {
    Call::post("/v1/cash-receipts", &[], request, options)
}

/// `POST /v1/cash-receipts/{receiptKey}/cancel`; `amount` is `None` for all of it.
pub fn encode_cash_receipt_cancel(
    receipt_key: &str,
    amount: Option<Amount>,
    options: &RequestOptions,
) -> Result<Call, Error> {
    Call::post("/v1/cash-receipts/{receiptKey}/cancel", &[receipt_key], &CancelReceipt { amount }, options)
}

/// `GET /v1/cash-receipts`
pub fn encode_cash_receipts(request: &CashReceipts) -> Result<Call, Error> {
    let mut call = Call::get("/v1/cash-receipts", &[])?.with("requestDate", request.request_date);
    if let Some(cursor) = request.cursor {
        call = call.with("cursor", cursor);
    }
    match request.limit {
        None => Ok(call),
        Some(limit @ 1..=MAX_LIMIT) => Ok(call.with("limit", limit)),
        Some(_) => Err(Error::not_sent(NotSentCause::Request, "a page of cash receipts has 1 to 10000 rows")),
    }
}

impl List for CashReceipts {
    type Page = CashReceiptPage;
    type Row = IssuedReceipt;

    fn rows(page: CashReceiptPage) -> Vec<IssuedReceipt> {
        page.data
    }

    fn encode(&self) -> Result<Call, Error> {
        encode_cash_receipts(self)
    }

    fn turn(&mut self, page: &CashReceiptPage) -> Turn {
        if !page.has_next {
            return Turn::Last;
        }
        if page.last_cursor.is_none() || page.last_cursor == self.cursor {
            return Turn::Stuck;
        }
        self.cursor = page.last_cursor;
        Turn::More
    }
}

impl fmt::Debug for IssueCashReceipt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssueCashReceipt")
            .field("amount", &self.amount)
            .field("order_id", &self.order_id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_says_who_it_is_for_and_debug_does_not() {
        let request = IssueCashReceipt {
            amount: Amount::won(15_000),
            order_id: "ord-1",
            order_name: "mug",
            customer_identity_number: "01012345678",
            kind: CashReceiptType::IncomeDeduction,
            tax_free_amount: Some(Amount::ZERO),
        };
        let call = encode_cash_receipt(&request, &RequestOptions::default()).expect("a plain request");
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/cash-receipts"));
        assert_eq!(
            call.body,
            r#"{"amount":15000,"orderId":"ord-1","orderName":"mug","customerIdentityNumber":"01012345678","type":"소득공제","taxFreeAmount":0}"#
        );
        let shown = format!("{request:?}");
        assert!(!shown.contains("01012345678") && shown.contains("ord-1"), "{shown}");
    }

    #[test]
    fn a_cancel_names_the_receipt_and_maybe_an_amount() {
        let cancel = |amount| {
            encode_cash_receipt_cancel("rk/1", amount, &RequestOptions::default()).expect("a request")
        };
        assert_eq!(cancel(None).path, "/v1/cash-receipts/rk%2F1/cancel");
        assert_eq!(cancel(None).body, "{}");
        assert_eq!(cancel(Some(Amount::won(700))).body, r#"{"amount":700}"#);
    }

    #[test]
    fn a_day_is_listed_from_a_cursor() {
        let day = CashReceipts::of("2026-03-02".parse().expect("a day"));
        let path = |request: &CashReceipts| encode_cash_receipts(request).expect("a plain request").path;
        assert_eq!(path(&day), "/v1/cash-receipts?requestDate=2026-03-02");
        let later = CashReceipts { cursor: Some(42), limit: Some(10_000), ..day.clone() };
        assert_eq!(path(&later), "/v1/cash-receipts?requestDate=2026-03-02&cursor=42&limit=10000");
        for limit in [0, 10_001] {
            let refused = CashReceipts { limit: Some(limit), ..day.clone() };
            assert!(matches!(encode_cash_receipts(&refused), Err(Error::NotSent(_))), "{limit}");
        }
    }
}

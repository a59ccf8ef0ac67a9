//! Billing: a key that charges a buyer again and again without a window (Toss core API, Billing).

use std::fmt;

use serde::Serialize;

use super::CardDetails;
use crate::{
    error::Error,
    model::{Amount, BillingKey},
    wire::{Call, RequestOptions},
};

/// Makes a billing key of what the billing window left in the success redirect.
///
/// A billing key cannot be looked up again. Who sends an idempotency key can repeat the call after a lost answer and
/// hears the same key; without one the buyer has to register again, for an `authKey` works once.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueBillingKey<'a> {
    /// The one-time proof of the redirect; at most 300 characters.
    pub auth_key: &'a str,
    /// The merchant's key of the buyer, the one that the window was opened with.
    pub customer_key: &'a str,
}

/// Makes a billing key of raw card data (extra contract).
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueBillingKeyFromCard<'a> {
    /// The merchant's key of the buyer: 2 to 300 letters, digits and `-_=.@`.
    pub customer_key: &'a str,
    /// The card.
    #[serde(flatten)]
    pub card: CardDetails<'a>,
    /// The buyer's name, at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<&'a str>,
    /// The buyer's address for Toss's notice, at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<&'a str>,
}

/// One charge of a billing key. Toss sends no webhook about it and may take a minute to answer.
///
/// An order id is charged once: a repetition ends in `DUPLICATED_ORDER_ID`, whatever the idempotency key.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingCharge<'a> {
    /// How much.
    pub amount: Amount,
    /// The merchant's key of the buyer, the one that the billing key was issued for.
    pub customer_key: &'a str,
    /// The merchant's order, a new one for each charge.
    pub order_id: &'a str,
    /// What the buyer reads on the receipt, 1 to 100 characters.
    pub order_name: &'a str,
    /// The buyer's address for Toss's notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<&'a str>,
    /// The buyer's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<&'a str>,
    /// The buyer's address on the network, never the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_ip: Option<&'a str>,
    /// Tax-free part (merchants with mixed taxation only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_free_amount: Option<Amount>,
    /// Tax-exempt part, such as a deposit fee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_exemption_amount: Option<Amount>,
    /// Instalment months of a card: 0, or 2 to 12 from 50,000 won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_installment_plan: Option<u8>,
}

/// `POST /v1/billing/authorizations/issue`
pub fn encode_billing_issue(request: &IssueBillingKey<'_>, options: &RequestOptions) -> Result<Call, Error> {
    Call::post("/v1/billing/authorizations/issue", &[], request, options)
}

/// `POST /v1/billing/authorizations/card`
pub fn encode_billing_issue_from_card(
    request: &IssueBillingKeyFromCard<'_>,
    options: &RequestOptions,
) -> Result<Call, Error> {
    Call::post("/v1/billing/authorizations/card", &[], request, options)
}

/// `POST /v1/billing/{billingKey}`
pub fn encode_billing_charge(
    billing_key: &BillingKey,
    request: &BillingCharge<'_>,
    options: &RequestOptions,
) -> Result<Call, Error> {
    Call::post("/v1/billing/{billingKey}", &[billing_key.expose()], request, options)
}

/// `DELETE /v1/billing/{billingKey}`
pub fn encode_billing_delete(billing_key: &BillingKey) -> Result<Call, Error> {
    Call::delete("/v1/billing/{billingKey}", &[billing_key.expose()])
}

impl fmt::Debug for IssueBillingKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssueBillingKey(***)")
    }
}

impl fmt::Debug for IssueBillingKeyFromCard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssueBillingKeyFromCard(***)")
    }
}

impl fmt::Debug for BillingCharge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillingCharge")
            .field("amount", &self.amount)
            .field("order_id", &self.order_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{calls::Vbv, keys::IdempotencyKey};

    const KEY: &str = "Zk3tQm1xO8c2mG5pX0aYbN7dVwR4sLhU6eJfKiTqPzE=";

    fn plain() -> RequestOptions {
        RequestOptions::default()
    }

    #[test]
    fn an_issue_names_the_proof_and_the_customer() {
        let request = IssueBillingKey { auth_key: "bln_7x", customer_key: "a9f0c1de" };
        let options =
            RequestOptions { idempotency_key: Some(IdempotencyKey::parse("issue-1").unwrap()), ..plain() };
        let call = encode_billing_issue(&request, &options).expect("a plain request");
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/billing/authorizations/issue"));
        assert_eq!(call.body, r#"{"authKey":"bln_7x","customerKey":"a9f0c1de"}"#);
        assert_eq!(call.headers["idempotency-key"], "issue-1");
        let shown = format!("{request:?} {call:?}");
        assert!(!shown.contains("bln_7x") && !shown.contains("a9f0c1de"), "{shown}");
    }

    #[test]
    fn an_issue_from_a_card_sends_its_data_flat_and_shows_none_of_it() {
        let card = CardDetails {
            card_number: "4330123456781234",
            card_expiration_year: "28",
            card_expiration_month: "07",
            customer_identity_number: "881212",
            ..CardDetails::default()
        };
        let bare = IssueBillingKeyFromCard { customer_key: "a9f0c1de", card, ..Default::default() };
        let call = encode_billing_issue_from_card(&bare, &plain()).expect("a plain request");
        assert_eq!(call.path, "/v1/billing/authorizations/card");
        assert_eq!(
            call.body,
            r#"{"customerKey":"a9f0c1de","cardNumber":"4330123456781234","cardExpirationYear":"28","cardExpirationMonth":"07","customerIdentityNumber":"881212"}"#
        );
        let vbv = Some(Vbv { cavv: "c", xid: "x", eci: "05" });
        let full = IssueBillingKeyFromCard {
            card: CardDetails { card_password: Some("12"), vbv, ..card },
            customer_name: Some("홍길동"),
            customer_email: Some("hong@example.com"),
            ..bare
        };
        let call = encode_billing_issue_from_card(&full, &plain()).expect("a plain request");
        let sent = String::from_utf8(call.body.to_vec()).unwrap();
        assert!(sent.ends_with(
            r#""cardPassword":"12","vbv":{"cavv":"c","xid":"x","eci":"05"},"customerName":"홍길동","customerEmail":"hong@example.com"}"#
        ), "{sent}");
        let shown = format!("{full:?} {:?} {:?} {call:?}", full.card, full.card.vbv);
        for hidden in ["4330", "1234", "28", "881212", "홍길동", "hong", "\"12\"", "05"] {
            assert!(!shown.contains(hidden), "{hidden} in {shown}");
        }
    }

    #[test]
    fn a_charge_goes_to_its_key_and_nobody_reads_the_key() {
        let request = BillingCharge {
            amount: Amount::won(9_900),
            customer_key: "a9f0c1de",
            order_id: "sub-2026-03",
            order_name: "March",
            ..BillingCharge::default()
        };
        let call = encode_billing_charge(&BillingKey::from(KEY), &request, &plain()).expect("a request");
        assert_eq!(call.method.as_str(), "POST");
        assert_eq!(call.path, "/v1/billing/Zk3tQm1xO8c2mG5pX0aYbN7dVwR4sLhU6eJfKiTqPzE%3D");
        assert_eq!(
            call.body,
            r#"{"amount":9900,"customerKey":"a9f0c1de","orderId":"sub-2026-03","orderName":"March"}"#
        );
        let shown = format!("{request:?} {call:?}");
        assert!(shown.contains("sub-2026-03") && shown.contains("/v1/billing/{billingKey}"), "{shown}");
        assert!(!shown.contains("Zk3t") && !shown.contains("a9f0c1de"), "{shown}");

        let full = BillingCharge {
            customer_email: Some("e"),
            customer_name: Some("n"),
            customer_ip: Some("203.0.113.7"),
            tax_free_amount: Some(Amount::ZERO),
            tax_exemption_amount: Some(Amount::won(100)),
            card_installment_plan: Some(3),
            ..request
        };
        let call = encode_billing_charge(&BillingKey::from(KEY), &full, &plain()).expect("a request");
        let sent = String::from_utf8(call.body.to_vec()).unwrap();
        assert!(sent.ends_with(
            r#""customerEmail":"e","customerName":"n","customerIp":"203.0.113.7","taxFreeAmount":0,"taxExemptionAmount":100,"cardInstallmentPlan":3}"#
        ), "{sent}");
    }

    #[test]
    fn a_delete_has_no_body() {
        let call = encode_billing_delete(&BillingKey::from(KEY)).expect("a plain request");
        assert_eq!(call.method.as_str(), "DELETE");
        assert_eq!(call.path, "/v1/billing/Zk3tQm1xO8c2mG5pX0aYbN7dVwR4sLhU6eJfKiTqPzE%3D");
        assert!(call.body.is_empty() && call.headers.is_empty());
        for wrong in ["", "..", &"k".repeat(301)] {
            assert!(matches!(encode_billing_delete(&BillingKey::from(wrong)), Err(Error::NotSent(_))));
        }
    }
}

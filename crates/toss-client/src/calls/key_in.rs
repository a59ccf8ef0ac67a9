//! Key-in: charge a card that its owner reads out (Toss core API, Key-in; extra contract).

use std::fmt;

use serde::Serialize;

use super::CardDetails;
use crate::{
    error::Error,
    model::Amount,
    wire::{Call, RequestOptions},
};

/// What to charge to which card. An order id is charged once: a repetition ends in `DUPLICATED_ORDER_ID`.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyIn<'a> {
    /// How much.
    pub amount: Amount,
    /// The merchant's order.
    pub order_id: &'a str,
    /// What the buyer reads on the receipt, 1 to 100 characters.
    pub order_name: &'a str,
    /// The card.
    #[serde(flatten)]
    pub card: CardDetails<'a>,
    /// Instalment months: 0, or 2 to 12 from 50,000 won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_installment_plan: Option<u8>,
    /// Whether the merchant bears the interest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_free_installment_plan: Option<bool>,
    /// Tax-free part (merchants with mixed taxation only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_free_amount: Option<Amount>,
    /// The buyer's address for Toss's notice, at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<&'a str>,
    /// The buyer's name, at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<&'a str>,
    /// Whether card points are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_card_point: Option<bool>,
    /// The buyer's address on the network, never the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_ip: Option<&'a str>,
}

/// `POST /v1/payments/key-in`
pub fn encode_key_in(request: &KeyIn<'_>, options: &RequestOptions) -> Result<Call, Error> {
    Call::post("/v1/payments/key-in", &[], request, options)
}

impl fmt::Debug for KeyIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyIn")
            .field("amount", &self.amount)
            .field("order_id", &self.order_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_key_in_has_its_documented_name_and_no_card_is_shown() {
        let request = KeyIn {
            amount: Amount::won(50_000),
            order_id: "ord-1",
            order_name: "mug",
            card: CardDetails {
                card_number: "4330123456781234",
                card_expiration_year: "28",
                card_expiration_month: "07",
                customer_identity_number: "881212",
                ..CardDetails::default()
            },
            card_installment_plan: Some(2),
            use_free_installment_plan: Some(false),
            tax_free_amount: Some(Amount::ZERO),
            customer_email: Some("hong@example.com"),
            customer_name: Some("홍길동"),
            use_card_point: Some(true),
            customer_ip: Some("203.0.113.7"),
        };
        let call = encode_key_in(&request, &RequestOptions::default()).expect("a plain request");
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/payments/key-in"));
        assert_eq!(
            call.body,
            r#"{"amount":50000,"orderId":"ord-1","orderName":"mug","cardNumber":"4330123456781234","cardExpirationYear":"28","cardExpirationMonth":"07","customerIdentityNumber":"881212","cardInstallmentPlan":2,"useFreeInstallmentPlan":false,"taxFreeAmount":0,"customerEmail":"hong@example.com","customerName":"홍길동","useCardPoint":true,"customerIp":"203.0.113.7"}"#
        );
        let shown = format!("{request:?} {call:?}");
        assert!(!shown.contains("4330") && !shown.contains("홍길동") && shown.contains("ord-1"), "{shown}");
    }
}

//! A payment window opened by the merchant's server (Toss core API, Endpoint index).

use std::fmt;

use serde::Serialize;

use crate::{
    error::Error,
    model::{Amount, Extra, Method},
    wire::{Call, RequestOptions},
};

/// What a window is opened for. The answer is a payment that is `READY`; its `checkout` links to the window.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatePayment<'a> {
    /// How the buyer is to pay.
    pub method: Method,
    /// How much.
    pub amount: Amount,
    /// The merchant's order.
    pub order_id: &'a str,
    /// What the buyer reads, 1 to 100 characters.
    pub order_name: &'a str,
    /// Where the buyer goes after the authentication, with `paymentKey`, `orderId` and `amount`; then confirm.
    pub success_url: &'a str,
    /// Where the buyer goes otherwise.
    pub fail_url: &'a str,
    /// What else the window of this method understands, by the names of the browser SDK. Toss documents no fields of
    /// its own for this call.
    #[serde(flatten)]
    pub window: Extra,
}

/// `POST /v1/payments`
pub fn encode_create(request: &CreatePayment<'_>, options: &RequestOptions) -> Result<Call, Error> {
    Call::post("/v1/payments", &[], request, options)
}

impl fmt::Debug for CreatePayment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatePayment")
            .field("method", &self.method)
            .field("amount", &self.amount)
            .field("order_id", &self.order_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_opened_with_what_its_method_understands() {
        let window = serde_json::json!({"flowMode": "DIRECT", "cardCompany": "61"});
        let request = CreatePayment {
            method: Method::Card,
            amount: Amount::won(42_900),
            order_id: "ord-1",
            order_name: "mug",
            success_url: "https://shop.example/ok",
            fail_url: "https://shop.example/no",
            window: window.as_object().cloned().unwrap_or_default().into(),
        };
        let call = encode_create(&request, &RequestOptions::default()).expect("a plain request");
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/payments"));
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&call.body).expect("JSON"),
            serde_json::json!({
                "method": "카드", "amount": 42_900, "orderId": "ord-1", "orderName": "mug",
                "successUrl": "https://shop.example/ok", "failUrl": "https://shop.example/no",
                "flowMode": "DIRECT", "cardCompany": "61",
            })
        );
    }
}

//! Confirm: take the money of an authenticated payment (Toss core API, Confirm).

use serde::Serialize;

use crate::{
    error::Error,
    model::Amount,
    wire::{Call, RequestOptions},
};

/// What to confirm. All three must equal what the payment window was opened with.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirm<'a> {
    /// Toss's key of the payment, from the success redirect.
    pub payment_key: &'a str,
    /// The merchant's order.
    pub order_id: &'a str,
    /// The price as the merchant's server knows it, never as the browser says.
    pub amount: Amount,
}

/// `POST /v1/payments/confirm`
pub fn encode_confirm(request: &Confirm<'_>, options: &RequestOptions) -> Result<Call, Error> {
    Call::post("/v1/payments/confirm", &[], request, options)
}

/// `POST /v1/payments/{paymentKey}`, the form of confirm from before 2021; it means the same.
pub fn encode_confirm_legacy(request: &Confirm<'_>, options: &RequestOptions) -> Result<Call, Error> {
    let Confirm { payment_key, order_id, amount } = *request;
    Call::post("/v1/payments/{paymentKey}", &[payment_key], &LegacyConfirm { order_id, amount }, options)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LegacyConfirm<'a> {
    order_id: &'a str,
    amount: Amount,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{code::ErrorCode, keys::IdempotencyKey};

    #[test]
    fn confirm_encodes_to_the_documented_request() {
        let request = Confirm {
            payment_key: "tviva20260302140509Ab3Xz",
            order_id: "ord-20260302-0007",
            amount: 42_900.into(),
        };
        let options = RequestOptions {
            idempotency_key: Some(IdempotencyKey::parse("confirm:ord-20260302-0007").expect("visible")),
            test_code: Some(ErrorCode::RejectCardPayment),
        };

        let call = encode_confirm(&request, &options).expect("a plain request");

        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/payments/confirm"));
        assert_eq!(
            call.body,
            r#"{"paymentKey":"tviva20260302140509Ab3Xz","orderId":"ord-20260302-0007","amount":42900}"#
        );
        assert_eq!(call.headers["content-type"], "application/json");
        assert_eq!(call.headers["idempotency-key"], "confirm:ord-20260302-0007");
        assert_eq!(call.headers["tosspayments-test-code"], "REJECT_CARD_PAYMENT");
    }

    #[test]
    fn without_options_no_option_header_is_sent() {
        let request =
            Confirm { payment_key: "k", order_id: "o", amount: Amount::decimal(125, 2).expect("cents") };
        let call = encode_confirm(&request, &RequestOptions::default()).expect("a plain request");
        assert_eq!(call.body, r#"{"paymentKey":"k","orderId":"o","amount":1.25}"#);
        assert_eq!(call.headers.len(), 1);
    }

    #[test]
    fn the_old_form_has_the_key_in_its_path() {
        let request = Confirm { payment_key: "pk", order_id: "ord-1", amount: Amount::won(1_000) };
        let call = encode_confirm_legacy(&request, &RequestOptions::default()).expect("a plain request");
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/payments/pk"));
        assert_eq!(call.body, r#"{"orderId":"ord-1","amount":1000}"#);
    }

    #[test]
    fn a_test_code_that_is_no_header_value_is_refused_here() {
        let request = Confirm { payment_key: "k", order_id: "o", amount: Amount::won(1) };
        let options =
            RequestOptions { test_code: Some(ErrorCode::from("A\nB: c")), ..RequestOptions::default() };
        assert!(matches!(encode_confirm(&request, &options), Err(Error::NotSent(_))));
    }
}

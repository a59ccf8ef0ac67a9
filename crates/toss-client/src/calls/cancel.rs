//! Cancel: give back all or a part of a payment (Toss core API, Cancel).

use std::fmt;

use serde::Serialize;

use crate::{
    error::Error,
    model::{Amount, BankCode, Currency},
    wire::{Call, RequestOptions},
};

/// What to cancel. `Cancel { cancel_reason: "…", ..Cancel::default() }` gives back everything that is left.
///
/// A partial cancel has no natural guard against being done twice: send an idempotency key, and
/// `refundable_amount` as a second lock.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancel<'a> {
    /// Why, at most 200 characters. Required.
    pub cancel_reason: &'a str,
    /// How much; `None` for everything left. Greater than 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_amount: Option<Amount>,
    /// Where to send the money: needed only for a virtual account after its deposit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_receive_account: Option<RefundReceiveAccount<'a>>,
    /// Tax-free part of this cancel (merchants with mixed taxation only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_free_amount: Option<Amount>,
    /// Tax-exempt part of this cancel, such as a deposit fee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_exemption_amount: Option<Amount>,
    /// Must equal the payment's currency; required for a partial cancel of a `PayPal` payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The balance that the caller believes in. Toss refuses, and does nothing, when the real one differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refundable_amount: Option<Amount>,
    /// The merchant's id of an asynchronous cancel (overseas easy pay).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_request_id: Option<&'a str>,
}

/// The buyer's account for a refund, as a request spells it: the bank is `bank` here and `bankCode` in answers.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundReceiveAccount<'a> {
    /// The bank.
    pub bank: BankCode,
    /// Digits only, at most 20.
    pub account_number: &'a str,
    /// The holder's name, which the bank checks; at most 60 characters.
    pub holder_name: &'a str,
}

impl fmt::Debug for RefundReceiveAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefundReceiveAccount").field("bank", &self.bank).finish_non_exhaustive()
    }
}

/// `POST /v1/payments/{paymentKey}/cancel`
pub fn encode_cancel(
    payment_key: &str,
    request: &Cancel<'_>,
    options: &RequestOptions,
) -> Result<Call, Error> {
    Call::post("/v1/payments/{paymentKey}/cancel", &[payment_key], request, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(request: &Cancel<'_>) -> Call {
        encode_cancel("tviva/1", request, &RequestOptions::default()).expect("a plain request")
    }

    #[test]
    fn a_full_cancel_sends_the_reason_alone() {
        let call = encoded(&Cancel { cancel_reason: "order withdrawn", ..Cancel::default() });
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/payments/tviva%2F1/cancel"));
        assert_eq!(call.body, r#"{"cancelReason":"order withdrawn"}"#);
    }

    #[test]
    fn every_field_of_a_cancel_has_its_documented_name() {
        let request = Cancel {
            cancel_reason: "size exchange",
            cancel_amount: Some(Amount::won(12_900)),
            refund_receive_account: Some(RefundReceiveAccount {
                bank: BankCode::Shinhan,
                account_number: "110123456789",
                holder_name: "홍길동",
            }),
            tax_free_amount: Some(Amount::ZERO),
            tax_exemption_amount: Some(Amount::ZERO),
            currency: Some(Currency::Krw),
            refundable_amount: Some(Amount::won(42_900)),
            cancel_request_id: Some("refund-0001"),
        };
        assert_eq!(
            encoded(&request).body,
            r#"{"cancelReason":"size exchange","cancelAmount":12900,"refundReceiveAccount":{"bank":"88","accountNumber":"110123456789","holderName":"홍길동"},"taxFreeAmount":0,"taxExemptionAmount":0,"currency":"KRW","refundableAmount":42900,"cancelRequestId":"refund-0001"}"#
        );
        let shown = format!("{request:?}");
        assert!(!shown.contains("홍길동") && !shown.contains("110123456789"), "{shown}");
    }
}

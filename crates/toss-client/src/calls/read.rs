//! Read a payment, by Toss's key or by the merchant's order (Toss core API, Read).

use crate::{error::Error, wire::Call};

/// `GET /v1/payments/{paymentKey}`
pub fn encode_payment(payment_key: &str) -> Result<Call, Error> {
    Call::get("/v1/payments/{paymentKey}", &[payment_key])
}

/// `GET /v1/payments/orders/{orderId}`
pub fn encode_payment_by_order(order_id: &str) -> Result<Call, Error> {
    Call::get("/v1/payments/orders/{orderId}", &[order_id])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_encode_to_the_documented_paths() {
        for (call, path) in [
            (encode_payment("tviva20260302140509Ab3Xz"), "/v1/payments/tviva20260302140509Ab3Xz"),
            (encode_payment("a/b?c#d%e=f 한"), "/v1/payments/a%2Fb%3Fc%23d%25e%3Df%20%ED%95%9C"),
            (encode_payment_by_order("ord-2026_03.02~7"), "/v1/payments/orders/ord-2026_03.02~7"),
        ] {
            let call = call.expect(path);
            assert_eq!((call.method.as_str(), call.path.as_str()), ("GET", path));
            assert!(call.body.is_empty() && call.headers.is_empty());
        }
    }

    #[test]
    fn a_key_that_would_change_the_path_is_refused_here() {
        for key in ["", ".", "..", &"k".repeat(301)] {
            assert!(matches!(encode_payment(key), Err(Error::NotSent(_))), "{key}");
            assert!(matches!(encode_payment_by_order(key), Err(Error::NotSent(_))), "{key}");
        }
    }
}

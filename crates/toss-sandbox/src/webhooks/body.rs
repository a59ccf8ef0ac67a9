//! The two envelopes (Toss webhooks, Three envelopes): the same snapshot always gives the same bytes.

use serde_json::json;

use crate::clock::{KoreaLocal, Ms};
use crate::lang::Lang;
use crate::payment::Payment;
use crate::view;
use crate::webhooks::WebhookEvent;

/// The body of a webhook about this payment, made at this time.
pub(crate) fn body(event: WebhookEvent, payment: &Payment, made_at: Ms) -> Vec<u8> {
    match event {
        WebhookEvent::PaymentStatusChanged => {
            envelope("PAYMENT_STATUS_CHANGED", made_at, view::to_json(payment, Lang::Ko))
        }
        WebhookEvent::CancelStatusChanged => {
            envelope("CANCEL_STATUS_CHANGED", made_at, view::ended_cancel_to_json(payment))
        }
        WebhookEvent::DepositCallback => {
            let secret = payment.account.as_ref().map(|account| &*account.secret);
            format!(
                r#"{{"createdAt":"{}","secret":{},"status":"{}","transactionKey":{},"orderId":{}}}"#,
                KoreaLocal(made_at),
                json!(secret),
                payment.status.name(),
                json!(payment.last),
                json!(&*payment.about.order),
            )
            .into_bytes()
        }
    }
}

fn envelope(event: &str, made_at: Ms, data: Vec<u8>) -> Vec<u8> {
    let head = format!(r#"{{"eventType":"{event}","createdAt":"{}","data":"#, KoreaLocal(made_at));
    [head.into_bytes(), data, b"}".to_vec()].concat()
}

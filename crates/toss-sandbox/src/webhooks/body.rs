//! The two envelopes (Toss webhooks, Three envelopes): the same snapshot always gives the same bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use serde_json::json;

use crate::clock::{KoreaLocal, Ms};
use crate::lang::Lang;
use crate::payment::Payment;
use crate::view;
use crate::webhooks::WebhookEvent;

/// What a webhook tells of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum News {
    Payment(Arc<Payment>),
    BillingDeleted {
        key: Arc<str>,
        reason: Option<Arc<str>>,
    },
    /// Nothing that happened: the body as a forger wrote it.
    Forged {
        about: Option<Arc<Payment>>,
        body: Arc<[u8]>,
    },
}

impl News {
    /// The payment, unless it is of something else.
    pub(crate) fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Payment(payment) => Some(payment),
            Self::Forged { about, .. } => about.as_deref(),
            Self::BillingDeleted { .. } => None,
        }
    }
}

/// The body of a webhook with these news, made at this time.
pub(crate) fn body(event: WebhookEvent, news: &News, made_at: Ms) -> Vec<u8> {
    match news {
        News::Payment(payment) => of_payment(event, payment, made_at),
        News::Forged { body, .. } => body.to_vec(),
        News::BillingDeleted { key, reason } => {
            let data = json!({ "billingKey": &**key, "reason": reason.as_deref() });
            envelope("BILLING_DELETED", made_at, data.to_string().into_bytes())
        }
    }
}

fn of_payment(event: WebhookEvent, payment: &Payment, made_at: Ms) -> Vec<u8> {
    match event {
        WebhookEvent::PaymentStatusChanged | WebhookEvent::BillingDeleted | WebhookEvent::Unknown => {
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

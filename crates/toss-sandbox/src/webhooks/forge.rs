//! Webhooks that Toss never sent: anybody who knows a receiver's address can write to it.

use serde::Deserialize;
use serde_json::{Number, Value, json};

use crate::clock::Ms;
use crate::ids::Ids;
use crate::payment::Payment;
use crate::webhooks::body::{News, body};
use crate::webhooks::{WebhookError, WebhookEvent};

/// The longest text of a forgery, in bytes.
const LONGEST: usize = 300;

/// A webhook to be forged: the true one of a payment as it stands, with lies in it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct WebhookForgery {
    /// The payment that it is about; every event needs it but `BILLING_DELETED`.
    pub payment_key: Option<String>,
    /// The billing key that `BILLING_DELETED` names, true or made up.
    pub billing_key: Option<String>,
    /// `PAYMENT_STATUS_CHANGED` by default; a type that nobody knows is sent as it is.
    pub event: Option<String>,
    /// Another status than the true one, whether there is such a status or not.
    pub status: Option<String>,
    /// Another amount than the true one, as JSON shows it.
    pub amount: Option<Number>,
    /// What it gives as proof.
    pub secret: ForgedSecret,
}

/// The proof of a forged webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForgedSecret {
    /// A made-up one: the forger does not know the right one.
    #[default]
    Wrong,
    /// The field is missing.
    None,
    /// The payment's own: it has leaked.
    Right,
}

impl WebhookForgery {
    /// The event whose form it wears, and its body.
    pub(super) fn write(
        &self,
        payment: Option<&Payment>,
        ids: &mut Ids,
        now: Ms,
    ) -> Result<(WebhookEvent, Vec<u8>), WebhookError> {
        self.check()?;
        let event = self.kind();
        let news = match (event, payment, &self.billing_key) {
            (WebhookEvent::BillingDeleted, _, Some(key)) => {
                News::BillingDeleted { key: key.as_str().into(), reason: None }
            }
            (WebhookEvent::BillingDeleted, _, None) => {
                return Err(WebhookError::Forgery("BILLING_DELETED needs a billingKey"));
            }
            (_, Some(payment), _) => News::Payment(payment.clone().into()),
            (_, None, _) => return Err(WebhookError::NoPayment),
        };
        let mut forged: Value = serde_json::from_slice(&body(event, &news, now)).unwrap_or_default();
        self.lie(event, &mut forged, ids)?;
        Ok((event, forged.to_string().into_bytes()))
    }

    fn kind(&self) -> WebhookEvent {
        let Some(name) = &self.event else { return WebhookEvent::PaymentStatusChanged };
        serde_json::from_value(json!(name)).unwrap_or(WebhookEvent::Unknown)
    }

    fn check(&self) -> Result<(), WebhookError> {
        let texts = [&self.payment_key, &self.billing_key, &self.event, &self.status];
        let is_long = texts.into_iter().flatten().any(|text| text.len() > LONGEST);
        if is_long { Err(WebhookError::Forgery("a text has at most 300 bytes")) } else { Ok(()) }
    }

    fn lie(&self, event: WebhookEvent, forged: &mut Value, ids: &mut Ids) -> Result<(), WebhookError> {
        if let (WebhookEvent::Unknown, Some(name)) = (event, &self.event) {
            forged["eventType"] = json!(name);
        }
        let (told, status, amounts): (_, _, &[&str]) = match event {
            WebhookEvent::DepositCallback => (forged, "status", &[]),
            WebhookEvent::CancelStatusChanged => (&mut forged["data"], "cancelStatus", &["cancelAmount"]),
            WebhookEvent::BillingDeleted => (&mut forged["data"], "", &[]),
            WebhookEvent::PaymentStatusChanged | WebhookEvent::Unknown => {
                (&mut forged["data"], "status", &["totalAmount", "balanceAmount"])
            }
        };
        let Some(told) = told.as_object_mut() else {
            return Err(WebhookError::Forgery("no asynchronous cancel of this payment has ended"));
        };
        if let Some(lie) = self.status.as_ref().filter(|_| !status.is_empty()) {
            told.insert(status.to_owned(), json!(lie));
        }
        if let Some(lie) = &self.amount {
            if amounts.is_empty() {
                return Err(WebhookError::Forgery("this event names no amount"));
            }
            for name in amounts {
                told.insert((*name).to_owned(), json!(lie));
            }
        }
        match self.secret {
            ForgedSecret::None => drop(told.remove("secret")),
            ForgedSecret::Wrong if told.contains_key("secret") => {
                told.insert("secret".to_owned(), json!(ids.secret()));
            }
            ForgedSecret::Right | ForgedSecret::Wrong => {}
        }
        Ok(())
    }
}

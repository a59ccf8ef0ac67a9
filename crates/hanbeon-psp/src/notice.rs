//! What comes in by webhook, read as far as it says where to look. Nothing in it is believed: the most that it can do
//! is make us ask Toss.
use crate::judge::deposit_secret;
use hanbeon_domain::{DepositSecret, PaymentKey, RefundId, TossOrderId, TossStatus};
use toss_client::model::Cancellation;
use toss_client::webhook::{Webhook, merchant_of};

/// A notice of Toss's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `eventType`; an envelope that has none is a `DEPOSIT_CALLBACK` (Toss webhooks, three envelopes).
    pub event_type: String,
    /// What makes two webhooks the same notice (Toss webhooks, receiver rules).
    pub meaning: String,
    /// The payment that it says it is about.
    pub payment: Option<PaymentKey>,
    /// The order that it says it is about, by its name at Toss.
    pub order: Option<TossOrderId>,
    /// The refund that it says it is about, by the name of our call for it.
    pub refund: Option<RefundId>,
    /// The status that it says the payment has.
    pub status: Option<TossStatus>,
    /// The merchant that it says it is about.
    pub merchant_id: Option<String>,
    /// What it claims to know.
    pub secret: Option<DepositSecret>,
}

/// A body that is no webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct NotAWebhook;

impl Notice {
    /// Reads a body of bounded length.
    ///
    /// # Errors
    /// [`NotAWebhook`] when it is not even an object; any other one is a notice, if only an unknown one.
    pub fn read(body: &[u8]) -> Result<Self, NotAWebhook> {
        let mut refund = None;
        let (event_type, key, order, status, transaction, secret) =
            match Webhook::parse(body).map_err(|_| NotAWebhook)? {
                Webhook::PaymentStatusChanged {
                    payment_key,
                    order_id,
                    status,
                    secret,
                    last_transaction_key,
                    ..
                } => (
                    "PAYMENT_STATUS_CHANGED".to_owned(),
                    payment_key,
                    order_id,
                    status,
                    last_transaction_key,
                    secret,
                ),
                Webhook::DepositCallback { order_id, secret, status, transaction_key, .. } => {
                    ("DEPOSIT_CALLBACK".to_owned(), None, order_id, status, transaction_key, secret)
                }
                // Whether it names its payment is not documented: it is known by the name that we gave the cancel.
                Webhook::CancelStatusChanged(event) => {
                    let Cancellation { cancel_request_id, cancel_status, transaction_key, .. } = event.data;
                    refund = cancel_request_id.as_deref().and_then(refund_named);
                    let name = "CANCEL_STATUS_CHANGED".to_owned();
                    let status = cancel_status.map(|status| status.as_str().to_owned());
                    (
                        name,
                        None,
                        None,
                        None,
                        transaction_key.zip(status).map(|(key, status)| format!("{key} {status}")),
                        None,
                    )
                }
                other => {
                    let name = other.event_type().unwrap_or("(none)");
                    (name.chars().take(NAME_MAX).collect(), None, None, None, None, None)
                }
            };
        let claimed = status.as_ref().map(|status| TossStatus::parse(status.as_str()));
        let about = key.as_deref().or(order.as_deref()).unwrap_or("-");
        let status = status.as_ref().map_or("-", |status| status.as_str());
        let meaning = [event_type.as_str(), about, transaction.as_deref().unwrap_or("-"), status].join("|");
        Ok(Self {
            meaning: meaning.chars().take(MEANING_MAX).collect(),
            event_type,
            payment: key.and_then(|key| PaymentKey::parse(key).ok()),
            order: order.and_then(|order| TossOrderId::parse(order).ok()),
            refund,
            status: claimed,
            merchant_id: merchant_of(body),
            secret: secret.map(|secret| deposit_secret(secret.expose())),
        })
    }
}

/// The refund in the name of a call for it; see [`hanbeon_domain::Payment::cancel_key`].
fn refund_named(request: &str) -> Option<RefundId> {
    let (id, _) = request.strip_prefix("hanbeon-")?.split_once("-cancel")?;
    RefundId::parse(id).ok()
}

/// Longest name of an event that is kept: Toss's longest has 28 characters.
const NAME_MAX: usize = 64;
/// Longest meaning that is kept: an event, a payment key of 200, a transaction key of 64 and a status.
const MEANING_MAX: usize = 400;

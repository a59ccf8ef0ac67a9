//! Notices of Toss's: kept, and taken as a reason to look.
use hanbeon_domain::{PaymentId, PaymentKey, Timestamp, TossOrderId};

/// Counts webhooks in the order of their arrival.
pub type WebhookId = u64;

/// Longest body that is kept, in bytes: a payment with everything in it has about 4 KiB.
pub const WEBHOOK_BODY_MAX: usize = 32 * 1024;
/// How many are kept: the oldest make room. Nothing depends on a webhook, so nothing is lost with it; and nobody can
/// fill the disk by sending some.
pub const WEBHOOKS_KEPT_MAX: u64 = 20_000;
/// So many more may be there: a store that many servers share removes old ones now and then, not with each that comes.
pub const WEBHOOKS_SPARE: u64 = 1_024;

/// Which payment a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// By Toss's own name for it.
    Key(PaymentKey),
    /// By the order's name at Toss, which is all that a notice of a deposit has: the newest payment of that order.
    Order(TossOrderId),
}

/// A webhook that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// When.
    pub received_at: Timestamp,
    /// Toss's name for the transmission, if it had one.
    pub transmission_id: Option<String>,
    /// What makes two webhooks the same notice: event, payment, transaction, status.
    pub meaning: String,
    /// `eventType`, or what we call an envelope that has none.
    pub event_type: String,
    /// Which payment it is about, as far as it can be read.
    pub hint: Option<Hint>,
    /// What we think of it.
    pub verdict: WebhookVerdict,
    /// As it came.
    pub body: Vec<u8>,
}

impl NewWebhook {
    /// Whom it hints at, as two columns have it: the payment's key, or the name of its order at Toss.
    #[must_use]
    pub fn hint_names(&self) -> (Option<&str>, Option<&str>) {
        match &self.hint {
            Some(Hint::Key(key)) => (Some(key.as_str()), None),
            Some(Hint::Order(order)) => (None, Some(order.as_str())),
            None => (None, None),
        }
    }
}

/// What we think of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WebhookVerdict {
    /// A reason to look.
    Hint,
    /// It tells what we know already: most of Toss's webhooks follow a call of our own.
    Known,
    /// An event that means nothing to us; kept.
    Unknown,
    /// It proves not to come from Toss: its secret is wrong.
    Forged,
    /// It is about another merchant.
    Foreign,
}

impl WebhookVerdict {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Hint, Self::Known, Self::Unknown, Self::Forged, Self::Foreign];

    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Known => "known",
            Self::Unknown => "unknown",
            Self::Forged => "forged",
            Self::Foreign => "foreign",
        }
    }

    /// Reads what was stored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// New, and its payment is due.
    Noticed(WebhookId),
    /// New, but there is nothing to look at: no payment of ours, or not to be followed.
    Parked(WebhookId),
    /// The same transmission, or the same notice, has arrived before; it is kept, and its payment is due anyway.
    Repeated(WebhookId),
}

/// A webhook as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Counts up.
    pub id: WebhookId,
    /// What arrived.
    pub new: NewWebhook,
    /// Had the same arrived before?
    pub repeated: bool,
    /// The payment of ours that it is about, if there is one by now.
    pub payment: Option<PaymentId>,
}

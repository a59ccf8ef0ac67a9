//! One webhook on its way to one endpoint: what it says, where it stands, and what became of each try.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{Korea, KoreaLocal, MINUTE, Ms};
use crate::webhooks::WebhookEvent;
use crate::webhooks::body::{News, body};
use crate::webhooks::endpoint::WebhookEndpoint;

/// Minutes from a failed try to the next one (Toss webhooks, Delivery).
const RETRY_MINUTES: [i64; 7] = [1, 4, 16, 64, 256, 1_024, 4_096];
/// Tries remembered: more can only come of copies and of resending by hand.
const MOST_TRIES: usize = 128;

/// Where a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WebhookState {
    /// A try is due, now or later.
    Pending,
    /// A try is under way.
    Sending,
    /// A rule holds it back.
    Held,
    /// It was answered with 200.
    Delivered,
    /// All 8 tries failed.
    Failed,
    /// A rule dropped it.
    Dropped,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDelivery {
    /// When it was sent, Korea time.
    pub at: String,
    /// The header of the same name.
    pub retried_count: u8,
    /// The status that was answered.
    pub status: Option<u16>,
    /// Why there is no status: `timeout`, or `connection`.
    pub error: Option<&'static str>,
    /// Whether it was resent by hand.
    pub by_hand: bool,
}

/// A webhook as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentWebhook {
    /// Its number in the log.
    pub id: u64,
    /// `tosspayments-webhook-transmission-id`.
    pub transmission_id: String,
    /// The event.
    pub event: WebhookEvent,
    /// Where it goes.
    pub url: String,
    /// The order that it is about; none for a billing key.
    pub order_id: Option<String>,
    /// The payment that it is about.
    pub payment_key: Option<String>,
    /// The status that it tells; none for a forged one, whose body alone says what it claims.
    pub status: Option<&'static str>,
    /// When the event was made, as its body says.
    pub created_at: String,
    /// The body, byte for byte.
    pub body: String,
    /// Where it stands.
    pub state: WebhookState,
    /// When its next try is due, Korea time.
    pub next_at: Option<String>,
    /// Whether it was forged: Toss never sent it, and what it tells may be a lie.
    pub forged: bool,
    /// The number of the webhook that it was duplicated from by hand.
    pub duplicate_of: Option<u64>,
    /// Every try so far.
    pub deliveries: Vec<WebhookDelivery>,
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    Status(u16),
    Timeout,
    Connection,
}

/// Where a parcel stands, with what the next step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stand {
    Due(Ms),
    Flying,
    Held,
    /// Sent as soon as the one before it has come to an end.
    Behind,
    Delivered,
    Failed,
    Dropped,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Try {
    at: Ms,
    retried: u8,
    end: End,
    by_hand: bool,
}

/// A webhook for one endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) endpoint: Arc<WebhookEndpoint>,
    #[serde(deserialize_with = "WebhookEvent::kept")]
    pub(crate) event: WebhookEvent,
    pub(crate) transmission: Arc<str>,
    pub(crate) news: News,
    pub(crate) made_at: Ms,
    pub(crate) stand: Stand,
    /// Who is sent after this one.
    pub(crate) then: Option<u64>,
    /// Further tries that a rule asked for, whatever is answered.
    pub(crate) copies: u32,
    /// Failed tries of the schedule so far.
    pub(crate) retried: u8,
    delivered: bool,
    /// The webhook that it is a copy of.
    duplicate_of: Option<u64>,
    /// Where it stood before it was resent by hand.
    before_hand: Option<Stand>,
    tries: Vec<Try>,
}

impl Parcel {
    pub(crate) fn new(
        endpoint: Arc<WebhookEndpoint>,
        event: WebhookEvent,
        transmission: Arc<str>,
        news: News,
        made_at: Ms,
    ) -> Self {
        Self {
            endpoint,
            event,
            transmission,
            news,
            made_at,
            stand: Stand::Due(made_at),
            then: None,
            copies: 0,
            retried: 0,
            delivered: false,
            duplicate_of: None,
            before_hand: None,
            tries: Vec::new(),
        }
    }

    /// The same again, of the same id and the same bytes, with tries of its own.
    pub(crate) fn duplicate(&self, of: u64, now: Ms) -> Self {
        let copy = Self::new(
            Arc::clone(&self.endpoint),
            self.event,
            Arc::clone(&self.transmission),
            self.news.clone(),
            self.made_at,
        );
        Self { stand: Stand::Due(now), duplicate_of: Some(of), ..copy }
    }

    /// Whether nothing more will happen to it by itself.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stand, Stand::Delivered | Stand::Failed | Stand::Dropped)
    }

    /// Makes it due at once, to go back to where it stands should that try fail; false while it is busy.
    pub(crate) fn by_hand(&mut self, now: Ms) -> bool {
        if matches!(self.stand, Stand::Flying | Stand::Held | Stand::Behind) {
            return false;
        }
        let stand = std::mem::replace(&mut self.stand, Stand::Due(now));
        self.before_hand.get_or_insert(stand);
        true
    }

    /// Writes a try down and says where the parcel stands after it.
    pub(crate) fn tried(&mut self, at: Ms, end: End, now: Ms, compression: u32) {
        let by_hand = self.before_hand.take();
        if self.tries.len() < MOST_TRIES {
            self.tries.push(Try { at, retried: self.retried, end, by_hand: by_hand.is_some() });
        }
        self.delivered |= end == End::Status(200);
        self.stand = if let (Some(before), false) = (by_hand, end == End::Status(200)) {
            before
        } else if self.copies > 0 && by_hand.is_none() {
            self.copies -= 1;
            Stand::Due(now)
        } else if self.delivered {
            Stand::Delivered
        } else {
            self.again(now, compression)
        };
    }

    fn again(&mut self, now: Ms, compression: u32) -> Stand {
        match RETRY_MINUTES.get(usize::from(self.retried)) {
            None => Stand::Failed,
            Some(minutes) => {
                self.retried += 1;
                Stand::Due(now + minutes * MINUTE / i64::from(compression.max(1)))
            }
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        body(self.event, &self.news, self.made_at)
    }

    pub(crate) fn show(&self, id: u64) -> SentWebhook {
        let payment = self.news.payment();
        let forged = matches!(self.news, News::Forged { .. });
        SentWebhook {
            id,
            transmission_id: self.transmission.to_string(),
            event: self.event,
            url: self.endpoint.url.clone(),
            order_id: payment.map(|payment| payment.about.order.to_string()),
            payment_key: payment.map(|payment| payment.about.key.to_string()),
            status: payment.filter(|_| !forged).map(|payment| payment.status.name()),
            created_at: KoreaLocal(self.made_at).to_string(),
            body: String::from_utf8_lossy(&self.bytes()).into_owned(),
            state: match self.stand {
                Stand::Due(_) => WebhookState::Pending,
                Stand::Flying => WebhookState::Sending,
                Stand::Held | Stand::Behind => WebhookState::Held,
                Stand::Delivered => WebhookState::Delivered,
                Stand::Failed => WebhookState::Failed,
                Stand::Dropped => WebhookState::Dropped,
            },
            next_at: match self.stand {
                Stand::Due(at) => Some(Korea(at).to_string()),
                _ => None,
            },
            forged,
            duplicate_of: self.duplicate_of,
            deliveries: self.tries.iter().map(Try::show).collect(),
        }
    }
}

impl Try {
    fn show(&self) -> WebhookDelivery {
        let (status, error) = match self.end {
            End::Status(status) => (Some(status), None),
            End::Timeout => (None, Some("timeout")),
            End::Connection => (None, Some("connection")),
        };
        WebhookDelivery {
            at: Korea(self.at).to_string(),
            retried_count: self.retried,
            status,
            error,
            by_hand: self.by_hand,
        }
    }
}

//! Where webhooks go, and which.

use std::net::IpAddr;

use axum::http::Uri;
use serde::de::{Error as _, IntoDeserializer as _, value};
use serde::{Deserialize, Deserializer, Serialize};

use crate::payment::Payment;

/// Endpoints at once.
pub(crate) const MOST_ENDPOINTS: usize = 16;

/// An event that the sandbox sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum WebhookEvent {
    /// A payment became DONE, CANCELED, `PARTIAL_CANCELED`, ABORTED or EXPIRED; a virtual account changed.
    PaymentStatusChanged,
    /// A virtual account was issued, paid, taken back or cancelled. It has no `eventType` on the wire.
    DepositCallback,
    /// An asynchronous cancel came to its end, DONE or ABORTED.
    CancelStatusChanged,
    /// A billing key was removed, by its merchant or by the provider.
    BillingDeleted,
    /// A type that Toss does not have: only a forged webhook is of it.
    #[serde(skip_deserializing)]
    Unknown,
}

impl WebhookEvent {
    /// All events that Toss sends.
    const ALL: [Self; 4] =
        [Self::PaymentStatusChanged, Self::DepositCallback, Self::CancelStatusChanged, Self::BillingDeleted];

    /// Any event that a webhook in the log may be of.
    pub(crate) fn kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = |_: value::Error| {
            if name == "UNKNOWN" { Ok(Self::Unknown) } else { Err(D::Error::custom("no such event")) }
        };
        Self::deserialize(name.as_str().into_deserializer()).or_else(unknown)
    }

    /// What one transition tells (Toss webhooks, Which transition emits what): a virtual account tells it twice.
    pub(crate) fn of(payment: &Payment) -> &'static [Self] {
        if payment.account.is_some() {
            &[Self::DepositCallback, Self::PaymentStatusChanged]
        } else {
            &[Self::PaymentStatusChanged]
        }
    }
}

/// A receiver of webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// `http`, and a loopback address or `localhost`, unless `Config::webhooks_anywhere` allows any host.
    pub url: String,
    /// The events that it has subscribed to; all of them by default.
    #[serde(default = "all")]
    pub events: Vec<WebhookEvent>,
}

fn all() -> Vec<WebhookEvent> {
    WebhookEvent::ALL.to_vec()
}

/// Why something about webhooks was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// Not a plain address of this machine.
    #[error("a webhook goes to http:// and a loopback address only; elsewhere with --webhooks-anywhere")]
    Url,
    /// Too many endpoints, or too many rules.
    #[error("there are too many already")]
    TooMany,
    /// A rule that could never do anything sensible.
    #[error("reorder takes 2 to 1000 webhooks, duplicate 1 to 100 copies, and a delay is at most a day")]
    Fault,
    /// The webhook is unknown, or was forgotten.
    #[error("there is no such webhook")]
    Unknown,
    /// The webhook is on its way, or held back by a rule.
    #[error("the webhook is on its way, or held back by a rule")]
    Busy,
    /// Too few copies of a webhook, or too many.
    #[error("a webhook is duplicated 1 to 100 times")]
    Copies,
    /// A forgery about a payment that there is not.
    #[error("there is no such payment")]
    NoPayment,
    /// There is nobody to be lied to.
    #[error("there is no endpoint yet")]
    NoEndpoint,
    /// A forgery that cannot be written.
    #[error("{0}")]
    Forgery(&'static str),
}

impl WebhookEndpoint {
    /// An endpoint for every event.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), events: all() }
    }

    /// Only for these events.
    #[must_use]
    pub fn only(mut self, events: &[WebhookEvent]) -> Self {
        self.events = events.to_vec();
        self
    }

    pub(crate) fn check(&self, anywhere: bool) -> Result<(), WebhookError> {
        let uri: Uri = self.url.parse().map_err(|_| WebhookError::Url)?;
        let authority = uri.authority().ok_or(WebhookError::Url)?;
        // A user in the address is a common disguise of another host.
        let plain = uri.scheme_str() == Some("http") && !authority.as_str().contains('@');
        if plain && (anywhere || is_loopback(authority.host())) { Ok(()) } else { Err(WebhookError::Url) }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_stay_on_this_machine() {
        for url in [
            "http://127.0.0.1:1/webhooks/toss",
            "http://127.8.8.8",
            "http://[::1]:9/",
            "http://localhost:1/a?b",
        ] {
            assert_eq!(WebhookEndpoint::new(url).check(false), Ok(()), "{url}");
        }
        for url in [
            "",
            "/webhooks",
            "https://127.0.0.1/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "http://user@127.0.0.1/",
            "http://0.0.0.0/",
            "ftp://127.0.0.1/",
            "http://2130706433/",
        ] {
            assert_eq!(WebhookEndpoint::new(url).check(false), Err(WebhookError::Url), "{url}");
        }
    }

    #[test]
    fn webhooks_go_anywhere_when_they_are_allowed_to_but_never_to_a_disguise() {
        for url in ["http://127.0.0.1:1/", "http://10.0.0.1/", "http://shop.example:8080/webhooks"] {
            assert_eq!(WebhookEndpoint::new(url).check(true), Ok(()), "{url}");
        }
        for url in ["", "/webhooks", "https://shop.example/", "http://user@shop.example/"] {
            assert_eq!(WebhookEndpoint::new(url).check(true), Err(WebhookError::Url), "{url}");
        }
    }
}

//! `POST /webhooks/toss`: what Toss calls. Kept durably, answered, and taken as a reason to look; whoever sends it.
//!
//! Anybody can send anything here, so everything has a bound: how many there are at once, how long and how much each
//! may send, and how many wait for the store, which buyers wait for too. Beyond a bound the answer is "later", and
//! Toss sends again. There is no key and no signature to check: what a webhook says is not believed anyway.
//!
//! 1. **read**: bounded in time and size;
//! 2. **keep**: bounded in number, so that a flood of forgeries is no crowd before the store;
//! 3. **answer** 200, whatever it means: it is durable, and sending it again would tell us nothing new.
use crate::answer::coded;
use crate::merchant::billing::deleted;
use crate::routes::Api;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hanbeon_app::WEBHOOK_BODY_MAX;
use hanbeon_app::notices::NoticeError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{error, warn};

/// Webhooks that are in our memory at once: with the longest body, 8 MiB.
const INSIDE_AT_ONCE: usize = 256;
/// Webhooks that wait for the store at once: hundreds a second, and no more of the store's queue than a few buyers.
const KEPT_AT_ONCE: usize = 16;
/// How long a sender may take over its body: Toss sends a few kilobytes at once.
const READ_WITHIN: Duration = Duration::from_secs(3);
/// How long a webhook waits for its turn at the store: Toss should have its answer within a second.
const TURN_WITHIN: Duration = Duration::from_millis(500);
/// When to come again, in seconds.
const RETRY_AFTER_SECONDS: &str = "5";
/// Toss's name for a transmission (Toss webhooks, headers).
const TRANSMISSION_ID: HeaderName = HeaderName::from_static("tosspayments-webhook-transmission-id");
/// Longest one that is kept: `whtrans_` and 26 characters, many times over.
const TRANSMISSION_ID_MAX: usize = 128;

/// The bounds of the route.
pub(crate) struct Gate {
    inside: Semaphore,
    keeping: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { inside: Semaphore::new(INSIDE_AT_ONCE), keeping: Semaphore::new(KEPT_AT_ONCE) }
    }
}

pub(crate) async fn handle(State(api): State<Arc<Api>>, request: Request) -> Response {
    match keep(&api, request).await {
        Ok(()) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], "{}").into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn keep(api: &Api, request: Request) -> Result<(), Problem> {
    let transmission_id = transmission_id(request.headers());
    let _inside = api.gate.inside.try_acquire().map_err(|_| Problem::Crowded)?;
    let body = read(request).await?;
    let turn = timeout(TURN_WITHIN, api.gate.keeping.acquire()).await;
    let Ok(Ok(_turn)) = turn else { return Err(Problem::Crowded) };
    let body = deleted::hear(api, body).await.map_err(NoticeError::from)?;
    api.app.webhook(transmission_id, body).await?;
    Ok(())
}

/// Toss's own name for it; anything that cannot be one is passed over.
fn transmission_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(TRANSMISSION_ID)?.to_str().ok()?;
    let plain = (1..=TRANSMISSION_ID_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    plain.then(|| text.to_owned())
}

async fn read(request: Request) -> Result<Vec<u8>, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| WEBHOOK_BODY_MAX < length) {
        return Err(Problem::TooLarge);
    }
    // The only two failures: longer than that, or cut off; and who cut it off hears no answer.
    let body = timeout(READ_WITHIN, to_bytes(request.into_body(), WEBHOOK_BODY_MAX)).await;
    Ok(body.map_err(|_| Problem::Slow)?.map_err(|_| Problem::TooLarge)?.into())
}

/// Why a webhook is not kept.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("a webhook must be at most {WEBHOOK_BODY_MAX} bytes, and complete")]
    TooLarge,
    #[error("the body must arrive within {} seconds", READ_WITHIN.as_secs())]
    Slow,
    #[error("too many webhooks at once; send it again")]
    Crowded,
    #[error(transparent)]
    Notice(#[from] NoticeError),
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let message = self.to_string();
        match self {
            Self::TooLarge => coded(StatusCode::PAYLOAD_TOO_LARGE, "INVALID_REQUEST", &message),
            Self::Slow => coded(StatusCode::REQUEST_TIMEOUT, "INVALID_REQUEST", &message),
            Self::Notice(NoticeError::NotAWebhook(_)) => {
                coded(StatusCode::BAD_REQUEST, "INVALID_REQUEST", &message)
            }
            Self::Crowded => {
                warn!("a webhook was turned away: there are too many");
                later("TOO_MANY_WEBHOOKS", &message)
            }
            Self::Notice(NoticeError::Store(cause)) => {
                error!(%cause, "the store failed a webhook; Toss sends it again");
                later("STORE_UNAVAILABLE", &message)
            }
        }
    }
}

fn later(code: &str, message: &str) -> Response {
    let answer = coded(StatusCode::SERVICE_UNAVAILABLE, code, message);
    ([(header::RETRY_AFTER, RETRY_AFTER_SECONDS)], answer).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[track_caller]
    fn check(value: &[u8], want: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(TRANSMISSION_ID, HeaderValue::from_bytes(value).unwrap());
        assert_eq!(transmission_id(&headers).as_deref(), want, "{value:?}");
    }

    #[test]
    fn a_transmission_id_that_cannot_be_tosss_is_passed_over() {
        assert_eq!(transmission_id(&HeaderMap::new()), None);
        check(b"whtrans_a01jcbncta59bq7yjpz6x4s2h3w", Some("whtrans_a01jcbncta59bq7yjpz6x4s2h3w"));
        check(&[b'x'; TRANSMISSION_ID_MAX], Some(&"x".repeat(TRANSMISSION_ID_MAX)));
        for wrong in [&b""[..], b"two words", b"\xff", &[b'x'; TRANSMISSION_ID_MAX + 1]] {
            check(wrong, None);
        }
    }
}

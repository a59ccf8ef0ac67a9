//! `Idempotency-Key`: a request of the shop's happens once, and whoever repeats it gets the same bytes.
//!
//! 1. the **key** is checked before the body is read, and a body that cannot be understood claims nothing;
//! 2. **claim**, work and answer run on a task of their own: a caller who hangs up stops none of it;
//! 3. an answer is **kept**, unless it says when to try again or that we failed; then the claim is given up.
use super::problem::Problem;
use crate::ops::observe::panicked;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hanbeon_app::claims::{Operation, Turn};
use hanbeon_app::{AnswerRecord, App, IDEMPOTENCY_KEY_MAX};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How a request wants to happen: once, under its key, or as often as it is sent.
pub(crate) struct Once {
    key: Option<String>,
    method: String,
    path: String,
}

/// Why a request is not carried out, or not now.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotOnce {
    /// A key that is none, or two of them.
    #[error(
        "Idempotency-Key must be one header of 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters without spaces"
    )]
    BadKey,
    /// None, where there must be one.
    #[error(
        "send an Idempotency-Key: a name of your own for this request (a UUID, or your number of it), the same one \
         when you repeat the request"
    )]
    NoKey,
    /// The same request is being carried out.
    #[error("the request with this Idempotency-Key is being carried out; repeat it to hear how it ended")]
    Running,
    /// The key was used for another request.
    #[error(
        "this Idempotency-Key was used for another request (method, path or body differ); nothing was done"
    )]
    OtherRequest,
}

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (method, path) = (parts.method.as_str().to_owned(), parts.uri.path().to_owned());
        Ok(Self { key: key(&parts.headers)?, method, path })
    }
}

/// The key of a request; `None` when it has none.
fn key(headers: &HeaderMap) -> Result<Option<String>, NotOnce> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).into_iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        let none = headers.get(IDEMPOTENCY_KEY).is_none();
        return if none { Ok(None) } else { Err(NotOnce::BadKey) };
    };
    let text = value.to_str().map_err(|_| NotOnce::BadKey)?;
    let fits = (1..=IDEMPOTENCY_KEY_MAX).contains(&text.len());
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && visible { Ok(Some(text.to_owned())) } else { Err(NotOnce::BadKey) }
}

impl Once {
    /// For requests that must not happen twice by accident.
    pub(super) fn required(self) -> Result<Self, NotOnce> {
        if self.key.is_some() { Ok(self) } else { Err(NotOnce::NoKey) }
    }

    /// Carries the request out, or answers as it was answered before. `work` makes what it makes under the names of
    /// its operation, so that whoever takes over a claim whose request died makes the same.
    pub(super) async fn run<W>(
        self,
        app: &Arc<App>,
        body: &Bytes,
        work: impl FnOnce(Operation) -> W + Send + 'static,
    ) -> Response
    where
        W: Future<Output: IntoResponse> + Send + 'static,
    {
        let digest = self.digest(body);
        let Some(key) = self.key else { return work(app.operation()).await.into_response() };
        let claimed = claimed(Arc::clone(app), key.clone(), digest, work);
        match app.on_its_own(claimed).await {
            Ok(answer) => answer,
            Err(ended) => {
                app.release_claim(&key).await;
                panicked(ended.try_into_panic().unwrap_or_else(|ended| Box::new(ended.to_string())))
            }
        }
    }

    /// Tells this request from any other. Each part counts with its length, so that no two requests have the same
    /// bytes.
    fn digest(&self, body: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [self.method.as_bytes(), self.path.as_bytes(), body] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

async fn claimed<W>(
    app: Arc<App>,
    key: String,
    digest: [u8; 32],
    work: impl FnOnce(Operation) -> W,
) -> Response
where
    W: Future<Output: IntoResponse>,
{
    match app.claim(&key, digest).await {
        Ok(Turn::Ours(operation)) => {
            let answer = work(operation).await.into_response();
            keep(&app, &key, answer).await
        }
        Ok(Turn::Running) => Problem::NotOnce(NotOnce::Running).into_response(),
        Ok(Turn::Answered(answer)) => replayed(answer),
        Ok(Turn::OtherRequest) => Problem::NotOnce(NotOnce::OtherRequest).into_response(),
        Err(cause) => Problem::Store(cause).into_response(),
    }
}

/// Keeps an answer, and tells the one that is kept; unless it is none: "try again later", or a failure of ours.
async fn keep(app: &App, key: &str, answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    // Made by us, in memory: there is nothing in it that could fail or go on for ever.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if parts.status.is_server_error() || parts.headers.contains_key(header::RETRY_AFTER) {
        app.release_claim(key).await;
        return Response::from_parts(parts, Body::from(body));
    }
    let record = AnswerRecord { status: parts.status.as_u16(), body: body.to_vec() };
    match app.keep_answer(key, &record).await {
        Ok(told) if told == record => Response::from_parts(parts, Body::from(body)),
        Ok(first) => replayed(first),
        Err(cause) => Problem::Store(cause).into_response(),
    }
}

fn replayed(AnswerRecord { status, body }: AnswerRecord) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json");
    let headers = [(header::CONTENT_TYPE, json), (REPLAYED, HeaderValue::from_static("true"))];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&[u8]], want: Result<Option<&str>, ()>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
        }
        let got = key(&headers);
        assert_eq!(got.as_ref().map(Option::as_deref).map_err(|_| ()), want, "{values:?}");
    }

    #[test]
    fn a_key_is_one_to_three_hundred_visible_characters_and_there_is_one() {
        let longest = "k".repeat(300);
        check(&[], Ok(None));
        check(&[b"k"], Ok(Some("k")));
        check(&[b"2026-0001/cancel:1!~"], Ok(Some("2026-0001/cancel:1!~")));
        check(&[longest.as_bytes()], Ok(Some(&longest)));
        for wrong in ["", "two words", "tab\tbed", "한", &"k".repeat(301)] {
            check(&[wrong.as_bytes()], Err(()));
        }
        check(&[b"\xff"], Err(()));
        check(&[b"one", b"two"], Err(()));
        check(&[b"one", b"one"], Err(()));
    }

    #[test]
    fn a_digest_tells_method_path_and_body_apart() {
        let digest = |method: &str, path: &str, body: &str| {
            let once = Once { key: None, method: method.to_owned(), path: path.to_owned() };
            once.digest(body.as_bytes())
        };
        let all = [
            digest("POST", "/v1/orders", "{}"),
            digest("PUT", "/v1/orders", "{}"),
            digest("POST", "/v1/order", "s{}"),
            digest("POST", "/v1/orders{", "}"),
            digest("POST", "/v1/orders", "{} "),
            digest("POST", "/v1/orders", ""),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(all[0], digest("POST", "/v1/orders", "{}"));
    }
}

//! Who is asking: a browser with its session, or a shop with its API key.
use crate::routes::Api;
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderMap};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use hanbeon_app::sessions::{Session, SessionSecret};
use std::convert::Infallible;
use std::sync::Arc;

/// The name of the session cookie.
const COOKIE_NAME: &str = "hanbeon_session";
/// How long a browser keeps it, in seconds: a month, so that a buyer can still cancel.
const COOKIE_MAX_AGE: u32 = 30 * 24 * 60 * 60;
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The session cookie of a request, if it has one that can be ours, and how the buyer reached us.
pub(crate) struct Browser {
    pub(crate) cookie: Option<SessionSecret>,
    https: bool,
}

impl FromRequestParts<Arc<Api>> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Infallible> {
        let forwarded = parts.headers.get(FORWARDED_PROTO).is_some_and(|proto| proto == "https");
        Ok(Self { cookie: session_cookie(&parts.headers), https: api.secure_cookie || forwarded })
    }
}

impl Browser {
    /// The header that tells the browser of a new session; `None` when it has told us of its own.
    pub(crate) fn set_cookie(&self, session: &Session) -> Option<HeaderValue> {
        let secret = session.fresh.as_ref()?.expose();
        let secure = if self.https { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_MAX_AGE}{secure}"
        );
        let mut value = HeaderValue::try_from(cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

fn session_cookie(headers: &HeaderMap) -> Option<SessionSecret> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    // The first that can be ours: a page of a sibling domain may have planted junk under the same name.
    pairs.find_map(|(name, value)| (name == COOKIE_NAME).then(|| SessionSecret::parse(value))?)
}

/// The key of `Authorization: Bearer …`, not yet checked.
pub(crate) struct BearerKey(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for BearerKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = header.and_then(|header| header.split_once(' '));
        Ok(Self(
            key.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, key)| key.trim().to_owned()),
        ))
    }
}

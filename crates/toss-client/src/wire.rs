//! A request and an answer as plain values, and the reading of an answer. No I/O here: with this module and the
//! `encode_*` functions the crate also works over a transport that is not its own.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;

use crate::{
    code::ErrorCode,
    error::{ApiError, Error, NotSentCause, Unreadable},
    keys::IdempotencyKey,
};

/// Toss echoes the key of an idempotent request, and asks for it, under this name.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TEST_CODE: HeaderName = HeaderName::from_static("tosspayments-test-code");
const TRACE_ID: HeaderName = HeaderName::from_static("x-tosspayments-trace-id");

/// Room for the longest documented path segment (a customer key) and far below any URL limit.
const MAX_SEGMENT: usize = 300;
/// Headers end up in logs and databases; an idempotency key has 300 characters, a trace id two times 32.
const MAX_HEADER_TEXT: usize = 512;

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request, complete but for the host and the `Authorization` header.
#[derive(Clone)]
pub struct Call {
    /// HTTP method.
    pub method: Method,
    /// The documented address with its placeholders, such as `/v1/billing/{billingKey}`: what a log may show.
    pub route: &'static str,
    /// Path and query, percent-encoded. May hold a secret, so `Debug` shows the route instead.
    pub path: String,
    /// Headers of this call.
    pub headers: HeaderMap,
    /// JSON, or nothing.
    pub body: Bytes,
}

/// What any POST may carry besides its body.
#[derive(Clone, Debug, Default)]
pub struct RequestOptions {
    /// Makes a repetition safe for 15 days (Toss core API, Idempotency-Key).
    pub idempotency_key: Option<IdempotencyKey>,
    /// Asks Toss to answer with this error and to do nothing; works with test keys only.
    pub test_code: Option<ErrorCode>,
}

/// A good answer: the value, and what came with it.
#[derive(Clone)]
pub struct Reply<T> {
    /// The decoded body.
    pub value: T,
    /// HTTP status.
    pub http_status: u16,
    /// The body, byte for byte.
    pub raw: Bytes,
    /// `x-tosspayments-trace-id`, which Toss's support asks for; two ids on a replayed answer.
    pub trace_id: Option<String>,
    /// The idempotency key as Toss heard it.
    pub idempotency_echo: Option<String>,
}

impl Call {
    pub(crate) fn get(route: &'static str, keys: &[&str]) -> Result<Self, Error> {
        Self::bare(Method::GET, route, keys)
    }

    pub(crate) fn delete(route: &'static str, keys: &[&str]) -> Result<Self, Error> {
        Self::bare(Method::DELETE, route, keys)
    }

    pub(crate) fn post(
        route: &'static str,
        keys: &[&str],
        body: &impl Serialize,
        options: &RequestOptions,
    ) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::not_sent(NotSentCause::Request, error))?;
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &options.idempotency_key {
            headers.insert(IDEMPOTENCY_KEY, header_value(key.as_str())?);
        }
        if let Some(code) = &options.test_code {
            headers.insert(TEST_CODE, header_value(code.as_str())?);
        }
        Ok(Self { headers, body: body.into(), ..Self::bare(Method::POST, route, keys)? })
    }

    /// Adds a parameter to the query. The value is written as it is.
    pub(crate) fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let joint = if self.path.contains('?') { "&" } else { "?" };
        self.path.extend([joint, name, "=", &value.to_string()]);
        self
    }

    fn bare(method: Method, route: &'static str, keys: &[&str]) -> Result<Self, Error> {
        let path = expand(route, keys)?;
        Ok(Self { method, route, path, headers: HeaderMap::new(), body: Bytes::new() })
    }
}

/// The route with the keys, in order, in the places of its placeholders.
fn expand(route: &str, keys: &[&str]) -> Result<String, Error> {
    let mut keys = keys.iter();
    let mut path = String::with_capacity(route.len() + 64);
    for part in route.split('/').skip(1) {
        path.push('/');
        if part.starts_with('{') {
            let key = keys.next().copied().unwrap_or_default();
            path += &segment(key)?.to_string();
        } else {
            path += part;
        }
    }
    Ok(path)
}

fn header_value(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|error| Error::not_sent(NotSentCause::Request, error))
}

/// One path segment. Empty and dot segments are refused: they would turn one address into another.
pub(crate) fn segment(text: &str) -> Result<impl fmt::Display + '_, Error> {
    if text.is_empty() || text == "." || text == ".." || text.len() > MAX_SEGMENT {
        return Err(Error::not_sent(
            NotSentCause::Request,
            "a key in a path must have 1 to 300 bytes and be no dot",
        ));
    }
    Ok(utf8_percent_encode(text, ESCAPED))
}

/// Toss's error body. Further fields are allowed.
#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
    message: String,
    #[serde(default)]
    data: Option<Value>,
}

/// Reads a complete answer: a 2xx with a `T`, Toss's `{code, message}` under a 4xx or 5xx, or neither.
pub fn decode<T: DeserializeOwned>(
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Reply<T>, Error> {
    decode_with(status, headers, body, |body| serde_json::from_slice(body))
}

/// Reads a complete answer whose success says nothing more: an empty body. JSON is taken for one, too, for Toss may
/// add fields to any answer; a page of a gateway is not.
pub fn decode_empty(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Result<Reply<()>, Error> {
    decode_with(status, headers, body, |body| {
        if body.is_empty() { Ok(()) } else { serde_json::from_slice(body).map(|IgnoredAny| ()) }
    })
}

fn decode_with<T>(
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    read: impl FnOnce(&[u8]) -> serde_json::Result<T>,
) -> Result<Reply<T>, Error> {
    let http_status = status.as_u16();
    let trace_id = trace_id(headers);
    let unreadable = |raw, trace_id, source| {
        Err(Error::Unreadable(Box::new(Unreadable { http_status, raw, trace_id, source })))
    };
    if status.is_success() {
        return match read(&body) {
            Ok(value) => {
                let idempotency_echo = text(headers, &IDEMPOTENCY_KEY);
                Ok(Reply { value, http_status, raw: body, trace_id, idempotency_echo })
            }
            Err(error) => unreadable(body, trace_id, Some(error)),
        };
    }
    if !status.is_client_error() && !status.is_server_error() {
        return unreadable(body, trace_id, None);
    }
    match serde_json::from_slice::<ErrorBody<'_>>(&body) {
        Ok(ErrorBody { code, message, data }) if !code.is_empty() => {
            let code = ErrorCode::from(&*code);
            Err(Error::Refused(Box::new(ApiError { http_status, code, message, data, raw: body, trace_id })))
        }
        Ok(_) => unreadable(body, trace_id, None),
        Err(error) => unreadable(body, trace_id, Some(error)),
    }
}

/// The trace id of an answer, also of one whose body never came.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<String> {
    text(headers, &TRACE_ID)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.get(..MAX_HEADER_TEXT).unwrap_or(text).to_owned())
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("route", &self.route)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("value", &self.value)
            .field("http_status", &self.http_status)
            .field("trace_id", &self.trace_id)
            .field("idempotency_echo", &self.idempotency_echo)
            .field("raw_len", &self.raw.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Payment;

    const DONE: &str = include_str!("../tests/fixtures/card-done.json");

    fn read(status: u16, body: &str) -> Result<Reply<Payment>, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACE_ID, HeaderValue::from_static("0af7651916cd43dd8448eb211c80319c"));
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_static("key-1"));
        decode(
            StatusCode::from_u16(status).expect("a status"),
            &headers,
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    #[test]
    fn a_good_answer_keeps_its_bytes_and_ids() {
        let reply = read(200, DONE).expect("a payment");
        assert_eq!(reply.value.total_amount.as_won(), Some(42_900));
        assert_eq!(reply.raw, DONE);
        assert_eq!(reply.http_status, 200);
        assert_eq!(reply.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(reply.idempotency_echo.as_deref(), Some("key-1"));
    }

    #[test]
    fn a_refusal_keeps_code_message_data_and_bytes() {
        let body =
            r#"{"code":"REJECT_CARD_PAYMENT","message":"한도초과 \"혹은\" 잔액부족","data":{"a":1},"new":2}"#;
        let Err(Error::Refused(refusal)) = read(403, body) else { panic!("a refusal") };
        assert_eq!((refusal.http_status, &refusal.code), (403, &ErrorCode::RejectCardPayment));
        assert_eq!(refusal.message, "한도초과 \"혹은\" 잔액부족");
        assert_eq!(refusal.data, Some(serde_json::json!({"a": 1})));
        assert_eq!(refusal.raw, body);
        assert_eq!(refusal.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    }

    #[test]
    fn an_escaped_code_and_an_unknown_code_are_read() {
        let body = r#"{"code":"NOT\u005fFOUND","message":"x"}"#;
        assert!(
            matches!(read(404, body), Err(Error::Refused(refusal)) if refusal.code == ErrorCode::NotFound)
        );
        let body = r#"{"code":"BRAND_NEW","message":"x"}"#;
        assert!(matches!(
            read(400, body),
            Err(Error::Refused(refusal)) if refusal.code == ErrorCode::Unknown("BRAND_NEW".to_owned())
        ));
    }

    #[test]
    fn what_is_not_tosss_format_is_unreadable_and_keeps_its_bytes() {
        let cut = &DONE[..DONE.len() / 2];
        let refusal = r#"{"code":"COMMON_ERROR","message":"x"}"#;
        for (status, body) in [
            (200, ""),
            (204, ""),
            (200, cut),
            (200, "<html>ok</html>"),
            (200, refusal),
            (200, "null"),
            (302, refusal),
            (404, "<html>not found</html>"),
            (404, r#"{"timestamp":1,"status":404,"error":"Not Found"}"#),
            (400, r#"{"code":"","message":"x"}"#),
            (400, r#"{"code":7,"message":"x"}"#),
            (502, "Bad Gateway"),
            (500, ""),
            (500, "[]"),
        ] {
            let Err(Error::Unreadable(answer)) = read(status, body) else { panic!("{status} {body}") };
            assert_eq!((answer.http_status, &answer.raw[..]), (status, body.as_bytes()));
            assert!(answer.trace_id.is_some());
        }
    }

    #[test]
    fn an_empty_success_is_told_from_a_gateways_page() {
        let read = |status, body: &'static str| {
            let status = StatusCode::from_u16(status).expect("a status");
            decode_empty(status, &HeaderMap::new(), Bytes::from_static(body.as_bytes()))
        };
        for body in ["", "{}", r#"{"result":true}"#] {
            assert!(matches!(read(200, body), Ok(Reply { value: (), .. })), "{body}");
        }
        assert!(matches!(read(200, "<html>login</html>"), Err(Error::Unreadable(_))));
        assert!(matches!(read(500, ""), Err(Error::Unreadable(_))));
        let refusal = r#"{"code":"ALREADY_REMOVED_BILLING_KEY","message":"x"}"#;
        assert!(matches!(
            read(400, refusal),
            Err(Error::Refused(refusal)) if refusal.code == ErrorCode::AlreadyRemovedBillingKey
        ));
    }

    #[test]
    fn a_route_takes_its_keys_in_order_and_none_may_be_missing() {
        let path = |keys: &[&str]| expand("/v1/{a}/b/{c}", keys);
        assert_eq!(path(&["x/y", "z="]).expect("two keys"), "/v1/x%2Fy/b/z%3D");
        for keys in [&[][..], &["x"], &["x", ""], &["..", "z"]] {
            assert!(matches!(path(keys), Err(Error::NotSent(_))), "{keys:?}");
        }
    }

    #[test]
    fn debug_shows_no_body() {
        let body = r#"{"code":"X","message":"m","data":{"holder":"홍길동"}}"#;
        let shown = format!("{:?} {:?}", read(400, body), read(500, "<p>홍길동</p>"));
        assert!(!shown.contains("홍길동"), "{shown}");
    }
}

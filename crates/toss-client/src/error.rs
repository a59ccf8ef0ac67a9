//! How a call can end other than well. The four ways call for four different next steps.

use std::{error::Error as StdError, fmt};

use bytes::Bytes;
use serde_json::Value;

use crate::code::{ErrorCode, Operation, RetryClass};

type Source = Box<dyn StdError + Send + Sync>;

/// How a call ended other than well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of this request left the machine: the same request may simply be sent again.
    #[error("the request was not sent")]
    NotSent(#[source] NotSent),
    /// The request may have left and no complete answer came back: money may have moved. Ask before repeating.
    #[error("the outcome of the request is unknown")]
    Unknown(#[source] Unanswered),
    /// Toss refused, in its own words.
    #[error("Toss refused: {} (HTTP {})", .0.code, .0.http_status)]
    Refused(Box<ApiError>),
    /// A complete answer came back that is not Toss's format: an HTML page of a gateway, a success that we
    /// cannot read. It says nothing about the outcome: ask before repeating.
    #[error("the answer cannot be read (HTTP {})", .0.http_status)]
    Unreadable(#[source] Box<Unreadable>),
}

impl Error {
    /// What a caller may do next. `NotSent` may be repeated as it is; for `Unknown` and `Unreadable` the payment
    /// has to be read first. What leaves no payment to read (issue and deletion of a billing key) is repeated.
    #[must_use]
    pub fn class(&self, operation: Operation) -> RetryClass {
        match self {
            Self::NotSent(failed) if failed.cause == NotSentCause::Request => RetryClass::Config,
            Self::NotSent(_) => RetryClass::SameKey,
            Self::Unknown(_) | Self::Unreadable(_) => operation.after_unknown(),
            Self::Refused(refusal) => refusal.code.class(operation, refusal.http_status),
        }
    }

    /// The trace id that Toss's support asks for, when an answer brought one.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        match self {
            Self::NotSent(_) => None,
            Self::Unknown(broken) => broken.trace_id.as_deref(),
            Self::Refused(refusal) => refusal.trace_id.as_deref(),
            Self::Unreadable(answer) => answer.trace_id.as_deref(),
        }
    }

    /// The HTTP status, when an answer had begun.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::NotSent(_) => None,
            Self::Unknown(broken) => broken.http_status,
            Self::Refused(refusal) => Some(refusal.http_status),
            Self::Unreadable(answer) => Some(answer.http_status),
        }
    }

    pub(crate) fn not_sent(cause: NotSentCause, source: impl Into<Source>) -> Self {
        Self::NotSent(NotSent { cause, source: Some(source.into()) })
    }
}

/// Why a request did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSentCause {
    /// No connection: name not resolved, port refused, TLS handshake failed.
    Connect,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// The request itself cannot be written: an empty payment key, a test code that is no header value.
    Request,
}

impl fmt::Display for NotSentCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection",
            Self::ConnectTimeout => "no connection in time",
            Self::Request => "it is malformed",
        })
    }
}

/// Why an answer is missing although the request may have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnansweredCause {
    /// The total timeout passed.
    Timeout,
    /// The connection broke before or within the answer.
    Broken,
    /// The answer was larger than the client's bound.
    Oversized,
}

impl fmt::Display for UnansweredCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no answer in time",
            Self::Broken => "the connection broke",
            Self::Oversized => "the answer is too large",
        })
    }
}

/// A request that did not leave.
#[derive(Debug)]
pub struct NotSent {
    /// Why.
    pub cause: NotSentCause,
    source: Option<Source>,
}

/// A request that may have left, without a complete answer.
#[derive(Debug)]
pub struct Unanswered {
    /// Why the answer is missing.
    pub cause: UnansweredCause,
    /// The status, when the head of an answer came.
    pub http_status: Option<u16>,
    /// The trace id, when the head of an answer came.
    pub trace_id: Option<String>,
    pub(crate) source: Option<Source>,
}

/// A refusal in Toss's own format.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status; no retry hint, see [`ErrorCode::class`].
    pub http_status: u16,
    /// The code; branch on this.
    pub code: ErrorCode,
    /// Text for people, at most 510 characters; may change without notice and may quote the provider.
    pub message: String,
    /// Further data, rarely present.
    pub data: Option<Value>,
    /// The body, byte for byte.
    pub raw: Bytes,
    /// The trace id that Toss's support asks for.
    pub trace_id: Option<String>,
}

/// A complete answer that is not in Toss's format.
pub struct Unreadable {
    /// HTTP status.
    pub http_status: u16,
    /// The body, byte for byte, no larger than the client's bound.
    pub raw: Bytes,
    /// The trace id that Toss's support asks for.
    pub trace_id: Option<String>,
    pub(crate) source: Option<serde_json::Error>,
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes that are not what Toss answers with", self.raw.len())
    }
}

impl StdError for NotSent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

impl StdError for Unanswered {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

impl StdError for Unreadable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(source),
            None => None,
        }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("http_status", &self.http_status)
            .field("code", &self.code)
            .field("message", &self.message)
            .field("trace_id", &self.trace_id)
            .field("raw_len", &self.raw.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unreadable")
            .field("http_status", &self.http_status)
            .field("trace_id", &self.trace_id)
            .field("raw_len", &self.raw.len())
            .field("source", &self.source)
            .finish()
    }
}

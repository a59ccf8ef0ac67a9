//! What may happen to a request, and to which.
use std::time::Duration;

/// Is the fault before or after the effect: is the request withheld from the upstream, or has it been answered?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The upstream never hears of the request.
    Before,
    /// The upstream has answered the request; the answer is thrown away.
    After,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset and nothing forwarded; for so long every new connection is refused.
    Refuse(Duration),
    /// Taken and never forwarded. Silence, until the client leaves.
    RequestLost,
    /// The upstream gets so many bytes of the request (at most all), then both connections end.
    CutRequestAfter(usize),
    /// Forwarded; the client gets so many bytes of the answer (at most all), then the connection ends.
    CutReplyAfter(usize),
    /// Forwarded; the answer is thrown away and the connection ends in good order.
    ReplyLost,
    /// Forwarded; the answer never comes and the connection never ends, until the client leaves.
    HalfOpen,
    /// Forwarded only after so long, whether or not the client is still there.
    DelayRequest(Duration),
    /// Forwarded at once; the answer comes after so long.
    DelayReply(Duration),
    /// Forwarded when the rule is lifted, whether or not the client is still there.
    HoldRequest,
    /// Forwarded at once; the answer comes when the rule is lifted.
    HoldReply,
    /// Forwarded; the answer comes in pieces of so many bytes, one at a time.
    SlowReply {
        /// How many bytes a piece has; at least one.
        bytes: usize,
        /// How long it takes from piece to piece.
        every: Duration,
    },
    /// Bytes that are no HTTP, then the end of the connection.
    Garbage(When),
    /// The page of a gateway: 502, `text/html`.
    Html(When),
    /// The page of a gateway that has lost patience: 504, `text/html`, at once. The request is forwarded after so
    /// long all the same, and takes effect when nobody waits for it any more.
    GatewayTimeout(Duration),
    /// The same, but forwarded when the rule is lifted.
    HoldBehindTimeout,
    /// An error with this status, in the shape of Toss's own.
    Error(When, u16),
    /// The connection is reset.
    Reset(When),
}

impl Fault {
    /// Whether something waits for the rule to be lifted.
    pub(super) const fn holds(self) -> bool {
        matches!(self, Self::HoldRequest | Self::HoldReply | Self::HoldBehindTimeout)
    }
}

/// Which requests are meant: a pattern for `METHOD path`, and texts that the request must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pattern: String,
    holding: Vec<String>,
}

impl Target {
    /// Requests whose `METHOD path` begins like the pattern, in which `*` stands for anything:
    /// `GET`, `POST /v1/payments/confirm`, `POST /v1/payments/*/cancel`. The empty pattern means all.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self { pattern: pattern.to_owned(), holding: Vec::new() }
    }

    /// Charges.
    #[must_use]
    pub fn confirm() -> Self {
        Self::new("POST /v1/payments/confirm")
    }

    /// Refunds.
    #[must_use]
    pub fn cancel() -> Self {
        Self::new("POST /v1/payments/*/cancel")
    }

    /// Reads.
    #[must_use]
    pub fn read() -> Self {
        Self::new("GET /v1/payments/")
    }

    /// Of these, only requests that hold this text, in the path, a header or the body: a payment key, say.
    #[must_use]
    pub fn holding(mut self, text: &str) -> Self {
        self.holding.push(text.to_owned());
        self
    }

    pub(super) fn means(&self, line: &str, bytes: &[u8]) -> bool {
        let mut pieces = self.pattern.split('*');
        let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        for piece in pieces {
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        self.holding
            .iter()
            .all(|text| text.is_empty() || bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

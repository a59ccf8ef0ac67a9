//! What the proxy remembers of a request: enough to prove that a fault was real, and no header but one, since
//! headers hold secrets.
use super::fault::Fault;

/// A rule or a chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleId(pub(super) u64);

/// One request, and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Counts the requests from 1.
    pub seq: u64,
    /// `METHOD path`.
    pub request: String,
    /// Its `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// What it met.
    pub fault: Option<Fault>,
    /// And because of which rule.
    pub rule: Option<RuleId>,
    /// The size of the request.
    pub request_bytes: usize,
    /// How much of that the upstream was given.
    pub forwarded: usize,
    /// The status that the upstream answered.
    pub reply: Option<u16>,
    /// The size of that answer.
    pub reply_bytes: usize,
    /// How many bytes the client was given, of that answer or of one made here.
    pub returned: usize,
    /// Whether all that was to be done has been done. A client that leaves early, or an upstream that breaks, is
    /// not done; neither is a request that is still under way.
    pub done: bool,
}

impl Record {
    /// Whether the upstream was given the whole request.
    #[must_use]
    pub const fn was_forwarded(&self) -> bool {
        self.forwarded == self.request_bytes
    }
}

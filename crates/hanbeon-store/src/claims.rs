//! Idempotency keys of our own interface: one atomic insert claims one, and its answer is kept.
use std::time::Duration;
use uuid::Uuid;

/// How long an answer is kept at least, as Toss keeps its own (Toss core API, Idempotency-Key: 15 days).
pub const ANSWER_KEPT: Duration = Duration::from_secs(15 * 24 * 60 * 60);
/// Longest key (as Toss's own).
pub const IDEMPOTENCY_KEY_MAX: usize = 300;

/// A request that wants to happen once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What the caller calls it, 1 to [`IDEMPOTENCY_KEY_MAX`] characters.
    pub key: String,
    /// SHA-256 of method, path and body: the same key with another request is a mistake of the caller's.
    pub request: [u8; 32],
    /// Where the names of what the request makes come from: whoever takes the claim over makes the same ones.
    pub operation: Uuid,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours to carry out, under this operation id: the first claimant's, if we took it over.
    Ours(Uuid),
    /// Somebody is at it.
    Running,
    /// It has been answered.
    Answered(AnswerRecord),
    /// The key was used for another request.
    OtherRequest,
}

/// An answer, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRecord {
    /// The HTTP status.
    pub status: u16,
    /// The body; JSON, always.
    pub body: Vec<u8>,
}

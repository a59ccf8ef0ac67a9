//! What a store may forget, and when. Never a payment, its history, its refunds or its events.
use hanbeon_domain::Timestamp;

/// From when back things may go that nobody can ask for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// What buyers said that they would pay, saved before then; and the sessions of those who have nothing else here.
    pub saved_amounts: Timestamp,
    /// Claims of idempotency keys, with their answers, whose time to be answered ended before then.
    pub claims: Timestamp,
    /// Webhooks that came before then.
    pub webhooks: Timestamp,
}

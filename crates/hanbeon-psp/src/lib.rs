//! The door to the payment provider: three questions, and every one ends in a [`Verdict`].
//!
//! A network call has no error type here. Whatever happened on the wire, the caller gets a value of the
//! transition table; "unclear" is an ordinary one.
//!
//! 1. [`Psp`]: the door;
//! 2. [`TossPsp`]: its implementation over `toss-client`, which believes a reply only if it is about the
//!    payment that was asked about.

mod judge;
mod toss;

pub use toss::TossPsp;

use async_trait::async_trait;
use hanbeon_domain::{Payment, Refund, Verdict};

/// The payment provider, as far as the state machine needs it.
#[async_trait]
pub trait Psp: Send + Sync + 'static {
    /// Charges, with the payment's own idempotency key.
    async fn confirm(&self, payment: &Payment) -> Verdict;

    /// Asks. Changes nothing.
    async fn lookup(&self, payment: &Payment) -> Verdict;

    /// Gives back, with the refund's own idempotency key.
    async fn cancel(&self, payment: &Payment, refund: &Refund) -> Verdict;
}

//! The door to the payment provider: three questions, and every one ends in a [`Verdict`].
//!
//! A network call has no error type here. Whatever happened on the wire, the caller gets a value of the
//! transition table; "unclear" is an ordinary one.
//!
//! 1. [`Psp`]: the door;
//! 2. [`TossPsp`]: its implementation over `toss-client`, which believes a reply only if it is about the
//!    payment that was asked about;
//! 3. [`AccountDetails`]: a virtual account, shown and not kept;
//! 4. [`notice`](mod@notice): what comes in by webhook, read as far as it says where to look;
//! 5. [`billing`]: the same door for charges without a window;
//! 6. [`receipts`]: and for cash receipts;
//! 7. [`Fence`]: whether anything may be sent at all.

mod account;
pub mod billing;
mod fence;
mod judge;
pub mod notice;
pub mod receipts;
mod toss;

pub use account::AccountDetails;
pub use fence::Fence;
pub use toss::TossPsp;

use async_trait::async_trait;
use hanbeon_domain::{Payment, PaymentKey, Refund, RefundAccount, Timestamp, TossOrderId, Verdict, Won};

/// The payment provider, as far as the state machine needs it.
#[async_trait]
pub trait Psp: Send + Sync + 'static {
    /// May anything that moves money be sent? Asked before an intent is written; the calls themselves are refused, too.
    ///
    /// # Errors
    /// In words for the operator.
    async fn may_send(&self) -> Result<(), String> {
        Ok(())
    }

    /// Charges, with the payment's own idempotency key.
    async fn confirm(&self, payment: &Payment) -> Verdict;

    /// Asks. Changes nothing.
    async fn lookup(&self, payment: &Payment) -> Verdict;

    /// Gives back, with the refund's own idempotency key.
    async fn cancel(&self, payment: &Payment, refund: &Refund) -> Verdict;

    /// The same, into this account: the money of a virtual account goes nowhere by itself.
    async fn cancel_into(&self, payment: &Payment, refund: &Refund, _account: &RefundAccount) -> Verdict {
        self.cancel(payment, refund).await
    }

    /// Where the money of a payment is to be paid in, if it is to be paid into an account.
    ///
    /// # Errors
    /// In words for the log.
    async fn account(&self, _payment: &Payment) -> Result<Option<AccountDetails>, String> {
        Ok(None)
    }

    /// One page of what happened at the provider between two instants, in its order, after the row named `after`.
    ///
    /// # Errors
    /// In words for the log. The list is only for finding what to look at; nothing is believed that it says.
    async fn transactions(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page, String>;
}

/// A page of the provider's own list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the provider's order.
    pub rows: Vec<Transaction>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<String>,
}

/// One approval or cancel in the provider's own list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The provider's name for it.
    pub transaction_key: String,
    /// Of which payment; `None` when it is no key that we could have.
    pub payment: Option<PaymentKey>,
    /// Of which order; `None` when it is no name that we could have given.
    pub order: Option<TossOrderId>,
    /// How much it was about.
    pub amount: Option<Won>,
    /// Did it leave money with the shop, or an account that waits for some?
    pub holds_money: bool,
    /// Is it a cancel?
    pub is_cancel: bool,
}

//! The door to cash receipts of their own: issued, cancelled, and looked for in the lists of the days, for there is no
//! other way to ask.
use async_trait::async_trait;
use hanbeon_domain::receipt::{BuyerNumber, Canceling, Reason, Receipt, ReceiptHeard};
use hanbeon_domain::{Payment, ReceiptId, Timestamp};

/// The payment provider, as far as cash receipts need it.
#[async_trait]
pub trait ReceiptPsp: Send + Sync + 'static {
    /// Issues, under the receipt's own idempotency key. `name` is what was bought.
    async fn issue(&self, receipt: &Receipt, name: &str, number: &BuyerNumber) -> ReceiptHeard;

    /// Cancels so much of it, under the cancel's own idempotency key.
    async fn cancel(&self, receipt: &Receipt, canceling: &Canceling) -> ReceiptHeard;

    /// Everything that is listed under the receipt's name on the days of these times, each from and until. Changes
    /// nothing.
    async fn listed(&self, receipt: &Receipt, within: &[(Timestamp, Timestamp)]) -> ReceiptHeard;

    /// Our receipts that are listed on the days of this time, and that the tax service has refused.
    ///
    /// # Errors
    /// In words for the log.
    async fn refused(&self, from: Timestamp, until: Timestamp) -> Result<Vec<(ReceiptId, Reason)>, String>;

    /// Does the payment have a receipt that was asked for in its window? That one is Toss's: it goes with the payment.
    ///
    /// # Errors
    /// In words for the log.
    async fn has_own(&self, payment: &Payment) -> Result<bool, String>;
}

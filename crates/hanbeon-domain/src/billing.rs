//! Charging a buyer without a window: a billing key, and what it is charged for (Toss core API, Billing).
//!
//! A charge is the same idea as a payment: the intent first, one call, a verdict, and what is not known is asked. It
//! ends in a payment: from then on its money is as any other's (refunds, reads, history).
//!
//! 1. [`schedule`]: on which day of the Korean calendar period *n* is charged;
//! 2. [`key`]: from the buyer's word to the key's end;
//! 3. [`charge`]: one charge, from the intent to the payment or the refusal;
//! 4. [`subscription`]: which charge is next, and what becomes of one that was refused.
pub mod charge;
pub mod key;
pub mod schedule;
pub mod subscription;

pub use charge::{Born, Charge, ChargeAction, ChargeState, ChargeStep, For, Heard};
pub use key::{BillingKey, KeyState};
pub use schedule::{BadSchedule, Day, Schedule};
pub use subscription::{BadSubscription, Dunning, Planned, Status, Subscription, SubscriptionNews};

use crate::{CustomerId, CustomerKey, Timestamp};

/// A buyer who may be charged without a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Ours.
    pub id: CustomerId,
    /// Toss's. Never changes: the billing keys that were issued for it would charge nobody any more.
    pub key: CustomerKey,
    /// When the shop made it.
    pub created_at: Timestamp,
}

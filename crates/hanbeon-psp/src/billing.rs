//! The door to billing keys: issued, charged, deleted. A charge ends in a verdict, as everything that moves money.
use async_trait::async_trait;
use hanbeon_domain::billing::{BillingKey, Charge, Heard};
use hanbeon_domain::{CustomerKey, Refusal};
use std::fmt;

/// The payment provider, as far as charges without a window need it.
#[async_trait]
pub trait BillingPsp: Send + Sync + 'static {
    /// Makes a key of the buyer's one-time proof, under the key's own idempotency key: repeated, it is the same one.
    async fn issue(&self, key: &BillingKey, customer: &CustomerKey, proof: &Secret) -> Issued;

    /// Charges, under the charge's own idempotency key.
    async fn charge(&self, charge: &Charge, customer: &CustomerKey, key: &Secret) -> Heard;

    /// Asks by the order's name. Changes nothing.
    async fn look(&self, charge: &Charge) -> Heard;

    /// Deletes. May be repeated.
    async fn delete(&self, key: &Secret) -> Deleted;
}

/// What charges a buyer, or proves that they agreed: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Whoever calls this takes over the duty not to show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// How an issue ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// Toss made the key.
    Key {
        /// What charges.
        secret: Secret,
        /// What it charges, for people.
        label: Option<String>,
    },
    /// Toss said no.
    Refused(Refusal),
    /// Toss's answer is about another customer. Never believed.
    OfAnother,
    /// Anything may have happened; asked again under the same idempotency key.
    Unclear(String),
}

/// How a deletion ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It charges nobody any more.
    Gone,
    /// It may; asked again.
    Unclear(String),
}

//! What the store remembers for charges without a window: customers, their keys (sealed), charges and subscriptions. A
//! door of its own beside [`Store`](crate::Store), over the same database: a charge that is done and the payment that it
//! ends in are one transaction.
use crate::StoreError;
use async_trait::async_trait;
use hanbeon_domain::billing::{BillingKey, Charge, ChargeStep, Customer, Subscription, SubscriptionNews};
use hanbeon_domain::{BillingKeyId, ChargeId, CustomerId, SubscriptionId, Timestamp};
use std::fmt;

/// Most billing keys that one customer may have at once: a buyer has a few cards, a loop has many.
pub const KEYS_PER_CUSTOMER_MAX: usize = 20;

/// Everything that is remembered for charges without a window. As for [`Store`](crate::Store): a verb is one
/// transaction, durable when it returns `Ok`; a write names the version that it expects, and writes nothing when the row
/// has moved on ([`StoreError::Superseded`]).
#[async_trait]
pub trait BillingStore: Send + Sync + 'static {
    /// Writes a new customer; for the same one again it does nothing. `false` when the id or the customer key is taken
    /// by another.
    async fn insert_customer(&self, customer: &Customer) -> Result<bool, StoreError>;

    /// A customer with all keys, oldest first.
    async fn customer(&self, id: CustomerId) -> Result<Option<CustomerRecord>, StoreError>;

    /// Writes a new key, due at `due`.
    async fn insert_key(&self, new: &KeyRecord, due: Option<Timestamp>) -> Result<Added, StoreError>;

    /// A key, with what is sealed.
    async fn billing_key(&self, id: BillingKeyId) -> Result<Option<KeyRecord>, StoreError>;

    /// Writes what has become of a key; due again at `due`.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] when Toss's key is another one's already.
    async fn commit_key(&self, next: &KeyRecord, due: Option<Timestamp>) -> Result<(), StoreError>;

    /// Marks the key with this fingerprint as doubtful; says whether there is one that can be charged.
    async fn doubt_key(&self, fingerprint: &Fingerprint, at: Timestamp) -> Result<bool, StoreError>;

    /// Is the outcome of a charge of this key unknown?
    async fn key_is_in_use(&self, id: BillingKeyId) -> Result<bool, StoreError>;

    /// The first write of an intent to charge, with the change of its subscription, if it is of one. Due at `until`.
    /// Refused when the key cannot be charged, and when the period has a charge that is not refused.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] when the subscription has moved on.
    async fn begin_charge(
        &self,
        charge: &Charge,
        subscription: Option<&Subscription>,
        until: Timestamp,
    ) -> Result<BegunCharge, StoreError>;

    /// Writes what became of a charge: the row, the payment that it ends in, and its subscription is due now. Otherwise
    /// the charge is due when the step says, or at `until`.
    async fn commit_charge(
        &self,
        step: &ChargeStep,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError>;

    /// One charge.
    async fn charge(&self, id: ChargeId) -> Result<Option<Charge>, StoreError>;

    /// The newest charge of this period.
    async fn last_charge(&self, of: SubscriptionId, period: u32) -> Result<Option<Charge>, StoreError>;

    /// Charges of a subscription, newest first, at most `limit`.
    async fn charges(&self, of: SubscriptionId, limit: usize) -> Result<Vec<Charge>, StoreError>;

    /// Charges in the order of their ids, after `after`, at most `limit`: for whoever verifies all of them.
    async fn charges_after(&self, after: Option<ChargeId>, limit: usize) -> Result<Vec<Charge>, StoreError>;

    /// Writes a new subscription; for the same one again it does nothing.
    async fn insert_subscription(&self, new: &Subscription) -> Result<(), StoreError>;

    /// One subscription.
    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError>;

    /// Writes what has become of a subscription, and the event that tells it, if it is news.
    async fn commit_subscription(
        &self,
        next: &Subscription,
        news: Option<&SubscriptionNews>,
    ) -> Result<(), StoreError>;

    /// Takes over at most `limit` of what is due: charges, then keys, then subscriptions, each oldest first. From now on
    /// their former holders are superseded, and they are due again at `until`.
    async fn lease_billing(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<BillingTurn>, StoreError>;

    /// When the next of them is due.
    async fn next_billing_due(&self) -> Result<Option<Timestamp>, StoreError>;
}

/// SHA-256 of a billing key of Toss's: knows it again without telling it.
pub type Fingerprint = [u8; 32];

/// A secret, sealed by whoever has the key of the vault. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key of the vault opens it.
    pub by: String,
    /// Nonce, cipher text and tag.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(by {}, {} bytes)", self.by, self.bytes.len())
    }
}

/// A customer with keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRecord {
    /// Who.
    pub customer: Customer,
    /// Oldest first.
    pub keys: Vec<BillingKey>,
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key, without the secret.
    pub key: BillingKey,
    /// The buyer's proof while it is being issued, then Toss's key, until it is deleted.
    pub sealed: Option<Sealed>,
    /// Of Toss's key, once there was one.
    pub fingerprint: Option<Fingerprint>,
}

/// What became of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is stored.
    New,
    /// It was stored before.
    Known,
    /// Toss's key is another one's already.
    Taken,
    /// The customer has [`KEYS_PER_CUSTOMER_MAX`].
    Full,
    /// There is no such customer.
    NoCustomer,
}

/// What became of an intent to charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BegunCharge {
    /// It is durable, and ours to carry out.
    Fresh,
    /// It was stored before.
    Known,
    /// The key is not one of the customer's that can be charged.
    NoKey,
    /// The period has a charge that is not refused.
    Taken,
}

/// Something that was taken over, at the version that its new holder has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillingTurn {
    /// A charge whose outcome is unknown.
    Charge(Charge),
    /// A key that is being issued or deleted.
    Key(KeyRecord),
    /// A subscription that may have something to charge.
    Subscription(Subscription),
}

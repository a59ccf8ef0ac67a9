//! The storage door: one trait, and every verb of it is one transaction named after the business.
//!
//! A verb takes a finished [`Step`] and writes it: the row, the refund, the journal line, the next due time,
//! together or not at all. No transaction object leaves a store, so nothing can hold one across a call to
//! another company. Whoever implements this trait writes a dozen small functions and no logic; one
//! conformance suite (in `hanbeon-testkit`) runs against all of them.
//!
//! **Leases without a lock.** `version` grows with every write and every write names the version it expects,
//! so the version *is* the fencing token: a worker that slept through its lease writes zero rows
//! ([`StoreError::Superseded`]). `due_at` says when somebody has to look at a payment next; while a worker
//! holds it, that is the end of its lease.
//!
//! It will never: decide anything, read a clock, or call the payment provider.

use async_trait::async_trait;
use hanbeon_domain::{
    ApiKeyHash, Checkout, ConfirmRequest, Order, OrderId, Payment, PaymentId, PaymentKey, Refund, RefundId,
    RefundOutcome, SessionId, Step, Timestamp, TossOrderId, Won,
};

/// Everything that hanbeon remembers.
///
/// Each verb is durable when it returns `Ok`: the power may fail right after. `Err` means that nothing was
/// written, except [`StoreError::Unavailable`], after which the verb may or may not have happened.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Writes a new order.
    ///
    /// # Errors
    /// [`StoreError`]; a taken reference is a value, not an error.
    async fn insert_order(&self, order: &Order) -> Result<Inserted, StoreError>;

    /// An order with its payments, oldest first.
    async fn order(&self, id: OrderId) -> Result<Option<OrderRecord>, StoreError>;

    /// Is this a session that we made?
    async fn session_exists(&self, session: SessionId) -> Result<bool, StoreError>;

    /// Keeps what this session says it will pay for this `orderId`; a second call replaces the first and can
    /// be verified anew. Makes the session if it is new. At most [`SAVED_AMOUNTS_MAX`] per session: beyond
    /// that the oldest goes.
    async fn save_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<(), StoreError>;

    /// Takes the saved amount if it is this one and was not taken yet; says whether it was.
    /// A taken amount still counts in [`Store::checkout`].
    async fn consume_amount(&self, saved: &SavedAmount, now: Timestamp) -> Result<bool, StoreError>;

    /// All that [`Checkout::decide`] needs, in one consistent read.
    async fn checkout(&self, request: &ConfirmRequest) -> Result<Checkout, StoreError>;

    /// The first write of an intent: a new payment (version 1: claims its order, and makes the payer's
    /// session if that is new), or a new intent on an existing one. Due again at `lease_until`.
    async fn begin(&self, step: &Step, lease_until: Timestamp) -> Result<Begun, StoreError>;

    /// Writes what an intent led to, if nobody else did first. At rest it is due when the step says; otherwise
    /// the lease goes on until `lease_until`.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] when the stored version is not the one before the step's.
    async fn commit(&self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError>;

    /// Takes over at most `limit` payments that are due, oldest first: from now on their former holders are
    /// superseded, and they are due again at `until`.
    async fn lease_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Payment>, StoreError>;

    /// When the next payment is due, if any is.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// A payment, its refunds (oldest first) and its history.
    async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError>;

    /// The payment that holds an order, or the newest one that let go of it.
    async fn payment_of_order(&self, order: OrderId) -> Result<Option<Payment>, StoreError>;

    /// The payment with this payment key.
    async fn payment_by_key(&self, key: &PaymentKey) -> Result<Option<Payment>, StoreError>;

    /// One refund.
    async fn refund(&self, id: RefundId) -> Result<Option<RefundRecord>, StoreError>;

    /// The newest refund of a payment that was asked for as "everything that is left".
    async fn whole_refund(&self, payment: PaymentId) -> Result<Option<RefundRecord>, StoreError>;

    /// Remembers an API key by its hash.
    async fn insert_api_key(&self, key: &ApiKey) -> Result<(), StoreError>;

    /// The API key with this hash, if it is not revoked.
    async fn api_key(&self, hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError>;

    /// All API keys that are not revoked, oldest first.
    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes the API key with this name; says whether there was one.
    async fn revoke_api_key(&self, name: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// Can the store read and write now? Writes nothing that stays.
    async fn check(&self) -> Result<(), StoreError>;
}

/// Most amounts that one session may have saved: a shop's buyer has a few open windows, an attacker a loop.
pub const SAVED_AMOUNTS_MAX: usize = 50;

/// What became of a new order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored.
    New,
    /// The shop has used this reference for another order, this one.
    ReferenceTaken(OrderId),
}

/// What became of a new intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is durable, and ours to carry out.
    Fresh,
    /// Somebody was faster: the order has another payment, the payment key is used, or the payment has moved
    /// on. Read again and decide again.
    Taken,
}

/// An amount that a session saved before the payment window opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedAmount {
    /// Whose.
    pub session: SessionId,
    /// For which order at Toss.
    pub toss_order: TossOrderId,
    /// How much.
    pub amount: Won,
}

/// An order and what was paid on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRecord {
    /// The order.
    pub order: Order,
    /// Its payments, oldest first.
    pub payments: Vec<Payment>,
}

/// A payment with its refunds and its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRecord {
    /// The payment.
    pub payment: Payment,
    /// Oldest first.
    pub refunds: Vec<RefundRecord>,
    /// Oldest first.
    pub history: Vec<JournalLine>,
}

/// A refund as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRecord {
    /// What was intended.
    pub refund: Refund,
    /// Of which payment.
    pub payment: PaymentId,
    /// How it ended; `None` while nobody knows.
    pub outcome: Option<RefundOutcome>,
    /// When it ended.
    pub settled_at: Option<Timestamp>,
}

/// One line of a payment's history. Lines are only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLine {
    /// Counts from 1 within the payment: it is the version that the line produced.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// What happened, without personal data.
    pub event: String,
}

/// An API key of the shop, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Chosen by the operator, unique among the keys that are not revoked.
    pub name: String,
    /// SHA-256 of the key.
    pub hash: ApiKeyHash,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the payment first; what they wrote is the truth.
    #[error("somebody else changed the payment first")]
    Superseded,
    /// A name that must be unique is taken.
    #[error("{0} is taken")]
    NameTaken(&'static str),
    /// The store cannot answer now: full, locked, broken, or its queue is.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A row says something that cannot be.
    #[error("{table} holds a row that cannot be: {row}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Which, without personal data.
        row: String,
    },
}

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

mod billing;
mod claims;
mod events;
mod generation;
mod hex;
mod journal;
pub mod moving;
mod notices;
mod receipts;
mod refunds;
mod retention;
mod turns;

pub use billing::{
    Added, BegunCharge, BillingStore, BillingTurn, CustomerRecord, Fingerprint, KEYS_PER_CUSTOMER_MAX,
    KeyRecord, Sealed,
};
pub use claims::{ANSWER_KEPT, AnswerRecord, Claim, Claimed, IDEMPOTENCY_KEY_MAX};
pub use events::{About, EventRecord, NewEvent, korean_time};
pub use generation::{EVENTS_PER_GENERATION, GENERATION_MAX, Generation};
pub use hex::hex;
pub use journal::{CHAIN_START, JournalLine, Seal};
pub use notices::{
    Hint, Kept, NewWebhook, WEBHOOK_BODY_MAX, WEBHOOKS_KEPT_MAX, WEBHOOKS_SPARE, Webhook, WebhookId,
    WebhookVerdict,
};
pub use receipts::{BegunReceipt, ReceiptRecord, ReceiptStore};
pub use refunds::{NewRefund, Progress, QUEUED_REFUNDS_MAX, Queued, RefundRecord};
pub use retention::{Expired, ExpiredAmount, ExpiredClaim, ExpiredWebhook, Horizon};
pub use turns::{due_at_rest, gives_turns};

use async_trait::async_trait;
use hanbeon_domain::{
    ApiKeyHash, CancelRequest, Checkout, ConfirmRequest, Order, OrderId, Payment, PaymentId, PaymentKey,
    RefundId, Refusal, SessionId, StateName, Step, Timestamp, TossOrderId, Won,
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

    /// Is a verb over for good that ended in [`StoreError::Unavailable`], so that a read which begins now tells whether it
    /// happened? Not where its transaction may still be on its way in a server of its own.
    fn failures_are_final(&self) -> bool;

    /// Writes what an intent led to, if nobody else did first, and what it tells the shop (as [`Store::begin`] does); and, of the cancels that the step shows, those that
    /// no refund of this payment explains, as refunds made elsewhere. At rest it is due when the step says, or
    /// earlier: from `step.refund_from` if a refund waits for its turn, from `step.notice_from` if a notice came
    /// since the payment was taken. Otherwise the lease goes on until `lease_until`.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] when the stored version is not the one before the step's;
    /// [`StoreError::OrderTaken`] when the payment would claim an order that another one holds.
    async fn commit(&self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError>;

    /// Promises to take a charge back that the store would not record, in a place that can be written although the
    /// tables take nothing (a full disk, a broken constraint, a lock). The call that keeps the promise may be sent once
    /// this is `Ok`: from then on, whoever finds the payment knows of it, in this life or the next.
    ///
    /// A promise that is made is seen by every [`Store::undo_promised`] that begins after it. So of two who have the
    /// same payment, one sees the other: the one who promises and then reads the version, or the one who takes the
    /// payment over, which raises the version, and then asks for the promise.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also when too many promises are open. The promise may have been made all the same.
    async fn promise_undo(&self, payment: PaymentId) -> Result<(), StoreError>;

    /// Is there a promise to take this payment's charge back? Whoever took a payment over asks before it records a charge.
    /// Who began it, and has held it since, need not: only a holder promises.
    async fn undo_promised(&self, payment: PaymentId) -> Result<bool, StoreError>;

    /// Drops a promise that says nothing any more, because the tables say what became of the charge; costs nothing when this
    /// process has neither made nor seen one. It may come back after a crash; a store that is opened drops the promises for
    /// payments that are not `confirming`.
    async fn forget_undo(&self, payment: PaymentId);

    /// Takes over at most `limit` payments that are due, oldest first: from now on their former holders are
    /// superseded, and they are due again at `until`.
    async fn lease_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Turn>, StoreError>;

    /// Takes over this payment if it is at rest, or due: from now on its former holder is superseded, and it is due
    /// again at `until`. `None` when somebody else holds it, or it does not exist.
    async fn lease(
        &self,
        payment: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Turn>, StoreError>;

    /// When the next payment is due, if any is.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// A payment, its refunds (oldest first) and its history.
    async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError>;

    /// The payment that holds an order, or the newest one that let go of it.
    async fn payment_of_order(&self, order: OrderId) -> Result<Option<Payment>, StoreError>;

    /// The payment with this payment key.
    async fn payment_by_key(&self, key: &PaymentKey) -> Result<Option<Payment>, StoreError>;

    /// Payments in this state, those that changed last first, at most `limit`. Only those that need review are few, and
    /// found at once: any other state may take a walk through all payments.
    async fn payments_in(&self, state: StateName, limit: usize) -> Result<Vec<Payment>, StoreError>;

    /// Payments in the order of their ids, after `after`, at most `limit`, each with refunds and history: for whoever
    /// verifies all of them.
    async fn records_after(
        &self,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<PaymentRecord>, StoreError>;

    /// What the shop is told, in the order in which it became true, after `after`, at most `limit`. An event never
    /// changes, and none comes before one that was seen.
    async fn events(&self, after: u64, limit: usize) -> Result<Vec<EventRecord>, StoreError>;

    /// One refund.
    async fn refund(&self, id: RefundId) -> Result<Option<RefundRecord>, StoreError>;

    /// Makes a wish to give money back durable. It waits for its turn: a payment at rest is due from `from` on, but not
    /// before the `refund_from` of its last step; whoever holds it leaves it due (see [`Store::commit`]). In one transaction, so that wishes that come at once cannot together
    /// exceed what the payment has: the sum of what is refunded, under way and waiting is within its amount.
    async fn queue_refund(&self, new: &NewRefund, from: Timestamp) -> Result<Queued, StoreError>;

    /// Where the money of this refund is to go, while it has not ended.
    async fn refund_account(&self, id: RefundId) -> Result<Option<Sealed>, StoreError>;

    /// Ends a waiting refund that cannot be carried out; says whether it was waiting.
    async fn refuse_queued(&self, id: RefundId, why: &Refusal, at: Timestamp) -> Result<bool, StoreError>;

    /// Keeps a notice of Toss's, and gives [`Store::notice`] to its payment, unless the verdict says that it is not to
    /// be followed. In one transaction.
    async fn keep_webhook(&self, new: &NewWebhook, from: Timestamp) -> Result<Kept, StoreError>;

    /// The payment that a hint is about; `None` when we have none.
    async fn payment_of_hint(&self, hint: &Hint) -> Result<Option<Payment>, StoreError>;

    /// Makes a payment due from `from` on, but not before the `notice_from` of its last step; when somebody holds it,
    /// they leave it due (see [`Store::commit`]). Says whether there is one.
    async fn notice(&self, hint: &Hint, now: Timestamp, from: Timestamp) -> Result<bool, StoreError>;

    /// Is what became of the charge with this order name not known yet? It learns its payment's key from Toss's answer, so
    /// Toss may list its money before [`Store::payment_by_key`] finds it.
    async fn is_charging(&self, order: &TossOrderId) -> Result<bool, StoreError>;

    /// Webhooks, newest first, at most `limit`, older than `before`.
    async fn webhooks(&self, before: Option<WebhookId>, limit: usize) -> Result<Vec<Webhook>, StoreError>;

    /// Claims an idempotency key for one request, by one atomic insert. A claim that was not answered by its `until`
    /// is taken over: its request died.
    async fn claim(&self, claim: &Claim, now: Timestamp, until: Timestamp) -> Result<Claimed, StoreError>;

    /// Keeps the answer of a claimed request, for whoever repeats it. The first one stays, and is given back: who was so
    /// slow that somebody else took the claim over tells what that one told.
    async fn keep_answer(&self, key: &str, answer: &AnswerRecord) -> Result<AnswerRecord, StoreError>;

    /// Gives a claim up: the request could not be carried out and may be tried again, under the same operation id, for
    /// something of it may have happened; or another request may have the key.
    async fn release_claim(&self, key: &str) -> Result<(), StoreError>;

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

    /// What is past its date: the oldest rows of each kind, at most `limit` of all kinds.
    async fn expired(&self, older: &Horizon, limit: usize) -> Result<Vec<Expired>, StoreError>;

    /// Forgets these rows, in one transaction; says how many. One that has changed since it was read stays, and so does one
    /// that another server is just forgetting. A session goes with the last amount that it saved, unless it has paid.
    async fn purge(&self, expired: Vec<Expired>) -> Result<usize, StoreError>;

    /// Which copy of the books this is.
    async fn generation(&self) -> Result<Generation, StoreError>;

    /// Makes this copy younger than its own generation and `above`, and marks it as restored at `now`. From then on
    /// its events have numbers from the new generation's first on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] beyond [`GENERATION_MAX`].
    async fn raise_generation(&self, above: u64, now: Timestamp) -> Result<Generation, StoreError>;

    /// Takes the mark off: this copy has been compared with Toss.
    async fn resynced(&self) -> Result<(), StoreError>;

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
    /// What the shop is told of it, oldest first.
    pub events: Vec<NewEvent>,
    /// The seal of the last line: without it nobody could tell that lines are missing from the end.
    pub seal: Option<Seal>,
}

/// A payment that was taken over, and what there is to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The payment, at the version that its new holder has to name.
    pub payment: Payment,
    /// There may be something to see: somebody gave notice, or the last step wanted another look; and since then no
    /// step has come to a rest without a due time.
    pub notice: bool,
    /// The refund whose turn it is, the oldest that waits; see [`gives_turns`].
    pub waiting: Option<CancelRequest>,
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
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the payment first; what they wrote is the truth.
    #[error("somebody else changed the payment first")]
    Superseded,
    /// The payment would claim an order that another payment holds.
    #[error("another payment holds the order")]
    OrderTaken,
    /// A name that must be unique is taken.
    #[error("{0} is taken")]
    NameTaken(&'static str),
    /// As many verbs wait as may. This one was turned away; nothing of it was written, or will be.
    #[error("too many wait for the store")]
    Full,
    /// The store cannot answer now: its disk is full, it is locked, or broken.
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

//! The use cases. Each is one file, and reads downward: the public verb, its phases, its helpers.
//!
//! There is exactly one way forward for a payment: **step (pure) → commit (one transaction) → act (one
//! call) → step …**, and it is [`drive`](mod@drive). A fresh request and a crash recovery both run it; the
//! request is only the first one to try.
//!
//! In reading order:
//! 1. [`env`](mod@env): the clock and the dice, the only ones in the house;
//! 2. [`settings`](mod@settings): how long we wait, and for what;
//! 3. [`orders`], [`sessions`]: before the payment window opens;
//! 4. [`confirm`]: the charge, if there is room for it: [`admission`];
//! 5. [`drive`](mod@drive): the one way forward, and what happens when the store will not take a result;
//! 6. [`cancel`]: giving money back, when its turn comes: [`turn`](mod@turn);
//! 7. [`recover`]: finishing what a crash or a lost answer left;
//! 8. [`notices`], [`reconcile`]: what makes us look again; [`breaker`](mod@breaker): when nobody should begin;
//!    [`resync`]: books that are older than Toss's; [`retention`]: what is archived and forgotten;
//! 9. [`claims`]: a request of the shop's happens once;
//! 10. [`review`], [`verify`]: what a human decides, and what must be true of the whole store;
//! 11. [`read`], [`keys`], [`explain`]: looking things up;
//! 12. [`billing`]: charges without a window, by the same idea;
//! 13. [`receipts`]: cash receipts, too.
//!
//! It will never: know HTTP or SQL, hold a transaction, or act before the intent is on disk.

mod admission;
pub mod billing;
mod breaker;
pub mod cancel;
pub mod claims;
pub mod confirm;
mod counters;
pub mod drive;
pub mod env;
pub mod explain;
pub mod keys;
pub mod notices;
pub mod orders;
pub mod read;
pub mod receipts;
pub mod reconcile;
pub mod recover;
pub mod resync;
pub mod retention;
pub mod review;
pub mod sessions;
pub mod settings;
mod turn;
pub mod vault;
pub mod verify;

pub use counters::{Counted, Counters};
pub use env::Env;
pub use hanbeon_psp::AccountDetails;
pub use hanbeon_store::{
    AnswerRecord, EventRecord, Hint, IDEMPOTENCY_KEY_MAX, JournalLine, Kept, OrderRecord, PaymentRecord,
    Progress, RefundRecord, StoreError, WEBHOOK_BODY_MAX, Webhook, WebhookVerdict, korean_time,
};
pub use settings::{Settings, Unrecorded};

use admission::Admission;
use breaker::Breaker;
use hanbeon_domain::{Actor, Moment, Timestamp};
use hanbeon_psp::Psp;
use hanbeon_store::Store;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use vault::Vault;

/// The application: a store, a payment provider, an environment, and rules.
pub struct App {
    store: Arc<dyn Store>,
    psp: Arc<dyn Psp>,
    env: Arc<dyn Env>,
    settings: Settings,
    /// What the store must not be able to read goes through it.
    vault: Option<Vault>,
    counters: Counters,
    breaker: Breaker,
    /// Room for charges that buyers begin.
    charges: Arc<Admission>,
    /// Work that outlives the request that began it: a buyer who closes the browser does not stop a charge.
    tasks: TaskTracker,
    /// Rung when a payment was left for the recovery, so that it does not have to wait for its period.
    left_work: Notify,
}

impl App {
    /// Puts the parts together, without a vault: what needs one is refused, and the rest runs.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, psp: Arc<dyn Psp>, env: Arc<dyn Env>, settings: Settings) -> Arc<Self> {
        Self::with_vault(store, psp, env, settings, None)
    }

    /// Puts the parts together.
    #[must_use]
    pub fn with_vault(
        store: Arc<dyn Store>,
        psp: Arc<dyn Psp>,
        env: Arc<dyn Env>,
        settings: Settings,
        vault: Option<Vault>,
    ) -> Arc<Self> {
        let charges = Admission::new(settings.charges_at_once);
        Arc::new(Self {
            charges,
            store,
            psp,
            env,
            settings,
            vault,
            counters: Counters::default(),
            breaker: Breaker::default(),
            tasks: TaskTracker::new(),
            left_work: Notify::new(),
        })
    }

    /// What has happened since the start, for the metrics.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Has Toss given no sign of life for so long that nobody new should begin to pay?
    #[must_use]
    pub fn toss_is_down(&self) -> bool {
        self.breaker.is_tripped()
    }

    /// How many charges that buyers began are under way, and how many may be.
    #[must_use]
    pub fn charges(&self) -> (usize, usize) {
        self.charges.seen()
    }

    /// The rules that are in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Can the store read and write?
    ///
    /// # Errors
    /// What the store says.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    /// May anything that moves money be sent? An older copy of the books sends nothing.
    ///
    /// # Errors
    /// In words for the operator.
    pub async fn may_send(&self) -> Result<(), String> {
        let may = self.psp.may_send().await;
        if let Err(why) = &may {
            self.counters.fenced();
            tracing::error!(why, "fenced: nothing that moves money is sent");
        }
        may
    }

    /// The time, from the only clock in the house.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// Waits for the calls that are under way. Begin nothing after this.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn moment(&self, now: Timestamp, actor: Actor) -> Moment<'_> {
        Moment { now, actor, policy: &self.settings.policy }
    }

    fn lease_until(&self) -> Timestamp {
        self.now().plus(self.settings.lease)
    }
}

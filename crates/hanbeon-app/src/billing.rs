//! Charges without a window: customers, their billing keys, charges and subscriptions.
//!
//! As for payments: **step (pure) → commit (one transaction) → act (one call) → step …**. A wish is a row before anybody
//! hears of it; a request is only the first one to try, and [`recover`] runs the same functions.
//!
//! 1. here: the parts, and what can go wrong;
//! 2. [`keys`]: issued, imported, deleted; 3. [`charge`]: one charge; 4. [`subscriptions`]; 5. [`recover`];
//! 6. [`verify`]: what is stored fits together.
pub mod charge;
pub mod keys;
pub mod recover;
pub mod subscriptions;
pub mod verify;

pub use hanbeon_psp::billing::Secret;
pub use hanbeon_store::CustomerRecord;

use crate::App;
use crate::claims::Operation;
use crate::vault::{Shut, Vault};
use hanbeon_domain::billing::{BadSchedule, BadSubscription, Customer, Dunning};
use hanbeon_domain::{BillingKeyId, CustomerId, CustomerKey, Refusal};
use hanbeon_psp::billing::BillingPsp;
use hanbeon_store::{BillingStore, KeyRecord, StoreError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::error;

/// How often a change is tried while others, or the recovery that catches up with a month, change the same row.
const CHANGES_MAX: u32 = 12;

/// The application's second half: the same clock, rules and tasks; doors of its own.
pub struct Billing {
    app: Arc<App>,
    store: Arc<dyn BillingStore>,
    psp: Arc<dyn BillingPsp>,
    dunning: Dunning,
    /// Rung when something was left for the recovery.
    left_work: Notify,
}

impl fmt::Debug for Billing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Billing({:?})", self.dunning)
    }
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The operator has set no key for the vault.
    #[error(
        "billing is not set up: this server has no vault key (HANBEON_VAULT_KEY or HANBEON_VAULT_KEY_FILE)"
    )]
    NoVault,
    /// The vault does not open what is stored.
    #[error(transparent)]
    Shut(#[from] Shut),
    /// Not there.
    #[error("there is no {0} with this id")]
    NotFound(&'static str),
    /// Another customer has it.
    #[error("the customerKey is another customer's")]
    CustomerKeyTaken,
    /// A billing key is of use only with the customer key that it was issued for.
    #[error("the billing key was issued for another customerKey; it would charge nobody")]
    OtherCustomerKey,
    /// Toss's key is known, as another one.
    #[error("the billing key is registered already")]
    KeyTaken,
    /// Too many.
    #[error("the customer has too many billing keys; delete some")]
    TooManyKeys,
    /// It cannot be charged: another customer's, not issued yet, or deleted.
    #[error("the billing key is not one of this customer's that can be charged")]
    KeyNotActive,
    /// A schedule.
    #[error(transparent)]
    Schedule(#[from] BadSchedule),
    /// A subscription.
    #[error(transparent)]
    Subscription(#[from] BadSubscription),
    /// Toss said no.
    #[error("Toss refused: {}", .0.code)]
    Refused(Refusal),
    /// Somebody changes it at the same moment.
    #[error("somebody else is changing it; try again")]
    Crowded,
    /// The store.
    #[error("the store cannot answer")]
    Store(#[from] StoreError),
}

/// Whose a sealed key is.
fn owner(key: BillingKeyId, customer: &CustomerKey) -> Vec<u8> {
    [key.uuid().as_bytes(), customer.as_str().as_bytes()].concat()
}

impl Billing {
    /// Puts the parts together. Without a vault in the application nothing can be charged, and what needs it says so.
    #[must_use]
    pub fn new(
        app: Arc<App>,
        store: Arc<dyn BillingStore>,
        psp: Arc<dyn BillingPsp>,
        dunning: Dunning,
    ) -> Arc<Self> {
        Arc::new(Self { app, store, psp, dunning, left_work: Notify::new() })
    }

    /// Makes a customer; for one operation one and the same. Without a key of the shop's own it gets one that nobody can
    /// guess.
    ///
    /// # Errors
    /// [`BillingError`]; nothing was made then.
    pub async fn create_customer(
        &self,
        operation: Operation,
        key: Option<CustomerKey>,
    ) -> Result<CustomerRecord, BillingError> {
        self.vault()?;
        let id = CustomerId::from_uuid(operation.uuid());
        let key = key.unwrap_or_else(|| own_key(id));
        let customer = Customer { id, key, created_at: self.app.now() };
        if !self.store.insert_customer(&customer).await? {
            return Err(BillingError::CustomerKeyTaken);
        }
        self.customer(id).await
    }

    /// A customer with all keys.
    ///
    /// # Errors
    /// [`BillingError::NotFound`], or what the store says.
    pub async fn customer(&self, id: CustomerId) -> Result<CustomerRecord, BillingError> {
        self.store.customer(id).await?.ok_or(BillingError::NotFound("customer"))
    }

    /// Before a change is tried again: somewhere in the first ms, then in the first two, four, … 1024. Whoever waits as long as
    /// the others meets them again.
    async fn give_way(&self, tries: u32) {
        if let Some(before) = tries.checked_sub(1) {
            let [share, ..] = self.app.env.random();
            sleep(Duration::from_millis(1 << before) * u32::from(share) / u32::from(u8::MAX)).await;
        }
    }

    fn vault(&self) -> Result<&Vault, BillingError> {
        self.app.vault.as_ref().ok_or(BillingError::NoVault)
    }

    /// What a key hides, for the customer that it was sealed for.
    async fn open(&self, record: &KeyRecord) -> Result<(CustomerKey, Secret), BillingError> {
        let vault = self.vault()?;
        let customer = self.customer(record.key.customer).await?.customer.key;
        let sealed = record.sealed.as_ref().ok_or(BillingError::KeyNotActive)?;
        let opened = vault.open(sealed, &owner(record.key.id, &customer));
        if opened.is_err() {
            error!(billing.key = %record.key.id, "a billing key cannot be opened: is its vault key, or its customer key, another?");
        }
        Ok((customer, opened?))
    }
}

/// Holds 74 random bits, as the id does.
fn own_key(id: CustomerId) -> CustomerKey {
    CustomerKey::parse(format!("hb-{id}")).expect("letters, digits and a dash")
}

//! A running sandbox: what is configured, the clock, and the world behind one short-lived lock.
//!
//! One lock and not many, because the journal must tell the order of effects exactly. Under it nothing waits: a call
//! costs a few look-ups and a small copy.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::{Directory, MerchantId};
use crate::clock::{Movable, Ms};
use crate::codes::{self, Code};
use crate::config::{Config, ConfigError};
use crate::kept::StateFile;
use crate::money::Currency;
use crate::payment::{About, Payment, Terms};
use crate::state::World;

/// A running sandbox: what is configured, and what has happened.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) directory: Directory,
    clock: Movable,
    world: Mutex<World>,
    /// Held by whoever delivers the webhooks: there is never more than one.
    pub(crate) delivering: tokio::sync::Mutex<()>,
    file: Option<StateFile>,
    /// Whether somebody had the world since the file was last written.
    touched: AtomicBool,
}

/// A request for a payment, with every part already checked.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) merchant: MerchantId,
    pub(crate) order: &'a str,
    pub(crate) order_name: &'a str,
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) tax_free: i64,
    pub(crate) tax_exempt: i64,
    pub(crate) origin: Option<&'a str>,
    pub(crate) terms: Terms,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let directory = Directory::new(config.merchants.clone());
        let clock = Movable::new(Arc::clone(&config.clock));
        let mut world = World::new(&config, directory.len())?;
        let file = config.state.as_deref().map(StateFile::open).transpose()?;
        if let Some(kept) = file.as_ref().map(|file| file.read(&directory)).transpose()?.flatten() {
            clock.set(kept.clock);
            world = kept.world;
            world.resume(&config, directory.len(), clock.now())?;
        }
        let (world, touched) = (Mutex::new(world), AtomicBool::new(false));
        let delivering = tokio::sync::Mutex::new(());
        Ok(Self { config, directory, clock, world, delivering, file, touched })
    }

    /// Writes the state file, if there is one and something may have happened since it was written.
    pub(crate) fn save(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        if !self.touched.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let bytes = {
            let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
            file.bytes(&self.directory, self.clock.hands(), &world)?
        };
        file.write(&bytes).inspect_err(|_| self.touched.store(true, Ordering::Release))
    }

    /// Whether there is a state file.
    pub(crate) fn is_kept(&self) -> bool {
        self.file.is_some()
    }

    /// The sandbox's time, in milliseconds.
    pub(crate) fn now(&self) -> Ms {
        self.clock.now()
    }

    /// Moves the clock, and lets everything strike that has become due.
    pub(crate) fn advance(&self, ms: Ms) {
        let mut world = self.world();
        self.clock.advance(ms);
        world.strike(self.now());
        world.outbox.ring();
    }

    /// Moves the clock to an instant; false, and nothing happens, when that would be back.
    pub(crate) fn set_clock(&self, to: Ms) -> bool {
        let mut world = self.world();
        let ahead = to - self.now();
        if ahead < 0 {
            return false;
        }
        self.clock.advance(ahead);
        world.strike(self.now());
        world.outbox.ring();
        true
    }

    /// Stops the clock, or lets it run on from where it stands.
    pub(crate) fn freeze(&self, frozen: bool) {
        let _world = self.world();
        self.clock.freeze(frozen);
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.clock.is_frozen()
    }

    /// The world, for a few look-ups; never held across a wait.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.touched.store(true, Ordering::Release);
        // A panic under the lock is a bug of ours that its own test reports; the others can go on.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a payment: READY, under a new key.
    pub(crate) fn open(&self, world: &mut World, opening: Opening<'_>) -> Result<Arc<str>, Code> {
        let now = self.now();
        world.strike(now);
        let merchant = self.directory.merchant(opening.merchant);
        opening
            .terms
            .requested
            .as_ref()
            .map_or(Ok(()), |requested| requested.check_due(now, world.switches.max_valid_hours))?;
        if world.is_spent(opening.merchant, opening.order) {
            return Err(codes::DUPLICATED_ORDER_ID);
        }
        if !world.make_room(now) {
            return Err(codes::FAILED_INTERNAL_SYSTEM_PROCESSING);
        }
        let key = world.new_key(&merchant.mid, now);
        let about = About {
            key: Arc::clone(&key),
            order: Arc::from(opening.order),
            order_name: opening.order_name.into(),
            merchant: opening.merchant,
            mid: Arc::clone(&merchant.mid),
            version: Arc::clone(&merchant.version),
            origin: world.origin(opening.origin.unwrap_or(&self.config.public_origin)),
            amount: opening.amount,
            currency: opening.currency,
            tax_exempt: opening.tax_exempt,
            tax_free: if merchant.mixed_tax { opening.tax_free } else { 0 },
            requested_at: now,
            terms: opening.terms,
        };
        world.keep(Payment::open(about));
        Ok(key)
    }
}

//! What everybody in a simulated world shares: the time, the dice, the plan of faults, and the objections.
use super::bank::Bank;
use super::faults::{Fault, Look, Odds};
use super::heard::Heard;
use super::planted::Bug;
use super::process::Skew;
use super::spy::Spy;
use super::unknown::Unknown;
use crate::memory::MemoryStore;
use hanbeon_app::Env;
use hanbeon_domain::{PaymentKey, Timestamp, TossStatus};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The first moment of every simulated world.
const BEGINNING: Timestamp = Timestamp::from_micros(1_760_000_000_000_000);

/// A world. Its clock is tokio's paused one: waiting costs nothing, and everybody sees the same time.
pub(super) struct World {
    started: Instant,
    /// The store itself, without the faults that a process sees.
    pub(super) store: Arc<MemoryStore>,
    pub(super) bug: Option<Bug>,
    /// What webhooks said, true or not: for a bug that believes them.
    pub(super) said: Arc<Said>,
    dice: Mutex<Dice>,
    bank: Mutex<Bank>,
    spy: Mutex<Spy>,
    unknown: Mutex<Unknown>,
    heard: Mutex<Heard>,
    script: Mutex<Script>,
    counts: Mutex<BTreeMap<&'static str, u32>>,
    objections: Mutex<Vec<String>>,
    keeps_late: AtomicBool,
}

/// See [`World::said`].
#[derive(Default)]
pub(super) struct Said(Mutex<BTreeMap<PaymentKey, TossStatus>>);

impl Said {
    pub(super) fn say(&self, key: &PaymentKey, status: TossStatus) {
        open(&self.0).insert(key.clone(), status);
    }

    pub(super) fn about(&self, key: &PaymentKey) -> Option<TossStatus> {
        open(&self.0).get(key).copied()
    }
}

/// What will go wrong.
#[derive(Default)]
pub(super) struct Script {
    /// The faults of the next calls that move money, in order.
    pub(super) money: VecDeque<Fault>,
    /// The faults of the next look-ups, in order.
    pub(super) looks: VecDeque<Look>,
    /// Faults by chance.
    pub(super) odds: Odds,
    /// The store is down from then until then; it may be readable meanwhile.
    pub(super) outage: Option<(Timestamp, Timestamp, bool)>,
}

impl World {
    pub(super) fn new(seed: u64, bug: Option<Bug>) -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            store: Arc::new(MemoryStore::new()),
            bug,
            said: Arc::default(),
            dice: Mutex::new(Dice(seed)),
            bank: Mutex::new(Bank::new(bug)),
            spy: Mutex::default(),
            unknown: Mutex::default(),
            heard: Mutex::default(),
            script: Mutex::default(),
            counts: Mutex::default(),
            objections: Mutex::default(),
            keeps_late: AtomicBool::new(false),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        BEGINNING.plus(self.started.elapsed())
    }

    /// The bank, after everything that was due there by now has happened.
    pub(super) fn bank(&self) -> MutexGuard<'_, Bank> {
        let mut bank = open(&self.bank);
        bank.catch_up(self.now());
        bank
    }

    pub(super) fn spy(&self) -> MutexGuard<'_, Spy> {
        open(&self.spy)
    }

    pub(super) fn unknown(&self) -> MutexGuard<'_, Unknown> {
        open(&self.unknown)
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        open(&self.heard)
    }

    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        open(&self.script)
    }

    /// From now on nothing goes wrong any more.
    pub(super) fn calm_down(&self) {
        *self.script() = Script::default();
    }

    /// Waits until what is under way at the bank has landed.
    pub(super) async fn wait_for_the_bank(&self) {
        while !self.bank().is_idle() || !self.bank().has_ended_all() {
            sleep(Duration::from_secs(10)).await;
        }
    }

    /// From now on the store is down for a while.
    pub(super) fn break_store(&self, span: Duration, readable: bool) {
        let now = self.now();
        self.script().outage = Some((now, now.plus(span), readable));
        self.count(if readable { "store: cannot be written" } else { "store: out" });
    }

    pub(super) fn store_is_down(&self, for_write: bool) -> bool {
        let now = self.now();
        self.script()
            .outage
            .is_some_and(|(from, to, readable)| from <= now && now < to && (for_write || !readable))
    }

    /// How wrong the clock of the next machine is.
    pub(super) fn roll_skew(&self) -> Skew {
        let most = self.script().odds.skew;
        if most == 0 {
            return Skew::default();
        }
        let wrong = || {
            let by = Duration::from_secs(self.roll(most));
            if self.once_in(2) { (by, Duration::ZERO) } else { (Duration::ZERO, by) }
        };
        Skew { ahead: wrong(), jumps_at: self.now().plus(self.millis(200_000)), then: wrong() }
    }

    /// A number below `sides`, from the world's dice.
    pub(super) fn roll(&self, sides: u64) -> u64 {
        open(&self.dice).roll(sides)
    }

    /// True once in `times` on average; never when `times` is 0.
    pub(super) fn once_in(&self, times: u64) -> bool {
        times > 0 && self.roll(times) == 0
    }

    /// One of these.
    pub(super) fn pick<T: Copy>(&self, from: &[T]) -> T {
        let sides = u64::try_from(from.len()).expect("a slice's length fits into 64 bits");
        from[usize::try_from(self.roll(sides)).expect("less than the slice's length")]
    }

    pub(super) fn millis(&self, below: u64) -> Duration {
        Duration::from_millis(self.roll(below))
    }

    pub(super) fn count(&self, what: &'static str) {
        *open(&self.counts).entry(what).or_default() += 1;
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u32> {
        open(&self.counts).clone()
    }

    /// Is money that turns up late kept, where the order is free?
    pub(super) fn keeps_late_money(&self) -> bool {
        self.keeps_late.load(Relaxed)
    }

    pub(super) fn keep_late_money(&self, keep: bool) {
        self.keeps_late.store(keep, Relaxed);
    }

    /// Something happened that must never happen.
    pub(super) fn object(&self, what: String) {
        open(&self.objections).push(what);
    }

    pub(super) fn objections(&self) -> Vec<String> {
        open(&self.objections).clone()
    }
}

impl Env for World {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn random(&self) -> [u8; 32] {
        let mut dice = open(&self.dice);
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&dice.next().to_le_bytes());
        }
        bytes
    }
}

/// A panic while a lock was held is reported by its own test; the data is still the data.
fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Splitmix64: small, seeded, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides.max(1)
    }
}

//! An answer says what was true when it was asked for. A process may sleep before it can judge it: a paused machine, a
//! store that hesitates, a clock that is set.
use async_trait::async_trait;
use hanbeon_app::{App, Env, Settings};
use hanbeon_domain::{Payment, Policy, Refund, StateName, Timestamp, TossStatus, Verdict};
use hanbeon_psp::{Page, Psp};
use hanbeon_store::Store;
use hanbeon_testkit::conformance::world::{TOTAL, World, seen};
use hanbeon_testkit::memory::MemoryStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::time::Duration;

/// A clock that the test moves.
struct SetClock(AtomicI64);

impl SetClock {
    fn set(&self, at: Timestamp) {
        self.0.store(at.as_micros(), SeqCst);
    }
}

impl Env for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(SeqCst))
    }
    fn random(&self) -> [u8; 32] {
        [7; 32]
    }
}

/// A Toss that does not show the payment at first, and whose answer then waits until after the window: so long does
/// the charge that is on its way take to turn up.
struct SleptOver {
    clock: Arc<SetClock>,
    after_the_window: Timestamp,
}

#[async_trait]
impl Psp for SleptOver {
    async fn confirm(&self, _: &Payment) -> Verdict {
        Verdict::Unclear { answered: false, why: "no answer".to_owned() }
    }
    async fn lookup(&self, _: &Payment) -> Verdict {
        if self.clock.now() < self.after_the_window {
            self.clock.set(self.after_the_window);
            return Verdict::Absent;
        }
        seen(TossStatus::Done, TOTAL)
    }
    async fn cancel(&self, payment: &Payment, _: &Refund) -> Verdict {
        self.lookup(payment).await
    }
    async fn transactions(&self, _: Timestamp, _: Timestamp, _: Option<&str>) -> Result<Page, String> {
        Ok(Page::default())
    }
}

#[tokio::test]
async fn an_answer_that_was_slept_over_is_judged_by_the_time_of_its_question() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut world = World::new(Arc::clone(&store));
    let order = world.order().await;
    let payment = world.begin(&order).await;
    // The clock alone decides here, so that it is the clock that is tested.
    let policy = Policy { window_tries: 0, ..Policy::default() };
    let lease_is_over = world.now().plus(Duration::from_secs(5 * 60));
    let after_the_window = payment.created_at.plus(policy.confirm_window + Duration::from_secs(60));
    assert!(lease_is_over < after_the_window);
    let clock = Arc::new(SetClock(AtomicI64::new(lease_is_over.as_micros())));
    let bank = Arc::new(SleptOver { clock: Arc::clone(&clock), after_the_window });
    let settings = Settings { policy, ..Settings::default() };
    let app = App::new(Arc::clone(&store), bank, clock.clone(), settings);
    let state = async || store.payment_by_key(&payment.key).await.unwrap().unwrap().state.name();

    assert_eq!(app.recover_once(1).await.unwrap().leased, 1);
    assert_eq!(state().await, StateName::Confirming, "it was not shown while it could still turn up");
    clock.set(after_the_window.plus(Duration::from_secs(5 * 60)));
    assert_eq!(app.recover_once(1).await.unwrap().leased, 1);
    assert_eq!(state().await, StateName::Paid);
}

/// Somebody who sleeps, once, between the record of what is to be done and the call that does it.
struct Sleeper {
    clock: Arc<SetClock>,
    sleeps_until: Timestamp,
    slept: AtomicBool,
}

impl Env for Sleeper {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
    fn random(&self) -> [u8; 32] {
        self.clock.random()
    }
    fn reached(&self, point: &'static str) {
        if point == "recorded" && !self.slept.swap(true, SeqCst) {
            self.clock.set(self.sleeps_until);
        }
    }
}

/// A Toss that charges when it is told to.
#[derive(Default)]
struct Obeys {
    charges: AtomicI64,
}

#[async_trait]
impl Psp for Obeys {
    async fn confirm(&self, payment: &Payment) -> Verdict {
        self.charges.fetch_add(1, SeqCst);
        self.lookup(payment).await
    }
    async fn lookup(&self, _: &Payment) -> Verdict {
        let charged = self.charges.load(SeqCst) > 0;
        seen(if charged { TossStatus::Done } else { TossStatus::InProgress }, TOTAL)
    }
    async fn cancel(&self, payment: &Payment, _: &Refund) -> Verdict {
        self.lookup(payment).await
    }
    async fn transactions(&self, _: Timestamp, _: Timestamp, _: Option<&str>) -> Result<Page, String> {
        Ok(Page::default())
    }
}

#[tokio::test]
async fn b10_whoever_slept_through_its_lease_moves_no_money() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut world = World::new(Arc::clone(&store));
    let order = world.order().await;
    let payment = world.begin(&order).await;
    let settings = Settings::default();
    let found_at = world.now().plus(Duration::from_secs(5 * 60));
    let sleeps_until = found_at.plus(settings.lease);
    let clock = Arc::new(SetClock(AtomicI64::new(found_at.as_micros())));
    let sleeper = Sleeper { clock: Arc::clone(&clock), sleeps_until, slept: AtomicBool::new(false) };
    let bank = Arc::new(Obeys::default());
    let app = App::new(Arc::clone(&store), bank.clone(), Arc::new(sleeper), settings.clone());
    let state = async || store.payment_by_key(&payment.key).await.unwrap().unwrap().state.name();

    assert_eq!(app.recover_once(1).await.unwrap().leased, 1);
    assert_eq!(
        bank.charges.load(SeqCst),
        0,
        "somebody else may have taken it over, and given it up, meanwhile"
    );
    assert_eq!(state().await, StateName::Confirming);
    clock.set(sleeps_until.plus(settings.lease));
    assert_eq!(app.recover_once(1).await.unwrap().leased, 1);
    assert_eq!((state().await, bank.charges.load(SeqCst)), (StateName::Paid, 1));
}

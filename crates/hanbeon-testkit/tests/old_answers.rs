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
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
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
    let app = App::new(Arc::clone(&store), bank, Arc::clone(&clock) as Arc<dyn Env>, settings);
    let state = async || store.payment_by_key(&payment.key).await.unwrap().unwrap().state.name();

    assert_eq!(app.recover_once(1).await.unwrap().leased, 1);
    assert_eq!(state().await, StateName::Confirming, "it was not shown while it could still turn up");
    clock.set(after_the_window.plus(Duration::from_secs(5 * 60)));
    assert_eq!(app.recover_once(1).await.unwrap().leased, 1);
    assert_eq!(state().await, StateName::Paid);
}

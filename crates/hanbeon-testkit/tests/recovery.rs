//! The recovery as the server runs it: continuously, in virtual time.
use async_trait::async_trait;
use hanbeon_app::recover::DRAIN_PER_SECOND;
use hanbeon_app::{App, Env, Settings};
use hanbeon_domain::{Payment, PaymentKey, Refund, State, StateName, Timestamp, TossStatus, Verdict};
use hanbeon_psp::{Page, Psp};
use hanbeon_store::Store;
use hanbeon_testkit::conformance::world::{LEASE, TOTAL, World, seen};
use hanbeon_testkit::memory::MemoryStore;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// A Toss that knows every payment as approved, and takes a minute over those whose key is in `slow`.
struct OneSlowBank {
    slow: Vec<String>,
}

#[async_trait]
impl Psp for OneSlowBank {
    async fn confirm(&self, payment: &Payment) -> Verdict {
        self.lookup(payment).await
    }
    async fn lookup(&self, payment: &Payment) -> Verdict {
        if self.slow.contains(&payment.key.as_str().to_owned()) {
            sleep(Duration::from_secs(60)).await;
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

/// A clock that follows tokio's, which the test moves.
struct VirtualEnv(Instant, Timestamp);

impl Env for VirtualEnv {
    fn now(&self) -> Timestamp {
        self.1.plus(self.0.elapsed())
    }
    fn random(&self) -> [u8; 32] {
        [7; 32]
    }
}

#[tokio::test(start_paused = true)]
async fn b11_l5_payments_that_hang_delay_no_other() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut world = World::new(Arc::clone(&store));
    let mut payments = Vec::new();
    for _ in 0..4 {
        let order = world.order().await;
        payments.push(world.begin(&order).await);
    }
    let slow = payments[..3].iter().map(|payment| payment.key.as_str().to_owned()).collect();
    let start = world.now().plus(Duration::from_secs(3600));
    let env = Arc::new(VirtualEnv(Instant::now(), start));
    let app = App::new(Arc::clone(&store), Arc::new(OneSlowBank { slow }), env, Settings::default());
    let stop = CancellationToken::new();
    let recovery = tokio::spawn({
        let (app, stop) = (Arc::clone(&app), stop.clone());
        async move { app.recover_until(stop.cancelled_owned()).await }
    });
    let quick = payments[3].key.clone();
    let state = async |key| store.payment_by_key(key).await.unwrap().unwrap().state.name();
    let settled = timeout(Duration::from_secs(2), async {
        while state(&quick).await != StateName::Paid {
            sleep(Duration::from_millis(10)).await;
        }
    });
    settled.await.expect("the quick payment waited for the slow ones");
    assert_eq!(state(&payments[0].key).await, StateName::Confirming, "the slow ones are under way");

    // A later one is taken on while the slow ones still hang.
    let order = world.order().await;
    let later = world.begin(&order).await;
    let settled = timeout(Duration::from_secs(3), async {
        while state(&later.key).await != StateName::Paid {
            sleep(Duration::from_millis(10)).await;
        }
    });
    settled.await.expect("the later payment waited for the slow ones");

    stop.cancel();
    timeout(Duration::from_secs(1), recovery).await.expect("the stop waits for nobody").unwrap();
    app.drain().await;
    assert_eq!(state(&payments[0].key).await, StateName::Paid, "what was under way is drained");
}

/// A Toss that cannot be reached for a while, and then has approved everything and cancels what it is asked to. It
/// remembers in which order it was first asked about each payment.
struct Back {
    at: Instant,
    asked: Mutex<Vec<PaymentKey>>,
}

impl Back {
    fn after(outage: Duration) -> Arc<Self> {
        Arc::new(Self { at: Instant::now() + outage, asked: Mutex::default() })
    }

    fn note(&self, key: &PaymentKey) {
        let mut asked = self.asked.lock().unwrap();
        if !asked.contains(key) {
            asked.push(key.clone());
        }
    }

    async fn answer(&self, payment: &Payment, verdict: Verdict) -> Verdict {
        if Instant::now() < self.at {
            sleep(Duration::from_secs(5)).await;
            return Verdict::NotSent("no connection within 5 s".to_owned());
        }
        self.note(&payment.key);
        sleep(Duration::from_millis(200)).await;
        verdict
    }
}

#[async_trait]
impl Psp for Back {
    async fn confirm(&self, payment: &Payment) -> Verdict {
        self.lookup(payment).await
    }
    async fn lookup(&self, payment: &Payment) -> Verdict {
        self.answer(payment, seen(TossStatus::Done, TOTAL)).await
    }
    async fn cancel(&self, payment: &Payment, refund: &Refund) -> Verdict {
        let left = TOTAL - refund.amount.get();
        self.answer(payment, seen(TossStatus::PartialCanceled, left)).await
    }
    async fn transactions(&self, _: Timestamp, _: Timestamp, _: Option<&str>) -> Result<Page, String> {
        Ok(Page::default())
    }
}

/// The recovery of a server that starts at this moment.
fn start(store: &Arc<MemoryStore>, toss: &Arc<Back>, now: Timestamp) -> (CancellationToken, JoinHandle<()>) {
    let env = Arc::new(VirtualEnv(Instant::now(), now));
    let (store, toss): (Arc<dyn Store>, Arc<dyn Psp>) = (store.clone(), toss.clone());
    let app = App::new(store, toss, env, Settings::default());
    let stop = CancellationToken::new();
    let until = stop.clone().cancelled_owned();
    (stop, tokio::spawn(async move { app.recover_until(until).await }))
}

/// Waits until nothing is due and everything rests; fails after so long.
async fn all_rest(store: &MemoryStore, within: Duration) {
    let rest = async {
        while store.all_payments().iter().any(|(payment, due)| payment.is_moving() || due.is_some()) {
            sleep(Duration::from_millis(500)).await;
        }
    };
    timeout(within, rest).await.unwrap_or_else(|_| panic!("not all of it was done within {within:?}"));
}

#[tokio::test(start_paused = true)]
async fn j11_what_was_overdue_for_40_minutes_is_all_done_oldest_first() {
    let store = Arc::new(MemoryStore::new());
    let mut world = World::new(store.clone());
    // Every kind of work: a deposit that is awaited, and asked for every hour; a charge, a refund, and a wish that waits
    // for its turn.
    for _ in 0..30 {
        let order = world.order().await;
        let begun = world.begin(&order).await;
        world.said(&begun, seen(TossStatus::WaitingForDeposit, TOTAL)).await;
    }
    world.pass(Duration::from_secs(50 * 60));
    for _ in 0..30 {
        let order = world.order().await;
        world.begin(&order).await;
        let paid = world.paid().await;
        world.canceling(&paid, Some(1_000)).await;
        let paid = world.paid().await;
        world.queue(&paid, Some(1_000)).await;
    }
    let mut oldest_first = store.all_payments();
    oldest_first.sort_by_key(|(_, due)| due.expect("all of it is due"));
    let now = world.now().plus(Duration::from_secs(40 * 60));
    assert!(oldest_first.iter().all(|(_, due)| due.unwrap() < now));

    let toss = Back::after(Duration::ZERO);
    let (stop, recovery) = start(&store, &toss, now);
    all_rest(&store, Duration::from_secs(60)).await;
    let keys: Vec<_> = oldest_first.iter().map(|(payment, _)| payment.key.clone()).collect();
    assert_eq!(keys.len(), 120);
    assert_eq!(*toss.asked.lock().unwrap(), keys, "oldest first, and none forgotten");
    for (before, _) in &oldest_first {
        let after = store.payment(before.id).await.unwrap().unwrap();
        let refunded = matches!(before.state, State::Paid | State::Canceling { .. });
        let want = if refunded { StateName::PartiallyCanceled } else { StateName::Paid };
        assert_eq!(after.payment.state.name(), want, "{before:?}");
    }
    stop.cancel();
    recovery.await.unwrap();
}

/// What is promised: see [`DRAIN_PER_SECOND`], less what is lost between two seconds.
const STATED_PER_SECOND: usize = 60;
const _: () = assert!(STATED_PER_SECOND <= DRAIN_PER_SECOND);
/// B: everything ends so soon after Toss answers again, if it is not too much.
const SOON: Duration = Duration::from_secs(60);

async fn backlog_drains(orders: usize, outage: Duration) {
    let store = Arc::new(MemoryStore::new());
    let mut world = World::new(store.clone());
    for _ in 0..orders {
        let order = world.order().await;
        world.begin(&order).await;
    }
    let now = world.now().plus(LEASE);
    let toss = Back::after(outage);
    let (stop, recovery) = start(&store, &toss, now);
    tokio::time::sleep_until(toss.at).await;
    assert!(store.all_payments().iter().all(|(payment, _)| payment.is_moving()), "Toss is out");
    let seconds = u64::try_from(orders.div_ceil(STATED_PER_SECOND)).unwrap();
    all_rest(&store, SOON.max(Duration::from_secs(seconds))).await;
    println!("{orders} payments, {outage:?} of outage: done {:?} after its end", toss.at.elapsed());
    let settled = store.all_payments();
    assert!(settled.iter().all(|(payment, _)| payment.state == State::Paid), "{settled:?}");
    assert_eq!(toss.asked.lock().unwrap().len(), orders, "each was asked about");
    stop.cancel();
    recovery.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn l9_a_small_backlog_is_done_within_a_minute_of_tosss_return() {
    backlog_drains(300, Duration::from_secs(20 * 60)).await;
}

#[tokio::test(start_paused = true)]
async fn l9_a_large_backlog_is_done_at_the_stated_rate() {
    backlog_drains(4_800, Duration::from_secs(10 * 60)).await;
}

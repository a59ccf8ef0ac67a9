//! The recovery as the server runs it: continuously, in virtual time.
use async_trait::async_trait;
use hanbeon_app::{App, Env, Settings};
use hanbeon_domain::{Payment, Refund, StateName, Timestamp, TossStatus, Verdict};
use hanbeon_psp::{Page, Psp};
use hanbeon_store::Store;
use hanbeon_testkit::conformance::world::{TOTAL, World, seen};
use hanbeon_testkit::memory::MemoryStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
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
struct VirtualEnv(tokio::time::Instant, Timestamp);

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
    let env = Arc::new(VirtualEnv(tokio::time::Instant::now(), start));
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

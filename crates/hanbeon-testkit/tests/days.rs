//! A day is closed by the next morning, although no webhook ever came.
use async_trait::async_trait;
use hanbeon_app::reconcile::Reconciled;
use hanbeon_app::{App, Counted, Env, Settings};
use hanbeon_domain::{Payment, PaymentKey, Refund, StateName, Timestamp, TossStatus, Verdict};
use hanbeon_psp::{Page, Psp, Transaction};
use hanbeon_store::{BegunCharge, Store};
use hanbeon_testkit::conformance::billing::Scene;
use hanbeon_testkit::conformance::world::{TOTAL, World, cancel, refusal, seen, snapshot, won};
use hanbeon_testkit::memory::MemoryStore;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

const HOUR: Duration = Duration::from_secs(3_600);

/// A Toss in whose own console somebody cancels, and that tells nobody.
#[derive(Default)]
struct SilentToss {
    /// What is left of a payment, if it is not all of it.
    left: Mutex<BTreeMap<PaymentKey, i64>>,
    rows: Mutex<Vec<(Timestamp, Transaction)>>,
    down: Mutex<bool>,
}

impl SilentToss {
    fn cancels(&self, key: &PaymentKey, amount: i64, at: Timestamp) {
        let left = TOTAL - amount;
        self.left.lock().unwrap().insert(key.clone(), left);
        self.lists(key, format!("txrd_{left}"), true, at);
    }

    fn lists(&self, key: &PaymentKey, transaction_key: String, is_cancel: bool, at: Timestamp) {
        let (payment, order, amount) = (Some(key.clone()), None, None);
        let row = Transaction { transaction_key, payment, order, amount, holds_money: true, is_cancel };
        self.rows.lock().unwrap().push((at, row));
    }
}

#[async_trait]
impl Psp for SilentToss {
    async fn confirm(&self, payment: &Payment) -> Verdict {
        self.lookup(payment).await
    }
    async fn lookup(&self, payment: &Payment) -> Verdict {
        let Some(left) = self.left.lock().unwrap().get(&payment.key).copied() else {
            return seen(TossStatus::Done, TOTAL);
        };
        let status = if left == 0 { TossStatus::Canceled } else { TossStatus::PartialCanceled };
        let mut shown = snapshot(status, left);
        shown.cancels = vec![cancel(TOTAL - left, left)];
        Verdict::Seen(shown)
    }
    async fn cancel(&self, payment: &Payment, _: &Refund) -> Verdict {
        self.lookup(payment).await
    }
    async fn transactions(&self, from: Timestamp, until: Timestamp, _: Option<&str>) -> Result<Page, String> {
        if *self.down.lock().unwrap() {
            return Err("503".to_owned());
        }
        let rows = self.rows.lock().unwrap();
        let rows = rows.iter().filter(|(at, _)| from <= *at && *at < until).map(|(_, row)| row.clone());
        Ok(Page { rows: rows.collect(), next: None })
    }
}

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
async fn l7_a_day_is_closed_by_six_the_next_morning_without_a_webhook() {
    let store = Arc::new(MemoryStore::new());
    let mut world = World::new(store.clone());
    let (part, whole, late) = (world.paid().await, world.paid().await, world.paid().await);
    let stranger = PaymentKey::parse("tgen_20260101stranger").unwrap();
    let midnight = world.now();
    let (toss, env) = (Arc::new(SilentToss::default()), Arc::new(VirtualEnv(Instant::now(), midnight)));
    let door: Arc<dyn Store> = store.clone();
    let app = App::new(door, toss.clone(), env.clone(), Settings::default());
    let stop = CancellationToken::new();
    let work = tokio::spawn({
        let (app, stop) = (Arc::clone(&app), stop.clone());
        async move {
            let recovery = app.recover_until(stop.clone().cancelled_owned());
            tokio::join!(recovery, app.reconcile_until(stop.clone().cancelled_owned()))
        }
    });

    sleep(9 * HOUR).await;
    toss.cancels(&part.key, 1_000, env.now());
    sleep(3 * HOUR).await;
    toss.lists(&stranger, "txrd_stranger".to_owned(), false, env.now());
    toss.cancels(&whole.key, TOTAL, env.now());
    // Toss's list is down for the evening.
    sleep(5 * HOUR).await;
    *toss.down.lock().unwrap() = true;
    sleep(6 * HOUR + HOUR / 2).await;
    toss.cancels(&late.key, 2_000, env.now());
    sleep(HOUR / 2).await;
    *toss.down.lock().unwrap() = false;
    // It is midnight; by six all of it is known.
    sleep(6 * HOUR).await;

    for (payment, state, refunded) in [
        (&part, StateName::PartiallyCanceled, 1_000),
        (&whole, StateName::Canceled, TOTAL),
        (&late, StateName::PartiallyCanceled, 2_000),
    ] {
        let record = store.payment(payment.id).await.unwrap().unwrap();
        assert_eq!((record.payment.state.name(), record.payment.refunded), (state, won(refunded)));
        assert_eq!(record.events.len(), 2, "and the shop was told");
    }
    assert!(orphans(&app) > 0, "money that nobody can explain is an alarm");
    stop.cancel();
    work.await.unwrap();
}

fn orphans(app: &App) -> u64 {
    app.counters().read().find(|(what, _)| *what == Counted::Orphan).unwrap().1
}

#[tokio::test]
async fn the_money_of_a_charge_whose_outcome_is_not_known_yet_is_no_orphan() {
    let store = Arc::new(MemoryStore::new());
    let scene = Scene::new(store.clone()).await;
    let charge = scene.charge(10, None);
    assert_eq!(scene.begin(&charge, None).await, BegunCharge::Fresh);
    let (toss, env) = (Arc::new(SilentToss::default()), Arc::new(VirtualEnv(Instant::now(), scene.now)));
    let key = PaymentKey::parse(format!("tgen_{}", charge.id)).unwrap();
    let (approved, order) = ("txrd_charge".to_owned(), Some(charge.toss_order.clone()));
    let row = Transaction {
        transaction_key: approved,
        payment: Some(key),
        order,
        amount: Some(charge.amount),
        holds_money: true,
        is_cancel: false,
    };
    toss.rows.lock().unwrap().push((scene.now, row));
    let app = App::new(store.clone(), toss, env, Settings::default());
    let read = async || app.reconcile(scene.now.minus(HOUR), scene.now.plus(HOUR)).await.unwrap();
    let (rows, noticed) = (1, 0);
    assert_eq!(read().await, Reconciled { rows, noticed, orphans: 0 });
    // What we know to be refused must not have taken money.
    scene.settle(&charge, Verdict::Refused(refusal())).await;
    assert_eq!(read().await, Reconciled { rows, noticed, orphans: 1 });
    assert_eq!(orphans(&app), 1);
}

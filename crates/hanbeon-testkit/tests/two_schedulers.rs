//! H1: two schedulers over one store, a clock that jumps both ways, restarts, and a Toss whose answers get lost. Whatever
//! happens, a period is charged once.
use async_trait::async_trait;
use hanbeon_app::billing::subscriptions::NewSubscription;
use hanbeon_app::billing::{Billing, Secret};
use hanbeon_app::vault::Vault;
use hanbeon_app::{App, Env, Settings};
use hanbeon_domain::billing::{BillingKey, Charge, ChargeState, Day, Dunning, Heard, Schedule};
use hanbeon_domain::{
    CustomerKey, Payment, PaymentKey, Refund, SubscriptionId, Timestamp, TossStatus, Verdict,
};
use hanbeon_psp::billing::{BillingPsp, Deleted, Issued};
use hanbeon_psp::{Page, Psp};
use hanbeon_store::{BillingStore, Store};
use hanbeon_testkit::conformance::world::{refusal, seen, unclear, won};
use hanbeon_testkit::memory::MemoryStore;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

const AMOUNT: i64 = 9_900;
const VAULT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The world outside: a clock that the test moves, dice that can be thrown again, and a Toss.
#[derive(Default)]
struct Outside(Mutex<Facts>);

#[derive(Default)]
struct Facts {
    now: Timestamp,
    /// The latest that it has ever been.
    latest: Timestamp,
    dice: u64,
    /// Does Toss answer what it does?
    is_honest: bool,
    /// What Toss did with an order: taken, or refused.
    orders: BTreeMap<String, bool>,
    /// Answers under their idempotency keys.
    answers: BTreeMap<String, Heard>,
}

impl Outside {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().expect("nobody panics with it")
    }

    fn roll(&self, sides: u64) -> u64 {
        let mut facts = self.facts();
        facts.dice =
            facts.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (facts.dice >> 33) % sides
    }
}

impl Env for Outside {
    fn now(&self) -> Timestamp {
        self.facts().now
    }
    fn random(&self) -> [u8; 32] {
        let (one, other) = (self.roll(1 << 31), self.roll(1 << 31));
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&one.to_be_bytes());
        bytes[4..12].copy_from_slice(&other.to_be_bytes());
        bytes
    }
}

fn paid(charge: &Charge) -> Heard {
    let key = PaymentKey::parse(format!("tgen_{}", charge.toss_order)).ok();
    Heard { verdict: seen(TossStatus::Done, AMOUNT), key }
}

fn said(verdict: Verdict) -> Heard {
    Heard { verdict, key: None }
}

#[async_trait]
impl BillingPsp for Outside {
    async fn issue(&self, _: &BillingKey, _: &CustomerKey, _: &Secret) -> Issued {
        Issued::Unclear("nobody asks".to_owned())
    }

    async fn charge(&self, charge: &Charge, _: &CustomerKey, _: &Secret) -> Heard {
        tokio::task::yield_now().await;
        let (fate, honest) = (self.roll(6), self.facts().is_honest);
        if fate == 0 && !honest {
            return said(unclear(false));
        }
        let refuses = self.roll(4) == 0;
        let mut facts = self.facts();
        if let Some(answer) = facts.answers.get(&charge.charge_key()) {
            return answer.clone();
        }
        let order = charge.toss_order.to_string();
        if facts.orders.get(&order) == Some(&true) {
            return said(Verdict::ReadIt);
        }
        let answer = if refuses { said(Verdict::Refused(refusal())) } else { paid(charge) };
        facts.orders.insert(order, !refuses);
        facts.answers.insert(charge.charge_key(), answer.clone());
        if fate < 3 && !honest { said(unclear(false)) } else { answer }
    }

    async fn look(&self, charge: &Charge) -> Heard {
        tokio::task::yield_now().await;
        if self.roll(4) == 0 && !self.facts().is_honest {
            return said(unclear(false));
        }
        let taken = self.facts().orders.get(charge.toss_order.as_str()).copied();
        if taken == Some(true) { paid(charge) } else { said(Verdict::Absent) }
    }

    async fn delete(&self, _: &Secret) -> Deleted {
        Deleted::Gone
    }
}

/// Payments that rest are not asked for here.
struct Silent;

#[async_trait]
impl Psp for Silent {
    async fn confirm(&self, _: &Payment) -> Verdict {
        unclear(false)
    }
    async fn lookup(&self, _: &Payment) -> Verdict {
        unclear(false)
    }
    async fn cancel(&self, _: &Payment, _: &Refund) -> Verdict {
        unclear(false)
    }
    async fn transactions(&self, _: Timestamp, _: Timestamp, _: Option<&str>) -> Result<Page, String> {
        Ok(Page::default())
    }
}

fn server(store: &Arc<MemoryStore>, outside: &Arc<Outside>) -> (Arc<App>, Arc<Billing>) {
    let payments: Arc<dyn Store> = store.clone();
    let vault = Some(Vault::parse(VAULT).expect("a key"));
    let app = App::with_vault(payments, Arc::new(Silent), outside.clone(), Settings::default(), vault);
    let billing = Billing::new(Arc::clone(&app), store.clone(), outside.clone(), Dunning::default());
    (app, billing)
}

async fn subscribe(app: &App, billing: &Billing) -> Vec<SubscriptionId> {
    let customer = billing.create_customer(app.operation(), None).await.expect("a customer").customer;
    let secret = Secret::new(format!("secret of {}", customer.id));
    let key = billing.import_key(app.operation(), customer.id, &customer.key, secret).await.expect("a key");
    let mut made = Vec::new();
    for anchor in [1, 31] {
        let schedule =
            Schedule::new(Day::parse("2026-01-20").expect("a day"), anchor, 1).expect("a schedule");
        let (amount, name) = (won(AMOUNT), "구독".to_owned());
        let new = NewSubscription { customer: customer.id, key: key.id, amount, name, schedule };
        made.push(billing.subscribe(app.operation(), new).await.expect("a subscription").id);
    }
    made
}

/// Mostly forward, by minutes to weeks; now and then back, and far ahead.
fn jump(outside: &Outside) {
    let (way, far) = (outside.roll(12), u32::try_from(outside.roll(40)).expect("small"));
    let mut facts = outside.facts();
    facts.now = match way {
        0 => facts.now.minus(DAY * far),
        1 => facts.now.plus(DAY * far * 3),
        2..=5 => facts.now.plus(DAY * far / 8),
        _ => facts.now.plus(Duration::from_secs(60) * far),
    };
    facts.latest = facts.latest.max(facts.now);
}

#[tokio::test(start_paused = true)]
async fn h1_s21_two_schedulers_restarts_and_a_jumping_clock_charge_a_period_once() {
    let mut taken = 0;
    for seed in 0..40 {
        let (store, outside) = (Arc::new(MemoryStore::new()), Arc::new(Outside::default()));
        outside.facts().dice = seed;
        outside.facts().now = Day::parse("2026-01-20").expect("a day").charged_at();
        let (app, mut one) = server(&store, &outside);
        let subscriptions = subscribe(&app, &one).await;
        let (_, other) = server(&store, &outside);
        for _ in 0..150 {
            jump(&outside);
            let (here, there) = tokio::join!(one.recover_once(4), other.recover_once(4));
            here.and(there).expect("a store that works");
            if outside.roll(20) == 0 {
                (_, one) = server(&store, &outside);
            }
        }
        outside.facts().is_honest = true;
        // What was put off under a clock that was ahead is due once the time has come.
        let latest = outside.facts().latest;
        outside.facts().now = latest.plus(DAY);
        for _ in 0..200 {
            let now = outside.now();
            outside.facts().now = now.plus(Duration::from_secs(60));
            one.recover_once(16).await.expect("a store that works");
        }
        for id in subscriptions {
            taken += once(&store, &outside, id, seed).await;
        }
    }
    assert!(taken > 200, "only {taken} periods were charged: nothing was shown");
}

/// Every period of the subscription was taken once at most, and we know each; how many were.
async fn once(store: &MemoryStore, outside: &Outside, id: SubscriptionId, seed: u64) -> usize {
    let charges = store.charges(id, 10_000).await.expect("charges");
    let mut periods = BTreeMap::new();
    for charge in &charges {
        let taken = outside.facts().orders.get(charge.toss_order.as_str()) == Some(&true);
        let known = matches!(charge.state, ChargeState::Done { .. });
        assert_eq!(taken, known, "seed {seed}: S21 {charge:?}");
        let period = charge.period.expect("it is of a period").period;
        *periods.entry(period).or_insert(0) += usize::from(taken);
    }
    assert!(periods.values().all(|taken| *taken <= 1), "seed {seed}: S21 charged twice {periods:?}");
    let ours = charges.iter().map(|charge| charge.toss_order.to_string()).collect::<Vec<_>>();
    let prefix = format!("hb-{id}-");
    let strange =
        outside.facts().orders.keys().filter(|order| order.starts_with(&prefix)).any(|o| !ours.contains(o));
    assert!(!strange, "seed {seed}: Toss knows an order that we do not");
    periods.values().sum()
}

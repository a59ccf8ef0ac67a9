//! Many things at once, by chance: each seed switches a random subset of the faults on.
use super::bank::{Deposit, VirtualAccount};
use super::client::{TOTAL, authenticate, make_order, won};
use super::faults::{Fault, LONG_HIDDEN, Odds};
use super::later::Abroad;
use super::planted::Bug;
use super::process::{Plan, Process};
use super::scenes::in_paused_time;
use super::world::World;
use hanbeon_app::{Settings, Unrecorded};
use hanbeon_domain::payment::LateSuccess;
use hanbeon_domain::{ConfirmRequest, RefundId, TossStatus};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

/// When nothing fails any more, so long after that every outcome that Toss tells is known: the lease of one who died
/// (90 s), the longest wait between two tries (56 s), a tick, and the call.
const L1: Duration = Duration::from_secs(180);
/// A bank that takes a deposit back does so within so many milliseconds.
const TAKEN_BACK_WITHIN: u64 = 120_000;
/// How far apart clocks may be, in seconds, for the settling time to be longer than that.
const SKEW_WHILE_SETTLING: u64 = 30;
/// So long things go wrong.
const STORM: Duration = Duration::from_secs(240);

/// What happened under a seed.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed; it gives the same run again.
    pub seed: u64,
    /// What could go wrong.
    pub mix: String,
    /// What happened, counted.
    pub counts: BTreeMap<&'static str, u32>,
    /// How the payments ended.
    pub states: BTreeMap<String, u32>,
    /// What must never happen, and did.
    pub objections: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, mix, counts, states, objections } = self;
        writeln!(f, "seed {seed}: {mix}\n  counts {counts:?}\n  states {states:?}")?;
        objections.iter().try_for_each(|objection| writeln!(f, "  ! {objection}"))
    }
}

/// Runs one seed, from the first order to the last comparison.
#[must_use]
pub fn run_seed(seed: u64, bug: Option<Bug>) -> Report {
    in_paused_time(storm(seed, bug))
}

async fn storm(seed: u64, bug: Option<Bug>) -> Report {
    let world = World::new(seed, bug);
    let mut settings =
        Settings { unrecorded: world.pick(&[Unrecorded::Cancel, Unrecorded::Finish]), ..Settings::default() };
    let mut requests = Vec::new();
    let bounces = world.once_in(3);
    for number in 1..=2_u128 {
        let order = make_order(&world, number).await;
        for tab in 1..=2 {
            let deposit = match (roll_deposit(&world, bounces), abroad_of(seed)) {
                (Deposit::Card, Some(abroad)) => Deposit::Abroad(abroad),
                (deposit, _) => deposit,
            };
            requests.push(authenticate(&world, &order, &format!("order-{number}-tab-{tab}"), deposit));
        }
    }
    let mut odds = roll_odds(&world);
    if bounces {
        // The settling time is measured by our clocks: were they an hour apart, it would be no time.
        odds.skew = odds.skew.min(SKEW_WHILE_SETTLING);
    }
    let number = world.roll(2);
    settings.policy.late_success = world.pick(&[LateSuccess::Cancel, LateSuccess::Keep]);
    world.keep_late_money(settings.policy.late_success == LateSuccess::Keep);
    let (skew, odds_in_words) = (odds.skew, format!("{odds:?}"));
    world.script().odds = odds;
    let instances: Vec<_> = (0..=number).map(|_| Instance::start(&world, settings.clone())).collect();
    let mix = format!(
        "{} instances, {:?}, late money: {:?}, {odds_in_words}",
        instances.len(),
        settings.unrecorded,
        settings.policy.late_success
    );

    let mut actors = JoinSet::new();
    for instance in &instances {
        actors.spawn(Arc::clone(instance).keep_running());
    }
    for request in &requests {
        for _ in 0..world.pick(&[0, 1, 1, 2]) {
            actors.spawn(browser(Arc::clone(&world), instances.clone(), request.clone()));
        }
    }
    for _ in 0..world.roll(3) {
        actors.spawn(shop(Arc::clone(&world), instances.clone()));
    }
    if world.once_in(2) {
        actors.spawn(refunder(Arc::clone(&world), instances.clone()));
    }
    if world.once_in(2) {
        actors.spawn(postman(Arc::clone(&world), instances.clone()));
    }
    if world.once_in(3) {
        actors.spawn(console(Arc::clone(&world)));
    }
    sleep(STORM).await;
    world.calm_down();
    for instance in &instances {
        instance.life().die();
    }
    actors.shutdown().await;

    let last = Process::start(&world, settings.clone(), Plan::default());
    let patience = L1 + Duration::from_secs(skew);
    tokio::join!(last.settle(), world.check_l1(patience));
    for request in &requests {
        if world.heard().asked.contains_key(&request.key) {
            last.confirm(request).await;
        }
    }
    last.settle().await;
    world.wait_for_the_bank().await;
    last.settle().await;
    // What no webhook told, the list tells; what was hidden is shown by then.
    sleep(LONG_HIDDEN).await;
    last.reconcile().await;
    last.settle().await;
    world.check().await;
    world.tell_unknown();
    let mut states = BTreeMap::new();
    for (payment, _) in world.store.all_payments() {
        *states.entry(payment.state.name().to_string()).or_default() += 1;
    }
    Report { seed, mix, counts: world.counts(), states, objections: world.objections() }
}

fn roll_deposit(world: &World, bounces: bool) -> Deposit {
    if world.roll(6) > 1 {
        return Deposit::Card;
    }
    let soon = || world.now().plus(world.millis(400_000));
    let paid_at = Some(soon()).filter(|_| world.once_in(2));
    let taken_back_at = paid_at.filter(|_| bounces).map(|at| at.plus(world.millis(TAKEN_BACK_WITHIN)));
    let closes_at = Some(soon()).filter(|_| world.once_in(3));
    Deposit::Account(VirtualAccount { paid_at, taken_back_at, closes_at, is_closed: false })
}

/// Under one seed in four the buyers are from abroad. The dice are not asked, so that every other seed stays as it was.
fn abroad_of(seed: u64) -> Option<Abroad> {
    let ends_after = [1, 30, 300, 2_400][usize::try_from(seed / 4 % 4).unwrap_or(0)];
    let gives_up = u32::try_from(seed / 16 % 3).unwrap_or(0);
    (seed % 4 == 3).then_some(Abroad { ends_after: Duration::from_secs(ends_after), gives_up })
}

fn roll_odds(world: &World) -> Odds {
    Odds {
        crash: world.pick(&[0, 0, 200, 60, 20]),
        hiccup: world.pick(&[0, 0, 40, 8]),
        pause: world.pick(&[0, 0, 200, 40]),
        approvals: world.pick(&[0, 0, 0, 4, 2]),
        late_intents: world.pick(&[0, 0, 8, 2]),
        money: world.pick(&[0, 4, 2, 1]),
        look: world.pick(&[0, 4, 2]),
        faults: Fault::ALL.into_iter().filter(|_| world.once_in(2)).collect(),
        skew: world.pick(&[0, 0, 0, 30, 3_600]),
        jitter: true,
    }
}

/// A machine on which the process is started again whenever it dies.
struct Instance {
    world: Arc<World>,
    settings: Settings,
    life: Mutex<Arc<Process>>,
}

impl Instance {
    fn start(world: &Arc<World>, settings: Settings) -> Arc<Self> {
        let life = Mutex::new(Process::start(world, settings.clone(), Plan::default()));
        Arc::new(Self { world: Arc::clone(world), settings, life })
    }

    fn life(&self) -> Arc<Process> {
        Arc::clone(&self.life.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn keep_running(self: Arc<Self>) {
        loop {
            let life = self.life();
            tokio::join!(life.survive(self.work(&life)), life.end());
            sleep(self.world.millis(20_000)).await;
            let next = Process::start(&self.world, self.settings.clone(), Plan::default());
            *self.life.lock().unwrap_or_else(PoisonError::into_inner) = next;
        }
    }

    /// The recovery, and now and then a time in which the store answers nobody.
    async fn work(&self, life: &Process) {
        loop {
            let _tick = life.app().recover_once(32).await;
            sleep(self.world.millis(3_000)).await;
            if self.world.script().odds.hiccup > 0 && self.world.once_in(40) {
                let span = Duration::from_secs(self.world.pick(&[2, 8, 30, 100]));
                self.world.break_store(span, self.world.once_in(2));
            }
        }
    }
}

/// A buyer who asks, and asks again.
async fn browser(world: Arc<World>, instances: Vec<Arc<Instance>>, request: ConfirmRequest) {
    sleep(world.millis(5_000)).await;
    for _ in 0..=world.roll(3) {
        any(&world, &instances).confirm(&request).await;
        sleep(world.millis(40_000)).await;
    }
}

/// The shop gives money back, in parts or all of it.
async fn shop(world: Arc<World>, instances: Vec<Arc<Instance>>) {
    for _ in 0..=world.roll(4) {
        sleep(world.millis(60_000)).await;
        let payments = world.store.all_payments();
        let holding: Vec<_> = payments.iter().filter(|(payment, _)| !payment.leaves_order_free()).collect();
        if holding.is_empty() {
            continue;
        }
        let (payment, _) = world.pick(&holding);
        let amount = world.pick(&[None, Some(TOTAL / 3), Some(TOTAL / 2), Some(1)]);
        any(&world, &instances).cancel(&payment.key, amount.map(won)).await;
    }
}

/// The shop's server gives money back under names of its own, and asks again when it has not heard.
async fn refunder(world: Arc<World>, instances: Vec<Arc<Instance>>) {
    for name in 0..=world.roll(3) {
        sleep(world.millis(60_000)).await;
        let payments = world.store.all_payments();
        if payments.is_empty() {
            continue;
        }
        let (payment, _) = world.pick(&payments.iter().collect::<Vec<_>>());
        let id = RefundId::from_uuid(Uuid::from_u128(1_000 + u128::from(name)));
        let amount = world.pick(&[None, Some(TOTAL / 3), Some(TOTAL / 2)]).map(won);
        let mut asked = JoinSet::new();
        for _ in 0..=world.roll(2) {
            let (life, payment) = (any(&world, &instances), payment.clone());
            let wait = world.millis(30_000);
            asked.spawn(async move {
                sleep(wait).await;
                life.refund(&payment, id, amount).await;
            });
        }
        // Sometimes one wish while the other is under way.
        if world.once_in(2) {
            asked.join_all().await;
        } else {
            asked.detach_all();
        }
    }
}

/// Webhooks: true ones, late ones, repeated ones, and lies.
async fn postman(world: Arc<World>, instances: Vec<Arc<Instance>>) {
    loop {
        sleep(world.millis(20_000)).await;
        let accounts: Vec<_> = {
            let bank = world.bank();
            bank.accounts.iter().map(|(key, account)| (key.clone(), account.status)).collect()
        };
        let (key, status) = world.pick(&accounts.iter().collect::<Vec<_>>()).clone();
        let lie =
            world.pick(&[TossStatus::Done, TossStatus::Canceled, TossStatus::Aborted, TossStatus::Expired]);
        let status = if world.once_in(2) { status } else { lie };
        let name = world.roll(10);
        for _ in 0..=world.roll(2) {
            any(&world, &instances).webhook(name, &key, status).await;
        }
    }
}

/// Somebody cancels in Toss's own console.
async fn console(world: Arc<World>) {
    for _ in 0..=world.roll(2) {
        sleep(world.millis(80_000)).await;
        let keys: Vec<_> = world.bank().accounts.keys().cloned().collect();
        let key = world.pick(&keys.iter().collect::<Vec<_>>());
        let amount = world.pick(&[None, Some(TOTAL / 3), Some(TOTAL / 2)]).map(won);
        let now = world.now();
        if world.bank().cancel_elsewhere(key, amount, now) {
            world.count("console: cancelled");
        }
    }
}

fn any(world: &World, instances: &[Arc<Instance>]) -> Arc<Process> {
    let at = usize::try_from(world.roll(2)).unwrap_or(0) % instances.len();
    instances[at].life()
}

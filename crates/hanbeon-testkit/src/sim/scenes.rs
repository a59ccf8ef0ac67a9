//! Every fault at every place: one payment, one request, and everything that can go wrong around it.
//!
//! 1. **first life**: one confirm (or cancel), under a fault of the bank and a crash or a failing store;
//! 2. **second life**: the recovery works while the client asks again; it may die too;
//! 3. **third life**: nothing goes wrong any more; the client asks once more, and then all is compared.
use super::bank::{Deposit, VirtualAccount};
use super::client::{authenticate, make_order, won};
use super::faults::{Crash, Fault, LATEST_INTENT, LONG_HIDDEN, Look, Outage};
use super::later::Abroad;
use super::planted::Bug;
use super::process::{Plan, Process};
use super::world::World;
use hanbeon_app::{Settings, Unrecorded};
use hanbeon_domain::{ConfirmRequest, RefundId, TossStatus, Won};
use hanbeon_store::Store;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

/// One thing that is asked for, and all that goes wrong meanwhile.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What the client asks for.
    pub wish: Wish,
    /// The faults of the calls that move money, in order.
    pub money: Vec<Fault>,
    /// The faults of the look-ups, in order.
    pub looks: Vec<Look>,
    /// How the first life ends.
    pub crash: Option<Crash>,
    /// How the second life ends.
    pub second_crash: Option<Crash>,
    /// The store fails the first life, and perhaps the next.
    pub outage: Option<Outage>,
    /// Every connection over which an intent is written ends before its answer, and the intent is there some time later.
    pub late_intents: bool,
    /// The first life is suspended when this call has come back, for longer than a lease; another instance works
    /// off what is due meanwhile.
    pub pause: Option<u32>,
    /// Does the client ask again?
    pub again: bool,
    /// How often everything is asked, at the same time.
    pub times: u32,
    /// Webhooks that come all the while, true or not.
    pub webhooks: Vec<TossStatus>,
    /// What happens to an approval that the store would not take.
    pub unrecorded: Unrecorded,
    /// The buyer pays with a wallet abroad, whose cancels end later.
    pub abroad: Option<Abroad>,
    /// A bug that is planted.
    pub bug: Option<Bug>,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To pay by card.
    Pay,
    /// To pay into a virtual account.
    Deposit,
    /// To have everything back.
    Whole,
    /// To have some of it back, in won.
    Part(i64),
    /// The same, by the shop's server, under a name: asked twice, it is the same wish.
    Named(i64),
}

/// How a scene ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The state of the payment, if there is one.
    pub state: String,
    /// Calls to the outside in the first life.
    pub calls: u32,
    /// Of these, how many were to the store.
    pub store_calls: u32,
    /// What must never happen, and did.
    pub objections: Vec<String>,
    /// What happened, counted.
    pub counts: BTreeMap<&'static str, u32>,
}

impl Scene {
    /// A scene in which nothing goes wrong.
    #[must_use]
    pub const fn calm(wish: Wish) -> Self {
        Self {
            wish,
            money: Vec::new(),
            looks: Vec::new(),
            crash: None,
            second_crash: None,
            outage: None,
            late_intents: false,
            pause: None,
            again: true,
            times: 1,
            webhooks: Vec::new(),
            unrecorded: Unrecorded::Cancel,
            abroad: None,
            bug: None,
        }
    }

    /// Plays it, in a world of its own.
    #[must_use]
    pub fn play(&self) -> Ending {
        in_paused_time(self.perform())
    }

    async fn perform(&self) -> Ending {
        let world = World::new(1, self.bug);
        let settings = Settings { unrecorded: self.unrecorded, ..Settings::default() };
        let order = make_order(&world, 1).await;
        let deposit = match self.abroad {
            _ if self.wish == Wish::Deposit => Deposit::Account(VirtualAccount::default()),
            Some(abroad) => Deposit::Abroad(abroad),
            None => Deposit::Card,
        };
        let request = authenticate(&world, &order, "key-1", deposit);
        if matches!(self.wish, Wish::Whole | Wish::Part(_) | Wish::Named(_)) {
            let process = Process::start(&world, settings.clone(), Plan::default());
            process.confirm(&request).await;
            process.die();
        }
        world.script().money.extend(&self.money);
        world.script().looks.extend(&self.looks);
        world.script().odds.late_intents = u64::from(self.late_intents);

        let plan = Plan { crash: self.crash, outage: self.outage, pause: self.pause, ..Plan::default() };
        let first = Process::start(&world, settings.clone(), plan);
        let other = async {
            if self.pause.is_some() {
                sleep(Duration::from_secs(92)).await;
                Process::start(&world, settings.clone(), Plan::default()).settle().await;
            }
        };
        let asked = async {
            self.ask(&first, &request).await;
            first.survive(first.app().drain()).await;
        };
        tokio::join!(asked, other);
        let (calls, store_calls) = first.calls();
        first.die();
        if self.late_intents {
            sleep(LATEST_INTENT).await;
        }

        let plan = Plan { crash: self.second_crash, ..Plan::default() };
        let second = Process::start(&world, settings.clone(), plan);
        let retry = async {
            if self.again {
                self.ask(&second, &request).await;
            }
        };
        tokio::join!(retry, second.settle());
        second.die();

        world.calm_down();
        let third = Process::start(&world, settings.clone(), Plan::default());
        third.settle().await;
        if self.again {
            self.ask(&third, &request).await;
            third.settle().await;
        }
        world.wait_for_the_bank().await;
        third.settle().await;
        if self.money.contains(&Fault::LongHidden) {
            sleep(LONG_HIDDEN).await;
            third.reconcile().await;
            third.settle().await;
        }
        world.check().await;
        world.tell_unknown();
        let state = world.store.all_payments().first().map(|(payment, _)| payment.state.name().to_string());
        Ending {
            state: state.unwrap_or_else(|| "none".to_owned()),
            calls,
            store_calls,
            objections: world.objections(),
            counts: world.counts(),
        }
    }

    async fn ask(&self, process: &Arc<Process>, request: &ConfirmRequest) {
        let mut asked = JoinSet::new();
        for _ in 0..self.times {
            let (scene, process, request) = (self.clone(), Arc::clone(process), request.clone());
            asked.spawn(async move { scene.ask_once(&process, &request).await });
        }
        for (name, status) in self.webhooks.iter().copied().enumerate() {
            let (process, key) = (Arc::clone(process), request.key.clone());
            let name = u64::try_from(name).unwrap_or(0);
            asked.spawn(async move {
                for second in [0, 1, 20, 65] {
                    sleep(Duration::from_secs(second)).await;
                    process.webhook(name, &key, status).await;
                }
            });
        }
        asked.join_all().await;
    }

    async fn ask_once(&self, process: &Process, request: &ConfirmRequest) {
        let amount: Option<Won> = match self.wish {
            Wish::Pay | Wish::Deposit => return process.confirm(request).await,
            Wish::Whole => None,
            Wish::Part(amount) => Some(won(amount)),
            Wish::Named(amount) => {
                let id = RefundId::from_uuid(Uuid::from_u128(77));
                let payment = process.world.store.payment_by_key(&request.key).await;
                if let Ok(Some(payment)) = payment {
                    process.refund(&payment, id, Some(won(amount))).await;
                }
                return;
            }
        };
        process.cancel(&request.key, amount).await;
    }
}

/// Runs a future in a runtime of its own, in which waiting takes no time and everything happens in one order.
pub(super) fn in_paused_time<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without input and output needs nothing from the machine")
        .block_on(work)
}

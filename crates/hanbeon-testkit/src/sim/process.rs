//! One life of the process: everything it does outside itself goes through a gate, and it may die there.
use super::client::App;
use super::faults::{Crash, Hiccup, Outage, PAUSE};
use super::line::Line;
use super::planted;
use super::shaky::Shaky;
use super::unknown::Watched;
use super::world::World;
use hanbeon_app::{Env, Settings};
use hanbeon_domain::Timestamp;
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// One life of the process.
pub(super) struct Process {
    pub(super) world: Arc<World>,
    plan: Plan,
    calls: AtomicU32,
    store_calls: AtomicU32,
    dead: CancellationToken,
    app: OnceLock<App>,
}

/// A machine's own clock, which is wrong.
struct Clock {
    world: Arc<World>,
    /// How far it is ahead, or behind.
    set_at: Skew,
}

impl Env for Clock {
    fn now(&self) -> Timestamp {
        // Set anew now and then, as by a time server.
        let Skew { ahead, jumps_at, then } = self.set_at;
        let now = self.world.now();
        let (ahead, behind) = if now < jumps_at { ahead } else { then };
        now.plus(ahead).minus(behind)
    }

    fn random(&self) -> [u8; 32] {
        self.world.random()
    }
}

/// How wrong a clock is, at first and after it jumps: so far ahead, or so far behind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Skew {
    pub(super) ahead: (Duration, Duration),
    pub(super) jumps_at: Timestamp,
    pub(super) then: (Duration, Duration),
}

/// What happens to this life.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) crash: Option<Crash>,
    /// By the number of the call to the store, counted from 1.
    pub(super) hiccups: BTreeMap<u32, Hiccup>,
    /// The machine is suspended when this call has come back, for longer than a lease.
    pub(super) pause: Option<u32>,
    /// The store is down for a while.
    pub(super) outage: Option<Outage>,
}

impl Process {
    pub(super) fn start(world: &Arc<World>, settings: Settings, plan: Plan) -> Arc<Self> {
        let process = Arc::new(Self {
            world: Arc::clone(world),
            plan,
            calls: AtomicU32::new(0),
            store_calls: AtomicU32::new(0),
            dead: CancellationToken::new(),
            app: OnceLock::new(),
        });
        let env = Arc::new(Clock { world: Arc::clone(world), set_at: world.roll_skew() });
        let shaky = Arc::new(Shaky::new(&process));
        let line = Watched::over(planted::psp(world, Arc::new(Line::new(&process))), world);
        let _ = process.app.set(hanbeon_app::App::new(shaky, line, env, settings));
        process
    }

    pub(super) fn app(&self) -> &App {
        self.app.get().expect("set by start")
    }

    pub(super) fn die(&self) {
        self.dead.cancel();
    }

    /// Calls to the outside so far, and how many of them were to the store.
    pub(super) fn calls(&self) -> (u32, u32) {
        (self.calls.load(Relaxed), self.store_calls.load(Relaxed))
    }

    /// Waits for the end of this life.
    pub(super) async fn end(&self) {
        self.dead.cancelled().await;
    }

    /// What an asker gets: nothing if the process dies first.
    pub(super) async fn survive<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        self.dead.run_until_cancelled(asked).await
    }

    /// Runs `work` as one call to the outside. Whoever calls from a dead process never hears anything again.
    pub(super) async fn gate<T>(&self, work: impl Future<Output = T>) -> T {
        let call = self.calls.fetch_add(1, Relaxed) + 1;
        self.live().await;
        if self.crashes(call, false) {
            self.die();
        }
        self.linger().await;
        let out = work.await;
        if self.plan.pause == Some(call) {
            sleep(PAUSE).await;
        }
        self.live().await;
        if self.crashes(call, true) {
            self.die();
        }
        self.linger().await;
        out
    }

    /// Is this call to the store one that fails?
    pub(super) fn hiccup(&self, writes: bool) -> Option<Hiccup> {
        let call = self.store_calls.fetch_add(1, Relaxed) + 1;
        if let Some(outage) = self.plan.outage.filter(|outage| outage.at == call) {
            self.world.break_store(outage.span, outage.readable);
            return Some(outage.how).filter(|_| writes || !outage.readable);
        }
        if self.world.store_is_down(writes) {
            return Some(Hiccup::Before);
        }
        let odds = self.world.script().odds.hiccup;
        let hiccup = match self.plan.hiccups.get(&call) {
            Some(hiccup) => *hiccup,
            None if self.world.once_in(odds) => self.world.pick(&[Hiccup::Before, Hiccup::After]),
            None => return None,
        };
        self.world.count(match hiccup {
            Hiccup::Before => "store: not written",
            Hiccup::After => "store: acknowledgement lost",
        });
        Some(hiccup)
    }

    async fn live(&self) {
        if self.dead.is_cancelled() {
            pending::<()>().await;
        }
    }

    fn crashes(&self, call: u32, after: bool) -> bool {
        let odds = self.world.script().odds.crash;
        let planned = self.plan.crash == Some(Crash { at: call, after });
        let crashes = planned || self.world.once_in(odds);
        if crashes {
            self.world.count(if after { "crash: after a call" } else { "crash: before a call" });
        }
        crashes
    }

    /// Time passes around a call: a little, or (the machine was suspended) a lot.
    async fn linger(&self) {
        self.live().await;
        let (jitter, pause) = {
            let odds = &self.world.script().odds;
            (odds.jitter, odds.pause)
        };
        if self.world.once_in(pause) {
            self.world.count("process: paused");
            sleep(Duration::from_secs(self.world.pick(&[1, 20, 100]))).await;
        } else if jitter {
            sleep(self.world.millis(30)).await;
        }
        self.live().await;
    }
}

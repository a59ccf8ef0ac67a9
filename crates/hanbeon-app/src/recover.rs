//! Recovery: finishing what a crash, a lost answer or an outage left. It runs at start and continuously, and
//! a tick is data that can be asserted on.
//!
//! 1. **lease** what is due, oldest first; one at a time while Toss is silent, and never more in a second than Toss
//!    would like;
//! 2. **take its turn**: [`turn`](mod@crate::turn), the same function as a fresh request.
use crate::App;
use crate::drive::DriveError;
use crate::turn::until;
use hanbeon_domain::{Actor, Payment};
use hanbeon_store::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout};
use tracing::warn;

/// Payments that one tick takes on, all at once: enough to drain thousands a minute, few enough to leave
/// Toss and the store to the buyers who are there now.
pub const TICK_MAX: usize = 32;
/// The longest nap between two ticks; a new payment may be due while nobody rang.
const PERIOD: Duration = Duration::from_secs(1);
/// The shortest, so that a clock that runs backwards cannot make a busy loop.
const PERIOD_MIN: Duration = Duration::from_millis(20);

/// Payments taken on in a second: a backlog of an hour's outage at ten orders a second drains in ten minutes, and
/// Toss hears of it no more than of a busy shop.
pub const DRAIN_PER_SECOND: usize = 64;

/// What one tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Payments that were due and taken.
    pub leased: usize,
    /// Of these, how many came to a rest that is an outcome.
    pub settled: usize,
    /// How many somebody else took over, or the store would not record.
    pub failed: usize,
}

/// How one payment's turn ended.
type Driven = Result<Payment, DriveError>;

impl App {
    /// One tick: takes on at most `limit` payments that are due, and carries each as far as it goes.
    ///
    /// # Errors
    /// What the store says when it cannot lease.
    pub async fn recover_once(self: &Arc<Self>, limit: usize) -> Result<Tick, StoreError> {
        let mut under_way = JoinSet::new();
        self.take_on(limit, &mut under_way).await?;
        let mut tick = Tick { leased: under_way.len(), ..Tick::default() };
        while let Some(ended) = under_way.join_next().await {
            match noted(ended) {
                Some(payment) => tick.settled += usize::from(!payment.is_moving()),
                None => tick.failed += 1,
            }
        }
        Ok(tick)
    }

    /// Takes on what is due until `stop` is done, never more than [`TICK_MAX`] at once. A slow payment delays
    /// no other: each that ends makes room. Otherwise it naps until the next one is due, somebody rings, or
    /// the period is over.
    pub async fn recover_until(self: &Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut under_way = JoinSet::new();
        let mut second = (Instant::now(), 0);
        loop {
            if second.0.elapsed() >= Duration::from_secs(1) {
                second = (Instant::now(), 0);
            }
            let at_once = if self.breaker.is_tripped() { 1 } else { TICK_MAX };
            let room = at_once.saturating_sub(under_way.len()).min(DRAIN_PER_SECOND - second.1);
            let nap = match self.take_on(room, &mut under_way).await {
                Ok(taken) if taken < room => {
                    second.1 += taken;
                    self.nap().await
                }
                Ok(taken) => {
                    second.1 += taken;
                    PERIOD.saturating_sub(second.0.elapsed()).max(PERIOD_MIN)
                }
                Err(error) => {
                    warn!(%error, "the recovery cannot see what is due");
                    PERIOD
                }
            };
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = under_way.join_next() => drop(noted(ended)),
                _ = timeout(nap, self.left_work.notified()) => {}
            }
        }
        // What is under way is drained with everything else.
        under_way.detach_all();
    }

    async fn take_on(
        self: &Arc<Self>,
        limit: usize,
        under_way: &mut JoinSet<Driven>,
    ) -> Result<usize, StoreError> {
        if limit == 0 {
            return Ok(0);
        }
        let held_until = self.lease_until();
        let turns = self.store.lease_due(self.now(), held_until, limit).await?;
        let taken = turns.len();
        for turn in turns {
            let app = Arc::clone(self);
            let work = async move { app.turn(turn, Actor::Recovery, held_until).await };
            under_way.spawn(self.tasks.track_future(work));
        }
        Ok(taken)
    }

    async fn nap(&self) -> Duration {
        let due = self.store.next_due().await.ok().flatten();
        due.map_or(PERIOD, |due| until(self.now(), due).clamp(PERIOD_MIN, PERIOD))
    }
}

/// The payment, unless its turn failed; a failure is logged, and the payment stays due.
fn noted(ended: Result<Driven, JoinError>) -> Option<Payment> {
    match ended {
        Ok(Ok(payment)) => return Some(payment),
        Ok(Err(DriveError::Superseded)) => {}
        Ok(Err(error)) => warn!(%error, "a payment stays due"),
        Err(panic) => warn!(error = %panic, "a payment stays due"),
    }
    None
}

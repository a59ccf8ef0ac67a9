//! Recovery: finishing what a crash, a lost answer or an outage left. It runs at start and continuously, and
//! a tick is data that can be asserted on.
//!
//! 1. **lease** what is due, oldest first;
//! 2. **resume** (pure): ask Toss, never charge blindly; too many tries → a human;
//! 3. **drive**: the same function as a fresh request.
use crate::App;
use crate::drive::DriveError;
use hanbeon_domain::{Actor, Timestamp};
use hanbeon_store::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tracing::warn;

/// Payments that one tick takes on, all at once: enough to drain thousands a minute, few enough to leave
/// Toss and the store to the buyers who are there now.
pub const TICK_MAX: usize = 32;
/// The longest nap between two ticks; a new payment may be due while nobody rang.
const PERIOD: Duration = Duration::from_secs(1);
/// The shortest, so that a clock that runs backwards cannot make a busy loop.
const PERIOD_MIN: Duration = Duration::from_millis(20);

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

impl App {
    /// One tick: takes on at most `limit` payments that are due, and carries each as far as it goes.
    ///
    /// # Errors
    /// What the store says when it cannot lease.
    pub async fn recover_once(self: &Arc<Self>, limit: usize) -> Result<Tick, StoreError> {
        let held_until = self.lease_until();
        let due = self.store.lease_due(self.now(), held_until, limit).await?;
        let mut tick = Tick { leased: due.len(), ..Tick::default() };
        let driven: Vec<_> = due
            .into_iter()
            .map(|payment| {
                let app = Arc::clone(self);
                self.tasks.spawn(async move {
                    let todo = payment.resume(&app.settings.policy);
                    app.drive(payment, todo, Actor::Recovery, held_until).await
                })
            })
            .collect();
        for task in driven {
            match task.await {
                Ok(Ok(payment)) => tick.settled += usize::from(!payment.is_moving()),
                Ok(Err(DriveError::Superseded)) => tick.failed += 1,
                Ok(Err(error)) => {
                    warn!(%error, "a payment stays due");
                    tick.failed += 1;
                }
                Err(panic) => {
                    warn!(error = %panic, "a payment stays due");
                    tick.failed += 1;
                }
            }
        }
        Ok(tick)
    }

    /// Ticks until `stop` is done. A tick that found nothing is followed by a nap until the next payment is
    /// due, somebody rings, or the period is over.
    pub async fn recover_until(self: &Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let nap = match self.recover_once(TICK_MAX).await {
                Ok(Tick { leased: TICK_MAX, failed: 0, .. }) => Duration::ZERO,
                Ok(_) => self.nap().await,
                Err(error) => {
                    warn!(%error, "the recovery cannot see what is due");
                    PERIOD
                }
            };
            tokio::select! {
                () = &mut stop => return,
                _ = timeout(nap, self.left_work.notified()) => {}
            }
        }
    }

    async fn nap(&self) -> Duration {
        let due = self.store.next_due().await.ok().flatten();
        due.map_or(PERIOD, |due| until(self.now(), due).clamp(PERIOD_MIN, PERIOD))
    }
}

fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(then.as_micros() - now.as_micros()).unwrap_or(0))
}

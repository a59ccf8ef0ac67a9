//! The scheduler and the recovery, which are one: whatever is due is taken over and carried on. Two of them do no harm.
use super::{Billing, BillingError};
use crate::turn::until;
use hanbeon_domain::billing::{ChargeAction, KeyState};
use hanbeon_store::{BillingTurn, KeyRecord, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;

/// What is carried on at once: as many charges as Toss should hear of from one shop.
const AT_ONCE_MAX: usize = 16;
/// The longest nap between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// The shortest, so that a clock that runs backwards cannot make a busy loop.
const PERIOD_MIN: Duration = Duration::from_millis(20);

impl Billing {
    /// One tick: takes over at most `limit` of what is due, and carries each as far as it goes. Says how many.
    ///
    /// # Errors
    /// What the store says when it cannot lease.
    pub async fn recover_once(self: &Arc<Self>, limit: usize) -> Result<usize, StoreError> {
        let mut under_way = JoinSet::new();
        let taken = self.take_on(limit, &mut under_way).await?;
        while under_way.join_next().await.is_some() {}
        Ok(taken)
    }

    /// Takes over what is due until `stop` is done.
    pub async fn recover_until(self: &Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut under_way = JoinSet::new();
        loop {
            let room = AT_ONCE_MAX.saturating_sub(under_way.len());
            let nap = match self.take_on(room, &mut under_way).await {
                Ok(_) => self.nap().await,
                Err(error) => {
                    warn!(%error, "billing cannot see what is due");
                    PERIOD
                }
            };
            tokio::select! {
                () = &mut stop => break,
                Some(_) = under_way.join_next() => {}
                _ = timeout(nap, self.left_work.notified()) => {}
            }
        }
        under_way.detach_all();
    }

    async fn take_on(
        self: &Arc<Self>,
        limit: usize,
        under_way: &mut JoinSet<()>,
    ) -> Result<usize, StoreError> {
        if limit == 0 {
            return Ok(0);
        }
        let held_until = self.app.lease_until();
        let turns = self.store.lease_billing(self.app.now(), held_until, limit).await?;
        let taken = turns.len();
        for turn in turns {
            let billing = Arc::clone(self);
            let work = async move {
                billing.app.env.reached("leased");
                match billing.turn(turn, held_until).await {
                    Ok(()) | Err(BillingError::Store(StoreError::Superseded)) => {}
                    Err(error) => warn!(%error, "billing: something stays due"),
                }
            };
            under_way.spawn(self.app.tasks.track_future(work));
        }
        Ok(taken)
    }

    async fn turn(
        &self,
        turn: BillingTurn,
        held_until: hanbeon_domain::Timestamp,
    ) -> Result<(), BillingError> {
        match turn {
            // Whoever finds a charge, and knows nothing else, asks.
            BillingTurn::Charge(charge) => {
                self.carry(charge, ChargeAction::Lookup, held_until).await.map(drop)
            }
            BillingTurn::Key(record @ KeyRecord { .. }) => match record.key.state {
                KeyState::Issuing { .. } => self.issue(record).await.map(drop),
                _ => self.delete(record).await.map(drop),
            },
            BillingTurn::Subscription(subscription) => self.take_turn(subscription).await,
        }
    }

    async fn nap(&self) -> Duration {
        let due = self.store.next_billing_due().await.ok().flatten();
        due.map_or(PERIOD, |due| until(self.app.now(), due).clamp(PERIOD_MIN, PERIOD))
    }
}

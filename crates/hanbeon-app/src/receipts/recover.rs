//! Receipts that are due: what a crash or a lost answer left, and what money that went back left in force.
use super::{Receipts, Stopped};
use crate::turn::until;
use hanbeon_domain::{Actor, Timestamp};
use hanbeon_store::{ReceiptRecord, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::warn;

/// Receipts that one tick takes on, all at once: few, for payments come first.
pub const TICK_MAX: usize = 4;
/// The longest nap between two ticks: nobody rings when money goes back.
const PERIOD: Duration = Duration::from_secs(1);
/// The shortest: no more than so many calls in a second.
const PERIOD_MIN: Duration = Duration::from_millis(100);

impl Receipts {
    /// Takes on what is due until `stop` is done.
    pub async fn recover_until(self: &Arc<Self>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let nap = match self.recover_once(TICK_MAX).await {
                Ok(_) => self.nap().await,
                Err(error) => {
                    warn!(%error, "the recovery cannot see which receipts are due");
                    PERIOD
                }
            };
            tokio::select! {
                () = &mut stop => break,
                () = sleep(nap) => {}
            }
        }
    }

    /// One tick: takes on at most `limit` receipts that are due, and carries each as far as it goes. Says how many.
    ///
    /// # Errors
    /// What the store says when it cannot lease.
    pub async fn recover_once(self: &Arc<Self>, limit: usize) -> Result<usize, StoreError> {
        let limit = if self.app.toss_is_down() { limit.min(1) } else { limit };
        let held_until = self.app.lease_until();
        let leased = self.store.lease_receipts(self.app.now(), held_until, limit).await?;
        let taken = leased.len();
        let mut under_way = JoinSet::new();
        for record in leased {
            let receipts = Arc::clone(self);
            let work = async move {
                let id = record.receipt.id;
                if let Err(error) = receipts.turn(record, held_until).await {
                    warn!(receipt.id = %id, %error, "a receipt stays due");
                }
            };
            under_way.spawn(self.app.tasks.track_future(work));
        }
        while under_way.join_next().await.is_some() {}
        Ok(taken)
    }

    async fn turn(&self, record: ReceiptRecord, held_until: Timestamp) -> Result<(), Stopped> {
        self.app.env.reached("leased");
        let ReceiptRecord { receipt, left, .. } = record;
        match receipt.resume(left, self.app.moment(self.app.now(), Actor::Recovery)) {
            Some(step) => self.drive(receipt, step, held_until).await.map(drop),
            None => Ok(()),
        }
    }

    async fn nap(&self) -> Duration {
        let due = self.store.next_receipt_due().await.ok().flatten();
        due.map_or(PERIOD, |due| until(self.app.now(), due).clamp(PERIOD_MIN, PERIOD))
    }
}

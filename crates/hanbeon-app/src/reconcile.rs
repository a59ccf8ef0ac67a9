//! Reconciliation: Toss's own list of what happened is a reason to look, like a webhook that cannot be lost. It finds
//! cancels that were made in Toss's console and deposits whose notice never came; and money that no payment of ours
//! explains, which is an alarm.
use crate::App;
use hanbeon_domain::{Payment, Timestamp};
use hanbeon_psp::Transaction;
use hanbeon_store::{Hint, Progress, StoreError};
use std::time::Duration;
use tokio::time::sleep;
use tracing::{error, info, warn};

/// How often the list is read. Whatever no webhook told is seen within a day, even if three runs fail.
const PERIOD: Duration = Duration::from_secs(6 * 60 * 60);
/// How far back: two days, so that a day without us is covered, and rows that Toss lists late.
pub const LOOK_BACK: Duration = Duration::from_secs(48 * 60 * 60);
/// Rows that are younger may be of payments whose answer we are still waiting for.
const SETTLING: Duration = Duration::from_secs(2 * 60);
/// Pages of a run: a million rows.
pub(crate) const PAGES_MAX: usize = 1_000;
/// Tries of one page, a minute apart: Toss limits how often its list may be read.
const TRIES_MAX: usize = 5;
const RETRY: Duration = Duration::from_secs(60);

/// What one run found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Rows that Toss lists.
    pub rows: usize,
    /// Payments that are looked at because of them.
    pub noticed: usize,
    /// Rows with money that no payment of ours explains.
    pub orphans: usize,
}

/// Why a run ended early. What it had found is noticed.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// Toss would not tell.
    #[error("Toss's list cannot be read: {0}")]
    Toss(String),
    /// The store would not tell.
    #[error("the store cannot be asked")]
    Store(#[from] StoreError),
    /// What Toss shows of a payment cannot follow from what we know; a defect.
    #[error("the transition table refused")]
    Refused(#[from] hanbeon_domain::Refused),
    /// There was no end.
    #[error("the list is longer than {PAGES_MAX} pages: choose a later start")]
    TooLong,
}

impl App {
    /// Reads Toss's list again and again until `stop` is done; for the first time soon after the start.
    pub async fn reconcile_until(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut nap = SETTLING;
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = sleep(nap) => {}
            }
            let now = self.now();
            match self.reconcile(now.minus(LOOK_BACK), now).await {
                Ok(found) => info!(?found, "reconciled with Toss"),
                Err(error) => warn!(%error, "not reconciled with Toss; it is tried again"),
            }
            nap = PERIOD;
        }
    }

    /// Compares what Toss lists between two instants with what we know, and has everything looked at that differs.
    ///
    /// # Errors
    /// [`ReconcileError`]; what was found before it is noticed all the same.
    pub async fn reconcile(&self, from: Timestamp, until: Timestamp) -> Result<Reconciled, ReconcileError> {
        let until = until.minus(SETTLING);
        let mut found = Reconciled::default();
        let mut after = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(from, until, after.as_deref()).await?;
            for row in &page.rows {
                self.compare(row, &mut found).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
        Err(ReconcileError::TooLong)
    }

    pub(crate) async fn page(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<hanbeon_psp::Page, ReconcileError> {
        let mut tries = 0;
        loop {
            match self.psp.transactions(from, until, after).await {
                Ok(page) => return Ok(page),
                Err(why) if tries + 1 == TRIES_MAX => return Err(ReconcileError::Toss(why)),
                Err(why) => warn!(why, "Toss's list cannot be read; waiting a minute"),
            }
            tries += 1;
            sleep(RETRY).await;
        }
    }

    async fn compare(&self, row: &Transaction, found: &mut Reconciled) -> Result<(), StoreError> {
        found.rows += 1;
        let Some(key) = row.payment.clone() else { return Ok(()) };
        // Asked first: a charge that is not under way any more has its payment by the time that it is looked for.
        let is_charging = match &row.order {
            Some(order) => self.store.is_charging(order).await?,
            None => false,
        };
        let Some(payment) = self.store.payment_by_key(&key).await? else {
            if row.holds_money && !is_charging {
                found.orphans += 1;
                self.counters.orphan();
                error!(payment.key = key.as_str(), "Toss lists money that no payment of ours explains");
            }
            return Ok(());
        };
        if !self.explains(&payment, row).await? {
            let now = self.now();
            self.store.notice(&Hint::Key(key), now, now).await?;
            self.left_work.notify_one();
            found.noticed += 1;
        }
        Ok(())
    }

    /// Do we know of this? A payment that moves is being asked about anyway.
    async fn explains(&self, payment: &Payment, row: &Transaction) -> Result<bool, StoreError> {
        if payment.is_moving() {
            return Ok(true);
        }
        if !row.is_cancel {
            return Ok(!payment.captured.is_zero() || !row.holds_money);
        }
        let record = self.store.payment(payment.id).await?;
        let refunds = record.map(|record| record.refunds).unwrap_or_default();
        Ok(refunds.iter().any(|refund| refund.transaction_key() == Some(row.transaction_key.as_str()))
            || refunds.iter().any(|refund| matches!(refund.progress, Progress::Sending)))
    }
}

//! Retention: what nobody can ask for any more goes, a little at a time. Payments, their history, refunds and events stay.
use crate::App;
use hanbeon_store::{Horizon, StoreError};
use std::time::Duration;
use tokio::time::sleep;
use tracing::{info, warn};

/// Rows of a step: a transaction that delays nobody.
const ROWS: usize = 500;
/// Between two steps: the disk belongs to the buyers.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// How long what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What buyers said that they would pay, and sessions that have not paid: Toss takes a confirm for 10 minutes.
    pub saved_amounts: Duration,
    /// Answers to idempotency keys.
    pub answers: Duration,
    /// Webhooks, for whoever asks later what Toss has said.
    pub webhooks: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Retention {
    fn default() -> Self {
        Self { saved_amounts: DAY * 7, answers: DAY * 16, webhooks: DAY * 90 }
    }
}

impl App {
    /// Forgets what is due again and again until `stop` is done.
    pub async fn purge_until(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut gone = 0;
        loop {
            let purged = self.purge_once().await;
            gone += purged.as_ref().unwrap_or(&0);
            let nap = match purged {
                Ok(rows) if rows >= ROWS => PAUSE,
                Ok(_) => PERIOD,
                Err(error) => {
                    warn!(%error, "what is old cannot be forgotten now");
                    PERIOD
                }
            };
            if nap == PERIOD && gone > 0 {
                info!(rows = gone, "what was past its date is forgotten");
                gone = 0;
            }
            tokio::select! {
                () = &mut stop => break,
                () = sleep(nap) => {}
            }
        }
    }

    /// One step, of 500 rows at most; says how many went.
    ///
    /// # Errors
    /// What the store says.
    pub async fn purge_once(&self) -> Result<usize, StoreError> {
        let now = self.now();
        let Retention { saved_amounts, answers, webhooks } = self.settings.retention;
        let older = Horizon {
            saved_amounts: now.minus(saved_amounts),
            claims: now.minus(answers),
            webhooks: now.minus(webhooks),
        };
        self.store.purge(&older, ROWS).await
    }
}

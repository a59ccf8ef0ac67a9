//! Retention: what nobody can ask for any more goes, a little at a time; into an archive first, if there is one. Payments,
//! their history, refunds and events stay.
//!
//! A row goes by its name, and as it was read: what has changed in between stays. So nothing is forgotten that the archive
//! has not taken; a crash in between leaves a row in both, and the next step archives it again, as the same text.
use crate::App;
use async_trait::async_trait;
use hanbeon_store::{Expired, Horizon, StoreError, WEBHOOKS_KEPT_MAX};
use std::io;
use std::time::Duration;
use tokio::time::sleep;
use tracing::{info, warn};

/// Rows of a step: a transaction that delays nobody.
const ROWS: usize = 500;
/// Between two steps: the disk belongs to the buyers.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(10);
/// After a step that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
/// With an archive, so many webhooks stay in the store: the store drops the oldest of more than it may hold, and here they
/// are archived before it comes to that.
const WEBHOOKS_BESIDE_ARCHIVE: u64 = WEBHOOKS_KEPT_MAX / 2;

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

/// The point between two effects here, where a crash leaves a row in both places; see [`crate::env::POINTS`].
pub const POINT: &str = "archived";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Retention {
    fn default() -> Self {
        Self { saved_amounts: DAY * 7, answers: DAY * 16, webhooks: DAY * 90 }
    }
}

/// Where rows go that the store forgets.
#[async_trait]
pub trait Archive: Send + Sync + 'static {
    /// Keeps these rows, and gives them back when they are durable.
    ///
    /// # Errors
    /// When they may not be; some may be there all the same.
    async fn keep(&self, rows: Vec<Expired>) -> io::Result<Vec<Expired>>;
}

/// Why a step forgot nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotForgotten {
    /// The store does not answer, or takes nothing.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive takes nothing, so everything stays in the store.
    #[error("the archive takes nothing: {0}")]
    Archive(#[from] io::Error),
}

impl App {
    /// Forgets what is due again and again until `stop` is done.
    pub async fn purge_until(&self, archive: Option<&dyn Archive>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut gone = 0;
        loop {
            let purged = self.purge_once(archive).await;
            gone += purged.as_ref().unwrap_or(&0);
            let nap = match purged {
                Ok(rows) if rows >= ROWS => PAUSE,
                Ok(_) => PERIOD,
                Err(error) => {
                    self.counters.retention_failed();
                    warn!(%error, "what is past its date stays for now");
                    AFTER_FAILURE
                }
            };
            // Single rows go all day long; a heap of them is worth a line.
            if nap != PAUSE && gone >= ROWS {
                info!(rows = gone, "what was past its date is forgotten");
            }
            gone = if nap == PAUSE { gone } else { 0 };
            tokio::select! {
                () = &mut stop => break,
                () = sleep(nap) => {}
            }
        }
    }

    /// One step, of 500 rows at most; says how many went. Fewer than were read when another server is at it, too.
    ///
    /// # Errors
    /// What the store or the archive says; then nothing went.
    pub async fn purge_once(&self, archive: Option<&dyn Archive>) -> Result<usize, NotForgotten> {
        let mut expired = self.store.expired(&self.horizon(archive.is_some()), ROWS).await?;
        if expired.is_empty() {
            return Ok(0);
        }
        if let Some(archive) = archive {
            expired = archive.keep(expired).await?;
            self.env.reached(POINT);
        }
        let gone = self.store.purge(expired).await?;
        self.counters.forgotten(gone);
        Ok(gone)
    }

    fn horizon(&self, archived: bool) -> Horizon {
        let now = self.now();
        let Retention { saved_amounts, answers, webhooks } = self.settings.retention;
        Horizon {
            saved_amounts: now.minus(saved_amounts),
            claims: now.minus(answers),
            webhooks: now.minus(webhooks),
            webhooks_kept: if archived { WEBHOOKS_BESIDE_ARCHIVE } else { WEBHOOKS_KEPT_MAX },
        }
    }
}

//! Retention: what nobody can ask for any more goes, a little at a time; into an archive first, if there is one. Payments,
//! their history, refunds and events stay.
//!
//! A row goes by its name, and as it was read: what has changed in between stays. So nothing is forgotten that the archive
//! has not taken; a crash in between leaves a row in both, and the next step archives it again, as the same text.
use crate::App;
use async_trait::async_trait;
use hanbeon_store::{Expired, Horizon, StoreError, WEBHOOKS_KEPT_MAX};
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// Rows of a step: a transaction that delays nobody.
const ROWS: usize = 500;
/// Between two steps: the disk belongs to the buyers.
const PAUSE: Duration = Duration::from_millis(200);
/// After a step in which another server was at the same rows: so that they are not at the next ones at the same moment, too.
const STEP_ASIDE: Duration = Duration::from_millis(300);
/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(10);
/// After a step that failed; and how often it is said that an archive does not answer.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
/// Who stops waits so long for the step that is under way. Cut off, it leaves rows in both places at worst.
const LAST_STEP: Duration = Duration::from_secs(1);
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

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Rows that were past their date, 500 at most.
    pub read: usize,
    /// Those of them that went. The others have changed meanwhile, or another server was at them.
    pub gone: usize,
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
            let mut purging = pin!(self.purge_once(archive));
            let ended = tokio::select! {
                ended = &mut purging => ended,
                () = &mut stop => {
                    let _ = timeout(LAST_STEP, purging).await;
                    break;
                }
            };
            let nap = match ended {
                Ok(purged) => {
                    gone += purged.gone;
                    purged.nap()
                }
                Err(error) => {
                    self.counters.retention_failed();
                    warn!(%error, "what is past its date stays for now");
                    AFTER_FAILURE
                }
            };
            if nap >= PERIOD {
                // Single rows go all day long; a heap of them is worth a line.
                if gone >= ROWS {
                    info!(rows = gone, "what was past its date is forgotten");
                }
                gone = 0;
            }
            tokio::select! {
                () = &mut stop => break,
                () = sleep(nap) => {}
            }
        }
    }

    /// One step, of 500 rows at most.
    ///
    /// # Errors
    /// What the store or the archive says; then nothing went, as far as is known.
    pub async fn purge_once(&self, archive: Option<&dyn Archive>) -> Result<Purged, NotForgotten> {
        let mut expired = self.store.expired(&self.horizon(archive.is_some()), ROWS).await?;
        let read = expired.len();
        if read == 0 {
            return Ok(Purged::default());
        }
        if let Some(archive) = archive {
            expired = self.kept(archive, expired).await?;
            self.env.reached(POINT);
        }
        let gone = self.store.purge(expired).await?;
        self.counters.forgotten(gone);
        Ok(Purged { read, gone })
    }

    /// A share that hangs says nothing, not even no: it is waited for, because what it will have done is not known, and that is as
    /// much a failure as any.
    async fn kept(&self, archive: &dyn Archive, rows: Vec<Expired>) -> io::Result<Vec<Expired>> {
        let mut keeping = archive.keep(rows);
        loop {
            if let Ok(kept) = timeout(AFTER_FAILURE, &mut keeping).await {
                return kept;
            }
            self.counters.retention_failed();
            warn!("what is past its date stays for now: the archive does not answer");
        }
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

impl Purged {
    /// Until the next step.
    fn nap(self) -> Duration {
        match self {
            Self { read, .. } if read < ROWS => PERIOD,
            Self { read, gone } if gone < read => STEP_ASIDE,
            _ => PAUSE,
        }
    }
}

//! How long what is kept that nobody can ask for any more.
use crate::archive::FileArchive;
use crate::cli::Failure;
use hanbeon_app::Env;
use hanbeon_app::retention::Retention;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const DAY_SECONDS: u64 = 24 * 60 * 60;
/// Ten years: longer is for ever.
const DAYS_MAX: u64 = 3_650;
/// Toss keeps its answers to idempotency keys for 15 days, and so do we.
const ANSWERS_MIN: u64 = 15;

/// In days.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RetentionConfig {
    /// Amounts that buyers saved.
    saved_amounts_days: u64,
    /// Answers to idempotency keys; at least 15.
    answers_days: u64,
    /// Webhooks, of which 20,000 are kept at most.
    webhooks_days: u64,
    /// The folder into which it goes first, if there is one.
    archive: Option<PathBuf>,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        let days = |kept: Duration| kept.as_secs() / DAY_SECONDS;
        let Retention { saved_amounts, answers, webhooks } = Retention::default();
        Self {
            saved_amounts_days: days(saved_amounts),
            answers_days: days(answers),
            webhooks_days: days(webhooks),
            archive: None,
        }
    }
}

impl RetentionConfig {
    pub(super) fn check(&self) -> Result<(), Failure> {
        let Self { saved_amounts_days, answers_days, webhooks_days, .. } = *self;
        for (name, days, least) in [
            ("saved_amounts_days", saved_amounts_days, 1),
            ("answers_days", answers_days, ANSWERS_MIN),
            ("webhooks_days", webhooks_days, 1),
        ] {
            if !(least..=DAYS_MAX).contains(&days) {
                return Err(format!("retention.{name} must be {least} to {DAYS_MAX}").into());
            }
        }
        Ok(())
    }

    pub(super) fn rules(&self) -> Retention {
        let days = |days: u64| Duration::from_secs(days.saturating_mul(DAY_SECONDS));
        Retention {
            saved_amounts: days(self.saved_amounts_days),
            answers: days(self.answers_days),
            webhooks: days(self.webhooks_days),
        }
    }

    /// The archive, if a folder is set.
    pub(crate) fn archive(&self, env: &Arc<dyn Env>) -> Option<FileArchive> {
        self.archive.as_deref().map(|folder| FileArchive::new(folder, Arc::clone(env)))
    }
}

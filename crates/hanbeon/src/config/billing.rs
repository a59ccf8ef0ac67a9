//! Charges without a window: the key of the vault, and what becomes of a refused charge.
use crate::cli::Failure;
use hanbeon_app::billing::Vault;
use hanbeon_domain::billing::Dunning;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

const KEY_VARIABLE: &str = "HANBEON_BILLING_KEY";
const KEY_FILE_VARIABLE: &str = "HANBEON_BILLING_KEY_FILE";

/// See the module.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BillingConfig {
    /// A file that holds the keys of the vault and nothing else, one a line, the newest first.
    pub(crate) key_file: Option<PathBuf>,
    /// From a refused charge to the next one, each; after the last the subscription is unpaid.
    pub(crate) retry_after_ms: Vec<u64>,
}

impl Default for BillingConfig {
    fn default() -> Self {
        let wait = |wait: &Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self { key_file: None, retry_after_ms: Dunning::default().waits.iter().map(wait).collect() }
    }
}

impl BillingConfig {
    /// The vault, if a key is set: in the environment, or in a file.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) fn vault(&self) -> Result<Option<Vault>, Failure> {
        let set = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        let file = set(KEY_FILE_VARIABLE).map(PathBuf::from).or_else(|| self.key_file.clone());
        let text = match (set(KEY_VARIABLE), file) {
            (Some(text), _) => text,
            (None, Some(path)) => std::fs::read_to_string(&path)
                .map_err(|e| format!("cannot read the billing vault key {}: {e}", path.display()))?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Vault::parse(&text).map_err(|e| format!("{KEY_VARIABLE}: {e}"))?))
    }

    /// The policy for refused charges.
    pub(crate) fn dunning(&self) -> Dunning {
        Dunning { waits: self.retry_after_ms.iter().copied().map(Duration::from_millis).collect() }
    }
}

//! Charges without a window: what becomes of a refused one.
use hanbeon_domain::billing::Dunning;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// See the module.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BillingConfig {
    /// From a refused charge to the next one, each; after the last the subscription is unpaid.
    pub(crate) retry_after_ms: Vec<u64>,
}

impl Default for BillingConfig {
    fn default() -> Self {
        let wait = |wait: &Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self { retry_after_ms: Dunning::default().waits.iter().map(wait).collect() }
    }
}

impl BillingConfig {
    /// The policy for refused charges.
    pub(crate) fn dunning(&self) -> Dunning {
        Dunning { waits: self.retry_after_ms.iter().copied().map(Duration::from_millis).collect() }
    }
}

//! For whoever runs it: [`health`], [`metrics`], and [`observe`], which ties answers to log lines.

pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod observe;

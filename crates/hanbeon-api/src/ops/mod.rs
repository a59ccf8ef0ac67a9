//! For whoever runs it: [`health`], [`metrics`], [`observe`], which ties answers to log lines, and [`nowhere`],
//! the answer to a URL that we do not have.

pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod nowhere;
pub(crate) mod observe;

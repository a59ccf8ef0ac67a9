//! The rows of billing.

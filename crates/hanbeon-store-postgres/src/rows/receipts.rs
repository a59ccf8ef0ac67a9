//! The rows of cash receipts.

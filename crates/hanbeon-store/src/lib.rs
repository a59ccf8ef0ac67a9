//! The storage door: one trait, every verb one transaction.

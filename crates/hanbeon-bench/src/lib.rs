//! A database with millions of payments: [`mould`] takes one payment as hanbeon wrote it, and [`fill`](fill::fill) casts
//! others from it, with names, times and seals of their own. `hanbeon verify` finds nothing wrong with them.
//!
//! The program of this crate measures; see its own documentation.

pub mod fill;
pub mod mould;

/// Why something failed, in words for whoever ran it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

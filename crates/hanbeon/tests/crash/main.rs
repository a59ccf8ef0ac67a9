//! Crash loops.

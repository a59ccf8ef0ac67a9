//! For development only: test application, store conformance suite, in-memory store.

pub mod conformance;
pub mod memory;
pub mod sim;

//! For development only: test application, store conformance suite, in-memory store, simulation, fault proxy.

pub mod conformance;
pub mod memory;
pub mod proxy;
pub mod sim;

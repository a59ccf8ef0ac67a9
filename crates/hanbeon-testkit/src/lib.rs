//! For development only: test application, store conformance suite, in-memory store, simulation, model, fault
//! proxy, PostgreSQL servers.

pub mod conformance;
pub mod memory;
pub mod model;
pub mod postgres;
pub mod proxy;
pub mod sim;

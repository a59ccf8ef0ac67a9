//! The store in memory keeps every promise about charges without a window.
use hanbeon_testkit::conformance::billing::Doors;
use hanbeon_testkit::memory::MemoryStore;
use std::sync::Arc;

fn open() -> (Arc<dyn Doors>, ()) {
    (Arc::new(MemoryStore::new()), ())
}

hanbeon_testkit::billing_conformance!(open);

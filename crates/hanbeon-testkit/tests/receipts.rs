//! The store in memory keeps every promise about cash receipts.
use hanbeon_testkit::conformance::receipts::Doors;
use hanbeon_testkit::memory::MemoryStore;
use std::sync::Arc;

fn open() -> (Arc<dyn Doors>, ()) {
    (Arc::new(MemoryStore::new()), ())
}

hanbeon_testkit::receipt_conformance!(open);

//! The store in memory keeps every promise of a store.
use hanbeon_store::Store;
use hanbeon_testkit::memory::MemoryStore;
use std::sync::Arc;

fn open() -> (Arc<dyn Store>, ()) {
    (Arc::new(MemoryStore::new()), ())
}

hanbeon_testkit::store_conformance!(open);

//! The embedded store keeps every promise of a store.
use hanbeon_domain::Timestamp;
use hanbeon_store::Store;
use hanbeon_store_sqlite::{Options, SqliteStore};
use std::sync::Arc;
use tempfile::TempDir;

fn open() -> (Arc<dyn Store>, TempDir) {
    let directory = TempDir::new().expect("a temporary directory");
    let store = SqliteStore::open(directory.path().join("hanbeon.db"), Options::server(Timestamp::default()));
    (Arc::new(store.expect("a new store opens")), directory)
}

hanbeon_testkit::store_conformance!(open);

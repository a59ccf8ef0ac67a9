//! The embedded store keeps every promise about cash receipts.
use hanbeon_domain::Timestamp;
use hanbeon_store_sqlite::{Options, SqliteStore};
use hanbeon_testkit::conformance::receipts::Doors;
use std::sync::Arc;
use tempfile::TempDir;

fn open() -> (Arc<dyn Doors>, TempDir) {
    let directory = TempDir::new().expect("a temporary directory");
    let store = SqliteStore::open(directory.path().join("hanbeon.db"), Options::server(Timestamp::default()));
    (Arc::new(store.expect("a new store opens")), directory)
}

hanbeon_testkit::receipt_conformance!(open);

//! The shared store keeps every promise of a store.
use hanbeon_domain::Timestamp;
use hanbeon_store::Store;
use hanbeon_store_postgres::{Options, PostgresStore};
use hanbeon_testkit::postgres::{self, Database};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

fn open() -> (Arc<dyn Store>, Database) {
    let database = postgres::database();
    let url = database.url();
    let open = PostgresStore::open(&url, Options::server(Timestamp::default()));
    let store = block_in_place(|| Handle::current().block_on(open));
    (Arc::new(store.expect("a new store opens")), database)
}

hanbeon_testkit::store_conformance!(open);

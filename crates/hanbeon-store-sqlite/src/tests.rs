//! What only this store promises: groups, files, migrations and rows. What every store promises stands in
//! `tests/conformance.rs`.
mod carry_over;
mod files;
mod group;
mod migrations;
mod plans;
mod rows;
mod undo;

use crate::{Options, SqliteStore};
use hanbeon_domain::Timestamp;
use hanbeon_store::StoreError;
use hanbeon_testkit::conformance::world::World;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A store in a directory of its own.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("hanbeon.db")
    }

    fn open(&self) -> Arc<SqliteStore> {
        self.open_with(server())
    }

    fn open_with(&self, options: Options) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open(self.file(), options).unwrap())
    }

    /// A connection that knows nothing of our rules.
    fn raw(&self) -> Connection {
        raw(&self.file())
    }
}

fn raw(file: &Path) -> Connection {
    let db = Connection::open(file).unwrap();
    db.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON").unwrap();
    db
}

fn server() -> Options {
    Options::server(Timestamp::default())
}

fn world(store: &Arc<SqliteStore>) -> World {
    World::new(Arc::<SqliteStore>::clone(store))
}

#[track_caller]
fn assert_unavailable<T: std::fmt::Debug>(end: Result<T, StoreError>, why: &str) {
    match end {
        Err(StoreError::Unavailable(text)) => assert!(text.contains(why), "{text:?} does not say {why:?}"),
        other => panic!("unavailable because {why:?}, not {other:?}"),
    }
}

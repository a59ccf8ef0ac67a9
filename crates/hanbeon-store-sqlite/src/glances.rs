//! Glances: reads of a few rows by their names, on the caller's own thread.
//!
//! A read that a confirm begins with takes some microseconds, less than handing it to another thread and back. Whatever may
//! have to walk through many rows belongs to the [readers](crate::readers), so that no task of the runtime waits behind it.
use crate::readers::{Readers, contained, snapshot};
use crate::stats::Counters;
use hanbeon_store::StoreError;
use rusqlite::Connection;
use std::sync::{Arc, Mutex, MutexGuard};

/// Read-only connections that anybody may take for a moment.
#[derive(Debug)]
pub(crate) struct Glances {
    connections: Vec<Mutex<Connection>>,
    counters: Arc<Counters>,
}

impl Glances {
    pub(crate) fn over(connections: Vec<Connection>, counters: Arc<Counters>) -> Self {
        Self { connections: connections.into_iter().map(Mutex::new).collect(), counters }
    }

    /// Carries a read of several statements out, in one snapshot: here and now, or by one of the readers when every
    /// connection is taken.
    ///
    /// # Errors
    /// The verb's own; or that of the readers.
    pub(crate) async fn run<T, V>(&self, readers: &Readers, verb: V) -> Result<T, StoreError>
    where
        T: Send + 'static,
        V: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        if let Some(db) = self.free() {
            return contained(&db, &self.counters, |db| snapshot(db, verb));
        }
        readers.run(verb).await
    }

    /// The same for a single statement, which is a snapshot of its own.
    ///
    /// # Errors
    /// As [`Glances::run`].
    pub(crate) async fn one<T, V>(&self, readers: &Readers, verb: V) -> Result<T, StoreError>
    where
        T: Send + 'static,
        V: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        if let Some(db) = self.free() {
            return contained(&db, &self.counters, verb);
        }
        readers.run(verb).await
    }

    /// A connection that nobody has; waits for none. Nothing panics while one is held: none is poisoned.
    fn free(&self) -> Option<MutexGuard<'_, Connection>> {
        self.connections.iter().find_map(|connection| connection.try_lock().ok())
    }
}

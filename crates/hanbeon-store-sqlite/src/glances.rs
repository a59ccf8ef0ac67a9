//! Glances: reads of a few rows by their names, on the caller's own thread.
//!
//! A read that a confirm begins with takes some microseconds, less than handing it to another thread and back. Whatever may
//! have to walk through many rows belongs to the [readers](crate::readers), so that no task of the runtime waits behind it.
use crate::readers::{Readers, contained};
use crate::stats::Counters;
use hanbeon_store::StoreError;
use rusqlite::Connection;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Read-only connections that anybody may take for a moment.
#[derive(Debug)]
pub(crate) struct Glances {
    idle: Mutex<Vec<Connection>>,
    counters: Arc<Counters>,
}

impl Glances {
    pub(crate) const fn over(connections: Vec<Connection>, counters: Arc<Counters>) -> Self {
        Self { idle: Mutex::new(connections), counters }
    }

    /// Carries a read out, in one snapshot: here and now, or by one of the readers when every connection is taken.
    ///
    /// # Errors
    /// The verb's own; or that of the readers.
    pub(crate) async fn run<T, V>(&self, readers: &Readers, verb: V) -> Result<T, StoreError>
    where
        T: Send + 'static,
        V: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        // Not in the `else` below: there the lock would be held while waiting.
        let taken = self.idle().pop();
        let Some(db) = taken else { return readers.run(verb).await };
        let result = contained(&db, &self.counters, verb);
        self.idle().push(db);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // Nothing panics while it is held.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

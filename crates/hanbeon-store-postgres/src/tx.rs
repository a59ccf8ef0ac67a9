//! A transaction, as the verbs see it: statements, and nothing else. It begins and ends where the verbs are run.
use crate::connect::Connection;
use crate::error::{Trouble, sql};
use hanbeon_store::StoreError;
use std::sync::{Mutex, PoisonError};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

/// What stands for `$1`, `$2`, …
pub(crate) type Cells<'a> = &'a [&'a (dyn ToSql + Sync)];

/// An open transaction. Statements of futures that are polled together go out together (`tokio::try_join!`), and are
/// carried out in the order in which they were polled first.
pub(crate) struct Tx<'c> {
    connection: &'c Connection,
    /// The first thing that went wrong.
    trouble: Mutex<Option<Trouble>>,
}

impl<'c> Tx<'c> {
    pub(crate) const fn new(connection: &'c Connection) -> Self {
        Self { connection, trouble: Mutex::new(None) }
    }

    /// Every row that a statement gives. `table` is for the error.
    pub(crate) async fn rows(
        &self,
        table: &'static str,
        statement: &'static str,
        cells: Cells<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let found = async {
            let statement = self.connection.prepared(statement).await?;
            self.connection.client.query(&statement, cells).await
        };
        found.await.map_err(|error| self.failed(table, &error))
    }

    /// The first row that a statement gives.
    pub(crate) async fn row(
        &self,
        table: &'static str,
        statement: &'static str,
        cells: Cells<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(table, statement, cells).await?.into_iter().next())
    }

    /// How many rows a statement wrote.
    pub(crate) async fn write(
        &self,
        table: &'static str,
        statement: &'static str,
        cells: Cells<'_>,
    ) -> Result<u64, StoreError> {
        let written = async {
            let statement = self.connection.prepared(statement).await?;
            self.connection.client.execute(&statement, cells).await
        };
        written.await.map_err(|error| self.failed(table, &error))
    }

    /// What went wrong first, if anything did.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, table: &'static str, error: &Error) -> StoreError {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert(Trouble::of(error));
        sql(table, error)
    }
}

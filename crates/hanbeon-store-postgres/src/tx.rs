//! A transaction, as the verbs see it: statements, and nothing else. It begins and ends where the verbs are run.
use crate::connect::Connection;
use crate::error::{Trouble, sql};
use hanbeon_store::StoreError;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use tokio::sync::{Mutex as Queue, MutexGuard};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement};

/// What stands for `$1`, `$2`, …
pub(crate) type Cells<'a> = &'a [&'a (dyn ToSql + Sync)];

/// An open transaction. Statements of futures that are polled together (`tokio::try_join!(biased; …)`) go out together, and
/// are carried out in the order in which they were polled first.
pub(crate) struct Tx<'c> {
    connection: &'c Connection,
    /// Whose turn it is to send: a statement that must be prepared first is not overtaken.
    turn: Queue<()>,
    /// The first thing that went wrong.
    trouble: Mutex<Option<Trouble>>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection, turn: Queue::new(()), trouble: Mutex::new(None) }
    }

    /// Every row that a statement gives. `table` is for the error.
    pub(crate) async fn rows(
        &self,
        table: &'static str,
        statement: &'static str,
        cells: Cells<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let found = async {
            let (turn, statement) = self.turn(statement).await?;
            sent(turn, self.connection.client.query(&statement, cells)).await
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
            let (turn, statement) = self.turn(statement).await?;
            sent(turn, self.connection.client.execute(&statement, cells)).await
        };
        written.await.map_err(|error| self.failed(table, &error))
    }

    /// The turn to send, and the statement, prepared.
    async fn turn(&self, sql: &'static str) -> Result<(MutexGuard<'_, ()>, Statement), Error> {
        let turn = self.turn.lock().await;
        let statement = self.connection.prepared(sql).await?;
        Ok((turn, statement))
    }

    /// What went wrong first, if anything did.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, table: &'static str, error: &Error) -> StoreError {
        if let Some(trouble) = Trouble::of(error) {
            self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
        }
        sql(table, error)
    }
}

/// Sends, and gives the turn on before there is an answer: the client sends at the first poll.
async fn sent<F: Future>(turn: MutexGuard<'_, ()>, answer: F) -> F::Output {
    let mut answer = pin!(answer);
    let first = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await;
    drop(turn);
    match first {
        Poll::Ready(answer) => answer,
        Poll::Pending => answer.await,
    }
}

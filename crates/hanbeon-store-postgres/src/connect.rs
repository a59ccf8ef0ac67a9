//! One connection: how it is made, what is asked of its server, and the statements that are prepared on it.
use crate::address::Address;
use crate::error::unavailable;
use crate::migrate::{may_be_used, name_of};
use crate::open::OpenError;
use hanbeon_store::StoreError;
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, Error, Statement};

/// Longest a connection may take to be there, over all hosts of the URL.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// What every session is told. A statement that takes longer waits for a lock that nobody gives back, or reads what it
/// should not; whoever dies in a transaction does not keep its locks. Never is a commit answered before it is durable.
const SET_UP: &str = "SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s';
    SET lock_timeout = '5s'";

/// Every verb asks for rows by their keys. A plan is made once and kept, perhaps when the tables were empty, and would then read
/// all of a table that has grown since: so none is made that reads a table where there is an index. An engine that does not
/// know these words does not need them.
const PLANS: [&str; 4] = [
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    // What is left without an index looks so expensive then that it would be compiled.
    "SET jit = off",
];

pub(crate) struct Connection {
    pub(crate) client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Address {
    /// A connection to a database whose schema has been looked at before, and may have been changed since.
    ///
    /// # Errors
    /// As [`Address::connect`], or [`OpenError::NewerSchema`].
    pub(crate) async fn connect_again(&self) -> Result<Connection, OpenError> {
        let connection = self.connect().await?;
        may_be_used(&connection.client, self.knows).await?;
        Ok(connection)
    }

    /// # Errors
    /// [`OpenError::Connect`] or [`OpenError::Unsynced`].
    pub(crate) async fn connect(&self) -> Result<Connection, OpenError> {
        let count = self.hosts.len();
        let each = CONNECT_MAX / u32::try_from(count).unwrap_or(u32::MAX);
        let (from, mut why) = (self.primary.load(Relaxed), OpenError::Silent);
        for host in (0..count).map(|at| (from + at) % count) {
            match timeout(each, self.connect_to(&self.hosts[host])).await {
                Ok(Ok(connection)) => {
                    self.primary.store(host, Relaxed);
                    return Ok(connection);
                }
                Ok(Err(error)) => why = error,
                Err(_) => {}
            }
        }
        Err(why)
    }

    async fn connect_to(&self, host: &Config) -> Result<Connection, OpenError> {
        let (client, connection) = host.connect(self.tls.clone()).await.map_err(OpenError::Connect)?;
        // Ends with the client, or with the server.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a connection to PostgreSQL is lost");
            }
        });
        let set_up = format!("{SET_UP}; SET application_name = '{}'", name_of(self.knows));
        client.batch_execute(&set_up).await.map_err(OpenError::Connect)?;
        for words in PLANS {
            let told = client.batch_execute(words).await;
            if let Err(error) = told
                && error.is_closed()
            {
                return Err(OpenError::Connect(error));
            }
        }
        let row = client.query_one("SHOW synchronous_commit", &[]).await.map_err(OpenError::Connect)?;
        let synced: String = row.try_get(0).map_err(OpenError::Connect)?;
        if !matches!(synced.as_str(), "on" | "remote_apply") {
            return Err(OpenError::Unsynced(synced));
        }
        Ok(Connection { client, statements: Mutex::default() })
    }
}

impl Connection {
    /// Prepares a statement once.
    pub(crate) async fn prepared(&self, sql: &'static str) -> Result<Statement, Error> {
        let known = self.statements().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.statements().insert(sql, statement.clone());
        Ok(statement)
    }

    fn statements(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, Statement>> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        unavailable(error.to_string())
    }
}

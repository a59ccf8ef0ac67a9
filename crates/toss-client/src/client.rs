//! The client: one method per call, and the builder that fixes its limits.

mod billing;
mod builder;
mod lists;
mod payments;
mod receipts;

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

pub use builder::{BuildError, ClientBuilder};

use crate::{
    error::Error,
    keys::{Mode, SecretKey},
    pages::{List, Pages},
    transport::{Answer, Transport},
    wire::{Call, Reply, decode},
};

/// A client of the Toss Payments core API. Cheap to clone; clones share one pool of connections.
///
/// Every method sends its request once and never repeats it. Dropping a returned future abandons the call: the
/// request may have left, so the outcome is unknown.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
    mode: Mode,
}

impl Client {
    /// Starts a client for one secret key.
    #[must_use]
    pub fn builder(secret_key: SecretKey) -> ClientBuilder {
        ClientBuilder::new(secret_key)
    }

    /// Whether the client's key moves real money.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Walks the pages of a list, at most `most_pages` of them.
    ///
    /// ```no_run
    /// # async fn run(client: toss_client::Client, request: toss_client::Transactions) -> Result<(), toss_client::Error> {
    /// let mut pages = client.pages(request, 1_000);
    /// while let Some(page) = pages.next().await? {
    ///     println!("{} rows", page.value.len());
    /// }
    /// assert!(pages.is_complete(), "more than a thousand pages");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Or row by row, as a [`Stream`](futures_util::Stream):
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// # async fn run(client: toss_client::Client, request: toss_client::Transactions) -> Result<(), toss_client::Error> {
    /// let mut rows = client.pages(request, 1_000).rows();
    /// while let Some(row) = rows.try_next().await? {
    ///     println!("{} {}", row.transaction_key, row.amount);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pages<L: List>(&self, list: L, most_pages: usize) -> Pages<L> {
        Pages::new(self.clone(), list, most_pages)
    }

    pub(crate) async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<Reply<T>, Error> {
        let Answer { status, headers, body } = self.transport.send(call).await?;
        decode(status, &headers, body)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("mode", &self.mode).finish_non_exhaustive()
    }
}

//! Walking the list of transactions page by page, within a bound.

use crate::{calls::Transactions, client::Client, error::Error, model::Transaction, wire::Reply};

/// A walk through the pages of [`Client::transactions`], from [`Client::transaction_pages`].
///
/// ```no_run
/// # async fn run(client: toss_client::Client, request: toss_client::Transactions) -> Result<(), toss_client::Error> {
/// let mut pages = client.transaction_pages(request, 1_000);
/// while let Some(page) = pages.next().await? {
///     println!("{} rows", page.value.len());
/// }
/// assert!(pages.is_complete(), "more than a thousand pages");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TransactionPages {
    client: Client,
    request: Transactions,
    pages_left: usize,
    end: Option<End>,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A page was short: there is nothing behind it.
    Short,
    /// A page led nowhere: its last row is the one that was asked to go on from.
    Stuck,
}

impl TransactionPages {
    pub(crate) fn new(client: Client, request: Transactions, most_pages: usize) -> Self {
        Self { client, request, pages_left: most_pages, end: None }
    }

    /// The next page; `None` after the last one, and when the bound is used up.
    ///
    /// After an error the same page is asked for again, however long the caller waits before: a walk that met a
    /// 429 goes on where it was.
    pub async fn next(&mut self) -> Result<Option<Reply<Vec<Transaction>>>, Error> {
        if self.end.is_some() || self.pages_left == 0 {
            return Ok(None);
        }
        let page = self.client.transactions(&self.request).await?;
        self.pages_left -= 1;
        let last = page.value.last().map(|row| row.transaction_key.clone());
        if page.value.len() < self.request.full_page() {
            self.end = Some(End::Short);
        } else if last == self.request.starting_after {
            self.end = Some(End::Stuck);
        }
        // An empty page keeps the place: who asks again later goes on from the last row there was.
        self.request.starting_after = last.or(self.request.starting_after.take());
        Ok(Some(page))
    }

    /// Whether every row was seen: false before the last page, and for good when the bound cut the walk off.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.end == Some(End::Short)
    }

    /// The `transactionKey` of the last row seen: where another walk may go on.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.request.starting_after.as_deref()
    }
}

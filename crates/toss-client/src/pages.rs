//! Walking a list page by page, within a bound.

use serde::de::DeserializeOwned;

use crate::{client::Client, error::Error, wire::Call, wire::Reply};

/// A list that Toss gives page by page: [`Transactions`](crate::Transactions),
/// [`Settlements`](crate::Settlements) and [`CashReceipts`](crate::CashReceipts).
pub trait List {
    /// One answer.
    type Page: DeserializeOwned;

    /// The request of the page that comes next.
    fn encode(&self) -> Result<Call, Error>;

    /// Goes on behind this page, and tells what is there.
    fn turn(&mut self, page: &Self::Page) -> Turn;
}

/// What lies behind a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Another page, maybe an empty one.
    More,
    /// Nothing.
    Last,
    /// The same page again, and so forever.
    Stuck,
}

/// A walk through the pages of a list, from [`Client::pages`].
#[derive(Clone, Debug)]
pub struct Pages<L> {
    client: Client,
    list: L,
    left: usize,
    turn: Turn,
}

impl<L: List> Pages<L> {
    pub(crate) fn new(client: Client, list: L, most_pages: usize) -> Self {
        Self { client, list, left: most_pages, turn: Turn::More }
    }

    /// The next page; `None` after the last one, and when the bound is used up.
    ///
    /// After an error the same page is asked for again, however long the caller waits before: a walk that met a
    /// 429 goes on where it was.
    pub async fn next(&mut self) -> Result<Option<Reply<L::Page>>, Error> {
        if self.turn != Turn::More || self.left == 0 {
            return Ok(None);
        }
        let page = self.client.call(self.list.encode()?).await?;
        self.left -= 1;
        self.turn = self.list.turn(&page.value);
        Ok(Some(page))
    }

    /// Whether every row was seen: false before the last page, and for good when the bound cut the walk off.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.turn == Turn::Last
    }

    /// The request of the page that would come next: where another walk may go on.
    #[must_use]
    pub fn place(&self) -> &L {
        &self.list
    }
}

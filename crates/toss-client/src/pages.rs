//! Walking a list page by page, within a bound.

use futures_util::stream::{self, BoxStream, StreamExt as _};
use serde::de::DeserializeOwned;

use crate::{
    client::Client,
    error::{Error, NotSentCause},
    wire::Call,
    wire::Reply,
};

/// A list that Toss gives page by page: [`Transactions`](crate::Transactions),
/// [`Settlements`](crate::Settlements) and [`CashReceipts`](crate::CashReceipts).
pub trait List {
    /// One answer.
    type Page: DeserializeOwned + Send;
    /// What the list is of.
    type Row: Send;

    /// The rows of a page, in their order.
    fn rows(page: Self::Page) -> Vec<Self::Row>;

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

    /// The same walk as a stream of rows, each page asked for when its first row is wanted.
    ///
    /// After an error the stream goes on with the page that failed. One that was cut off, by the bound or by pages that
    /// repeat themselves, says so in a last error: nobody takes a part of the rows for all of them.
    #[must_use]
    pub fn rows(self) -> BoxStream<'static, Result<L::Row, Error>>
    where
        L: Send + Sync + 'static,
    {
        let begin = (self, Vec::new().into_iter(), false);
        let next = |(mut pages, mut rows, mut told): (Self, std::vec::IntoIter<L::Row>, bool)| async move {
            loop {
                if let Some(row) = rows.next() {
                    return Some((Ok(row), (pages, rows, told)));
                }
                match pages.next().await {
                    Ok(Some(page)) => rows = L::rows(page.value).into_iter(),
                    Ok(None) if pages.is_complete() || told => return None,
                    Ok(None) => {
                        told = true;
                        return Some((Err(cut_off()), (pages, rows, told)));
                    }
                    Err(error) => return Some((Err(error), (pages, rows, told))),
                }
            }
        };
        stream::unfold(begin, next).boxed()
    }
}

fn cut_off() -> Error {
    Error::not_sent(
        NotSentCause::Request,
        "the list has more pages than the walk may ask for, or repeats one",
    )
}

//! Transactions: every approval and every cancel of a time (Toss core API, Transactions).

use jiff::{Timestamp, civil::DateTime};

use super::time::{KOREA, local};
use crate::{
    error::{Error, NotSentCause},
    model::Transaction,
    pages::{List, Turn},
    wire::{Call, segment},
};

/// Rows of a page when a request names no limit.
const DEFAULT_LIMIT: u16 = 100;
/// The largest page that Toss gives.
const MAX_LIMIT: u16 = 5_000;

/// Which rows to list, by `transactionAt`. Whether the last second itself belongs to them is not documented.
///
/// A row takes about half a kilobyte: who asks for more than 1,000 at once raises
/// [`ClientBuilder::max_response_bytes`](crate::ClientBuilder::max_response_bytes), too. The call may take a
/// minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transactions {
    /// From when, Korean time; fractions of a second are cut off.
    pub start_date: DateTime,
    /// Until when, Korean time; fractions of a second are cut off.
    pub end_date: DateTime,
    /// Go on after this row: the `transactionKey` of the last one seen. `None` for the first page.
    pub starting_after: Option<String>,
    /// Rows of a page, 1 to 5,000; `None` for Toss's default of 100.
    pub limit: Option<u16>,
}

impl Transactions {
    /// The first page between two instants.
    #[must_use]
    pub fn between(start: Timestamp, end: Timestamp) -> Self {
        Self {
            start_date: KOREA.to_datetime(start),
            end_date: KOREA.to_datetime(end),
            starting_after: None,
            limit: None,
        }
    }
}

/// `GET /v1/transactions`
pub fn encode_transactions(request: &Transactions) -> Result<Call, Error> {
    let refused = |why: &'static str| Err(Error::not_sent(NotSentCause::Request, why));
    if request.end_date < request.start_date {
        return refused("the end of a list of transactions lies before its start");
    }
    let mut call = Call::get("/v1/transactions", &[])?
        .with("startDate", local(request.start_date))
        .with("endDate", local(request.end_date));
    if let Some(key) = &request.starting_after {
        call = call.with("startingAfter", segment(key)?);
    }
    match request.limit {
        None => Ok(call),
        Some(limit @ 1..=MAX_LIMIT) => Ok(call.with("limit", limit)),
        Some(_) => refused("a page of transactions has 1 to 5000 rows"),
    }
}

impl List for Transactions {
    type Page = Vec<Transaction>;
    type Row = Transaction;

    fn rows(page: Vec<Transaction>) -> Vec<Transaction> {
        page
    }

    fn encode(&self) -> Result<Call, Error> {
        encode_transactions(self)
    }

    fn turn(&mut self, page: &Vec<Transaction>) -> Turn {
        let last = page.last().map(|row| row.transaction_key.clone());
        let turn = if page.len() < usize::from(self.limit.unwrap_or(DEFAULT_LIMIT)) {
            Turn::Last
        } else if last == self.starting_after {
            Turn::Stuck
        } else {
            Turn::More
        };
        // An empty page keeps the place: who asks again later goes on from the last row there was.
        self.starting_after = last.or(self.starting_after.take());
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn march() -> Transactions {
        let at = |text: &str| text.parse::<Timestamp>().expect(text);
        Transactions::between(at("2026-02-28T15:00:00Z"), at("2026-03-01T14:59:59.999Z"))
    }

    #[test]
    fn a_list_is_asked_for_in_korean_time_without_an_offset() {
        let call = encode_transactions(&march()).expect("a plain request");
        assert_eq!(
            (call.method.as_str(), call.path.as_str()),
            ("GET", "/v1/transactions?startDate=2026-03-01T00:00:00&endDate=2026-03-01T23:59:59")
        );
        assert!(call.body.is_empty() && call.headers.is_empty());
    }

    #[test]
    fn a_further_page_names_the_last_row_and_its_size() {
        let request = Transactions { starting_after: Some("tx&1=2".into()), limit: Some(5_000), ..march() };
        let path = encode_transactions(&request).expect("a plain request").path;
        assert!(path.ends_with("&startingAfter=tx%261%3D2&limit=5000"), "{path}");
    }

    #[test]
    fn what_toss_would_misread_is_refused_here() {
        let turned = Transactions { start_date: march().end_date, end_date: march().start_date, ..march() };
        let sized = |limit| Transactions { limit: Some(limit), ..march() };
        let after = |key: &str| Transactions { starting_after: Some(key.into()), ..march() };
        for refused in [turned, sized(0), sized(5_001), after(""), after(&"k".repeat(301))] {
            assert!(matches!(encode_transactions(&refused), Err(Error::NotSent(_))), "{refused:?}");
        }
    }
}

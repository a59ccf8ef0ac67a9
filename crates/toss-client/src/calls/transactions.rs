//! Transactions: every approval and every cancel of a time (Toss core API, Transactions).

use jiff::{Timestamp, civil::DateTime, tz::Offset};

use crate::{
    error::{Error, NotSentCause},
    wire::{Call, segment},
};

/// Rows of a page when a request names no limit.
const DEFAULT_LIMIT: u16 = 100;
/// The largest page that Toss gives.
const MAX_LIMIT: u16 = 5_000;
/// Korea has kept this offset since 1988; Toss reads dates without an offset as Korean.
const KOREA: Offset = Offset::constant(9);

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

    /// The rows that a full page has: a page with fewer is the last one.
    pub(crate) fn full_page(&self) -> usize {
        usize::from(self.limit.unwrap_or(DEFAULT_LIMIT))
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

/// `2026-03-01T00:00:00`: no offset and no fraction.
fn local(at: DateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date}T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
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

//! Settlements: what Toss pays out to the merchant, and when (Toss core API, Settlements). Live keys only.

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    error::{Error, NotSentCause},
    model::{Settlement, SettlementDate},
    pages::{List, Turn},
    wire::{Call, RequestOptions},
};

/// Rows of a page when a request names no size.
const DEFAULT_SIZE: u16 = 100;
/// The largest page that Toss gives.
const MAX_SIZE: u16 = 5_000;

/// Which rows to list, by day. Rows exist from the day after the payment; the call may take a minute.
///
/// A row takes up to two kilobytes: who asks for more than 400 at once raises
/// [`ClientBuilder::max_response_bytes`](crate::ClientBuilder::max_response_bytes), too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlements {
    /// From which day, in Korea.
    pub start_date: Date,
    /// Until which day, in Korea.
    pub end_date: Date,
    /// Which of a row's days is meant; `None` for Toss's default, the day of the sale.
    pub date_type: Option<SettlementDate>,
    /// Which page, from 1.
    pub page: u32,
    /// Rows of a page, 1 to 5,000; `None` for Toss's default of 100.
    pub size: Option<u16>,
}

impl Settlements {
    /// The first page of these days.
    #[must_use]
    pub fn between(start_date: Date, end_date: Date) -> Self {
        Self { start_date, end_date, date_type: None, page: 1, size: None }
    }
}

/// `GET /v1/settlements`
pub fn encode_settlements(request: &Settlements) -> Result<Call, Error> {
    let refused = |why: &'static str| Err(Error::not_sent(NotSentCause::Request, why));
    if request.end_date < request.start_date {
        return refused("the end of a list of settlements lies before its start");
    }
    let mut call = Call::get("/v1/settlements", &[])?
        .with("startDate", request.start_date)
        .with("endDate", request.end_date);
    if let Some(date_type) = &request.date_type {
        call = call.with("dateType", date_type);
    }
    match request.page {
        0 => return refused("the pages of settlements are counted from 1"),
        1 => {}
        page => call = call.with("page", page),
    }
    match request.size {
        None => Ok(call),
        Some(size @ 1..=MAX_SIZE) => Ok(call.with("size", size)),
        Some(_) => refused("a page of settlements has 1 to 5000 rows"),
    }
}

impl List for Settlements {
    type Page = Vec<Settlement>;
    type Row = Settlement;

    fn rows(page: Vec<Settlement>) -> Vec<Settlement> {
        page
    }

    fn encode(&self) -> Result<Call, Error> {
        encode_settlements(self)
    }

    fn turn(&mut self, page: &Vec<Settlement>) -> Turn {
        if page.len() < usize::from(self.size.unwrap_or(DEFAULT_SIZE)) {
            return Turn::Last;
        }
        self.page = self.page.saturating_add(1);
        Turn::More
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettlementRequest<'a> {
    payment_key: &'a str,
}

/// `POST /v1/settlements`
pub fn encode_settlement_request(payment_key: &str, options: &RequestOptions) -> Result<Call, Error> {
    Call::post("/v1/settlements", &[], &SettlementRequest { payment_key }, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn march() -> Settlements {
        let day = |text: &str| text.parse().expect(text);
        Settlements::between(day("2026-03-01"), day("2026-03-31"))
    }

    #[test]
    fn a_list_is_asked_for_by_day() {
        let path = |request: &Settlements| encode_settlements(request).expect("a plain request").path;
        assert_eq!(path(&march()), "/v1/settlements?startDate=2026-03-01&endDate=2026-03-31");
        let request =
            Settlements { date_type: Some(SettlementDate::PaidOut), page: 3, size: Some(5_000), ..march() };
        assert!(path(&request).ends_with("&dateType=paidOutDate&page=3&size=5000"), "{}", path(&request));
    }

    #[test]
    fn what_toss_would_misread_is_refused_here() {
        for refused in [
            Settlements { start_date: march().end_date, end_date: march().start_date, ..march() },
            Settlements { page: 0, ..march() },
            Settlements { size: Some(0), ..march() },
            Settlements { size: Some(5_001), ..march() },
        ] {
            assert!(matches!(encode_settlements(&refused), Err(Error::NotSent(_))), "{refused:?}");
        }
    }

    #[test]
    fn a_manual_settlement_names_its_payment() {
        let call = encode_settlement_request("tviva1", &RequestOptions::default()).expect("a request");
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/settlements"));
        assert_eq!(call.body, r#"{"paymentKey":"tviva1"}"#);
    }
}

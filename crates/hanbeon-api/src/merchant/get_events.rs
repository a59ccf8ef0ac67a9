//! `GET /v1/events?after=NUMBER&limit=N`: what has become true, in order. The shop keeps the number of the last event
//! that it has taken up, and asks for what came after it: nothing is lost however long it was away, and asked again,
//! it gets the same bytes again.
use super::key::Merchant;
use super::problem::Problem;
use crate::routes::Api;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::fmt::Write as _;
use std::sync::Arc;

/// Events in an answer, unless fewer are asked for.
const PAGE: usize = 100;
/// Most events in an answer: about half a megabyte.
const PAGE_MAX: usize = 1_000;

#[derive(Deserialize)]
pub(crate) struct Page {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    _: Merchant,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Page { after, limit }) = page.map_err(|_| Problem::BAD_PAGE)?;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::BAD_PAGE);
    }
    // One more tells whether there is more.
    let mut events = api.app.events(after, limit + 1).await?;
    let has_more = limit < events.len();
    events.truncate(limit);
    let mut answer = String::from(r#"{"events":["#);
    for (place, record) in events.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        // Each is told as it was written, after its number.
        let rest = record.event.body.trim_start_matches('{');
        // Writing to a string cannot fail.
        let _ = write!(answer, r#"{comma}{{"number":{},{rest}"#, record.number);
    }
    let _ = write!(answer, r#"],"hasMore":{has_more}}}"#);
    Ok(([(header::CONTENT_TYPE, "application/json")], answer).into_response())
}

//! The journal: what really happened, call by call.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use crate::codes;
use crate::control::refuse;
use crate::shared::Shared;

const MOST_ENTRIES: usize = 10_000;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/sandbox/journal", get(journal).delete(clear_journal))
}

#[derive(Deserialize)]
struct JournalQuery {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

async fn journal(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<JournalQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refuse(codes::INVALID_REQUEST) };
    let limit = query.limit.unwrap_or(1_000).min(MOST_ENTRIES);
    let page = shared.world().journal.page(query.after, limit);
    Json(page).into_response()
}

async fn clear_journal(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.world().journal.clear();
    StatusCode::NO_CONTENT
}

//! The description of everything that the sandbox serves, for tools.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::shared::Shared;

const DOCUMENT: &str = include_str!("../../openapi/openapi.json");

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/sandbox/openapi.json", get(document))
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}

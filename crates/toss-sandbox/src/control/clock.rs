//! The clock: read and moved.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::clock::{Korea, SECOND};
use crate::codes;
use crate::control::refuse;
use crate::state::Shared;

/// A hundred years, in seconds: the clock cannot be moved out of the calendar.
const LONGEST_MOVE: i64 = 100 * 366 * 86_400;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/sandbox/clock", post(advance).get(clock))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Advance {
    advance_seconds: i64,
}

async fn advance(State(shared): State<Arc<Shared>>, body: Result<Json<Advance>, JsonRejection>) -> Response {
    match body {
        Ok(Json(Advance { advance_seconds })) if (0..=LONGEST_MOVE).contains(&advance_seconds) => {
            shared.advance(advance_seconds * SECOND);
            clock(State(shared)).await
        }
        _ => refuse(codes::INVALID_REQUEST),
    }
}

async fn clock(State(shared): State<Arc<Shared>>) -> Response {
    Json(json!({ "now": Korea(shared.now()) })).into_response()
}

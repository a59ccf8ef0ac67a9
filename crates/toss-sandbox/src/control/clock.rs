//! The clock: read, moved, set, stopped.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::clock::{Korea, SECOND};
use crate::control::{unreadable, wrong};
use crate::shared::Shared;

/// A hundred years, in seconds: the clock cannot be moved out of the calendar.
const LONGEST_MOVE: i64 = 100 * 366 * 86_400;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/sandbox/clock", post(turn).get(clock))
}

/// One of the three.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Turn {
    advance_seconds: Option<i64>,
    now: Option<Timestamp>,
    frozen: Option<bool>,
}

async fn turn(State(shared): State<Arc<Shared>>, body: Result<Json<Turn>, JsonRejection>) -> Response {
    let turn = match body {
        Ok(Json(turn)) => turn,
        Err(why) => return unreadable(&why),
    };
    match (turn.advance_seconds, turn.now, turn.frozen) {
        (Some(seconds), None, None) if (0..=LONGEST_MOVE).contains(&seconds) => {
            shared.advance(seconds * SECOND);
        }
        (Some(_), None, None) => return wrong("advanceSeconds is from 0 to a hundred years"),
        (None, Some(now), None) => {
            if !shared.set_clock(now.as_millisecond()) {
                return wrong("the clock never goes back");
            }
        }
        (None, None, Some(frozen)) => shared.freeze(frozen),
        _ => return wrong("one of advanceSeconds, now and frozen"),
    }
    clock(State(shared)).await
}

async fn clock(State(shared): State<Arc<Shared>>) -> Response {
    Json(json!({ "now": Korea(shared.now()), "frozen": shared.is_frozen() })).into_response()
}

//! The switches: read, and set while the sandbox runs.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;

use crate::control::{unreadable, wrong};
use crate::shared::Shared;
use crate::switches::Switches;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/sandbox/switches", get(switches).patch(patch))
}

async fn switches(State(shared): State<Arc<Shared>>) -> Json<Switches> {
    Json(shared.world().switches)
}

async fn patch(State(shared): State<Arc<Shared>>, body: Result<Json<Value>, JsonRejection>) -> Response {
    let patch = match body {
        Ok(Json(patch)) => patch,
        Err(why) => return unreadable(&why),
    };
    let mut world = shared.world();
    match world.switches.patched(&patch) {
        Ok(switches) => {
            world.switches = switches;
            Json(switches).into_response()
        }
        Err(why) => wrong(why),
    }
}

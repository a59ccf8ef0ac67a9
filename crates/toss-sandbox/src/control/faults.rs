//! Rules that spoil calls.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use axum::{Json, Router};
use serde_json::json;

use crate::codes;
use crate::control::{refuse, unreadable, wrong};
use crate::faults::FaultRule;
use crate::shared::Shared;

const MOST_SHOWN: usize = 1_000;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/faults", post(add_fault).get(faults).delete(clear_faults))
        .route("/sandbox/faults/{id}", delete(remove_fault))
}

async fn add_fault(
    State(shared): State<Arc<Shared>>,
    rule: Result<Json<FaultRule>, JsonRejection>,
) -> Response {
    let rule = match rule {
        Ok(Json(rule)) => rule,
        Err(why) => return unreadable(&why),
    };
    let added = shared.world().faults.add(rule);
    match added {
        Ok(fault) => Json(fault).into_response(),
        Err(why) => wrong(&why),
    }
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    let faults = shared.world().faults.list(MOST_SHOWN);
    Json(json!({ "faults": faults })).into_response()
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.world().faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(shared): State<Arc<Shared>>, Path(id): Path<u64>) -> Response {
    let removed = shared.world().faults.remove(id);
    if removed { StatusCode::NO_CONTENT.into_response() } else { refuse(codes::NOT_FOUND) }
}

//! The tax service's answers about cash receipts, which Toss's test mode never gives.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use crate::codes;
use crate::control::refuse;
use crate::lang::Lang;
use crate::shared::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/cash-receipts/{receipt_key}/complete", post(complete))
        .route("/sandbox/cash-receipts/{receipt_key}/fail", post(fail))
}

/// Why the tax service refuses, when nothing else is said (Toss error codes, `CashReceipt.failure`).
pub(crate) const REFUSAL: &str = "[TS1] 고객 식별번호 길이 오류";

async fn complete(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Response {
    answer(&shared, &key, None)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FailBody {
    message: Option<String>,
}

async fn fail(State(shared): State<Arc<Shared>>, Path(key): Path<String>, body: Bytes) -> Response {
    let body = if body.is_empty() { Ok(FailBody::default()) } else { serde_json::from_slice(&body) };
    let Ok(body) = body else { return refuse(codes::INVALID_REQUEST) };
    answer(&shared, &key, Some(body.message.as_deref().unwrap_or(REFUSAL)))
}

fn answer(shared: &Shared, key: &str, refusal: Option<&str>) -> Response {
    match shared.world().receipts.answer(key, refusal) {
        Ok(receipt) => Json(receipt.show(Lang::Ko)).into_response(),
        Err(code) => refuse(code),
    }
}

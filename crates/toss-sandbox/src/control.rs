//! The control door, for tests and for people (see the README of the crate): one file for each thing.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;

use crate::codes::{self, Code};
use crate::lang::Lang;
use crate::shared::Shared;

mod billing;
mod clock;
mod faults;
mod journal;
mod openapi;
mod payments;
mod receipts;
mod switches;
mod webhooks;

pub(crate) use billing::{authenticate as authenticate_billing, outcome as set_billing_outcome};
pub(crate) use payments::{Deed, act, authenticate};
pub(crate) use receipts::REFUSAL;

/// The routes of the control door.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .merge(payments::routes())
        .merge(billing::routes())
        .merge(receipts::routes())
        .merge(journal::routes())
        .merge(faults::routes())
        .merge(webhooks::routes())
        .merge(clock::routes())
        .merge(switches::routes())
        .merge(openapi::routes())
        .layer(DefaultBodyLimit::max(64 * 1024))
}

/// A refusal of this door: always in both words of Toss's body.
pub(crate) fn refuse(code: Code) -> Response {
    problem(code.status(), code.name(), code.message(Lang::Ko))
}

pub(crate) fn problem(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(json!({ "code": code, "message": message }))).into_response()
}

/// A request that says something impossible: 400, and why.
pub(crate) fn wrong(why: impl Display) -> Response {
    problem(400, codes::INVALID_REQUEST.name(), &why.to_string())
}

/// A body that could not be read: 400, and why.
fn unreadable(why: &JsonRejection) -> Response {
    wrong(why.body_text())
}

//! Webhooks: endpoints, log, resending, rules.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::codes;
use crate::control::{problem, refuse, unreadable, wrong};
use crate::shared::Shared;
use crate::webhooks::{SentWebhook, WebhookEndpoint, WebhookError, WebhookFault, WebhookForgery};

const MOST_SHOWN: usize = 1_000;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/webhooks", get(log).delete(clear))
        .route("/sandbox/webhooks/{id}/resend", post(resend))
        .route("/sandbox/webhooks/{id}/duplicate", post(duplicate))
        .route("/sandbox/webhooks/forge", post(forge))
        .route("/sandbox/webhooks/endpoints", post(register).get(endpoints))
        .route("/sandbox/webhooks/endpoints/{id}", delete(remove))
        .route("/sandbox/webhooks/faults", post(add_fault).get(faults).delete(clear_faults))
}

fn refused(why: WebhookError) -> Response {
    let status = match why {
        WebhookError::Unknown | WebhookError::NoPayment => 404,
        WebhookError::Busy => 409,
        WebhookError::Url
        | WebhookError::TooMany
        | WebhookError::Fault
        | WebhookError::Copies
        | WebhookError::NoEndpoint
        | WebhookError::Forgery(_) => 400,
    };
    problem(status, codes::INVALID_REQUEST.name(), &why.to_string())
}

fn shown(id: u64, endpoint: &WebhookEndpoint) -> Value {
    json!({ "id": id, "url": endpoint.url, "events": endpoint.events })
}

async fn register(
    State(shared): State<Arc<Shared>>,
    endpoint: Result<Json<WebhookEndpoint>, JsonRejection>,
) -> Response {
    let endpoint = match endpoint {
        Ok(Json(endpoint)) => endpoint,
        Err(why) => return unreadable(&why),
    };
    let body = endpoint.clone();
    let registered = shared.world().outbox.register(endpoint);
    registered.map_or_else(refused, |id| Json(shown(id, &body)).into_response())
}

async fn endpoints(State(shared): State<Arc<Shared>>) -> Response {
    let endpoints = shared.world().outbox.endpoints();
    let endpoints: Vec<Value> = endpoints.iter().map(|(id, endpoint)| shown(*id, endpoint)).collect();
    Json(json!({ "endpoints": endpoints })).into_response()
}

async fn remove(State(shared): State<Arc<Shared>>, Path(id): Path<u64>) -> Response {
    let removed = shared.world().outbox.remove(id);
    if removed { StatusCode::NO_CONTENT.into_response() } else { refuse(codes::NOT_FOUND) }
}

#[derive(Deserialize)]
struct LogQuery {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

async fn log(State(shared): State<Arc<Shared>>, query: Result<Query<LogQuery>, QueryRejection>) -> Response {
    let Ok(Query(query)) = query else { return refuse(codes::INVALID_REQUEST) };
    let page = shared.world().outbox.page(query.after, query.limit.unwrap_or(100).min(MOST_SHOWN));
    let webhooks: Vec<SentWebhook> = page.parcels.iter().map(|(id, parcel)| parcel.show(*id)).collect();
    Json(json!({ "webhooks": webhooks, "lastId": page.last, "forgotten": page.forgotten })).into_response()
}

async fn clear(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.world().outbox.clear();
    StatusCode::NO_CONTENT
}

async fn resend(State(shared): State<Arc<Shared>>, Path(id): Path<u64>) -> Response {
    let now = shared.now();
    let resent = shared.world().outbox.resend(id, now);
    resent.map_or_else(refused, |()| StatusCode::ACCEPTED.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copies {
    #[serde(default = "one")]
    copies: u32,
}

fn one() -> u32 {
    1
}

async fn duplicate(State(shared): State<Arc<Shared>>, Path(id): Path<u64>, body: Bytes) -> Response {
    let body = if body.is_empty() { Ok(Copies { copies: one() }) } else { serde_json::from_slice(&body) };
    let copies = match body {
        Ok(Copies { copies }) => copies,
        Err(why) => return wrong(why),
    };
    let now = shared.now();
    let made = shared.world().outbox.duplicate(id, copies, now);
    made.map_or_else(refused, |ids| accepted(&ids))
}

async fn forge(
    State(shared): State<Arc<Shared>>,
    forgery: Result<Json<WebhookForgery>, JsonRejection>,
) -> Response {
    let forgery = match forgery {
        Ok(Json(forgery)) => forgery,
        Err(why) => return unreadable(&why),
    };
    let now = shared.now();
    let made = shared.world().forge_webhook(&forgery, now);
    made.map_or_else(refused, |ids| accepted(&ids))
}

/// The numbers of webhooks that were made by hand.
fn accepted(ids: &[u64]) -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "ids": ids }))).into_response()
}

async fn add_fault(
    State(shared): State<Arc<Shared>>,
    fault: Result<Json<WebhookFault>, JsonRejection>,
) -> Response {
    let fault = match fault {
        Ok(Json(fault)) => fault,
        Err(why) => return unreadable(&why),
    };
    let added = shared.world().outbox.add_fault(fault);
    added.map_or_else(refused, |()| StatusCode::NO_CONTENT.into_response())
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    let faults = shared.world().outbox.faults();
    Json(json!({ "faults": faults })).into_response()
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    let now = shared.now();
    shared.world().outbox.clear_faults(now);
    StatusCode::NO_CONTENT
}

//! `GET /healthz`: the process answers. `GET /readyz`: and its store reads and writes.
use crate::routes::Api;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok", reason: None })
}

pub(crate) async fn readyz(State(api): State<Arc<Api>>) -> (StatusCode, Json<Health>) {
    match api.app.check().await {
        Ok(()) => (StatusCode::OK, Json(Health { status: "ready", reason: None })),
        Err(cause) => {
            let health = Health { status: "not ready", reason: Some(cause.to_string()) };
            (StatusCode::SERVICE_UNAVAILABLE, Json(health))
        }
    }
}

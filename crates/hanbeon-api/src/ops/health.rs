//! `GET /healthz`: the process answers. `GET /readyz`: and its store reads and writes, and it may send.
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
    let checked = api.app.check().await.map_err(|cause| cause.to_string());
    let ready = match checked {
        Ok(()) => api.app.may_send().await,
        Err(cause) => Err(cause),
    };
    match ready {
        Ok(()) => (StatusCode::OK, Json(Health { status: "ready", reason: None })),
        Err(reason) => {
            let health = Health { status: "not ready", reason: Some(reason) };
            (StatusCode::SERVICE_UNAVAILABLE, Json(health))
        }
    }
}

//! The billing window's door: a buyer agrees to be charged later, and the shop gets an `authKey`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::browser::check_surface;
use crate::codes::{self, Code};
use crate::control::{authenticate_billing, refuse};
use crate::payment::Surface;
use crate::plastic::AuthWish;
use crate::shared::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/sandbox/browser/billing-auths", post(authenticated))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    client_key: String,
    #[serde(flatten)]
    wish: AuthWish,
}

async fn authenticated(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match authenticate(&shared, &body) {
        Ok(auth_key) => Json(json!({ "authKey": &*auth_key })).into_response(),
        Err(code) => refuse(code),
    }
}

/// `requestBillingAuth` belongs to `payment()`, which takes API individual keys only.
fn authenticate(shared: &Shared, body: &Bytes) -> Result<Arc<str>, Code> {
    let Body { client_key, wish } = serde_json::from_slice(body).map_err(|_| codes::INVALID_PARAMETERS)?;
    let merchant = shared.directory.by_client_key(&client_key).ok_or(codes::INVALID_CLIENT_KEY)?;
    check_surface(&client_key, Surface::Payment)?;
    authenticate_billing(shared, merchant, &wish)
}

//! Billing keys: authentications without a window, and what the provider does to a key behind the merchant's back.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::auth::MerchantId;
use crate::billing::{BillingKey, Refusing};
use crate::codes::{self, Code};
use crate::control::{refuse, unreadable};
use crate::opening;
use crate::plastic::AuthWish;
use crate::shared::Shared;

const MOST_KEYS: usize = 1_000;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/billing-auths", post(authenticated))
        .route("/sandbox/billing-keys", get(list))
        .route("/sandbox/billing-keys/{billing_key}/remove", post(remove))
        .route("/sandbox/billing-keys/{billing_key}/outcome", post(set_outcome))
}

/// A buyer agrees to be charged: the `authKey` that the window's redirect would carry.
pub(crate) fn authenticate(shared: &Shared, merchant: MerchantId, wish: &AuthWish) -> Result<Arc<str>, Code> {
    let outcome = opening::outcome(wish.outcome.as_deref())?;
    let key = BillingKey::new(merchant, wish.source()?, outcome, shared.now());
    let world = &mut *shared.world();
    Ok(world.billing.authenticated(key, &mut world.ids))
}

/// What the next charges of a key come to.
pub(crate) fn outcome(shared: &Shared, key: &str, code: Option<&str>, times: u32) -> Result<(), Code> {
    let code = opening::outcome(code)?;
    shared.world().billing.set_outcome(key, code.map(|code| Refusing { code, times }))
}

/// Of the merchant in the `Authorization` header; without one, of the first.
async fn authenticated(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    wish: Result<Json<AuthWish>, JsonRejection>,
) -> Response {
    let wish = match wish {
        Ok(Json(wish)) => wish,
        Err(why) => return unreadable(&why),
    };
    let merchant = match headers.contains_key(AUTHORIZATION) {
        true => shared.directory.authenticate(&headers),
        false if shared.directory.len() == 0 => Err(codes::UNAUTHORIZED_KEY),
        false => Ok(0),
    };
    match merchant.and_then(|merchant| authenticate(&shared, merchant, &wish)) {
        Ok(auth_key) => Json(json!({ "authKey": &*auth_key })).into_response(),
        Err(code) => refuse(code),
    }
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

async fn list(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refuse(codes::INVALID_REQUEST) };
    let world = shared.world();
    let (keys, total) = world.billing.page(query.offset, query.limit.unwrap_or(100).min(MOST_KEYS));
    Json(json!({ "billingKeys": keys, "total": total })).into_response()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RemoveBody {
    reason: Option<String>,
}

/// The provider removes a key: a card that was lost, an account that was closed.
async fn remove(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    body: Option<Json<RemoveBody>>,
) -> Response {
    let reason = body.and_then(|Json(body)| body.reason);
    let now = shared.now();
    let removed = shared.world().remove_billing_key(&key, reason.as_deref(), now);
    removed.map_or_else(refuse, |()| StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
struct OutcomeBody {
    code: Option<String>,
    #[serde(default)]
    times: u32,
}

async fn set_outcome(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    body: Result<Json<OutcomeBody>, JsonRejection>,
) -> Response {
    let body = match body {
        Ok(Json(body)) => body,
        Err(why) => return unreadable(&why),
    };
    let set = outcome(&shared, &key, body.code.as_deref(), body.times);
    set.map_or_else(refuse, |()| StatusCode::NO_CONTENT.into_response())
}

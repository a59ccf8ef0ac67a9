//! What the console asks over and over: the newest payments, the story of one, and the switches.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Korea;
use crate::codes;
use crate::control::refuse;
use crate::lang::Lang;
use crate::means::Means;
use crate::payment::Payment;
use crate::shared::Shared;
use crate::switches::Switch;
use crate::view;

/// Payments on a page.
const MOST_SHOWN: usize = 100;
/// Payments, or journal entries, that are looked through for a filter: it is done under the lock, and again and again.
const MOST_LOOKED_AT: usize = 50_000;
/// Calls, and webhooks, of one payment.
const MOST_TOLD: usize = 200;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/console/payments", get(payments))
        .route("/sandbox/console/payments/{payment_key}", get(story))
        .route("/sandbox/console/switches", get(switches))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
    /// A part of the order id, or of the payment key.
    #[serde(default)]
    find: String,
    /// `DONE` and so on.
    #[serde(default)]
    status: String,
    /// `CARD` and so on.
    #[serde(default)]
    method: String,
}

impl Filter {
    fn lets_through(&self, payment: &Payment) -> bool {
        let about = &payment.about;
        (self.status.is_empty() || payment.status.name() == self.status)
            && (self.method.is_empty() || payment.method().is_some_and(|means| means.code() == self.method))
            && (about.order.contains(&self.find) || about.key.contains(&self.find))
    }
}

async fn payments(
    State(shared): State<Arc<Shared>>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Response {
    let Ok(Query(filter)) = filter else { return refuse(codes::INVALID_REQUEST) };
    let limit = filter.limit.unwrap_or(50).min(MOST_SHOWN);
    let now = shared.now();
    let mut world = shared.world();
    world.strike(now);
    let newest = world.newest_first().take(MOST_LOOKED_AT).filter(|payment| filter.lets_through(payment));
    // One more than is shown tells whether there is a next page.
    let mut page: Vec<Payment> = newest.skip(filter.offset).take(limit + 1).cloned().collect();
    let total = world.count();
    drop(world);
    let more = page.len() > limit;
    page.truncate(limit);
    let payments: Vec<Value> = page.iter().map(row).collect();
    Json(json!({ "payments": payments, "more": more, "total": total })).into_response()
}

fn row(payment: &Payment) -> Value {
    let about = &payment.about;
    json!({
        "paymentKey": &*about.key,
        "orderId": &*about.order,
        "orderName": &*about.order_name,
        "status": payment.status.name(),
        "method": payment.method().map(Means::code),
        "currency": about.currency.code(),
        "amount": about.currency.show(about.amount),
        "balance": about.currency.show(payment.balance),
        "requestedAt": Korea(about.requested_at),
    })
}

async fn story(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Response {
    let now = shared.now();
    let mut world = shared.world();
    let Some(payment) = world.payment(&key, now).cloned() else { return refuse(codes::NOT_FOUND_PAYMENT) };
    let calls = world.journal.about(&key, MOST_LOOKED_AT, MOST_TOLD);
    let webhooks = world.outbox.about(&key, MOST_TOLD);
    drop(world);
    let body = json!({
        "payment": view::to_value(&payment, Lang::Ko),
        "method": payment.method().map(Means::code),
        "calls": calls,
        "webhooks": webhooks,
    });
    Json(body).into_response()
}

/// Every switch with its meaning, in the order of the table.
async fn switches(State(shared): State<Arc<Shared>>) -> Response {
    let list = shared.world().switches.list();
    let show = |one: &Switch| json!({ "name": one.name, "value": one.value, "meaning": one.meaning });
    Json(json!({ "switches": list.iter().map(show).collect::<Vec<_>>() })).into_response()
}

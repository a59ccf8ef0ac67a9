//! The shop's desk (판매자 화면): an order with its payments and refunds, and giving money back, whole or in parts.
//!
//! A real shop has its staff log in. This one has nobody, so its desk is there only on the machine that it runs on:
//! mounted when it listens on a loopback address, and answering only to the name of one.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Shop;
use crate::hanbeon::Answer;
use crate::refusal::{Refusal, id};

/// What the desk is told about a refund. hanbeon checks each part, and so does Toss.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefundRequest {
    /// The desk's own name of this refund, so that a repeat is the same one.
    attempt: String,
    reason: String,
    /// Won; without it everything that is left, and of a deposit that has not come the whole order.
    amount: Option<u64>,
    refund_receive_account: Option<Value>,
}

/// Lets through whoever asks for this machine by its own name: no page of another site can, whatever DNS says.
pub(crate) async fn only_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if ["127.0.0.1", "localhost", "[::1]"].contains(&name) {
        return next.run(request).await;
    }
    StatusCode::NOT_FOUND.into_response()
}

/// `GET /shop/desk/orders/{id}`: the order as hanbeon has it, and its last payment with refunds and history.
pub(crate) async fn order(
    State(shop): State<Arc<Shop>>,
    Path(order): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let order: Value = good(shop.hanbeon.get(&format!("/v1/orders/{}", id(&order)?)).await?)?;
    let last = order["payments"].as_array().and_then(|payments| payments.last());
    let payment = match last.and_then(|payment| payment["id"].as_str()) {
        Some(payment) => good(shop.hanbeon.get(&format!("/v1/payments/{}", id(payment)?)).await?)?,
        None => Value::Null,
    };
    Ok(Json(json!({ "order": order, "payment": payment })))
}

/// `POST /shop/desk/payments/{id}/refunds`: 200 when the money is back, 202 while that is not known.
pub(crate) async fn refund(
    State(shop): State<Arc<Shop>>,
    Path(payment): Path<String>,
    body: Result<Json<RefundRequest>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Json(wish) = body.map_err(|rejection| Refusal::BadBody(rejection.status()))?;
    let _permit = shop.calls_in_flight.try_acquire().map_err(|_| Refusal::Busy)?;
    let mut body = json!({ "cancelReason": wish.reason });
    if let Some(amount) = wish.amount {
        body["cancelAmount"] = amount.into();
    }
    if let Some(account) = wish.refund_receive_account {
        body["refundReceiveAccount"] = account;
    }
    let name = format!("desk-{}", id(&wish.attempt)?);
    let answer = shop.hanbeon.once(&name, &format!("/v1/payments/{}/cancel", id(&payment)?), &body).await?;
    let status = if answer.status == 202 { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(good(answer)?)).into_response())
}

fn good(answer: Answer) -> Result<Value, Refusal> {
    if answer.is_good() { Ok(answer.read()?) } else { Err(Refusal::Hanbeon(answer)) }
}

//! Payments: made as if a buyer had been through the window, listed, and changed behind the merchant's back.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header::HOST};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::Deposit;
use crate::api::{cancel, reply};
use crate::auth::MerchantId;
use crate::clock::SECOND;
use crate::codes::{self, Code};
use crate::control::refuse;
use crate::lang::Lang;
use crate::money::{Won, Written};
use crate::opening::Wanted;
use crate::payment::{Payment, Status};
use crate::shared::Shared;
use crate::urls;
use crate::view;

const MOST_PAYMENTS: usize = 1_000;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/payments", post(authenticated).get(list))
        .route("/sandbox/payments/{payment_key}/deposit", post(deposit))
        .route("/sandbox/payments/{payment_key}/reverse-deposit", post(reverse_deposit))
        .route("/sandbox/payments/{payment_key}/expire", post(expire))
        .route("/sandbox/payments/{payment_key}/cancel", post(cancel_in_dashboard))
        .route("/sandbox/payments/{payment_key}/fail-refund", post(fail_refund))
        .route("/sandbox/payments/{payment_key}/end-cancel", post(end_cancel))
}

/// Opens a payment and authenticates its buyer in one step: `IN_PROGRESS`, ready to be confirmed.
pub(crate) fn authenticate(
    shared: &Shared,
    merchant: MerchantId,
    mut wanted: Wanted,
    origin: Option<&str>,
) -> Result<Payment, Code> {
    let name = wanted.order_name.take().unwrap_or_else(|| String::from("sandbox order"));
    let accepted = Wanted { order_name: Some(name), ..wanted }.accept()?;
    let now = shared.now();
    let mut world = shared.world();
    let key = shared.open(&mut world, accepted.opening(merchant, origin))?;
    let payment = world.payment(&key, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
    payment.authenticate(accepted.chosen, accepted.outcome, now)?;
    let payment = payment.clone();
    world.authenticated(&key, now);
    Ok(payment)
}

async fn authenticated(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let lang = Lang::of(&headers);
    let origin = headers.get(HOST).and_then(urls::origin);
    let wanted = serde_json::from_slice(&body).map_err(|_| codes::INVALID_REQUEST);
    let paid = shared
        .directory
        .authenticate(&headers)
        .and_then(|merchant| authenticate(&shared, merchant, wanted?, origin.as_deref()));
    match paid {
        Ok(payment) => payment_response(&payment, lang),
        Err(code) => {
            let trace = shared.world().ids.wide();
            reply::refused(code, lang, trace)
        }
    }
}

fn payment_response(payment: &Payment, lang: Lang) -> Response {
    ([("content-type", "application/json")], view::to_json(payment, lang)).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
    order_id: Option<String>,
}

async fn list(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refuse(codes::INVALID_REQUEST) };
    let limit = query.limit.unwrap_or(100).min(MOST_PAYMENTS);
    let now = shared.now();
    let (page, total) = {
        let mut world = shared.world();
        (world.page(query.offset, limit, query.order_id.as_deref(), now), world.count())
    };
    let payments: Vec<Value> = page.iter().map(|payment| view::to_value(payment, Lang::Ko)).collect();
    Json(json!({ "payments": payments, "total": total })).into_response()
}

/// What a test does to a payment behind the merchant's back.
#[derive(Debug)]
pub(crate) enum Deed<'a> {
    Deposit(Deposit<'a>),
    ReverseDeposit,
    Expire,
    /// The transfer of a virtual account's refund fails.
    FailRefund,
}

pub(crate) fn act(shared: &Shared, key: &str, deed: &Deed<'_>) -> Result<Payment, Code> {
    let now = shared.now();
    let mut world = shared.world();
    let own_key = world.switches.deposit_error_key;
    let (payment, ids, _) = world.with_ids(key, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
    let amount = payment.about.amount;
    let money = match deed {
        Deed::Deposit(deposit) => Some((payment.deposit(*deposit, ids, now)?, amount)),
        Deed::ReverseDeposit => payment.reverse_deposit(own_key, ids, now).map(|()| None)?,
        Deed::Expire => payment.expire_now().map(|()| None)?,
        Deed::FailRefund => payment.fail_refund().map(|()| None)?,
    };
    let payment = payment.clone();
    // The due date of an account passes in silence, and so does a refund (Toss webhooks, Which transition emits what).
    if payment.status == Status::Expired || !matches!(deed, Deed::Expire | Deed::FailRefund) {
        world.tell(&payment, money, now);
    }
    if matches!(deed, Deed::Expire) {
        world.free_number(&payment);
    }
    if let Some(at) = payment.account.as_ref().and_then(|account| account.reverses) {
        world.wind_to(&payment.about.key, at);
    }
    Ok(payment)
}

fn acted(result: Result<Payment, Code>) -> Response {
    result.map_or_else(refuse, |payment| payment_response(&payment, Lang::Ko))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DepositBody {
    depositor_name: Option<String>,
    /// The exact amount by default; the bank refuses any other.
    amount: Option<Won>,
    /// The bank takes the deposit back after so many seconds.
    reverse_after_seconds: Option<u32>,
}

async fn deposit(State(shared): State<Arc<Shared>>, Path(key): Path<String>, body: Bytes) -> Response {
    let body = if body.is_empty() { Ok(DepositBody::default()) } else { serde_json::from_slice(&body) };
    let Ok(body) = body else { return refuse(codes::INVALID_REQUEST) };
    let deposit = Deposit {
        by: body.depositor_name.as_deref(),
        amount: body.amount.map(|won| won.0),
        reverses_after: body.reverse_after_seconds.map(|seconds| i64::from(seconds) * SECOND),
    };
    acted(act(&shared, &key, &Deed::Deposit(deposit)))
}

async fn reverse_deposit(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Response {
    acted(act(&shared, &key, &Deed::ReverseDeposit))
}

async fn fail_refund(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Response {
    acted(act(&shared, &key, &Deed::FailRefund))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct EndBody {
    /// The oldest one under way by default.
    cancel_request_id: Option<String>,
    /// `DONE`, or `ABORTED`.
    cancel_status: Option<String>,
}

async fn end_cancel(State(shared): State<Arc<Shared>>, Path(key): Path<String>, body: Bytes) -> Response {
    let body = if body.is_empty() { Ok(EndBody::default()) } else { serde_json::from_slice(&body) };
    let Ok(body) = body else { return refuse(codes::INVALID_REQUEST) };
    let well = match body.cancel_status.as_deref() {
        None | Some("DONE") => true,
        Some("ABORTED") => false,
        Some(_) => return refuse(codes::INVALID_REQUEST),
    };
    let now = shared.now();
    acted(shared.world().end_cancel(&key, body.cancel_request_id.as_deref(), well, now))
}

async fn expire(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Response {
    acted(act(&shared, &key, &Deed::Expire))
}

#[derive(Default, Deserialize)]
struct CancelBody {
    amount: Option<Written>,
    reason: Option<String>,
}

async fn cancel_in_dashboard(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    body: Bytes,
) -> Response {
    let body = if body.is_empty() { Ok(CancelBody::default()) } else { serde_json::from_slice(&body) };
    let Ok(body) = body else { return refuse(codes::INVALID_REQUEST) };
    acted(cancel::in_dashboard(&mut shared.world(), &shared, key, body.amount, body.reason))
}

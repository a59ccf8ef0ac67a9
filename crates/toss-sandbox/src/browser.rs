//! The browser's door: what the SDK and the payment window ask of the server.
//!
//! It stands in for hosts of Toss that are not documented; its wire is the sandbox's own. Pages of shops call
//! it from other origins, so every answer allows any origin, and nothing here is a secret.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, header::HOST};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::choice::Wish;
use crate::clock::{Korea, Ms};
use crate::codes::{self, Code};
use crate::config::Family;
use crate::control::refuse;
use crate::enums::{ABROAD, GIFTS, WALLETS};
use crate::lang::Lang;
use crate::means::Means;
use crate::opening::{self, Wanted};
use crate::payment::{Payment, Status, Surface};
use crate::shared::Shared;
use crate::urls;

/// The refusals that the window offers, and the words it sends to `failUrl` where they differ from the API's.
const DECLINES: [(Code, &str, &str); 8] = [
    (codes::REJECT_CARD_COMPANY, "결제 승인이 거절되었습니다.", "Payment was rejected."),
    (
        codes::PAY_PROCESS_ABORTED,
        "결제 진행 중 승인에 실패하여 결제가 중단되었습니다.",
        "Payment has been canceled or has not been processed.",
    ),
    (codes::REJECT_CARD_PAYMENT, "", ""),
    (codes::REJECT_ACCOUNT_PAYMENT, "", ""),
    (codes::INVALID_STOPPED_CARD, "", ""),
    (codes::INVALID_CARD_LOST_OR_STOLEN, "", ""),
    (codes::EXCEED_MAX_DAILY_PAYMENT_COUNT, "", ""),
    (codes::INVALID_PASSWORD, "", ""),
];

mod billing;

/// The routes of the browser's door.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/browser/config", get(config))
        .route("/sandbox/browser/payments", post(open))
        .route("/sandbox/browser/payments/{payment_key}", get(show))
        .route("/sandbox/browser/payments/{payment_key}/authenticate", post(authenticate))
        .route("/sandbox/browser/payments/{payment_key}/fail", post(fail))
        .route("/sandbox/browser/payments/{payment_key}/close", post(close))
        .merge(billing::routes())
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(from_fn(any_origin))
}

/// Lets any page call, and answers the browser's question beforehand.
async fn any_origin(request: Request, next: Next) -> Response {
    let mut response = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, accept-language"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
        (HeaderName::from_static("access-control-allow-private-network"), "true"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in allowed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigQuery {
    client_key: String,
}

async fn config(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<ConfigQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refuse(codes::INVALID_CLIENT_KEY) };
    let Some(id) = shared.directory.by_client_key(&query.client_key) else {
        return refuse(codes::INVALID_CLIENT_KEY);
    };
    let merchant = shared.directory.merchant(id);
    let family = match Family::of(&query.client_key) {
        Family::Widget => "widget",
        Family::Api => "api",
    };
    let body = json!({
        "merchantName": merchant.name,
        "mode": "test",
        "family": family,
        "methods": methods(),
    });
    Json(body).into_response()
}

fn methods() -> Vec<Value> {
    let method = |code: &str, label: &str, en: &str| json!({ "code": code, "label": label, "labelEn": en });
    let mut methods = vec![method("CARD", "신용·체크카드", "Credit or debit card")];
    methods.extend(WALLETS.iter().filter(|w| w.in_test).map(|w| method(w.code, w.ko, w.code)));
    methods.extend([
        method("TRANSFER", "계좌이체", "Bank transfer"),
        method("VIRTUAL_ACCOUNT", "가상계좌", "Virtual account"),
        method("MOBILE_PHONE", "휴대폰", "Mobile phone"),
    ]);
    let names = ["Culture gift certificate", "Book gift certificate", "Game gift certificate"];
    methods.extend(GIFTS.iter().zip(names).map(|(gift, en)| method(gift.code, gift.ko, en)));
    methods.extend(WALLETS.iter().filter(|w| !w.in_test).map(|wallet| {
        let mut method = method(wallet.code, wallet.ko, wallet.code);
        method["inTest"] = Value::Bool(false);
        method
    }));
    methods.extend(ABROAD.iter().map(|wallet| {
        let mut method = method(wallet.code, wallet.code, wallet.code);
        method["currencies"] = wallet.currencies.iter().map(|currency| currency.code()).collect();
        method
    }));
    methods
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenBody {
    client_key: String,
    surface: Surface,
    #[serde(flatten)]
    wanted: Wanted,
}

async fn open(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let origin = headers.get(HOST).and_then(urls::origin);
    match open_payment(&shared, &body, origin.as_deref()) {
        Ok(key) => {
            let window = format!("{}/sandbox/window/{key}", origin.unwrap_or_default());
            Json(json!({ "paymentKey": &*key, "windowUrl": window })).into_response()
        }
        Err(code) => refuse(code),
    }
}

fn open_payment(shared: &Shared, body: &Bytes, origin: Option<&str>) -> Result<Arc<str>, Code> {
    let body: OpenBody = serde_json::from_slice(body).map_err(|_| codes::INVALID_PARAMETERS)?;
    let merchant = shared.directory.by_client_key(&body.client_key).ok_or(codes::INVALID_CLIENT_KEY)?;
    check_surface(&body.client_key, body.surface)?;
    if body.surface == Surface::Payment && !body.wanted.wish.names_a_method() {
        return Err(codes::INVALID_PARAMETERS);
    }
    let accepted = Wanted { surface: Some(body.surface), ..body.wanted }.accept()?;
    shared.open(&mut shared.world(), accepted.opening(merchant, origin))
}

/// `widgets()` takes widget keys, `payment()` takes API individual keys.
fn check_surface(client_key: &str, surface: Surface) -> Result<(), Code> {
    match (surface, Family::of(client_key)) {
        (Surface::Widgets, Family::Api) => Err(codes::NOT_SUPPORTED_API_INDIVIDUAL_KEY),
        (Surface::Payment, Family::Widget) => Err(codes::NOT_SUPPORTED_WIDGET_KEY),
        _ => Ok(()),
    }
}

/// A snapshot of the payment, whoever's it is: its key is what lets a window see it.
fn snapshot(shared: &Shared, key: &str) -> Result<(Payment, Ms), Code> {
    let now = shared.now();
    let payment = shared.world().payment(key, now).cloned().ok_or(codes::NOT_FOUND_PAYMENT)?;
    Ok((payment, now))
}

async fn show(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Response {
    let (payment, now) = match snapshot(&shared, &key) {
        Ok(found) => found,
        Err(code) => return refuse(code),
    };
    let about = &payment.about;
    let means = payment.method();
    let reasons = DECLINES.iter().map(|(code, _, _)| {
        let (ko, en) = decline_words(*code);
        json!({ "code": code.name(), "message": ko, "messageEn": en })
    });
    let body = json!({
        "paymentKey": &*about.key,
        "orderId": &*about.order,
        "orderName": &*about.order_name,
        "amount": about.currency.show(about.amount),
        "currency": about.currency.code(),
        "merchantName": shared.directory.merchant(about.merchant).name,
        "method": means.map(Means::code),
        "easyPayProvider": means.and_then(Means::wallet_code),
        "status": payment.status.name(),
        "now": Korea(now),
        "customerName": about.terms.customer_name,
        "surface": about.terms.surface.map(Surface::name),
        "successUrl": about.terms.success_url,
        "failUrl": about.terms.fail_url,
        "declineReasons": reasons.collect::<Vec<_>>(),
    });
    Json(body).into_response()
}

fn decline_words(code: Code) -> (&'static str, &'static str) {
    match DECLINES.iter().find(|(other, ko, _)| *other == code && !ko.is_empty()) {
        Some((_, ko, en)) => (ko, en),
        None => (code.message(Lang::Ko), code.message(Lang::En)),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AuthenticateBody {
    #[serde(flatten)]
    wish: Wish,
    confirm_outcome: Option<String>,
}

/// An empty body is an empty object.
fn body_or_default<T: DeserializeOwned + Default>(body: &Bytes) -> Result<T, Code> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|_| codes::INVALID_PARAMETERS)
}

async fn authenticate(State(shared): State<Arc<Shared>>, Path(key): Path<String>, body: Bytes) -> Response {
    match authenticate_payment(&shared, &key, &body) {
        Ok(payment) => Json(success(&payment)).into_response(),
        Err(code) => refuse(code),
    }
}

fn authenticate_payment(shared: &Shared, key: &str, body: &Bytes) -> Result<Payment, Code> {
    let body: AuthenticateBody = body_or_default(body)?;
    let outcome = opening::outcome(body.confirm_outcome.as_deref())?;
    let now = shared.now();
    let mut world = shared.world();
    let payment = world.payment(key, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
    let terms = &payment.about.terms;
    let requested = terms.requested.as_deref().cloned().unwrap_or_default();
    let chosen = body.wish.choose(terms.asked.as_ref(), &requested)?;
    if let Some(code) = chosen.means.refuses(payment.about.amount) {
        return Err(code);
    }
    payment.authenticate(chosen, outcome, now)?;
    let payment = payment.clone();
    world.authenticated(&payment.about.key, now);
    Ok(payment)
}

/// What the SDK resolves with, and the address it goes to in redirect mode (browser SDK v2, Results).
fn success(payment: &Payment) -> Value {
    let about = &payment.about;
    let amount = about.currency.show(about.amount).to_string();
    let widgets = about.terms.surface == Some(Surface::Widgets);
    let result = [
        ("paymentType", "NORMAL"),
        ("amount", &amount),
        ("orderId", &about.order),
        ("paymentKey", &about.key),
    ];
    let result = if widgets { &result[..] } else { &result[1..] };
    let redirect = about.terms.success_url.as_deref().map(|url| urls::with_query(url, result));
    let mut body = json!({
        "paymentKey": &*about.key,
        "orderId": &*about.order,
        "amount": { "currency": about.currency.code(), "value": about.currency.show(about.amount) },
        "redirectUrl": redirect,
    });
    if widgets {
        body["paymentType"] = Value::from("NORMAL");
    }
    body
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FailBody {
    code: Option<String>,
}

/// The window gives up with a code; the payment stays as it is (Toss state machine: closing changes nothing).
async fn fail(State(shared): State<Arc<Shared>>, Path(key): Path<String>, body: Bytes) -> Response {
    let body: FailBody = match body_or_default(&body) {
        Ok(body) => body,
        Err(code) => return refuse(code),
    };
    let code = body.code.as_deref().map_or(Some(codes::PAY_PROCESS_ABORTED), Code::find);
    match code {
        Some(code) => give_up(&shared, &key, code, true),
        None => refuse(codes::INVALID_PARAMETERS),
    }
}

async fn close(State(shared): State<Arc<Shared>>, Path(key): Path<String>) -> Response {
    let names_order = shared.world().switches.cancel_names_order;
    give_up(&shared, &key, codes::PAY_PROCESS_CANCELED, names_order)
}

/// Tells the merchant, also of a window whose time has run out; not of one that has succeeded.
fn give_up(shared: &Shared, key: &str, code: Code, names_order: bool) -> Response {
    let payment = match snapshot(shared, key) {
        Ok((payment, _)) if matches!(payment.status, Status::Ready | Status::Expired) => payment,
        Ok(_) => return refuse(codes::ALREADY_PROCESSED_PAYMENT),
        Err(code) => return refuse(code),
    };
    let about = &payment.about;
    let (message, _) = decline_words(code);
    let result = [("code", code.name()), ("message", message), ("orderId", &about.order)];
    let result = if names_order { &result[..] } else { &result[..2] };
    let redirect = about.terms.fail_url.as_deref().map(|url| urls::with_query(url, result));
    let body = json!({
        "code": code.name(),
        "message": message,
        "orderId": &*about.order,
        "redirectUrl": redirect,
    });
    Json(body).into_response()
}

//! `POST /payments/confirm`: the buyer has authenticated the payment; here it is charged, once.
use super::problem::Problem;
use super::view;
use crate::extract::body::Body;
use crate::extract::caller::Browser;
use crate::extract::fields;
use crate::routes::Api;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use hanbeon_domain::{ConfirmRequest, OrderId, PaymentKey, TossOrderId, Won};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmBody {
    #[serde(deserialize_with = "fields::amount")]
    amount: Won,
    #[serde(deserialize_with = "fields::order_id")]
    backend_order_id: OrderId,
    #[serde(deserialize_with = "fields::toss_order_id")]
    order_id: TossOrderId,
    #[serde(deserialize_with = "fields::payment_key")]
    payment_key: PaymentKey,
}

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    browser: Browser,
    body: Body,
) -> Result<impl IntoResponse, Problem> {
    let ConfirmBody { amount, backend_order_id: order, order_id: toss_order, payment_key: key } =
        body.parse()?;
    api.app.has_room_for(&key).await?;
    let session = api.app.session(browser.cookie.as_ref()).await.map_err(|cause| api.app.unseen(cause))?;
    let request = ConfirmRequest { order, toss_order, key, amount, session: Some(session.id) };
    let payment = api.app.confirm(request).await?;
    let cookie = browser.set_cookie(&session).map(|cookie| (SET_COOKIE, cookie));
    Ok((AppendHeaders(cookie), view::confirmed(&payment)))
}

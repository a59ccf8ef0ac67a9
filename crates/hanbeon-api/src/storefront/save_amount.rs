//! `POST /payments/saveAmount`: the front end says what it is about to ask the buyer for. It is compared in
//! confirm, and never believed.
use super::problem::Problem;
use crate::extract::body::Body;
use crate::extract::caller::Browser;
use crate::extract::fields;
use crate::routes::Api;
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use hanbeon_domain::{TossOrderId, Won};
use serde::Deserialize;
use std::sync::Arc;

/// An order at Toss and its amount; the body of `saveAmount` and of `verifyAmount`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AmountBody {
    #[serde(deserialize_with = "fields::toss_order_id")]
    pub(super) order_id: TossOrderId,
    #[serde(deserialize_with = "fields::amount")]
    pub(super) amount: Won,
}

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    browser: Browser,
    body: Body,
) -> Result<impl IntoResponse, Problem> {
    let AmountBody { order_id, amount } = body.parse()?;
    let session = api.app.session(browser.cookie.as_ref()).await?;
    api.app.save_amount(session.id, order_id, amount).await?;
    let cookie = browser.set_cookie(&session).map(|cookie| (SET_COOKIE, cookie));
    Ok((AppendHeaders(cookie), Json("Payment temp save successful")))
}

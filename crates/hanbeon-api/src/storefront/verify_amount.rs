//! `POST /payments/verifyAmount`: is this what the session saved? Yes once: the saved amount is taken by it.
use super::problem::Problem;
use super::save_amount::AmountBody;
use crate::extract::body::Body;
use crate::extract::caller::Browser;
use crate::routes::Api;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    browser: Browser,
    body: Body,
) -> Result<Json<&'static str>, Problem> {
    let AmountBody { order_id, amount } = body.parse()?;
    let Some(session) = browser.cookie else { return Err(Problem::AmountNotValid) };
    let valid = api.app.verify_amount(session.id(), order_id, amount).await?;
    if valid { Ok(Json("Payment is valid")) } else { Err(Problem::AmountNotValid) }
}

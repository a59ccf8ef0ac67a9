//! `POST /v1/customers/{id}/charges`: one charge, outside any subscription. `GET /v1/charges/{id}`.
use super::view::ChargeView;
use super::{billing, customer_id};
use crate::extract::body::Body;
use crate::extract::fields;
use crate::merchant::idempotent::Once;
use crate::merchant::key::Merchant;
use crate::merchant::problem::Problem;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hanbeon_app::billing::BillingError;
use hanbeon_app::claims::Operation;
use hanbeon_domain::billing::{Charge, ChargeState};
use hanbeon_domain::{BillingKeyId, ChargeId, Won};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChargeBody {
    billing_key: String,
    #[serde(deserialize_with = "fields::amount")]
    amount: Won,
    order_name: String,
}

pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    _: Merchant,
    once: Once,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let once = once.required()?;
    let (ChargeBody { billing_key, amount, order_name }, raw) = body.parse_and_keep()?;
    let (billing, customer) = (billing(&api)?, customer_id(&id)?);
    let key = BillingKeyId::parse(&billing_key).map_err(|_| BillingError::KeyNotActive)?;
    let work = move |operation: Operation| async move {
        let charge = billing.charge_once(operation, customer, key, amount, order_name).await?;
        answer(charge)
    };
    Ok(once.run(&api.app, &raw, work).await)
}

pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<ChargeView>, Problem> {
    let id = ChargeId::parse(&id).map_err(|_| BillingError::NotFound("charge"))?;
    Ok(Json(ChargeView::of(billing(&api)?.charge(id).await?)))
}

/// 201 when the money is taken, 202 while that is not known, and Toss's refusal as it is.
fn answer(charge: Charge) -> Result<Response, Problem> {
    let status = match &charge.state {
        ChargeState::Done { .. } => StatusCode::CREATED,
        ChargeState::Charging { .. } => StatusCode::ACCEPTED,
        ChargeState::Refused { refusal, .. } => {
            return Err(BillingError::Refused((**refusal).clone()).into());
        }
    };
    Ok((status, Json(ChargeView::of(charge))).into_response())
}

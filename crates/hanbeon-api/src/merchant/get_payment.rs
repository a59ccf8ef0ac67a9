//! `GET /v1/payments/{id}`: a payment with its refunds and its history.
use super::key::Merchant;
use super::problem::Problem;
use super::view::PaymentDetail;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use hanbeon_domain::PaymentId;
use std::sync::Arc;

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<PaymentDetail>, Problem> {
    let id = PaymentId::parse(&id).map_err(|_| Problem::NO_PAYMENT)?;
    let record = api.app.payment(id).await?.ok_or(Problem::NO_PAYMENT)?;
    Ok(Json(PaymentDetail::of(record)))
}
